//! Colours, patterns and the rest of the style: one accent, and eight colours that the colour-blind tell apart, each with
//! patterns of its own.

use crate::glyphs::FONTS;

/// Fill and stroke of an owner, by day and by night.
struct Look {
    day: [&'static str; 2],
    night: [&'static str; 2],
}

/// How many colours there are.
pub(crate) const COLOURS: usize = 8;

/// Each colour with each of three patterns; more nobody tells apart, and after them they come again.
pub(crate) const STYLES: usize = 3 * COLOURS;

/// After the palette of Okabe and Ito, paler, so that texts are read on it.
const LOOKS: [Look; COLOURS] = [
    Look { day: ["#c3d7f4", "#2b62b8"], night: ["#27436e", "#7aa8f0"] },
    Look { day: ["#fbdcae", "#b96d00"], night: ["#5a4210", "#e0a030"] },
    Look { day: ["#bfe3d3", "#007a56"], night: ["#17503c", "#4fbf95"] },
    Look { day: ["#ecc9de", "#9c3f77"], night: ["#582a48", "#d98dbb"] },
    Look { day: ["#cdebf8", "#147aa6"], night: ["#184a5f", "#66bde6"] },
    Look { day: ["#f8cdb9", "#bb4a19"], night: ["#66301a", "#ee8a5c"] },
    Look { day: ["#f4ecae", "#857600"], night: ["#4d4710", "#d6c84a"] },
    Look { day: ["#d9dce1", "#666d78"], night: ["#3b4048", "#9aa1ac"] },
];

/// The size of a square, and the path in it.
const PATTERNS: [(u8, &str); COLOURS] = [
    (8, ""),
    (8, "M-2 2l4 -4M0 8l8 -8M6 10l4 -4"),
    (6, "M1.5 2h1.5M4.5 5h1.5"),
    (8, "M-2 6l4 4M0 0l8 8M6 -2l4 4"),
    (6, "M0 3h6"),
    (6, "M3 0v6"),
    (10, "M0 10l10 -10M0 0l10 10"),
    (8, "M0 4h8M4 0v8"),
];

/// Colours by name: ground, text, soft text, lines of a scale, what is free, accent, its fill, bound.
const DAY: &str = "--bg:#fff;--ink:#1d2127;--soft:#59616d;--grid:#e3e6ea;--free:#eceef1;--accent:#2b62b8;--tint:#cfdff6;--bound:#b3341f";
const NIGHT: &str = "--bg:#15181c;--ink:#e6e9ed;--soft:#a3abb6;--grid:#2d333b;--free:#262b32;--accent:#7aa8f0;--tint:#2a4570;--bound:#ff9480";

/// All colours as variables, by day and by night. Paper is light.
pub(crate) fn colours() -> String {
    let all = |colours: fn(&Look) -> [&'static str; 2]| -> String {
        let looks = LOOKS.iter().enumerate();
        looks
            .map(|(index, look)| {
                let [fill, stroke] = colours(look);
                format!(";--f{index}:{fill};--s{index}:{stroke}")
            })
            .collect()
    };
    let (day, night) = (all(|look| look.day), all(|look| look.night));
    format!(
        ":root{{color-scheme:light dark;{DAY}{day}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{NIGHT}{night}}}}}\n"
    )
}

/// The style of all that pictures are made of.
pub(crate) fn pictures() -> String {
    let colours = (0..COLOURS).map(|index| {
        format!(
            ".h{index}{{stroke:var(--f{index})}}.f{index}{{fill:var(--f{index})}}\
             .s{index}{{fill:none;stroke:var(--s{index});stroke-width:1.2}}\n"
        )
    });
    let owners = (0..STYLES).map(|index| format!(".p{index}{{fill:url(#o{index})}}"));
    let (colours, owners) = (colours.collect::<String>(), owners.collect::<String>());
    format!(
        "html,svg text{{font-family:{FONTS}}}svg text{{font-size:12px;fill:var(--ink)}}\n{PICTURES}{colours}{owners}\n"
    )
}

const PICTURES: &str = "svg text.m{fill:var(--soft)}
.l{paint-order:stroke;stroke-width:6;stroke-linejoin:round}.ha{stroke:var(--tint)}.hb{stroke:var(--bg)}
.ground{fill:var(--bg)}.free{fill:var(--free)}.stays{fill:var(--free);stroke:var(--soft);stroke-width:.5}
.moves,.a{fill:var(--tint)}.moves{stroke:var(--accent)}.n{fill:var(--soft)}
.g{stroke:var(--grid)}.b{stroke:var(--soft)}.w{stroke:var(--soft);stroke-width:2;stroke-linecap:round;stroke-dasharray:0 5}
.ae{stroke:var(--accent);stroke-width:2}.i{stroke:var(--ink);stroke-width:1.5}
.x{stroke:var(--bound);stroke-width:1.5;stroke-dasharray:6 4}
.e{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.e0{stroke:var(--accent)}
.e1{stroke:var(--s1);stroke-dasharray:7 5}.e2{stroke:var(--s2);stroke-dasharray:0 5;stroke-width:3}
.e3{stroke:var(--s3);stroke-dasharray:11 5 0 5}.e4{stroke:var(--s4);stroke-dasharray:3 4}.e5{stroke:var(--s5);stroke-dasharray:16 6}
";

/// The patterns that owners are filled with.
pub(crate) fn patterns() -> String {
    let patterns = (0..STYLES).map(|index| {
        let colour = index % COLOURS;
        // Each round shifts the patterns against the colours, by what has no common part with their number.
        let (size, pattern) = PATTERNS.get((index + 3 * (index / COLOURS)) % COLOURS).copied().unwrap_or((8, ""));
        let over =
            if pattern.is_empty() { String::new() } else { format!("<path class=\"s{colour}\" d=\"{pattern}\"/>") };
        format!(
            "<pattern id=\"o{index}\" width=\"{size}\" height=\"{size}\" patternUnits=\"userSpaceOnUse\">\
             <path class=\"f{colour}\" d=\"M0 0h{size}v{size}h-{size}z\"/>{over}</pattern>"
        )
    });
    format!("<defs>{}</defs>", patterns.collect::<String>())
}

/// The same in a page, for all pictures at once: one that is not shown at all would have none.
pub(crate) fn patterns_beside() -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\">{}</svg>\n",
        patterns()
    )
}

/// The style of the page around them.
pub(crate) const PAGE: &str = "*{box-sizing:border-box}
html{background:var(--bg);color:var(--ink);font-size:16px;line-height:1.55;-webkit-text-size-adjust:100%}
body{margin:0}main{max-width:752px;margin:0 auto;padding:32px 16px 64px}
h1,h2,p,summary,th,td,figcaption,caption{overflow-wrap:anywhere;unicode-bidi:isolate}th{overflow-wrap:normal}.long{overflow-wrap:anywhere}
h1{font-size:28px;line-height:1.25;margin:0 0 8px}h2{font-size:19px;line-height:1.35;margin:0 0 8px}
p{margin:0 0 12px;max-width:68ch}.lead{font-size:18px;color:var(--soft)}p.m,figcaption{color:var(--soft);font-size:14px}
section{margin-top:40px;padding-top:24px;border-top:1px solid var(--grid)}
figure{margin:20px 0 12px}figure svg{display:block;height:auto;overflow:visible}.defs{position:absolute}
.wide{width:100%}.narrow{display:none!important}
details{font-size:14px}summary{color:var(--accent);cursor:pointer;padding:4px 0}summary:focus-visible{outline:2px solid var(--accent)}
table{border-collapse:collapse;width:100%;font-size:14px;line-height:1.45;font-variant-numeric:tabular-nums}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th,td{padding:6px 16px 6px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--grid)}
th:last-child,td:last-child{padding-right:0}th{color:var(--soft);font-weight:600}
@media screen and (max-width:719px){main{padding-top:20px}h1{font-size:24px}
.wide{display:none!important}.narrow{display:block!important;width:100%;max-width:480px}
table,tbody{display:block}thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tr{display:block;padding:8px 0;border-bottom:1px solid var(--grid)}
td{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,3fr);gap:12px;padding:1px 0;border:0}td:empty{display:none}td:first-child{display:block;font-weight:600}td:first-child::before{content:none!important}td::before{color:var(--soft);font-variant-numeric:normal}}
@media print{main{max-width:none;padding:0}figure,tr{break-inside:avoid}h2,section>p,summary,thead{break-after:avoid}tbody tr:first-child{break-before:avoid}
details::details-content{content-visibility:visible!important;height:auto!important}}
";

