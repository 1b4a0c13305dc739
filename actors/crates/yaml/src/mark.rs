//! Places in a text, and keys that stand at two of them.

use super::Node;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// The line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
}

/// A key that stands twice in one mapping. The later one counts where a reader goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The key, cut after [`Duplicate::LONGEST_KEY`] characters.
    pub key: String,
    /// The first place of the key.
    pub first: Mark,
    /// The second place of the key.
    pub again: Mark,
}

impl Duplicate {
    /// The most that are kept of a document: whoever sees so many looks at the text.
    pub const MOST: usize = 100;

    /// The longest part of a key that is kept, in characters.
    pub const LONGEST_KEY: usize = 64;

    /// The same key at `first` and `again`.
    pub(super) fn of(key: &str, first: &Node, again: &Node) -> Self {
        let key = key.chars().take(Self::LONGEST_KEY).collect();
        Self { key, first: first.mark, again: again.mark }
    }
}
