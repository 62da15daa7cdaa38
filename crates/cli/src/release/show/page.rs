//! A release as a page with pictures.

use jiff::Timestamp;
use weir_picture::{Axis, Bar, Bars, Bound, Page, Picture, Section, Stay, Track, Unit};
use weir_release::judge::GuardrailNumbers;

use super::rows;
use crate::page::table;
use crate::release::list;
use crate::release::view::{DetailView, EventView};

/// All of it.
pub fn page(view: &DetailView) -> Page {
    let release = &view.release;
    let guardrails = release.verdict.as_ref().map_or(&[][..], |verdict| &verdict.numbers.guardrails);
    let mut sections = vec![section("Steps", Picture::Tracks(vec![track(view)]))];
    sections.push(section("What each step asks for", Picture::Table(table(rows::of_steps(release)))));
    if !guardrails.is_empty() {
        sections.push(section("Guardrails", Picture::Table(table(rows::of_guardrails(guardrails)))));
        sections.extend(bars(guardrails));
    }
    let happened =
        view.events.iter().map(|line| [line.number.to_string(), format!("{:.0}", line.at), line.text.clone()]);
    let head = ["line", "at", "what"].map(str::to_owned);
    sections.push(section("What happened", Picture::Table(table([head].into_iter().chain(happened)))));
    Page { title: release.id.clone(), lead: format!("{}.", list::headline(release)), sections }
}

fn section(heading: &str, picture: Picture) -> Section {
    Section { heading: heading.to_owned(), sentences: Vec::new(), picture: Some(picture) }
}

/// The shares that it had by the time, as far as its events tell.
fn track(view: &DetailView) -> Track {
    let of_event = |line: &EventView| {
        let word = line.event.get("event")?.as_str()?;
        let step = line.event.get("step").and_then(|step| usize::try_from(step.as_u64()?).ok());
        match word {
            "begun" | "held_back" => Some((line.at, step)),
            "rolled_back" | "aborted" | "promoted" | "finished" => Some((line.at, None)),
            _ => None,
        }
    };
    let changes: Vec<(Timestamp, Option<usize>)> = view.events.iter().filter_map(of_event).collect();
    let Some((start, _)) = changes.first().copied() else {
        return Track { name: view.release.id.clone(), stays: Vec::new() };
    };
    let since = |at: Timestamp| at.duration_since(start).as_secs_f64();
    let last =
        view.judged.filter(|_| !view.release.is_over()).into_iter().chain(view.events.iter().map(|line| line.at)).max();
    let ends = changes.iter().skip(1).map(|(at, _)| *at).chain(last);
    let stay = |((from, step), to): (&(Timestamp, Option<usize>), Timestamp)| {
        let step = view.release.steps.get((*step)?)?;
        Some(Stay { from: since(*from), to: since(to), share: f64::from(step.share) / 1e6, note: String::new() })
    };
    Track { name: view.release.id.clone(), stays: changes.iter().zip(ends).filter_map(stay).collect() }
}

/// How far each guardrail is on its way to its bound, of which 100% is harm.
fn bars(guardrails: &[GuardrailNumbers]) -> Option<Section> {
    let bar = |one: &GuardrailNumbers| {
        let part = (one.ln_e_harm? / one.ln_bound?).max(0.0);
        let arm = one.arm.as_ref().map(|arm| format!(" of {arm}")).unwrap_or_default();
        Some(Bar { name: format!("{}{arm}", one.name), value: part, low: f64::NAN, high: f64::NAN })
    };
    let bars: Vec<Bar> = guardrails.iter().filter_map(bar).collect();
    let axis = Axis { name: "logarithm of e, as a part of its bound's".to_owned(), unit: Unit::Share };
    let bound = Some(Bound { name: "harm".to_owned(), at: 1.0 });
    (!bars.is_empty()).then(|| section("How far each is from harm", Picture::Bars(Bars { axis, bars, bound })))
}
