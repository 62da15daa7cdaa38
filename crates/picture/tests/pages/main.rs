//! Pages in a real Chromium, as somebody with a telephone and somebody at a desk sees them, by day and by night: nothing overlaps,
//! nothing is cut, and the rules of axe find nothing. Needs what `scripts/install-chromium` installs. Screenshots are left in
//! `target/pages`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use serde_json::Value;
use weir_picture::{Band, Line, Page, Picture, Section};

use chromium::{Chromium, Tab, View};

mod chromium;
#[path = "../samples/mod.rs"]
mod samples;

const VIEWS: [View; 4] = [
    View { width: 360, scheme: "light" },
    View { width: 360, scheme: "dark" },
    View { width: 1440, scheme: "light" },
    View { width: 1440, scheme: "dark" },
];

#[test]
fn pages_are_whole_wherever_they_are_looked_at() {
    let mut chromium = Chromium::start();
    let corners = &[VIEWS[0], VIEWS[3]];
    for (name, page, views) in [
        ("all", samples::all_kinds(), &VIEWS[..]),
        ("odd", samples::odd(), corners),
        ("empty", Page::default(), corners),
    ] {
        let file = write(name, &page.html());
        for view in views.iter().copied() {
            let mut tab = chromium.open(&file, view);
            let problems = problems(&mut tab);
            fs::write(folder().join(format!("{name}-{}-{}.png", view.width, view.scheme)), tab.screenshot()).unwrap();
            assert_eq!(problems, Vec::<String>::new(), "{name} {view:?}");
            let ground = tab.evaluate("getComputedStyle(document.documentElement).backgroundColor");
            assert_eq!(ground == "rgb(255, 255, 255)", view.scheme == "light", "{ground}");
        }
    }
}

/// What the verbs write, of a shop that has everything. `scripts/look-at-pages` builds the command.
#[test]
fn pages_of_the_command_are_whole() {
    let weir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debug/weir");
    let weir = weir.canonicalize().expect("target/debug/weir; run: cargo build -p weir-cli");
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages/shop");
    let state = folder().join("state");
    for part in ["releases", "revisions"] {
        fs::create_dir_all(state.join(part)).unwrap();
    }
    fs::copy(shop.join("journal.jsonl"), state.join("releases/journal.jsonl")).unwrap();
    let mut chromium = Chromium::start();
    for (name, marks, words) in [
        (
            "plan",
            ".free,.a,.ae,.x",
            "plan --policy before.yaml --releases releases --rate 2000/m --errors 0.5% --slow 2% --from 2026-12-01T09:00:00Z",
        ),
        ("diff", ".moves,.n", "diff before.yaml after.yaml --allow colours"),
        (
            "simulate",
            ".a,.i,.ae",
            "simulate --policy before.yaml --releases releases --fault canary:errors=5% --runs 20 --units 5000",
        ),
        ("backtest", ".e0,.e1,.x", "release backtest releases/owl-v21.yaml --evidence evidence.jsonl"),
        ("show", ".ae,.x,.a", "release show owl --state ../../../../../target/pages/state"),
        ("replay", ".e0,.e1,.x", "release replay owl --state ../../../../../target/pages/state"),
    ] {
        let file = write(name, "");
        let said = Command::new(&weir).args(words.split(' ')).arg("-o").arg(&file).current_dir(&shop).output().unwrap();
        assert!(said.status.success(), "{words}: {}", String::from_utf8_lossy(&said.stderr));
        for view in VIEWS {
            let mut tab = chromium.open(&file, view);
            let mut problems = problems(&mut tab);
            problems.extend(broken_words(&mut tab));
            // Every kind of mark that it should have is drawn: a page without pictures is not whole.
            let drawn = format!(
                "'{marks}'.split(',').filter(mark => ![...document.querySelectorAll('figure ' + mark)].some(one => one.checkVisibility()))"
            );
            assert_eq!(texts(&tab.evaluate(&drawn)), Vec::<String>::new(), "{name} {view:?}");
            fs::write(folder().join(format!("{name}-{}-{}.png", view.width, view.scheme)), tab.screenshot()).unwrap();
            assert_eq!(problems, Vec::<String>::new(), "{name} {view:?}");
        }
    }
}

