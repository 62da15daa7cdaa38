//! Pages to look at: one with all kinds of pictures as verbs make them, one with whatever could go wrong.

use weir_picture::{
    Axis, Band, Bar, Bars, Bound, Evidence, Flow, Flows, Line, Page, Picture, Section, Series, Stay, Table, Track, Unit,
};

/// What a plan, a difference and a simulation show, each small.
pub fn all_kinds() -> Page {
    let section = |heading: &str, sentence: &str, picture| Section {
        heading: heading.to_owned(),
        sentences: vec![sentence.to_owned()],
        picture: Some(picture),
    };
    Page {
        title: "Plan of 3 releases".to_owned(),
        lead: "owl-v21 and tiger-v7 start at once; lynx-v3 waits for owl-v21, because both touch checkout.".to_owned(),
        sections: vec![
            section("Who owns which slots", "Releases that touch a common service own slots of their own.", lines()),
            section("When each is dealt to how many", "A step is taken when its minimum is reached.", tracks()),
            section("Errors of owl-v21", "The e-value must stay below the bound, at every look.", evidence()),
            section("Smallest ratio found with 80%", "What is smaller than this may go unseen.", bars()),
            section("Who moves", "The change moves 6% of all users, most of them from control.", flows()),
            section("Guardrails", "What each step can see.", guardrails()),
        ],
    }
}

pub fn lines() -> Picture {
    let line = |name: &str, bands: &[(&str, u32, u32)]| Line {
        name: name.to_owned(),
        bands: bands
            .iter()
            .map(|(owner, from, to)| Band { owner: (*owner).to_owned(), from: *from, to: *to })
            .collect(),
    };
    Picture::Lines(vec![
        line("pool.user", &[("owl-v21", 0, 250_000), ("tiger-v7", 250_000, 300_000), ("lynx-v3", 548_765, 900_000)]),
        line(
            "pool.session",
            &[("heron-v2", 100_000, 112_000), ("owl-v21", 500_000, 750_000), ("checkout-colours", 800_000, 1_000_000)],
        ),
        line("pool.device", &[]),
    ])
}

pub fn tracks() -> Picture {
    let stay = |from: f64, to: f64, share: f64, note: &str| Stay { from, to, share, note: note.to_owned() };
    let track = |name: &str, stays: Vec<Stay>| Track { name: name.to_owned(), stays };
    Picture::Tracks(vec![
        track(
            "owl-v21",
            vec![
                stay(0.0, 3600.0, 0.05, ""),
                stay(3600.0, 7200.0, 0.1, ""),
                stay(7200.0, 14_400.0, 0.5, ""),
                stay(14_400.0, 36_000.0, 1.0, "waits for promotion"),
            ],
        ),
        track(
            "tiger-v7",
            vec![stay(0.0, 7200.0, 0.01, ""), stay(7200.0, 21_600.0, 0.25, ""), stay(21_600.0, f64::INFINITY, 1.0, "")],
        ),
        track(
            "lynx-v3",
            vec![
                stay(0.0, 14_400.0, 0.0, "waits for owl-v21"),
                stay(14_400.0, 18_000.0, 0.05, ""),
                stay(18_000.0, 36_000.0, 0.5, ""),
            ],
        ),
    ])
}

pub fn evidence() -> Picture {
    let series = |name: &str, rate: f64, sway: f64| Series {
        name: name.to_owned(),
        points: (0..=120)
            .map(|minute| {
                let x = f64::from(minute);
                (x * 60.0, (x * rate + sway * (x / 7.0).sin()).exp())
            })
            .collect(),
    };
    Picture::Evidence(Evidence {
        across: Axis { name: "since the step began".to_owned(), unit: Unit::Seconds },
        up: Axis { name: "e-value".to_owned(), unit: Unit::Number },
        logarithmic: true,
        series: vec![series("errors", 0.045, 0.6), series("slow", -0.01, 0.5), series("no answer", 0.012, 0.9)],
        bound: Some(Bound { name: "harm at 1%".to_owned(), at: 100.0 }),
    })
}

pub fn bars() -> Picture {
    let bar = |name: &str, value: f64, low: f64, high: f64| Bar { name: name.to_owned(), value, low, high };
    Picture::Bars(Bars {
        axis: Axis { name: "ratio to control".to_owned(), unit: Unit::Number },
        bars: vec![
            bar("errors at 5%", 2.1, 1.7, 2.8),
            bar("errors at 10%", 1.6, 1.4, 1.95),
            bar("errors at 50%", 1.2, 1.12, 1.31),
            bar("slow at 5%", 3.4, 2.2, f64::INFINITY),
            bar("no answer at 5%", 1.05, f64::NAN, f64::NAN),
        ],
        bound: Some(Bound { name: "asked for".to_owned(), at: 1.5 }),
    })
}

pub fn flows() -> Picture {
    let flow = |from: &str, to: &str, amount: f64| Flow { from: from.to_owned(), to: to.to_owned(), amount };
    Picture::Flows(Flows {
        axis: Axis { name: "users".to_owned(), unit: Unit::Number },
        flows: vec![
            flow("control", "control", 142_000.0),
            flow("control", "owl-v21/canary", 10_000.0),
            flow("owl-v21/canary", "owl-v21/canary", 38_000.0),
            flow("tiger-v7/canary", "tiger-v7/canary", 8000.0),
            flow("tiger-v7/canary", "control", 2000.0),
        ],
    })
}

