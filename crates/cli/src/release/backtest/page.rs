//! What was looked through as a page with pictures.

use weir_picture::{Page, Picture, Section};

use super::report::Report;
use crate::page::table;
use crate::release::evidence;

/// All of it.
pub fn page(report: &Report<'_>) -> Page {
    let looks: Vec<_> = report.drawn.looks().collect();
    let guardrails = Section {
        heading: "Guardrails".to_owned(),
        sentences: report.all_notes(),
        picture: Some(Picture::Table(table(report.rows()))),
    };
    Page {
        title: format!("Backtest of {}", report.release.id),
        lead: format!("With this evidence it would have been {}. {}.", report.verdict(), report.evidence()),
        sections: [guardrails].into_iter().chain(evidence::sections(&looks)).collect(),
    }
}
