//! The report as a page with pictures.

use weir_picture::{Axis, Flow, Flows, Page, Picture, Section, Table, Unit};

use super::report::{Report, first};
use super::rows::Moves;

/// All of it.
pub fn page(report: &Report<'_>) -> Page {
    let [old, new] = report.sides();
    let mut sections = Vec::new();
    let leaving = report.leaving();
    if !leaving.is_empty() {
        sections.push(table("Who leaves an arm without its shrink", &["arm", "who", "why", "allowed"], leaving, 0));
    }
    let (changes, more) = report.changes();
    if !changes.is_empty() {
        sections.push(table("What changes", &["of", "change"], changes, more));
    }
    sections.extend(report.moves().into_iter().map(section));
    Page { title: format!("{old} → {new}"), lead: report.verdict(), sections }
}

fn section(moves: Moves) -> Section {
    let Moves { heading, mut sentences, rows, is_parts } = moves;
    let (shown, more) = first(&rows);
    if more > 0 {
        sentences.push(format!("And {more} more, which are less."));
    }
    let flow = |one: &super::rows::Move| Flow { from: one.from.clone(), to: one.to.clone(), amount: one.size };
    let (name, unit) = if is_parts { ("part of the units", Unit::Share) } else { ("units", Unit::Number) };
    let axis = Axis { name: name.to_owned(), unit };
    let flows = Flows { axis, flows: shown.iter().map(flow).collect() };
    Section { heading, sentences, picture: (!shown.is_empty()).then_some(Picture::Flows(flows)) }
}

fn table<const N: usize>(heading: &str, columns: &[&str; N], rows: Vec<[String; N]>, more: usize) -> Section {
    let columns = columns.map(str::to_owned).into();
    let table = Table { columns, rows: rows.into_iter().map(Vec::from).collect() };
    let sentences = (more > 0).then(|| format!("And {more} more; --json has them all.")).into_iter().collect();
    Section { heading: heading.to_owned(), sentences, picture: Some(Picture::Table(table)) }
}
