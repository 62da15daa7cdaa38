//! What was looked through as a page with pictures.

use weir_picture::{Axis, Bound, Evidence, Page, Picture, Section, Series, Table, Unit};

use super::Report;

/// Beyond this e is more than numbers can be.
const LN_E_MAX: f64 = 600.0;

/// All of it.
pub fn page(report: &Report<'_>) -> Page {
    let mut sections = vec![Section {
        heading: "Guardrails".to_owned(),
        sentences: Vec::new(),
        picture: Some(Picture::Table(table(report))),
    }];
    sections.extend(guardrails(report));
    Page {
        title: format!("Backtest of {}", report.release.id),
        lead: format!("With this evidence it would have been {}. {}.", report.verdict(), report.evidence()),
        sections,
    }
}

fn table(report: &Report<'_>) -> Table {
    let mut rows = report.rows().into_iter();
    let columns = rows.next().unwrap_or_default().into_iter().map(|column| column.to_lowercase()).collect();
    Table { columns, rows: rows.collect() }
}

/// Each guardrail's evidence against its bound, by the time since the first poll.
fn guardrails(report: &Report<'_>) -> Vec<Section> {
    let Some(last) = report.looked.last() else { return Vec::new() };
    let compared = last.guardrails.iter().enumerate().filter(|(_, one)| one.ln_bound.is_some());
    let section = |(place, one): (usize, &weir_release::judge::GuardrailNumbers)| {
        let series = |name: &str, of: fn(&weir_release::judge::GuardrailNumbers) -> Option<f64>| Series {
            name: name.to_owned(),
            points: report
                .looked
                .iter()
                .filter_map(|look| {
                    let ln_e = look.guardrails.get(place).and_then(of)?;
                    Some((look.after.as_secs_f64(), ln_e.min(LN_E_MAX).exp()))
                })
                .collect(),
        };
        let arm = one.arm.as_ref().map(|arm| format!(" of {arm}")).unwrap_or_default();
        Section {
            heading: format!("{}{arm}", one.name),
            sentences: vec![
                "Harm counts several requests for one, as unlike as users are; suspicion each for one.".to_owned(),
            ],
            picture: Some(Picture::Evidence(Evidence {
                across: Axis { name: "since the first poll".to_owned(), unit: Unit::Seconds },
                up: Axis { name: "e".to_owned(), unit: Unit::Number },
                logarithmic: true,
                series: vec![series("harm", |one| one.ln_e_harm), series("suspicion", |one| one.ln_e)],
                bound: one.ln_bound.map(|ln| Bound { name: "bound".to_owned(), at: ln.exp() }),
            })),
        }
    };
    compared.map(section).collect()
}
