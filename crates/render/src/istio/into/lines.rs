//! The lines of a file, so that places that a reader tells by line and column are found in it.

use weir_policy::Position;

/// A text, taken apart once.
pub(super) struct Lines<'a> {
    text: &'a str,
    all: Vec<&'a str>,
    /// The bytes before each line, and those of all.
    offsets: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// The lines of a text.
    pub fn of(text: &'a str) -> Lines<'a> {
        let all = lines(text);
        let mut offsets = vec![0];
        offsets.extend(all.iter().scan(0, |before, line| {
            *before += line.len();
            Some(*before)
        }));
        Lines { text, all, offsets }
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Every line with what ends it.
    pub fn all(&self) -> &[&'a str] {
        &self.all
    }

    /// The bytes before a line.
    pub fn offset(&self, line: usize) -> usize {
        self.offsets[line]
    }

    /// The 0-based line of a place, and the bytes before it there.
    pub fn place(&self, position: Option<Position>) -> Option<(usize, usize)> {
        let position = position?;
        let line = position.line as usize - 1;
        let text = self.all.get(line)?;
        // Columns do not count a byte order mark.
        let mark = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
        let behind = text[mark..].char_indices().nth(position.column as usize - 1)?.0;
        Some((line, mark + behind))
    }

    /// How a line ends; one at the end of the file as others do.
    pub fn ending(&self, line: usize) -> &'a str {
        let of_line = |text: &'a str| &text[text.trim_end_matches(['\r', '\n']).len()..];
        let all = self.all.get(line).into_iter().chain(&self.all);
        all.map(|text| of_line(text)).find(|end| !end.is_empty()).unwrap_or("\n")
    }
}

/// The lines of a text with what ends them, which in YAML may be CR, LF or both.
pub(super) fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\r', '\n']) {
        let end = if rest[at..].starts_with("\r\n") { at + 2 } else { at + 1 };
        let (line, more) = rest.split_at(end);
        lines.push(line);
        rest = more;
    }
    lines.extend((!rest.is_empty()).then_some(rest));
    lines
}
