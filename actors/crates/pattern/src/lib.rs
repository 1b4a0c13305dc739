//! Message patterns with RE2's meaning (contract, control plane 5), whatever the engine's own dialect is.
//!
//! This module owns the reading of patterns: it parses RE2's syntax itself and hands the engine a syntax tree, so that
//! no rule of the engine's dialect can leak in. A pattern either compiles within the bounds set here or is a
//! [`PatternError`]; matching never fails and takes time linear in the length of the text. What a pattern may cost is known
//! before it is compiled ([`Price`]).

mod budget;
mod class;
mod error;
mod escape;
mod flags;
mod group;
mod lazy;
mod parser;
mod price;
mod share;
#[cfg(test)]
mod tests;

use std::fmt;

use regex_automata::dfa::{StartKind, dense};
use regex_automata::meta;
use regex_automata::nfa::thompson;
use regex_syntax::hir::{Hir, Look};

pub use budget::PatternBudget;
pub use error::PatternError;
pub use lazy::LazyPattern;
pub use price::{MATCHED_CHARACTERS, Price};
pub use share::{PatternMemory, PatternShare};

/// The longest pattern, in bytes.
const MAX_LENGTH: usize = 16 << 10;
/// The most states of a pattern, as [`price`] counts them. Counted repetitions of large classes reach it.
const MAX_STATES: usize = 1 << 14;
/// The largest compiled pattern, in bytes: far more than [`MAX_STATES`] take.
const MAX_PROGRAM: usize = 4 << 20;
/// What the engine's lazy automaton may keep for each thread that matches; when it is full it is built anew.
const MAX_CACHE: usize = 64 << 10;
/// The largest automaton that counts as small, in bytes: with what the cache keeps beside it, it fits there.
const SMALL_AUTOMATON: usize = MAX_CACHE / 2;

/// A compiled pattern. Unanchored, and matched against characters, never bytes.
pub struct Pattern {
    source: Box<str>,
    engine: meta::Regex,
    /// Whether `\B` occurs. The engine finds it between the bytes of one character too and passes such places over, but
    /// only a search for the leftmost match then still sees a longer match that began before.
    leftmost: bool,
    /// Bytes of its whole automaton if that fits into [`MAX_CACHE`], so that no text makes the engine build it anew.
    small_automaton: Option<usize>,
}

impl Pattern {
    /// Compiles `source`.
    ///
    /// # Errors
    /// [`PatternError`] if RE2 would refuse the pattern, or if it exceeds the bounds of this module.
    pub fn new(source: &str) -> Result<Self, PatternError> {
        Self::build(source, &read(source)?)
    }

    fn build(source: &str, tree: &Hir) -> Result<Self, PatternError> {
        let config = meta::Config::new()
            .nfa_size_limit(Some(MAX_PROGRAM))
            .hybrid_cache_capacity(MAX_CACHE)
            .onepass(false)
            .pool_capacity(1);
        let engine = meta::Builder::new().configure(config).build_from_hir(tree);
        let engine = engine.map_err(|_| PatternError::TooLarge)?;
        let leftmost = tree.properties().look_set().contains(Look::WordAsciiNegate);
        Ok(Self { source: source.into(), engine, leftmost, small_automaton: small_automaton(tree) })
    }

    /// Whether the pattern occurs anywhere in the first [`MATCHED_CHARACTERS`] of `text`.
    pub fn is_match(&self, text: &str) -> bool {
        let text = beginning(text);
        if self.leftmost { self.engine.find(text).is_some() } else { self.engine.is_match(text) }
    }

    /// What it takes in memory, in bytes, without what is kept while matching.
    fn size(&self) -> usize {
        self.engine.memory_usage()
    }

    /// What it takes in memory with what a thread that matches keeps, in bytes.
    fn footprint(&self) -> usize {
        self.size() + self.small_automaton.unwrap_or(MAX_CACHE)
    }

    /// Whether a byte of text costs it the same whatever the text is.
    fn has_small_automaton(&self) -> bool {
        self.small_automaton.is_some()
    }

    /// The pattern as the user wrote it.
    pub fn as_str(&self) -> &str {
        &self.source
    }
}

/// Bytes of the whole automaton of a tree if it is small: it is built within bounds and thrown away. The engine builds of it
/// what texts need, and forgets what does not fit.
fn small_automaton(tree: &Hir) -> Option<usize> {
    let nfa = thompson::Config::new()
        .which_captures(thompson::WhichCaptures::None)
        .nfa_size_limit(Some(SMALL_AUTOMATON));
    let nfa = thompson::Compiler::new().configure(nfa).build_from_hir(tree).ok()?;
    let config = dense::Config::new()
        .start_kind(StartKind::Unanchored)
        .accelerate(false)
        .dfa_size_limit(Some(SMALL_AUTOMATON))
        .determinize_size_limit(Some(SMALL_AUTOMATON));
    dense::Builder::new()
        .configure(config)
        .build_from_nfa(&nfa)
        .ok()
        .map(|automaton| automaton.memory_usage())
}

/// What is matched of a text.
fn beginning(text: &str) -> &str {
    if text.len() <= MATCHED_CHARACTERS {
        return text;
    }
    let end = text.char_indices().nth(MATCHED_CHARACTERS).map(|(at, _)| at);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// The tree of a pattern that is neither too long nor too large to be compiled.
fn read(source: &str) -> Result<Hir, PatternError> {
    if source.len() > MAX_LENGTH {
        return Err(PatternError::TooLarge);
    }
    let tree = parser::parse(source)?;
    if price::states(&tree) > MAX_STATES { Err(PatternError::TooLarge) } else { Ok(tree) }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.source)
    }
}
