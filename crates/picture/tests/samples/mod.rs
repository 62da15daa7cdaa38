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
            section("Who moves", "The change moves 5% of all users, all of them from control.", flows()),
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
