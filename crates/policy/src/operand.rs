//! What values of requests are held against: regular expressions, versions, decimal numbers.

use std::hash::{Hash, Hasher};

mod decimal;
mod pattern;
mod version;

pub use decimal::Decimal;
pub use pattern::Pattern;
pub use version::Requirement;

/// Something read from a text, with the text, which is its canonical form.
#[derive(Clone, Debug)]
pub struct Operand<T> {
    text: String,
    value: T,
}

impl<T> Operand<T> {
    /// `value` as it was read from `text`.
    pub fn new(text: &str, value: T) -> Operand<T> {
        Operand { text: text.to_owned(), value }
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means.
    pub fn value(&self) -> &T {
        &self.value
    }
}

/// One text has one meaning.
impl<T> PartialEq for Operand<T> {
    fn eq(&self, other: &Operand<T>) -> bool {
        self.text == other.text
    }
}

impl<T> Eq for Operand<T> {}

impl<T> Hash for Operand<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}
