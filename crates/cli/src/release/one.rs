//! One release, shown as often as asked.

use clap::Args;
use serde_json::json;

use super::follow::{Follow, Shown};
use super::list;
use super::source::Source;
use super::view::DetailView;
use crate::problems::Failure;

/// Which release, and how it is shown.
#[derive(Args)]
pub struct One {
    /// The release
    id: String,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    follow: Follow,
    /// Print one JSON object instead of text, the same for show and why
    #[arg(long)]
    json: bool,
}

impl One {
    /// Whether it is shown more than once.
    pub fn goes_on(&self) -> bool {
        self.follow.goes_on()
    }

    /// Shows it by `text`, which is told what commands end with, as often as asked.
    pub fn show(&self, text: impl Fn(&DetailView, &str) -> Result<String, Failure>) -> Result<(), Failure> {
        let One { id, source, follow, json } = self;
        let look = || {
            let Some(view) = source.release(id)? else { return Ok(None) };
            let note = source.note()?.map(|note| format!("{note}\n\n")).unwrap_or_default();
            Ok(Some(Shown {
                text: note + &text(&view, &source.place())?,
                json: format!("{}\n", json!(view)),
                rows: vec![list::row(&view.release, view.frozen.as_ref())],
            }))
        };
        follow.show(*json, look, || source.unknown(id))
    }
}
