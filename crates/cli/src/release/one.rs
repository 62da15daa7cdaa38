//! One release, shown as often as asked.

use serde_json::json;

use super::follow::{Follow, Shown};
use super::list;
use super::source::Source;
use super::view::DetailView;
use crate::problems::Failure;

/// Shows one release by `text`, as often as asked.
pub fn follow(
    id: &str,
    source: &Source,
    follow: &Follow,
    json: bool,
    text: fn(&DetailView) -> String,
) -> Result<(), Failure> {
    let look = || {
        let Some(view) = source.release(id)? else { return Ok(None) };
        let note = source.note()?.map(|note| format!("{note}\n\n")).unwrap_or_default();
        Ok(Some(Shown {
            text: note + &text(&view),
            json: format!("{}\n", json!(view)),
            rows: vec![list::row(&view.release, view.frozen.as_ref())],
        }))
    };
    follow.show(json, look, || source.unknown(id))
}
