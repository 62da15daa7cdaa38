//! `weir release`: what there is to see of releases, and what people say to them. One file a verb, or a few that are alike.

use clap::Subcommand;

use crate::problems::Failure;

mod ask;
mod backtest;
mod because;
mod evidence;
mod follow;
pub mod happened;
mod list;
mod new;
mod one;
mod promote;
mod reasons;
mod replay;
pub mod seen;
mod show;
mod source;
pub mod told;
pub mod view;
mod why;
pub mod words;

/// Shows releases, says why they do not go on, and tells them what people decided
#[derive(Subcommand)]
pub enum Release {
    List(list::List),
    Show(show::Show),
    Why(why::Why),
    Approve(ask::Approve),
    Pause(ask::Pause),
    Resume(ask::Resume),
    Abort(ask::Abort),
    Acknowledge(ask::Acknowledge),
    Promote(ask::Promote),
    Step(ask::Step),
    Freeze(ask::Freeze),
    Thaw(ask::Thaw),
    New(new::New),
    Replay(replay::Replay),
    Backtest(Box<backtest::Backtest>),
}

impl Release {
    /// Does what the verb says.
    pub fn run(self) -> Result<(), Failure> {
        match self {
            Release::List(list) => list.run(),
            Release::Show(show) => show.run(),
            Release::Why(why) => why.run(),
            Release::Approve(approve) => approve.run(),
            Release::Pause(pause) => pause.run(),
            Release::Resume(resume) => resume.run(),
            Release::Abort(abort) => abort.run(),
            Release::Acknowledge(acknowledge) => acknowledge.run(),
            Release::Promote(promote) => promote.run(),
            Release::Step(step) => step.run(),
            Release::Freeze(freeze) => freeze.run(),
            Release::Thaw(thaw) => thaw.run(),
            Release::New(new) => new.run(),
            Release::Replay(replay) => replay.run(),
            Release::Backtest(backtest) => backtest.run(),
        }
    }
}