pub fn guardrails() -> Picture {
    let columns = ["release", "step", "guardrail", "requests", "finds", "finds ×2 in", "stops a good one"];
    let row = |cells: [&str; 7]| cells.map(str::to_owned).into();
    Picture::Table(Table {
        columns: columns.map(str::to_owned).into(),
        rows: vec![
            row(["owl-v21", "5%", "errors", "18,000", "2.1", "42 min", "0.4%"]),
            row(["owl-v21", "10%", "errors", "36,000", "1.6", "24 min", "0.4%"]),
            row(["lynx-v3-with-a-long-name-as-pipelines-make-them", "5%", "slow", "18,000", "3.4", "never", "0.1%"]),
        ],
    })
}

/// Texts that are too long, that would end what they stand in, of glyphs that no font has; numbers that are none, and too many of
/// everything.
pub fn odd() -> Page {
    let texts = [
        "</title></svg><script>alert(1)</script>",
        "a-name-of-sixty-characters-as-pipelines-make-them-from-commits",
        "漢字かなカナ한글漢字かなカナ한글漢字かなカナ한글",
        "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
        "سلام दुनिया 👩‍👩‍👧‍👦 𒐫 ﷽",
        "",
        "\u{202e}turned\u{0}\u{1b}[31m",
        "%%%%%%%%%%@@@@@@@@@@mmmmmmmmmm",
    ];
    let numbers = [0.0, 1.0, -3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 1e-300, 0.5];
    let text = |index: usize| texts[index % texts.len()].to_owned();
    let number = |index: usize| numbers[index % numbers.len()];
    let lines = (0..3).map(|line| Line {
        name: text(line),
        bands: (0..9)
            .map(|band| Band { owner: text(line + band), from: band as u32 * 110_000, to: band as u32 * 130_000 + 9 })
            .collect(),
    });
    let tracks = (0..5).map(|track| Track {
        name: text(track),
        stays: (0..7)
            .map(|step| Stay {
                from: number(track + step),
                to: number(track * step),
                share: number(step),
                note: text(step),
            })
            .collect(),
    });
    let series = (0..8).map(|one| Series {
        name: text(one),
        points: (0..60).map(|x| (number(x + one), number(x * one + x))).collect(),
    });
    let axis = |index: usize| Axis { name: text(index), unit: Unit::Seconds };
    let bars =
        (0..9).map(|bar| Bar { name: text(bar), value: number(bar), low: number(bar + 3), high: number(bar + 4) });
    let flows = (0..40).map(|flow| Flow {
        from: format!("{}{}", text(flow), flow % 13),
        to: text(flow / 5),
        amount: number(flow).abs().min(9.0),
    });
    let bound = |index: usize| Some(Bound { name: text(index), at: 2.0 });
    let pictures = [
        Picture::Lines(lines.collect()),
        Picture::Tracks(tracks.collect()),
        Picture::Evidence(Evidence {
            across: axis(1),
            up: axis(2),
            logarithmic: false,
            series: series.clone().collect(),
            bound: bound(3),
        }),
        Picture::Evidence(Evidence {
            across: axis(3),
            up: axis(4),
            logarithmic: true,
            series: series.collect(),
            bound: bound(1),
        }),
        Picture::Bars(Bars { axis: axis(3), bars: bars.collect(), bound: bound(3) }),
        Picture::Flows(Flows { axis: axis(1), flows: flows.collect() }),
        Picture::Lines(Vec::new()),
        Picture::Lines(vec![Line::default()]),
        Picture::Table(Table {
            columns: texts.map(str::to_owned).into(),
            rows: (0..3).map(|row| (0..9).map(|cell| text(row + cell)).collect()).collect(),
        }),
    ];
    let sections = pictures.into_iter().enumerate().map(|(index, picture)| Section {
        heading: format!("{} {}", index + 1, text(index)),
        sentences: vec![text(index + 1), text(index + 3)],
        picture: Some(picture),
    });
    Page { title: text(0), lead: text(3), sections: sections.collect() }
}

/// A thousand releases, each with slots, steps and numbers.
pub fn thousand() -> Page {
    let id = |index: usize| format!("release-{index:04}-of-checkout-as-a-pipeline-names-it");
    let lines = (0..50).map(|line| Line {
        name: format!("pool.{line}"),
        bands: (0..20)
            .map(|band| Band {
                owner: id(line * 20 + band),
                from: band as u32 * 50_000,
                to: band as u32 * 50_000 + 30_000,
            })
            .collect(),
    });
    let tracks = (0..1000).map(|track| Track {
        name: id(track),
        stays: (0..5)
            .map(|step| Stay {
                from: f64::from(step) * 600.0 + track as f64 * 60.0,
                to: f64::from(step + 1) * 600.0 + track as f64 * 60.0,
                share: [0.0, 0.01, 0.1, 0.5, 1.0][step as usize],
                note: String::new(),
            })
            .collect(),
    });
    let bars = (0..1000).map(|bar| Bar { name: id(bar), value: 1.0 + (bar % 7) as f64 / 7.0, low: 0.9, high: 2.4 });
    let flows = (0..1000).map(|flow| Flow { from: "control".to_owned(), to: id(flow), amount: 1000.0 - flow as f64 });
    let pictures = [
        Picture::Lines(lines.collect()),
        Picture::Tracks(tracks.collect()),
        Picture::Bars(Bars { bars: bars.collect(), ..Bars::default() }),
        Picture::Flows(Flows { flows: flows.collect(), ..Flows::default() }),
    ];
    let sections = pictures.into_iter().map(|picture| Section {
        heading: "All of them".to_owned(),
        picture: Some(picture),
        ..Section::default()
    });
    Page { title: "A thousand releases".to_owned(), lead: String::new(), sections: sections.collect() }
}
