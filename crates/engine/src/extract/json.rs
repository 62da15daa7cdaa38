//! One field of a JSON object (RFC 8259), read in one pass and without recursion: whatever the text, there is an answer.

use std::borrow::Cow;

/// Bytes of a text that is read.
const BYTES_MAX: usize = 8_192;
/// Levels of objects and lists, the outermost among them.
const LEVELS_MAX: u32 = 64;

/// The value of the first field of this name: of a text what it says, of a number its text. `None` for any other value, and
/// where the text is not, as a whole, one JSON object within the bounds.
pub(super) fn field<'a>(text: &'a [u8], name: &[u8]) -> Option<Cow<'a, [u8]>> {
    if text.len() > BYTES_MAX || str::from_utf8(text).is_err() {
        return None;
    }
    let mut reader = Reader { rest: text, levels: Levels::default(), name, is_wanted: false, found: None };
    reader.object()?;
    match reader.found? {
        Found::Text(raw) => unescaped(raw),
        Found::Number(text) => Some(Cow::Borrowed(text)),
        Found::Other => None,
    }
}

struct Reader<'a, 'n> {
    rest: &'a [u8],
    levels: Levels,
    name: &'n [u8],
    /// Whether the value that comes next is the one that is looked for.
    is_wanted: bool,
    found: Option<Found<'a>>,
}

/// A value.
enum Found<'a> {
    /// What stands between its quotes, escapes and all.
    Text(&'a [u8]),
    Number(&'a [u8]),
    Other,
}

impl<'a> Reader<'a, '_> {
    /// Reads the whole text, which must be an object.
    fn object(&mut self) -> Option<()> {
        self.blanks();
        if self.rest.first() != Some(&b'{') {
            return None;
        }
        loop {
            self.value()?;
            // What has ended may be the last of what it stands in.
            loop {
                self.blanks();
                let Some(level) = self.levels.innermost() else { return self.rest.is_empty().then_some(()) };
                if self.takes(level.end()) {
                    self.levels.close();
                } else if self.takes(b',') {
                    self.name_in(level)?;
                    break;
                } else {
                    return None;
                }
            }
        }
    }

    /// Reads a value that holds no other; of one that does, all up to the first that does not.
    fn value(&mut self) -> Option<()> {
        loop {
            self.blanks();
            let is_wanted = std::mem::take(&mut self.is_wanted);
            let (level, value) = match self.rest.first()? {
                b'{' => (Some(Level::Object), Found::Other),
                b'[' => (Some(Level::List), Found::Other),
                b'"' => (None, Found::Text(self.text()?)),
                b'-' | b'0'..=b'9' => (None, Found::Number(self.number()?)),
                _ => (None, self.word()?),
            };
            if is_wanted {
                self.found = Some(value);
            }
            let Some(level) = level else { return Some(()) };
            self.levels.open(level)?;
            self.rest = self.rest.get(1..)?;
            self.blanks();
            if self.rest.first() == Some(&level.end()) {
                // It is empty; whoever reads on finds its end.
                return Some(());
            }
            self.name_in(level)?;
        }
    }

    /// In an object the name that stands before each value.
    fn name_in(&mut self, level: Level) -> Option<()> {
        if level == Level::List {
            return Some(());
        }
        self.blanks();
        let raw = self.text()?;
        self.blanks();
        let is_sought = || unescaped(raw).is_some_and(|name| *name == *self.name);
        self.is_wanted = self.levels.count == 1 && self.found.is_none() && is_sought();
        self.takes(b':').then_some(())
    }

    /// What stands between the quotes of a text.
    fn text(&mut self) -> Option<&'a [u8]> {
        let text = self.rest.strip_prefix(b"\"")?;
        let mut rest = text;
        loop {
            let (byte, behind) = rest.split_first()?;
            match byte {
                b'"' => {
                    self.rest = behind;
                    return text.get(..text.len().checked_sub(rest.len())?);
                }
                b'\\' => (_, rest) = escape(behind)?,
                0..=0x1f => return None,
                _ => rest = behind,
            }
        }
    }

    fn number(&mut self) -> Option<&'a [u8]> {
        let start = self.rest;
        self.takes(b'-');
        if !self.takes(b'0') {
            self.digits()?;
        }
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        start.get(..start.len().checked_sub(self.rest.len())?)
    }

    /// At least one.
    fn digits(&mut self) -> Option<()> {
        let mut behind = self.rest;
        while let [b'0'..=b'9', rest @ ..] = behind {
            behind = rest;
        }
        let has_any = behind.len() < self.rest.len();
        self.rest = behind;
        has_any.then_some(())
    }

    fn word(&mut self) -> Option<Found<'a>> {
        let words = [&b"true"[..], b"false", b"null"];
        self.rest = words.iter().find_map(|word| self.rest.strip_prefix(*word))?;
        Some(Found::Other)
    }

    fn blanks(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        let behind = self.rest.strip_prefix(&[byte]);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Object,
    List,
}

impl Level {
    fn end(self) -> u8 {
        match self {
            Level::Object => b'}',
            Level::List => b']',
        }
    }
}

/// What is open, a bit for each level: the innermost is the lowest, and set if it is an object.
#[derive(Default)]
struct Levels {
    count: u32,
    objects: u64,
}

impl Levels {
    fn open(&mut self, level: Level) -> Option<()> {
        self.count = self.count.checked_add(1).filter(|count| *count <= LEVELS_MAX)?;
        self.objects = self.objects.wrapping_shl(1) | u64::from(level == Level::Object);
        Some(())
    }

    fn close(&mut self) {
        self.count = self.count.saturating_sub(1);
        self.objects = self.objects.wrapping_shr(1);
    }

    fn innermost(&self) -> Option<Level> {
        let level = if self.objects & 1 == 1 { Level::Object } else { Level::List };
        (self.count > 0).then_some(level)
    }
}

/// What a text says; `None` if half a surrogate pair is in it, which no UTF-8 stands for.
fn unescaped(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !raw.contains(&b'\\') {
        return Some(Cow::Borrowed(raw));
    }
    let mut text = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((byte, behind)) = rest.split_first() {
        if *byte != b'\\' {
            text.push(*byte);
            rest = behind;
            continue;
        }
        let (first, behind) = escape(behind)?;
        rest = behind;
        let mut second = None;
        if matches!(first, 0xd800..=0xdbff) {
            let (unit, behind) = escape(rest.strip_prefix(b"\\")?)?;
            (second, rest) = (Some(unit), behind);
        }
        let character = char::decode_utf16([first].into_iter().chain(second)).next()?.ok()?;
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Some(Cow::Owned(text))
}

/// The unit of UTF-16 that an escape stands for, and the text behind it; `text` is what follows the backslash.
fn escape(text: &[u8]) -> Option<(u16, &[u8])> {
    let (kind, behind) = text.split_first()?;
    let byte = match kind {
        b'"' | b'\\' | b'/' => *kind,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => {
            let (digits, behind) = behind.split_first_chunk::<4>()?;
            return Some((hex(*digits)?, behind));
        }
        _ => return None,
    };
    Some((u16::from(byte), behind))
}

fn hex(digits: [u8; 4]) -> Option<u16> {
    digits.into_iter().try_fold(0_u16, |number, digit| {
        let digit = char::from(digit).to_digit(16).and_then(|digit| u16::try_from(digit).ok())?;
        Some(number.wrapping_shl(4) | digit)
    })
}

#[cfg(test)]
mod tests;
