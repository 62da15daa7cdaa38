//! Shares over time: when each release is dealt to how many.

use crate::axis::{Axis, Scale};
use crate::drawing::{Anchor, Drawing, SIZE, rectangle, stroke};
use crate::glyphs;
use crate::rows::{DRAWN_MAX, Rows, first_of, left_out};
use crate::table::Table;
use crate::terminal;
use crate::unit::Unit;

/// What is dealt over time, such as one release.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    /// Its name.
    pub name: String,
    /// In order of time.
    pub stays: Vec<Stay>,
}

/// A time in which a share stays as it is; a share of 0 is a wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stay {
    /// Seconds from the beginning of the picture.
    pub from: f64,
    /// Seconds from the beginning of the picture; infinite for as long as the picture goes.
    pub to: f64,
    /// A part of 1.
    pub share: f64,
    /// What else is to be said, such as what is waited for.
    pub note: String,
}

const HEIGHT: f64 = 36.0;

pub(crate) fn table(tracks: &[Track]) -> Table {
    let rows = tracks.iter().flat_map(|track| track.stays.iter().map(move |stay| (track, stay)));
    let rows = rows.map(|(track, stay)| {
        let time = |seconds: f64| Unit::Seconds.write(seconds);
        let (from, to, lasts) = (time(stay.from), time(stay.to), time(stay.to - stay.from));
        [track.name.clone(), from, to, lasts, Unit::Share.write(stay.share), stay.note.clone()]
    });
    Table::new(["name", "from", "to", "lasts", "share", "note"], rows)
}

pub(crate) fn describe(tracks: &[Track]) -> String {
    let words = tracks.iter().take(DRAWN_MAX).map(|track| {
        let stays = track.stays.iter().take(DRAWN_MAX);
        let stays =
            stays.map(|stay| format!("{} from {}", Unit::Share.write(stay.share), Unit::Seconds.write(stay.from)));
        format!("{}: {}", track.name, stays.collect::<Vec<_>>().join(", "))
    });
    format!("Shares over time. {}", words.collect::<Vec<_>>().join(". "))
}

pub(crate) fn draw(tracks: &[Track], drawing: &mut Drawing) {
    let drawn = tracks.get(..DRAWN_MAX).unwrap_or(tracks);
    let rows = Rows::new(drawing, drawn.iter().map(|track| track.name.as_str()), 0.0, HEIGHT);
    let scale = scale(drawn, rows.left, drawing.width);
    let mut tops = Vec::new();
    for (index, track) in drawn.iter().enumerate() {
        tops.push(rows.name(drawing, index, &track.name, drawing.width));
    }
    let axis = Axis { name: "from the beginning".to_owned(), unit: Unit::Seconds };
    drawing.height = scale.draw_below(drawing, &axis, 0.0, rows.end(drawn.len()) - 4.0) + 2.0;
    for (track, top) in drawn.iter().zip(tops) {
        drawing.path("b", &stroke((scale.start(), top + HEIGHT), (scale.end(), top + HEIGHT)));
        draw_track(track, drawing, &scale, top);
    }
    drawing.left_out = left_out(tracks.len(), "tracks");
}

fn scale(tracks: &[Track], start: f64, end: f64) -> Scale {
    let times = tracks.iter().flat_map(|track| &track.stays).flat_map(|stay| [stay.from, stay.to]);
    Scale::over(times.chain([0.0]), false, start, end)
}

/// Areas as high as the shares, and over each its share, or its note where nothing is dealt.
fn draw_track(track: &Track, drawing: &mut Drawing, scale: &Scale, top: f64) {
    let (mut areas, mut edges, mut waits, mut texts) = (String::new(), String::new(), String::new(), Vec::new());
    for stay in track.stays.iter().take(STAYS_MAX) {
        let (Some(left), Some(right)) = (scale.at(stay.from), scale.at(stay.to)) else { continue };
        if right <= left {
            continue;
        }
        let share = if stay.share.is_nan() { 0.0 } else { stay.share.clamp(0.0, 1.0) };
        // A share of a hundredth is seen too.
        let height = if share > 0.0 { (share * HEIGHT).max(2.0) } else { 0.0 };
        areas += &rectangle(left, top + HEIGHT - height, right - left, height);
        if height > 0.0 {
            edges += &stroke((left, top + HEIGHT - height), (right, top + HEIGHT - height));
        } else {
            waits += &stroke((left + 3.0, top + HEIGHT - 7.0), (right - 3.0, top + HEIGHT - 7.0));
        }
        let text = if share > 0.0 { Unit::Share.write(share) } else { glyphs::plain(&stay.note) };
        if glyphs::width(&text) * SIZE + 6.0 <= right - left {
            // In the area where it is high enough, else above it.
            let (class, above) = match height {
                0.0 => ("m", 13.0),
                _ if height >= 17.0 => ("", height / 2.0 - 4.0),
                _ => ("", height + 5.0),
            };
            texts.push((class, ((left + right) / 2.0, top + HEIGHT - above), text));
        }
    }
    drawing.path("a", &areas);
    drawing.path("ae", &edges);
    drawing.path("w", &waits);
    let mut free = f64::NEG_INFINITY;
    for (class, (x, y), text) in texts {
        let half = glyphs::width(&text) * SIZE / 2.0;
        if x - half > free {
            drawing.text(class, (x, y), Anchor::Middle, &text, drawing.width);
            free = x + half + 2.0;
        }
    }
}

/// More are narrower than a pixel.
const STAYS_MAX: usize = 500;

/// For a terminal: a block as high as the share, dots for a wait; above it the share, or the note where nothing is dealt.
pub(crate) fn print(tracks: &[Track], width: usize, colours: bool) -> Vec<String> {
    let drawn = tracks.get(..DRAWN_MAX).unwrap_or(tracks);
    let scale = scale(drawn, 0.0, width as f64);
    let mut text = Vec::new();
    for track in drawn {
        let mut cells = vec![' '; width];
        let mut labels = String::new();
        for stay in track.stays.iter().take(STAYS_MAX) {
            let (Some(left), Some(right)) = (scale.at(stay.from), scale.at(stay.to)) else { continue };
            let mark = if stay.share > 0.0 { terminal::level(stay.share) } else { '·' };
            let (start, end) = (left.round() as usize, right.round() as usize);
            cells.iter_mut().take(end).skip(start).for_each(|cell| *cell = mark);
            let label = if stay.share > 0.0 { Unit::Share.write(stay.share) } else { glyphs::plain(&stay.note) };
            // A blank between two, and none that reaches beyond what it is of.
            let is_free = labels.is_empty() || terminal::columns(&labels) < start;
            if is_free && start + terminal::columns(&label) <= end {
                labels = terminal::pad(&labels, start) + &label;
            }
        }
        text.extend([terminal::cut(&track.name, width), labels]);
        text.push(terminal::accent(cells.into_iter().collect::<String>().trim_end(), colours));
    }
    let (first, last) = scale.values();
    text.push(terminal::ends(&Unit::Seconds.write(first), &Unit::Seconds.write(last), width));
    text.extend(first_of(DRAWN_MAX, tracks.len(), "tracks"));
    text
}