#[cfg(test)]
mod tests {
    use super::*;

    /// As WCAG asks: 4.5 for texts, 3 for lines.
    #[test]
    fn texts_and_lines_stand_out_by_day_and_by_night() {
        let named = |all: &str, name: &str| {
            let value = all.split(';').find_map(|one| one.strip_prefix(&format!("--{name}:"))).unwrap();
            if value == "#fff" { "#ffffff".to_owned() } else { value.to_owned() }
        };
        for (all, looks) in [(DAY, LOOKS.map(|look| look.day)), (NIGHT, LOOKS.map(|look| look.night))] {
            let [ground, ink, soft, free, accent, tint, bound] =
                ["bg", "ink", "soft", "free", "accent", "tint", "bound"].map(|name| named(all, name));
            for (text, under) in [(&ink, &ground), (&soft, &ground), (&accent, &ground), (&ink, &tint), (&ink, &free)] {
                assert!(contrast(text, under) >= 4.5, "{text} on {under}");
            }
            for line in [&accent, &bound, &soft] {
                assert!(contrast(line, &ground) >= 3.0, "{line} on {ground}");
            }
            for [fill, stroke] in looks {
                assert!(contrast(&ink, fill) >= 4.5, "{ink} on {fill}");
                assert!(contrast(stroke, &ground) >= 3.0, "{stroke} on {ground}");
                assert!(contrast(stroke, fill) >= 2.5, "{stroke} on {fill}");
            }
        }
    }

