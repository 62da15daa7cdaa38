//! A plan as a page with pictures.

use std::collections::BTreeMap;

use jiff::Timestamp;
use weir_picture::{Axis, Band, Bar, Bars, Bound, Line, Page, Picture, Section, Stay, Table, Track, Unit};

use super::report::{ReleaseView, Report, StepView};
use super::{rates, rows, text};
use crate::page::table;

/// Releases of which each has pictures of its own: more are in the tables.
const SHOWN_MAX: usize = 20;

/// All of it.
pub fn page(report: &Report) -> Page {
    let mut sections = vec![told("Problems", report.problems.iter().map(super::found::Found::told).collect())];
    sections.push(section("Releases", Vec::new(), Picture::Table(releases(report))));
    if !report.rates.is_empty() {
        let taken = table(rates::rows(&report.rates));
        sections.push(section("What is taken of requests", Vec::new(), Picture::Table(taken)));
    }
    sections.push(section("Who owns which slots", vec![OWN.to_owned()], Picture::Lines(lines(report))));
    sections.push(section(
        "When each is dealt to how many",
        vec![EARLIEST.to_owned()],
        Picture::Tracks(tracks(report)),
    ));
    sections.extend(report.releases.iter().take(SHOWN_MAX).flat_map(of_release));
    sections.push(told("To be known", report.notes.iter().map(super::found::Found::told).collect()));
    sections.retain(|section| section.picture.is_some() || !section.sentences.is_empty());
    Page { title: "Plan of releases".to_owned(), lead: lead(report), sections }
}

const OWN: &str = "Releases that touch a common service own slots of their own, or wait for them. Who has slots that another one has too, \
     at the same time or after it, is in another row.";
const EARLIEST: &str = "All times are the earliest: nothing goes wrong, and people say yes as soon as they are asked.";

fn lead(report: &Report) -> String {
    let start = report.releases.iter().filter(|release| release.starts.is_some()).count();
    let (all, problems) = (report.releases.len(), report.problems.len());
    let problems = match problems {
        0 => "nothing is wrong".to_owned(),
        1 => "one problem".to_owned(),
        many => format!("{many} problems"),
    };
    let cut = if all > SHOWN_MAX {
        format!(
            " The first {SHOWN_MAX} of them have tables and pictures of their own here; the text and --json have all."
        )
    } else {
        String::new()
    };
    format!("{start} of {all} releases start by themselves from {:.0} on; {problems}.{cut}", report.from)
}

fn told(heading: &str, sentences: Vec<String>) -> Section {
    Section { heading: heading.to_owned(), sentences, picture: None }
}

fn section(heading: &str, sentences: Vec<String>, picture: Picture) -> Section {
    Section { heading: heading.to_owned(), sentences, picture: Some(picture) }
}

/// Without the pool, which has a picture.
fn releases(report: &Report) -> Table {
    table(
        rows::of_releases(report)
            .into_iter()
            .map(|[id, mask, _, part, starts, ends, waits]| [id, mask, part, starts, ends, waits]),
    )
}

/// Rows of each pool, none of which has slots of two releases.
fn lines(report: &Report) -> Vec<Line> {
    let mut lines: BTreeMap<&str, Vec<BTreeMap<u32, Band>>> = BTreeMap::new();
    for release in report.releases.iter().filter(|release| !release.slots.is_empty()) {
        let bands =
            release.slots.iter().map(|(from, to)| (*from, Band { owner: release.id.clone(), from: *from, to: *to }));
        let rows = lines.entry(&release.line).or_default();
        let is_free = |row: &&mut BTreeMap<u32, Band>| {
            let before = |to: u32| row.range(..to).next_back().map_or(0, |(_, band)| band.to);
            release.slots.iter().all(|(from, to)| before(*to) <= *from)
        };
        match rows.iter_mut().find(is_free) {
            Some(row) => row.extend(bands),
            None => rows.push(bands.collect()),
        }
    }
    let named = |(name, rows): (&str, Vec<BTreeMap<u32, Band>>)| {
        let rows = rows.into_iter().enumerate().map(|(row, bands)| {
            let name = if row == 0 { name.to_owned() } else { format!("{name}, row {}", row + 1) };
            Line { name, bands: bands.into_values().collect() }
        });
        rows.collect::<Vec<Line>>()
    };
    lines.into_iter().flat_map(named).collect()
}

fn tracks(report: &Report) -> Vec<Track> {
    let since = |at: Timestamp| at.duration_since(report.from).as_secs_f64().max(0.0);
    let begun = report.releases.iter().filter(|release| release.starts.is_some());
    begun.map(|release| track(release, since)).collect()
}

fn track(release: &ReleaseView, since: impl Fn(Timestamp) -> f64) -> Track {
    let stay = |step: &StepView| {
        let from = since(step.begins?);
        let lasts = if step.takes_ms == u64::MAX { f64::INFINITY } else { step.takes_ms as f64 / 1e3 };
        let note = if step.approve { "with a yes" } else { "" };
        Some(Stay { from, to: from + lasts, share: f64::from(step.share) / 1e6, note: note.to_owned() })
    };
    Track { name: release.id.clone(), stays: release.steps.iter().filter_map(stay).collect() }
}

/// What its guardrails see: a table of all, and the smallest ratio of each in each step.
fn of_release(release: &ReleaseView) -> Vec<Section> {
    let said = [text::effects(release), text::false_stop(release)];
    let sentences = said.into_iter().map(|text| text.trim_end().to_owned()).filter(|text| !text.is_empty()).collect();
    let (steps, sights) = halves(release);
    let steps = section(&format!("The steps of {}", release.id), Vec::new(), Picture::Table(steps));
    let sights = section(&format!("What the guardrails of {} see", release.id), sentences, Picture::Table(sights));
    let bars: Vec<Bar> = release.steps.iter().enumerate().flat_map(|(step, view)| bars(step, view)).collect();
    let axis = Axis { name: "times as many bad requests".to_owned(), unit: Unit::Number };
    let picture = (!bars.is_empty()).then(|| {
        let heading = format!("Smallest ratio that {} finds with 80%", release.id);
        let sentences = vec!["What is smaller may go unseen. A step in which nothing is found has no bar.".to_owned()];
        section(
            &heading,
            sentences,
            Picture::Bars(Bars { axis, bars, bound: Some(Bound { name: "as good as control".to_owned(), at: 1.0 }) }),
        )
    });
    [steps, sights].into_iter().chain(picture).collect()
}

/// What a step is, and what its guardrails see: eleven columns are too many for a page.
fn halves(release: &ReleaseView) -> (Table, Table) {
    let (mut steps, mut sights) = (Vec::new(), Vec::new());
    let mut step = String::new();
    for [number, share, begins, takes, requests, guardrail, finds, half_more, twice, twice_takes, suspected] in
        rows::of_steps(release)
    {
        if !number.is_empty() {
            step.clone_from(&number);
            steps.push([number, share, begins, takes, requests]);
        }
        sights.push([step.clone(), guardrail, finds, half_more, twice, twice_takes, suspected]);
    }
    (table(steps), table(sights))
}

fn bars(step: usize, view: &StepView) -> impl Iterator<Item = Bar> {
    view.guardrails.iter().filter_map(move |one| {
        let value = one.finds.as_ref()?.smallest_ratio?;
        Some(Bar { name: format!("step {}, {}", step + 1, one.name), value, low: f64::NAN, high: f64::NAN })
    })
}
