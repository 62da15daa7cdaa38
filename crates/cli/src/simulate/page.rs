//! What was simulated as a page with pictures.

use weir_picture::{Axis, Bar, Bars, Page, Picture, Section, Stay, Track, Unit};
use weir_simulate::{Dealt, End, Lived};

use super::crowd::Crowd;
use super::dealt;
use super::fates::Fates;
use crate::page::table;

/// All of it.
pub fn page(dealt: Option<&Dealt>, units: usize, fates: &[Fates<'_>], crowd: &Crowd) -> Page {
    let of_releases = fates.iter().flat_map(|fates| [ends(fates), steps(fates), timeline(fates)]);
    Page {
        title: "Simulation".to_owned(),
        lead: format!("Nobody met this: it is made of {}.", crowd.text()),
        sections: of_releases.chain(dealt.into_iter().flat_map(|dealt| shares(dealt, units))).collect(),
    }
}

fn ends(fates: &Fates<'_>) -> Section {
    let bars = fates.ends().into_iter().map(|(end, lives)| {
        let part = fates.interval(lives.len());
        let value = lives.len() as f64 / fates.lives.len().max(1) as f64;
        Bar { name: end.replace('_', " "), value, low: part.low, high: part.high }
    });
    let axis = Axis { name: "part of all runs".to_owned(), unit: Unit::Share };
    let picture = Picture::Bars(Bars { axis, bars: bars.collect(), bound: None });
    let heading = format!("How {} ends", fates.release.id);
    Section { heading, sentences: fates.sentences(), picture: Some(picture) }
}

fn steps(fates: &Fates<'_>) -> Section {
    let heading = format!("The steps of {}", fates.release.id);
    Section { heading, sentences: Vec::new(), picture: Some(Picture::Table(table(fates.steps()))) }
}

/// The life that is in the middle of those that ended as most did.
fn timeline(fates: &Fates<'_>) -> Section {
    let most = fates.ends().into_values().max_by_key(Vec::len).unwrap_or_default();
    let mut by_length = most;
    by_length.sort_by_key(|life| life.after);
    let middle = by_length.get(by_length.len() / 2).map(|life| track(fates, life));
    Section {
        heading: format!("One life of {}", fates.release.id),
        sentences: vec!["Of those that ended as most did, the one of middle length.".to_owned()],
        picture: Some(Picture::Tracks(middle.into_iter().collect())),
    }
}

fn track(fates: &Fates<'_>, life: &Lived) -> Track {
    let begins = life.steps.iter().map(|step| step.as_secs_f64());
    let ends = life.steps.iter().skip(1).chain([&life.after]).map(|end| end.as_secs_f64());
    let shares = fates.release.steps.iter().map(|step| f64::from(step.share) / 1e6);
    let stay = |((from, to), share)| Stay { from, to, share, note: String::new() };
    let mut stays: Vec<Stay> = begins.zip(ends).zip(shares).map(stay).collect();
    let back = matches!(life.end, End::RolledBack(_)).then(|| "rolled back".to_owned());
    if let (Some(last), Some(note)) = (stays.last_mut(), back) {
        last.note = note;
    }
    Track { name: fates.release.id.clone(), stays }
}

fn shares(dealt: &Dealt, units: usize) -> Vec<Section> {
    let bars = dealt.layers.iter().flat_map(|layer| {
        layer.shares.iter().map(|share| Bar {
            name: format!("{} {}", share.experiment, share.variant),
            value: share.dealt,
            low: share.planned - 2.0 * share.spread,
            high: share.planned + 2.0 * share.spread,
        })
    });
    let axis = Axis { name: "part of those that slots decide on".to_owned(), unit: Unit::Share };
    let mut sentences =
        vec![format!("{units} units. The interval is where a share lies in 19 of 20 cases if it is dealt as planned.")];
    sentences.extend(dealt.layers.iter().flat_map(dealt::notes));
    sentences.extend(dealt::independence(dealt));
    let picture = Picture::Bars(Bars { axis, bars: bars.collect(), bound: None });
    vec![Section { heading: "Shares as they are dealt".to_owned(), sentences, picture: Some(picture) }]
}