    #[test]
    fn no_two_styles_are_the_same() {
        let styles = patterns();
        let looks: std::collections::BTreeSet<&str> =
            styles.split("userSpaceOnUse").skip(1).map(|one| &one[..one.find("</pattern>").unwrap()]).collect();
        assert_eq!(looks.len(), STYLES);
    }

    /// Those who see no colours tell owners apart that come one after the other, and series.
    #[test]
    fn neighbours_differ_without_their_colours() {
        let patterns = patterns();
        let shapes: Vec<(&str, &str)> = patterns
            .split("<pattern ")
            .skip(1)
            .map(|one| {
                let size = one.split("width=").nth(1).unwrap().split(' ').next().unwrap();
                (size, one.split("<path").nth(2).map_or("", |path| path.split(" d=").nth(1).unwrap()))
            })
            .collect();
        assert_eq!(shapes.len(), STYLES);
        for near in shapes.windows(5) {
            assert_eq!(near.iter().collect::<std::collections::BTreeSet<_>>().len(), 5, "{near:?}");
        }
        let dashes = (0..crate::SERIES_MAX).map(|series| {
            let style = PICTURES.split(&format!(".e{series}{{")).nth(1).unwrap().split('}').next().unwrap();
            style.split_once(';').map_or("", |(_, dashes)| dashes)
        });
        assert_eq!(dashes.collect::<std::collections::BTreeSet<_>>().len(), crate::SERIES_MAX);
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn luminance(colour: &str) -> f64 {
        let part = |index: usize| {
            let value = f64::from(u8::from_str_radix(&colour[1 + index * 2..3 + index * 2], 16).unwrap()) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(0) + 0.7152 * part(1) + 0.0722 * part(2)
    }
}