/// Those of the documentation, as files of their own: in a viewer, and as images on grounds of either kind.
#[test]
fn pictures_of_the_docs_stand_alone() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures").canonicalize().unwrap();
    let mut files: Vec<PathBuf> = fs::read_dir(&docs).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort_unstable();
    assert!(files.len() >= 6, "{files:?}");
    let images =
        files.iter().map(|file| format!("<p><img width=\"752\" alt=\"\" src=\"file://{}\"></p>", file.display()));
    let images: String = images.collect();
    let grounds =
        format!("<div style=\"background:#fff\">{images}</div><div style=\"background:#0d1117\">{images}</div>");
    let images = write("docs-images", &grounds);
    let mut chromium = Chromium::start();
    for view in [VIEWS[2], VIEWS[3]] {
        for file in &files {
            let name = file.file_stem().unwrap().to_str().unwrap();
            let mut tab = chromium.open(file, view);
            let is_svg = "document.documentElement.tagName == 'svg' && !document.querySelector('parsererror')";
            assert_eq!(tab.evaluate(is_svg), true, "{name}");
            let ground = tab.evaluate("getComputedStyle(document.querySelector('.ground')).fill");
            assert_eq!(ground == "rgb(255, 255, 255)", view.scheme == "light", "{name}: {ground}");
            let svg = fs::read_to_string(file).unwrap();
            let html = format!(
                "<!DOCTYPE html><html lang=\"en\"><title>{name}</title><main><h1>{name}</h1><figure style=\"margin:0\">{svg}</figure></main></html>"
            );
            let problems = problems(&mut chromium.open(&write(&format!("docs-{name}"), &html), view));
            assert_eq!(problems, Vec::<String>::new(), "{name} {view:?}");
        }
        let mut tab = chromium.open(&images, view);
        let shown = tab.evaluate("[...document.images].filter(one => one.complete && one.naturalWidth == 752).length");
        assert_eq!(shown, files.len() * 2);
        fs::write(folder().join(format!("docs-{}.png", view.scheme)), tab.screenshot()).unwrap();
    }
}

/// Widths between the two, where one layout takes over from the other, and a thousand releases. Rules do not change with them.
#[test]
fn pages_are_whole_at_any_width_and_with_a_thousand_releases() {
    let mut chromium = Chromium::start();
    for (name, page, widths) in
        [("all", samples::all_kinds(), &[320, 480, 719, 720, 800][..]), ("thousand", samples::thousand(), &[360, 1440])]
    {
        let file = write(name, &page.html());
        for width in widths {
            let mut tab = chromium.open(&file, View { width: *width, scheme: "light" });
            assert_eq!(measured(&mut tab), Vec::<String>::new(), "{name} at {width}");
        }
    }
}

#[test]
fn paper_is_light_and_has_every_table() {
    let mut chromium = Chromium::start();
    let file = write("all", &samples::all_kinds().html());
    let mut tab = chromium.open(&file, View { width: 680, scheme: "dark" });
    let shown = |tab: &mut Tab, what: &str| {
        tab.evaluate(&format!("[...document.querySelectorAll('{what}')].filter(one => one.checkVisibility({{contentVisibilityAuto: true}}) && one.getBoundingClientRect().height > 20).length"))
    };
    assert_eq!([shown(&mut tab, "svg.wide"), shown(&mut tab, "svg.narrow")], [0, 5]);
    assert!(shown(&mut tab, "table").as_u64().unwrap() < 6, "one is folded");
    tab.print();
    assert_eq!([shown(&mut tab, "svg.wide"), shown(&mut tab, "svg.narrow"), shown(&mut tab, "table")], [5, 0, 6]);
    assert_eq!(tab.evaluate("getComputedStyle(document.documentElement).backgroundColor"), "rgb(255, 255, 255)");
    assert_eq!(measured(&mut tab), Vec::<String>::new());
    let is_whole =
        "[...document.querySelectorAll('figure,tr')].every(one => getComputedStyle(one).breakInside == 'avoid')";
    assert_eq!(tab.evaluate(is_whole), true, "a picture or a row is on two sheets");
    fs::write(folder().join("all.pdf"), tab.pdf()).unwrap();
}

