//! The verbs by which people say something to releases: each leaves a request for the server of a state folder, and waits for
//! the answer.

use clap::{Args, ValueEnum};
use weir_release::request::Verb;

use super::{promote, words};
use crate::problems::Failure;

mod answer;
mod how;

use answer::{Asked, Outcome};
use how::How;

/// A request about one release.
#[derive(Args)]
pub struct OfRelease {
    /// The release
    id: String,
    /// Why: it stands in the journal
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    #[command(flatten)]
    how: How,
}

macro_rules! exit_codes {
    ($examples:literal) => {
        concat!(
            "Examples:\n",
            $examples,
            "\n
Exit codes: 0 it is done, 1 it is refused, or there is no such release, 2 wrong use, or a journal that cannot be read,
3 no server has answered yet: the request stays, and is done by the one that runs or the next that starts"
        )
    };
}

/// Says yes to a step that asks for it, or that the routes of a release's tags are there; also in advance, and to one in the queue
#[derive(Args)]
#[command(after_help = exit_codes!("  weir release approve owl-v21 --state /var/lib/weir
  weir release approve owl-v21 --step 3 --why 'the shop is calm' --state /var/lib/weir"))]
pub struct Approve {
    /// The step, counted from 1; the next one if not said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=20))]
    step: Option<u8>,
    #[command(flatten)]
    of: OfRelease,
}

/// Has a release stay where it is; harm still rolls it back
#[derive(Args)]
#[command(after_help = exit_codes!("  weir release pause owl-v21 --why 'lunch' --state /var/lib/weir"))]
pub struct Pause {
    #[command(flatten)]
    of: OfRelease,
}

/// Lets a release that was paused go on
#[derive(Args)]
#[command(after_help = exit_codes!("  weir release resume owl-v21 --state /var/lib/weir"))]
pub struct Resume {
    #[command(flatten)]
    of: OfRelease,
}

/// Ends a release, running or queued: everybody is stable, and its id is used
#[derive(Args)]
#[command(after_help = exit_codes!("  weir release abort owl-v21 --why 'wrong image' --state /var/lib/weir"))]
pub struct Abort {
    #[command(flatten)]
    of: OfRelease,
}

/// Says that a rollback was seen: what conflicts with it may start
#[derive(Args)]
#[command(after_help = exit_codes!("  weir release acknowledge owl-v21 --why 'fixed in v22' --state /var/lib/weir"))]
pub struct Acknowledge {
    #[command(flatten)]
    of: OfRelease,
}

/// Finishes a release that has been through all its steps, and prints what comes before and after that
#[derive(Args)]
#[command(after_help = exit_codes!("  weir release promote owl-v21 --state /var/lib/weir"))]
pub struct Promote {
    #[command(flatten)]
    of: OfRelease,
}

/// Begins the next step, or the last one, now: past times, minima, windows, yeses and a suspicion, never past a harm
#[derive(Args)]
#[command(after_help = exit_codes!("  weir release step owl-v21 next --why 'the suspicion is one robot' --state /var/lib/weir
  weir release step owl-v21 full --why 'it mends an outage' --state /var/lib/weir"))]
pub struct Step {
    /// The release
    id: String,
    /// The next step, or the last one
    to: To,
    /// Why: it stands in the journal
    #[arg(long, value_name = "TEXT")]
    why: String,
    #[command(flatten)]
    how: How,
}

/// Which step is to begin.
#[derive(Clone, Copy, ValueEnum)]
pub enum To {
    /// The next one
    Next,
    /// The last one
    Full,
}

/// Pauses all releases: nothing starts or advances, rollbacks go on
#[derive(Args)]
#[command(after_help = exit_codes!("  weir release freeze --why 'sale until Monday' --state /var/lib/weir"))]
pub struct Freeze {
    /// Why: it stands in the journal
    #[arg(long, value_name = "TEXT")]
    why: String,
    #[command(flatten)]
    how: How,
}

/// Lets all releases go on that are not paused by themselves
#[derive(Args)]
#[command(after_help = exit_codes!("  weir release thaw --why 'the sale is over' --state /var/lib/weir"))]
pub struct Thaw {
    /// Why: it stands in the journal
    #[arg(long, value_name = "TEXT")]
    why: String,
    #[command(flatten)]
    how: How,
}

impl OfRelease {
    fn ask(self, verb: Verb) -> Result<Outcome, Failure> {
        Asked { verb, release: Some(self.id), step: None, why: self.why, how: &self.how }.run()
    }
}

macro_rules! asks {
    ($($name:ident),*) => {$(
        impl $name {
            /// Asks for it.
            pub fn run(self) -> Result<(), Failure> {
                self.of.ask(Verb::$name).map(drop)
            }
        }
    )*};
}

asks!(Pause, Resume, Abort, Acknowledge);

impl Approve {
    /// Asks for it.
    pub fn run(self) -> Result<(), Failure> {
        let OfRelease { id, why, how } = self.of;
        let step = self.step.map(|step| usize::from(step).saturating_sub(1));
        Asked { verb: Verb::Approve, release: Some(id), step, why, how: &how }.run().map(drop)
    }
}

impl Promote {
    /// Asks for it, and prints the order in which a release is finished.
    pub fn run(self) -> Result<(), Failure> {
        let (id, json) = (self.of.id.clone(), self.of.how.json);
        if !json {
            print!("{}", promote::order(&id, &words::place(Some(&self.of.how.state))));
        }
        self.of.ask(Verb::Promote).map(drop)
    }
}

impl Step {
    /// Asks for it.
    pub fn run(self) -> Result<(), Failure> {
        let verb = match self.to {
            To::Next => Verb::StepNext,
            To::Full => Verb::StepFull,
        };
        Asked { verb, release: Some(self.id), step: None, why: Some(self.why), how: &self.how }.run().map(drop)
    }
}

impl Freeze {
    /// Asks for it.
    pub fn run(self) -> Result<(), Failure> {
        Asked { verb: Verb::Freeze, release: None, step: None, why: Some(self.why), how: &self.how }.run().map(drop)
    }
}

impl Thaw {
    /// Asks for it.
    pub fn run(self) -> Result<(), Failure> {
        Asked { verb: Verb::Thaw, release: None, step: None, why: Some(self.why), how: &self.how }.run().map(drop)
    }
}
