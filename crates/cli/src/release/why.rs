//! `weir release why`: in sentences, why a release does not go on or why it stopped, and what would make it go on.

use clap::Args;

use super::because::because;
use super::list;
use super::one::One;
use super::view::DetailView;
use crate::problems::Failure;

/// Says why a release does not go on or why it stopped, and what would make it go on
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Why {
    #[command(flatten)]
    one: One,
}

const EXAMPLES: &str = "Examples:
  weir release why owl-v21 --state /var/lib/weir
  weir release why owl-v21 --http 127.0.0.1:18001

Exit codes: 0 said, or with --wait it is finished, 1 no such release, or with --wait it was rolled back, aborted or withdrawn,
2 wrong use, no answer, or a journal that cannot be read, 3 with --timeout: it is not over";

impl Why {
    /// Says it, once or for as long as asked.
    pub fn run(self) -> Result<(), Failure> {
        self.one.show(|view, place| Ok(text(view, place)))
    }
}

fn text(view: &DetailView, place: &str) -> String {
    let release = &view.release;
    let since = release.since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
    format!("{}: {}{since}\n{}", release.id, list::headline(release), because(view, place))
}
