//! The report as a page with pictures.

use weir_picture::{Axis, Flow, Flows, Page, Picture, Section, Table, Unit};

use super::report::Report;
use super::rows::Moves;

/// All of it.
pub fn page(report: &Report<'_>) -> Page {
    let [old, new] = report.sides();
    let mut sections = Vec::new();
    let (leaving, more) = report.leaving();
    if !leaving.is_empty() {
        sections.push(table("Who leaves an arm without its shrink", &["arm", "who", "why", "allowed"], leaving, more));
    }
    let (changes, more) = report.changes();
    if !changes.is_empty() {
        sections.push(table("What changes", &["of", "change"], changes, more));
    }
    let (releases, more) = report.releases();
    if !releases.is_empty() {
        sections.push(table("Releases", &["of", "change"], releases, more));
    }
    let (moves, more) = report.moves();
    sections.extend(moves.into_iter().map(section));
    if more > 0 {
        let sentences = vec![format!("And {more} more tables; --json has them all.")];
        sections.push(Section { heading: "Who else moves".to_owned(), sentences, picture: None });
    }
    Page { title: format!("{old} → {new}"), lead: report.verdict(), sections }
}

fn section(moves: Moves) -> Section {
    let Moves { heading, mut sentences, rows, more, is_parts } = moves;
    if more > 0 {
        sentences.push(format!("And {more} more, which are less; --json has them all."));
    }
    let flow = |one: &super::rows::Move| Flow { from: one.from.clone(), to: one.to.clone(), amount: one.size };
    let (name, unit) = if is_parts { ("part of the units", Unit::Share) } else { ("units", Unit::Number) };
    let axis = Axis { name: name.to_owned(), unit };
    let flows = Flows { axis, flows: rows.iter().map(flow).collect() };
    Section { heading, sentences, picture: (!rows.is_empty()).then_some(Picture::Flows(flows)) }
}

fn table<const N: usize>(heading: &str, columns: &[&str; N], rows: Vec<[String; N]>, more: usize) -> Section {
    let columns = columns.map(str::to_owned).into();
    let table = Table { columns, rows: rows.into_iter().map(Vec::from).collect() };
    let sentences = (more > 0).then(|| format!("And {more} more; --json has them all.")).into_iter().collect();
    Section { heading: heading.to_owned(), sentences, picture: Some(Picture::Table(table)) }
}
