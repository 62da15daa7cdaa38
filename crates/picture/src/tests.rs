//! The crate as a whole, by random values: texts keep off each other and within their picture, all is XML, lines of text fit.

use proptest::prelude::*;

use crate::drawing::{Drawing, NARROW, WIDE};
use crate::{
    Axis, Band, Bar, Bars, Bound, Evidence, Flow, Flows, Line, Page, Picture, Section, Series, Stay, Table, Track, Unit,
};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 2000, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn texts_neither_overlap_nor_leave_their_picture(picture in picture()) {
        let section = Section { heading: String::new(), sentences: Vec::new(), picture: Some(picture.clone()) };
        let owners = crate::picture::owners(std::slice::from_ref(&section));
        for width in [WIDE, NARROW] {
            let mut drawing = picture.drawing(&owners, width);
            drawing.iter_mut().for_each(Drawing::say_what_is_left_out);
            drawing.iter().for_each(keeps_texts_apart);
        }
    }

    #[test]
    fn pages_are_xml_without_scripts_and_text_fits(page in page(), width in 0usize..300, colours: bool) {
        let html = page.html();
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        let document = roxmltree::Document::parse_with_options(&html, options).map_err(|error| TestCaseError::fail(format!("{error}: {html}")))?;
        prop_assert!(document.descendants().all(|node| !node.has_tag_name("script")));
        prop_assert!(html.len() < 2_000_000);
        let mut ids: Vec<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), count);
        let width_asked = width.clamp(40, 200);
        for line in page.text(width, colours).lines() {
            let plain = uncoloured(line);
            prop_assert!(crate::terminal::columns(&plain) <= width_asked, "{plain:?} in {width_asked}");
            prop_assert!(!plain.contains(char::is_control), "{plain:?}");
            prop_assert!(colours || plain == line);
        }
        for svg in page.svgs() {
            roxmltree::Document::parse(&svg).map_err(|error| TestCaseError::fail(format!("{error}: {svg}")))?;
        }
    }
}

#[track_caller]
fn keeps_texts_apart(drawing: &Drawing) {
    for (index, text) in drawing.texts.iter().enumerate() {
        let inside = text.left >= -0.01
            && text.right <= drawing.width + 0.01
            && text.top >= -0.01
            && text.bottom <= drawing.height + 0.01;
        assert!(inside, "{text:?} leaves {} x {}", drawing.width, drawing.height);
        for other in &drawing.texts[..index] {
            let apart = text.left >= other.right
                || other.left >= text.right
                || text.top >= other.bottom
                || other.top >= text.bottom;
            assert!(apart, "{text:?} and {other:?} overlap");
        }
    }
}

