//! An Alert with all worked out that depends on the Alert alone.

use std::sync::{Arc, OnceLock};

use campanile_domain::{Alert, check_selector};
use campanile_pattern::{LazyPattern, PatternBudget, PatternError, PatternShare};
use serde_json::Value as Json;

use super::interner::Interner;

/// A pattern, or nothing where the user's text is no pattern.
type Slot = Option<Arc<LazyPattern>>;

#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) alert: Arc<Alert>,
    /// Ascending in the order of first appearance; a changed Alert keeps it.
    pub(crate) rank: u64,
    /// In the order of the Alert's own list, as the next. Shorter than that where the Alert has too many patterns.
    pub(crate) inclusion: Box<[Slot]>,
    pub(crate) exclusion: Box<[Slot]>,
    /// What compiled patterns of its namespace may take.
    share: Arc<PatternShare>,
    /// Positions of the sources whose labels are ill-formed; hardly ever any.
    bad_labels: Box<[usize]>,
    /// The Alert as written, for expressions that name commit statuses; read at their first need after a change, since
    /// most Alerts meet none.
    object: OnceLock<Box<Json>>,
}

impl Compiled {
    pub(super) fn new(alert: Arc<Alert>, rank: u64, patterns: &mut Interner) -> Self {
        let mut budget = PatternBudget::default();
        let share = patterns.share(&alert.key.namespace);
        let mut compile = |list: &[String]| compile(list, patterns, &mut budget);
        let (inclusion, exclusion) = (compile(&alert.inclusion), compile(&alert.exclusion));
        let sources = alert.sources.iter().enumerate();
        let bad = sources
            .filter(|(_, source)| source.match_labels.as_ref().is_some_and(|l| check_selector(l).is_err()));
        let bad_labels = bad.map(|(position, _)| position).collect();
        Self { alert, rank, inclusion, exclusion, share, bad_labels, object: OnceLock::new() }
    }

    /// Whether one of its patterns occurs in a message.
    pub(crate) fn is_match(&self, pattern: &LazyPattern, message: &str) -> bool {
        pattern.is_match_within(message, &self.share)
    }

    /// Whether it has any pattern, a broken one included.
    pub(crate) fn has_patterns(&self) -> bool {
        !self.inclusion.is_empty() || !self.exclusion.is_empty()
    }

    /// What matching all its patterns against `bytes` bytes may take, in nanoseconds; none if one is not compiled yet.
    pub(crate) fn cost_compiled(&self, bytes: usize) -> Option<u64> {
        self.patterns()
            .try_fold(0, |sum: u64, pattern| Some(sum.saturating_add(pattern.cost_compiled(bytes)?)))
    }

    /// The cost of a match, compiling included.
    pub(crate) fn cost(&self, bytes: usize) -> u64 {
        self.patterns().map(|pattern| pattern.cost(bytes)).fold(0, u64::saturating_add)
    }

    fn patterns(&self) -> impl Iterator<Item = &LazyPattern> {
        self.inclusion.iter().chain(&self.exclusion).flatten().map(Arc::as_ref)
    }

    /// The Alert as written, which an expression may ask for. Parsed once per change of the Alert.
    pub(crate) fn object(&self) -> &Json {
        self.object.get_or_init(|| Box::new(as_json(&self.alert.object)))
    }

    /// Whether the labels of the source at `position` are well-formed.
    pub(crate) fn has_valid_labels(&self, position: usize) -> bool {
        !self.bad_labels.contains(&position)
    }
}

/// An object in JSON. One that was made without (in tests) has no fields to ask for.
pub(super) fn as_json(object: &str) -> Json {
    serde_json::from_str(object).unwrap_or(Json::Null)
}

/// Ends with the first that is one too many.
fn compile(list: &[String], patterns: &mut Interner, budget: &mut PatternBudget) -> Box<[Slot]> {
    let mut slots = Vec::new();
    for source in list {
        let compiled = patterns.get(source, budget);
        let is_end = matches!(compiled, Err(PatternError::TooMany));
        slots.push(compiled.ok());
        if is_end {
            break;
        }
    }
    slots.into_boxed_slice()
}