/// Each style of an owner but those that have no pattern is one of a pattern that is seen whoever looks; no two that are near
/// each other have the same one, which the tests of styles hold.
#[test]
fn patterns_are_seen_without_colours() {
    let band = |owner: u32| Band { owner: format!("o{owner}"), from: owner * 40_000, to: owner * 40_000 + 40_000 };
    let line = Line { name: "line".to_owned(), bands: (0..24).map(band).collect() };
    let section = Section { picture: Some(Picture::Lines(vec![line])), ..Section::default() };
    let html = Page { sections: vec![section], ..Page::default() }.html();
    let (whole, bare) =
        (write("owners", &html), write("owners-bare", &html.replace("stroke-width:1.2", "stroke-width:0")));
    let mut chromium = Chromium::start();
    for kind in ["deuteranopia", "protanopia", "tritanopia", "achromatopsia"] {
        for view in [VIEWS[2], VIEWS[3]] {
            let seen = seen(&mut chromium, &whole, view, kind);
            assert_eq!(
                (seen.len(), seen.iter().filter(|seen| **seen > 1.4).count()),
                (24, 21),
                "{kind} {view:?}: {seen:?}"
            );
            let bare = self::seen(&mut chromium, &bare, view, kind);
            assert!(bare.len() == 24 && bare.iter().all(|seen| *seen < 1.1), "{kind} {view:?}: {bare:?}");
        }
    }
}

/// How far the lightest of each swatch of a legend stands out from its darkest, to somebody who sees fewer colours.
fn seen(chromium: &mut Chromium, file: &Path, view: View, kind: &str) -> Vec<f64> {
    let mut tab = chromium.open(file, view);
    tab.see_by(kind);
    let swatches =
        "[...document.querySelectorAll('svg.wide path[class^=p]')].filter(one => one.getBBox().height == 12)";
    let places = tab.evaluate(&format!(
        "{swatches}.map(one => one.getBoundingClientRect()).map(box => [box.x + 1, box.y + 1, box.width - 2, box.height - 2].map(Math.round))"
    ));
    let shot = base64::engine::general_purpose::STANDARD.encode(tab.screenshot());
    let pixels = include_str!("pixels.js").replace("PLACES", &places.to_string()).replace("SHOT", &shot);
    let found = chromium.open(&write("blank", "<!DOCTYPE html><title>blank</title>"), view).evaluate(&pixels);
    let found: Vec<f64> = found.as_array().unwrap().iter().map(|seen| seen.as_f64().unwrap()).collect();
    let (greyness, seen) = found.split_first().unwrap();
    assert_eq!(*greyness == 0.0, kind == "achromatopsia", "colours are not seen as somebody with {kind} does");
    seen.to_vec()
}

#[test]
fn what_is_broken_is_seen() {
    let whole = samples::all_kinds().html();
    let mut chromium = Chromium::start();
    for (from, to, said) in [
        ("font-size:12px", "font-size:17px", "overlap"),
        ("font-size:12px", "font-size:17px", "cut"),
        ("viewBox=\"0 0 ", "viewBox=\"0 0 9", "too small to read"),
        ("main{max-width:752px", "main{width:2000px", "the page scrolls sideways"),
        (".narrow{display:none!important}", "", "shown"),
        ("lang=\"en\"", "", "html-has-lang"),
        ("--soft:#59616d", "--soft:#c9ced6", "color-contrast"),
        ("<h1>", "<h1><img src=\"\"/>", "image-alt"),
        ("th,td{padding", "td{width:1px;white-space:normal!important;word-break:break-all}th,td{padding", "broken"),
    ] {
        assert!(whole.contains(from), "{from}");
        let file = write("broken", &whole.replace(from, to));
        let mut tab = chromium.open(&file, VIEWS[2]);
        let mut problems = problems(&mut tab);
        problems.extend(broken_words(&mut tab));
        assert!(problems.iter().any(|problem| problem.starts_with(said)), "{from} to {to}: {problems:?}");
    }
}

fn problems(tab: &mut Tab) -> Vec<String> {
    let mut problems = measured(tab);
    let axe = chromium::tools().join("axe.min.js");
    let axe = fs::read_to_string(&axe)
        .unwrap_or_else(|error| panic!("{}: {error}; run: scripts/install-chromium", axe.display()));
    tab.evaluate(&format!("{axe}; true"));
    let found = "axe.run().then(found => found.violations.map(rule => rule.id + ': ' + rule.nodes.map(node => node.html).join(' ').slice(0, 300)))";
    problems.extend(texts(&tab.evaluate(found)));
    problems
}

fn broken_words(tab: &mut Tab) -> Vec<String> {
    texts(&tab.evaluate(include_str!("words.js")))
}

fn measured(tab: &mut Tab) -> Vec<String> {
    texts(&tab.evaluate(include_str!("measure.js")))
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn write(name: &str, html: &str) -> PathBuf {
    fs::create_dir_all(folder()).unwrap();
    let file = folder().join(format!("{name}.html"));
    fs::write(&file, html).unwrap();
    file.canonicalize().unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pages")
}
