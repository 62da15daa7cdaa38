//! Rust text to words and marks, as far as imports and paths can be told by them.

/// A piece of Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A name or a keyword.
    Word(String),
    /// `::`.
    Path,
    /// Any other mark.
    Mark(char),
}

/// The tokens of a text: without comments, strings, characters, numbers and lifetimes.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").unwrap() + 2
        } else if let Some(length) = raw_string(rest) {
            length
        } else if first == '"' {
            string(rest)
        } else if first == '\'' {
            quoted(rest)
        } else if matches!(rest.as_bytes(), [b'b' | b'c', b'"', ..]) {
            1 + string(&rest[1..])
        } else if rest.starts_with("b'") {
            1 + quoted(&rest[1..])
        } else if word > 0 {
            if !first.is_ascii_digit() {
                tokens.push(Token::Word(rest[..word].to_owned()));
            }
            word
        } else if rest.starts_with("::") {
            tokens.push(Token::Path);
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Mark(first));
            }
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    tokens
}

/// The length of `r"…"`, `r#"…"#` or the like.
fn raw_string(text: &str) -> Option<usize> {
    let behind = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let marks = behind.len() - behind.trim_start_matches('#').len();
    let end = format!("\"{}", "#".repeat(marks));
    let inner = behind[marks..].strip_prefix('"')?;
    let length = inner.find(&end).unwrap();
    Some(text.len() - inner.len() + length + end.len())
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return i + 1,
            _ => {}
        }
    }
    panic!("a string without an end: {text:.40}")
}

/// The length of a character, or the mark of a lifetime alone.
fn quoted(text: &str) -> usize {
    let mut inner = text[1..].char_indices();
    match inner.next() {
        Some((_, '\\')) => text[3..].find('\'').map_or(1, |end| end + 4),
        _ => match inner.next() {
            Some((end, '\'')) => end + 2,
            _ => 1,
        },
    }
}

/// The tokens without the items under `#[cfg(test)]`, and the names of the modules among these.
pub fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    let cfg = self::tokens("#[cfg(test)]");
    let (mut kept, mut tests) = (Vec::new(), Vec::new());
    let mut rest = tokens;
    while let Some((first, more)) = rest.split_first() {
        let Some(item) = rest.strip_prefix(cfg.as_slice()) else {
            kept.push(first.clone());
            rest = more;
            continue;
        };
        let is_mod = |pair: &&[Token]| matches!(pair, [Token::Word(word), Token::Word(_)] if word == "mod");
        let end = end_of_item(item);
        if let Some([_, Token::Word(name)]) = item[..end.min(8)].windows(2).find(is_mod) {
            tests.push(name.clone());
        }
        rest = &item[end..];
    }
    (kept, tests)
}

/// An item ends with its `;`, or with the brace that closes its first one.
fn end_of_item(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (i, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark(';') if depth == 0 => return i + 1,
            Token::Mark('{' | '(' | '[') => depth += 1,
            Token::Mark(')' | ']') => depth -= 1,
            Token::Mark('}') => {
                depth -= 1;
                if depth == 0 {
                    return i + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}