/// A line without the sequences that colours are made of.
fn uncoloured(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

#[test]
fn a_thousand_releases_are_a_page_of_less_than_two_megabytes() {
    let ids: Vec<String> = (0..1000).map(|index| format!("{index:x>59}")).collect();
    let lines = ids.iter().map(|id| Line {
        name: id.clone(),
        bands: (0..1024)
            .map(|band| Band { owner: ids[band % 1000].clone(), from: band as u32 * 900, to: band as u32 * 900 + 500 })
            .collect(),
    });
    let tracks = ids.iter().map(|id| Track {
        name: id.clone(),
        stays: (0..8)
            .map(|step| Stay { from: f64::from(step), to: f64::from(step + 1), share: 0.1, note: id.clone() })
            .collect(),
    });
    let flows = ids.iter().map(|id| Flow { from: id.clone(), to: ids[7].clone(), amount: 1.0 });
    let series = ids
        .iter()
        .map(|id| Series { name: id.clone(), points: (0..1000).map(|x| (f64::from(x), f64::from(x % 17))).collect() });
    let bars = ids.iter().map(|id| Bar { name: id.clone(), value: 1.0, low: 0.5, high: 2.0 });
    let pictures = [
        Picture::Lines(lines.collect()),
        Picture::Tracks(tracks.collect()),
        Picture::Flows(Flows { axis: Axis::default(), flows: flows.collect() }),
        Picture::Evidence(Evidence { series: series.collect(), ..Evidence::default() }),
        Picture::Bars(Bars { bars: bars.collect(), ..Bars::default() }),
    ];
    let sections = pictures.into_iter().map(|picture| Section { picture: Some(picture), ..Section::default() });
    let page = Page { sections: sections.collect(), ..Page::default() };
    let html = page.html();
    assert!(html.len() < 2_000_000, "{} bytes", html.len());
    for said in [
        "The picture has the first 40 of 1,000 lines",
        "of 1,024,000 rows",
        "the first 6 of 1,000 series",
        "the smallest of them together",
    ] {
        assert!(html.contains(said), "{said}");
    }
    for width in [40, 200] {
        let text = page.text(width, false);
        assert!(text.lines().all(|line| crate::terminal::columns(line) <= width));
        assert!(text.lines().count() < 500, "{} lines", text.lines().count());
        for said in ["The first 40 of 1,000 lines.", "The first 40 of 1,000 tracks.", "The first 6 of 1,000 series."] {
            assert!(text.contains(said), "{said}");
        }
    }
    let many = Page { sections: page.sections.iter().cycle().take(30).cloned().collect(), ..Page::default() };
    assert!(many.text(40, false).ends_with("\n\nThe first 12 of 30 pictures.\n"));
    // Whatever room the first ones took, the others have some.
    assert_eq!(html.matches("<table").count(), 5);
}

fn page() -> impl Strategy<Value = Page> {
    let section = (name(), prop::collection::vec(name(), 0..3), prop::option::of(picture()))
        .prop_map(|(heading, sentences, picture)| Section { heading, sentences, picture });
    (name(), name(), prop::collection::vec(section, 0..4)).prop_map(|(title, lead, sections)| Page {
        title,
        lead,
        sections,
    })
}

fn picture() -> impl Strategy<Value = Picture> {
    let slot = || prop_oneof![0u32..1_000_000, Just(0), Just(1_000_000), any::<u32>()];
    let band = (name(), slot(), slot()).prop_map(|(owner, from, to)| Band { owner, from, to });
    let line = (name(), prop::collection::vec(band, 0..12)).prop_map(|(name, bands)| Line { name, bands });
    let stay =
        (number(), number(), number(), name()).prop_map(|(from, to, share, note)| Stay { from, to, share, note });
    let track = (name(), prop::collection::vec(stay, 0..6)).prop_map(|(name, stays)| Track { name, stays });
    let series =
        (name(), prop::collection::vec((number(), number()), 0..20)).prop_map(|(name, points)| Series { name, points });
    let evidence = (axis(), axis(), any::<bool>(), prop::collection::vec(series, 0..9), bound())
        .prop_map(|(across, up, logarithmic, series, bound)| Evidence { across, up, logarithmic, series, bound });
    let bar =
        (name(), number(), number(), number()).prop_map(|(name, value, low, high)| Bar { name, value, low, high });
    let bars =
        (axis(), prop::collection::vec(bar, 0..8), bound()).prop_map(|(axis, bars, bound)| Bars { axis, bars, bound });
    let flow = (name(), name(), number()).prop_map(|(from, to, amount)| Flow { from, to, amount });
    let flows = (axis(), prop::collection::vec(flow, 0..16)).prop_map(|(axis, flows)| Flows { axis, flows });
    let rows = prop::collection::vec(prop::collection::vec(name(), 0..5), 0..5);
    let table = (prop::collection::vec(name(), 0..9), rows).prop_map(|(columns, rows)| Table { columns, rows });
    prop_oneof![
        prop::collection::vec(line, 0..4).prop_map(Picture::Lines),
        prop::collection::vec(track, 0..4).prop_map(Picture::Tracks),
        evidence.prop_map(Picture::Evidence),
        bars.prop_map(Picture::Bars),
        flows.prop_map(Picture::Flows),
        table.prop_map(Picture::Table),
    ]
}

fn axis() -> impl Strategy<Value = Axis> {
    let unit = prop_oneof![Just(Unit::Number), Just(Unit::Share), Just(Unit::Seconds)];
    (name(), unit).prop_map(|(name, unit)| Axis { name, unit })
}

fn bound() -> impl Strategy<Value = Option<Bound>> {
    prop::option::of((name(), number()).prop_map(|(name, at)| Bound { name, at }))
}

/// Ids as they are, and any text at all.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z]{1,8}(-v[0-9]{1,2})?", 2 => "[ -~]{0,80}", 1 => "\\PC{0,40}", 1 => any::<String>(), 1 => Just(String::new())]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..1.0,
        3 => 0.0..100_000.0,
        2 => -1000.0..1000.0,
        2 => any::<f64>(),
        1 => prop_oneof![Just(0.0), Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(f64::MAX), Just(f64::MIN), Just(5e-324)],
    ]
}
