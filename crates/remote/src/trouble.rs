//! What goes wrong between Weir and a server of others, and what would cure it.

use std::fmt;

/// Why there is no answer, or none that is of use. Shown with the address, which the one who asks knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No connection: nobody is there, the name is unknown, or a certificate is not good.
    Unreachable(String),
    /// No whole answer in time.
    Late(u64),
    /// More than that many bytes were answered.
    TooLong(usize),
    /// The server sends elsewhere.
    Redirected(u16, String),
    /// A file of ours that was needed will not do.
    File(String),
    /// It does not let us in.
    NotLetIn(u16, String),
    /// It answers that it cannot, or will not, with its own text.
    Refused(u16, String),
    /// What came is no answer of the API that was asked.
    Unlike(String),
    /// The query has more than one series as its answer; how many, and what sets the first two apart.
    SeveralSeries(usize, String),
    /// The answer is neither an instant vector nor a scalar.
    OtherType(String),
}

impl Trouble {
    /// The code, which is public.
    pub fn code(&self) -> &'static str {
        match self {
            Trouble::Unreachable(_) => "unreachable",
            Trouble::Late(_) => "late",
            Trouble::TooLong(_) => "too_long",
            Trouble::Redirected(..) => "redirected",
            Trouble::File(_) => "file",
            Trouble::NotLetIn(..) => "not_let_in",
            Trouble::Refused(..) => "refused",
            Trouble::Unlike(_) => "unlike",
            Trouble::SeveralSeries(..) => "several_series",
            Trouble::OtherType(_) => "other_type",
        }
    }

    /// Whether another query would have the same trouble now: it is of the server, or on the way there.
    pub fn is_of_the_server(&self) -> bool {
        match self {
            Trouble::Unreachable(_)
            | Trouble::Late(_)
            | Trouble::Redirected(..)
            | Trouble::File(_)
            | Trouble::NotLetIn(..)
            | Trouble::Unlike(_) => true,
            // 400 and 422 are of the query.
            Trouble::Refused(status, _) => *status == 429 || *status >= 500,
            Trouble::TooLong(_) | Trouble::SeveralSeries(..) | Trouble::OtherType(_) => false,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Unreachable(why) => write!(f, "no answer: {why}"),
            Trouble::Late(seconds) => write!(f, "no whole answer within {seconds} s"),
            Trouble::TooLong(bytes) => write!(f, "answered more than {bytes} bytes"),
            Trouble::Redirected(status, to) => write!(
                f,
                "answered {status}, which leads to {to}; that is not followed, so that a token goes nowhere else: give the \
                 address where it leads, or, if that is a login page, an address that takes a token"
            ),
            Trouble::File(why) => f.write_str(why),
            Trouble::NotLetIn(status, text) => {
                write!(f, "answered {status}{}; give a token that it lets in, by a file", said(text))
            }
            Trouble::Refused(status, text) => write!(f, "answered {status}{}", said(text)),
            Trouble::Unlike(what) => {
                write!(f, "answered what is not of its API: {what}; is the path of the address right?")
            }
            Trouble::SeveralSeries(count, apart) => write!(
                f,
                "the query has {count} series as its answer, and one number is wanted: {apart}; put sum(…) around it, or max(…)"
            ),
            Trouble::OtherType(kind) => {
                write!(f, "the query has a {kind} as its answer, and an instant vector or a scalar is wanted")
            }
        }
    }
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

/// The first characters of a text of others, on one line.
pub fn start_of(text: &[u8]) -> String {
    const CHARACTERS_MAX: usize = 200;
    let text = String::from_utf8_lossy(text);
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.retain(|character| !character.is_control());
    match words.char_indices().nth(CHARACTERS_MAX) {
        Some((at, _)) => format!("{}…", &words[..at]),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_others_is_one_short_line() {
        assert_eq!(start_of(b" <html>\n\t<body>\x1b[31m "), "<html> <body>[31m");
        assert_eq!(start_of(&[0xff, b'a']), "\u{fffd}a");
        assert_eq!(start_of("ä".repeat(200).as_bytes()), "ä".repeat(200));
        assert_eq!(start_of("ä".repeat(201).as_bytes()), format!("{}…", "ä".repeat(200)));
    }
}
