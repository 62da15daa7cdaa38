//! One SVG under way. Every text in it has a place of a known size, so that whether any two overlap can be asked.

use crate::escape::escape;
use crate::glyphs::{self, ASCENT, DESCENT};

/// The width of a picture where there is room, in the pixels of CSS.
pub(crate) const WIDE: f64 = 720.0;

/// The width of a picture on a telephone.
pub(crate) const NARROW: f64 = 320.0;

/// Text of pictures, in pixels.
pub(crate) const SIZE: f64 = 12.0;

/// From one line of text to the next.
pub(crate) const LEADING: f64 = 18.0;

/// A picture, with the marks drawn so far.
pub(crate) struct Drawing {
    pub(crate) width: f64,
    pub(crate) height: f64,
    marks: String,
    pub(crate) texts: Vec<Placed>,
    /// What is not drawn, for a line below the picture.
    pub(crate) left_out: Option<String>,
}

/// A text and the box that it stands in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    pub(crate) text: String,
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

/// Which end of a text its place is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Drawing {
    pub(crate) fn new(width: f64) -> Drawing {
        Drawing { width, height: 0.0, marks: String::new(), texts: Vec::new(), left_out: None }
    }

    pub(crate) fn is_narrow(&self) -> bool {
        self.width < WIDE
    }

    pub(crate) fn path(&mut self, class: &str, path: &str) {
        if !path.is_empty() {
            self.marks += &format!("<path class=\"{class}\" d=\"{path}\"/>");
        }
    }

    /// Writes a text on a line, shortened to the room that there is; tells how wide it became.
    pub(crate) fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str, room: f64) -> f64 {
        let text = glyphs::shorten(&glyphs::plain(text), room / SIZE);
        let width = glyphs::width(&text) * SIZE;
        if text.trim().is_empty() {
            return 0.0;
        }
        let (left, name) = match anchor {
            Anchor::Start => (x, ""),
            Anchor::Middle => (x - width / 2.0, " text-anchor=\"middle\""),
            Anchor::End => (x - width, " text-anchor=\"end\""),
        };
        let forced = if glyphs::is_known(&text) {
            String::new()
        } else {
            format!(" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", tenths(width))
        };
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let (at, on) = (tenths(x), tenths(y));
        self.marks += &format!("<text{class} x=\"{at}\" y=\"{on}\"{name}{forced}>{}</text>", escape(&text));
        let (top, bottom) = (y - ASCENT * SIZE, y + DESCENT * SIZE);
        self.texts.push(Placed { text, left, right: left + width, top, bottom });
        width
    }

    /// Swatches with their names from a height on, in as many lines as it takes; tells where they end.
    pub(crate) fn legend<'a>(&mut self, top: f64, entries: impl IntoIterator<Item = (String, &'a str)>) -> f64 {
        self.entries(top, entries, |drawing, class, x, y| drawing.path(&class, &rectangle(x, y + 3.0, SWATCH, 12.0)))
    }

    /// The same for lines, each as its number among them is drawn.
    pub(crate) fn legend_of_lines<'a>(&mut self, top: f64, entries: impl IntoIterator<Item = (usize, &'a str)>) -> f64 {
        self.entries(top, entries, |drawing, index, x, y| {
            drawing.path(&format!("e e{index}"), &stroke((x, y + 9.0), (x + SWATCH, y + 9.0)));
        })
    }

    /// The picture within a page, where `id` is its own.
    pub(crate) fn svg(&self, class: &str, id: &str, title: &str, description: &str) -> String {
        self.framed(0.0, &format!(" class=\"{class}\""), id, title, description, "")
    }

    /// The picture by itself, with the style of its marks, on a ground that leaves a margin, for it may lie on any other.
    pub(crate) fn alone(&self, title: &str, description: &str, style: &str) -> String {
        let (width, height) = (self.width + 2.0 * MARGIN, self.height + 2.0 * MARGIN);
        let ground = format!("<path class=\"ground\" d=\"{}\"/>", rectangle(-MARGIN, -MARGIN, width, height));
        self.framed(MARGIN, "", "", title, description, &format!("{style}{ground}"))
    }

    fn framed(&self, margin: f64, class: &str, id: &str, title: &str, description: &str, before: &str) -> String {
        let (width, height) = (tenths(self.width + 2.0 * margin), tenths(self.height.max(1.0) + 2.0 * margin));
        let start = tenths(-margin);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\"{class} viewBox=\"{start} {start} {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-labelledby=\"{id}t {id}d\"><title id=\"{id}t\">{}</title>\
             <desc id=\"{id}d\">{}</desc>{before}{}</svg>\n",
            escape(&glyphs::plain(title)),
            escape(&glyphs::plain(&first(description))),
            self.marks
        )
    }

    /// Writes below the picture what is not in it.
    pub(crate) fn say_what_is_left_out(&mut self) {
        let Some(said) = self.left_out.take() else { return };
        for sentence in said.split_inclusive(". ") {
            self.text("m", (0.0, self.height + 13.0), Anchor::Start, sentence, self.width);
            self.height += LEADING;
        }
    }

    fn entries<'a, S>(
        &mut self,
        top: f64,
        entries: impl IntoIterator<Item = (S, &'a str)>,
        swatch: impl Fn(&mut Drawing, S, f64, f64),
    ) -> f64 {
        let before = SWATCH + 6.0;
        let (mut x, mut y, mut is_empty) = (0.0, top, true);
        for (style, name) in entries {
            let wide = (glyphs::width(&glyphs::plain(name)) * SIZE).min(self.width - before);
            if x > 0.0 && x + before + wide > self.width {
                (x, y) = (0.0, y + LEADING);
            }
            swatch(self, style, x, y);
            let used = self.text("", (x + before, y + 13.0), Anchor::Start, name, self.width - x - before);
            x += before + used + 18.0;
            is_empty = false;
        }
        if is_empty { top } else { y + LEADING }
    }

    /// How many bytes its marks take.
    pub(crate) fn bytes(&self) -> usize {
        self.marks.len()
    }
}

/// The beginning of a description: nobody listens to more, and the table has it.
fn first(description: &str) -> String {
    match description.char_indices().nth(DESCRIPTION_MAX) {
        Some((end, _)) => format!("{}… The rest is in the table.", description.get(..end).unwrap_or_default()),
        None => description.to_owned(),
    }
}

const DESCRIPTION_MAX: usize = 600;

const SWATCH: f64 = 18.0;

/// Around a picture that is alone.
const MARGIN: f64 = 16.0;

/// A rectangle as a path; none that has no size.
pub(crate) fn rectangle(x: f64, y: f64, width: f64, height: f64) -> String {
    if !(width > 0.0 && height > 0.0) {
        return String::new();
    }
    let (width, height) = (tenths(width), tenths(height));
    format!("M{} {}h{width}v{height}h-{width}z", tenths(x), tenths(y))
}

/// A straight line as a path.
pub(crate) fn stroke((x, y): (f64, f64), (to_x, to_y): (f64, f64)) -> String {
    format!("M{} {}L{} {}", tenths(x), tenths(y), tenths(to_x), tenths(to_y))
}

/// A number of an SVG, to a tenth of a pixel.
pub(crate) fn tenths(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    if rounded.is_finite() && rounded != 0.0 { format!("{rounded}") } else { "0".to_owned() }
}
