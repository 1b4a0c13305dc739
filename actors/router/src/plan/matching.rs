//! Matching of patterns and evaluation of expressions: here and now if that is cheap, else elsewhere, by somebody who has the
//! time (docs/security.md).

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use campanile_cel::Steps;
use campanile_domain::ObjectKey;

use super::{DecidingStep, DropReason, Problem};
use crate::index::{Addressee, Compiled};

/// What the patterns of one Alert may take here, in nanoseconds.
const HERE: u64 = 20_000;
/// What all patterns and expressions may take here for one event, in nanoseconds.
const HERE_IN_ALL: u64 = 1_000_000;

/// The judgement of an Alert's patterns on a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judged {
    /// The step that stopped it, if one did.
    pub(crate) stopped: Option<DecidingStep>,
    /// The patterns that do not compile.
    pub(crate) problems: Vec<Problem>,
}

/// Judges a message (contract, control plane 5, steps 3 and 4). Compiles what is not compiled yet.
pub(crate) fn judge(compiled: &Compiled, message: &str) -> Judged {
    let mut judged = Judged::default();
    if !is_included(compiled, message, &mut judged.problems) {
        judged.stopped = Some(DecidingStep::NotIncluded);
    } else if is_excluded(compiled, message, &mut judged.problems) {
        judged.stopped = Some(DecidingStep::Excluded);
    }
    judged
}

/// Step 3. Invalid patterns never match, so a list of nothing else lets nothing pass.
fn is_included(compiled: &Compiled, message: &str, problems: &mut Vec<Problem>) -> bool {
    compiled.inclusion.is_empty()
        || compiled.inclusion.iter().enumerate().any(|(position, pattern)| match pattern {
            Some(pattern) => compiled.is_match(pattern, message),
            None => {
                problems.push(Problem::BadInclusion(position));
                false
            }
        })
}

/// Step 4. Invalid patterns exclude nothing.
fn is_excluded(compiled: &Compiled, message: &str, problems: &mut Vec<Problem>) -> bool {
    compiled.exclusion.iter().enumerate().any(|(position, pattern)| match pattern {
        Some(pattern) => compiled.is_match(pattern, message),
        None => {
            problems.push(Problem::BadExclusion(position));
            false
        }
    })
}

/// The answer of the pool about one Alert and one event.
#[derive(Clone, Debug)]
pub(crate) enum MatchAnswer {
    /// How its patterns judge the message.
    Patterns(Judged),
    /// The name of the commit status.
    Name(Result<String, DropReason>),
    /// There was no budget left for it, or it took too long.
    Skipped,
}

/// The question to the pool about one Alert and one event.
#[derive(Clone, Debug)]
pub(crate) struct MatchQuestion {
    pub(crate) alert: Arc<Compiled>,
    /// The Provider whose expression is to be evaluated; none if patterns are to be matched.
    pub(crate) provider: Option<Arc<Addressee>>,
}

/// The answers of the pool about one event.
#[derive(Debug, Default)]
pub(crate) struct Answers(HashMap<Asked, (MatchQuestion, MatchAnswer)>);

/// Which Alert, and which Provider's expression, by their places in memory: a changed one is another one. Questions are kept with
/// their answers, so that no place is used twice.
type Asked = (usize, usize);

fn asked(alert: &Arc<Compiled>, provider: Option<&Arc<Addressee>>) -> Asked {
    (Arc::as_ptr(alert).addr(), provider.map_or(0, |provider| Arc::as_ptr(provider).addr()))
}

impl Answers {
    pub(crate) fn add(&mut self, question: MatchQuestion, answer: MatchAnswer) {
        self.0.insert(asked(&question.alert, question.provider.as_ref()), (question, answer));
    }

    fn of(&self, alert: &Arc<Compiled>, provider: Option<&Arc<Addressee>>) -> Option<&MatchAnswer> {
        self.0.get(&asked(alert, provider)).map(|(_, answer)| answer)
    }
}

impl MatchQuestion {
    /// What the answer may take for a message of `bytes` bytes, in nanoseconds.
    pub(crate) fn cost(&self, bytes: usize) -> u64 {
        self.provider.as_ref().map_or_else(|| self.alert.cost(bytes), |provider| provider.cost())
    }
}

/// The matching of an event, here or in the pool.
#[derive(Debug)]
pub(crate) struct Matching<'a> {
    /// None if all is done here, whatever it takes.
    elsewhere: Option<Elsewhere<'a>>,
}

#[derive(Debug)]
struct Elsewhere<'a> {
    /// The answers that are known already.
    answers: &'a Answers,
    /// Providers for which an earlier event about the same object waits for answers: what goes to them waits behind it.
    behind: &'a HashSet<ObjectKey>,
    /// The Alerts to plan; none for all.
    only: Option<&'a HashSet<ObjectKey>>,
    /// The processor time spent here, in nanoseconds.
    spent: Cell<u64>,
}

impl<'a> Matching<'a> {
    /// All is done here: for those who ask about one event, and may block.
    pub(crate) fn here() -> Self {
        Self { elsewhere: None }
    }

    /// Only what is cheap is done here.
    pub(crate) fn shared(answers: &'a Answers, behind: &'a HashSet<ObjectKey>) -> Self {
        Self { elsewhere: Some(Elsewhere { answers, behind, only: None, spent: Cell::new(0) }) }
    }

    /// The same for these Alerts alone; none means all.
    pub(crate) fn only(mut self, alerts: Option<&'a HashSet<ObjectKey>>) -> Self {
        if let Some(elsewhere) = &mut self.elsewhere {
            elsewhere.only = alerts;
        }
        self
    }

    /// Whether an Alert is to be planned.
    pub(super) fn concerns(&self, alert: &ObjectKey) -> bool {
        let only = self.elsewhere.as_ref().and_then(|elsewhere| elsewhere.only);
        only.is_none_or(|only| only.contains(alert))
    }

    /// Whether something for this Provider waits already.
    pub(crate) fn is_behind(&self, provider: &ObjectKey) -> bool {
        self.elsewhere.as_ref().is_some_and(|elsewhere| elsewhere.behind.contains(provider))
    }

    /// How the patterns of an Alert judge the message, or [`MatchAnswer::Skipped`]; none if that has to be found out elsewhere.
    pub(crate) fn patterns(
        &self,
        compiled: &Arc<Compiled>,
        message: &str,
    ) -> Option<Result<Judged, Skipped>> {
        let Some(elsewhere) = &self.elsewhere else { return Some(Ok(judge(compiled, message))) };
        match elsewhere.answers.of(compiled, None) {
            Some(MatchAnswer::Patterns(judged)) => return Some(Ok(judged.clone())),
            Some(MatchAnswer::Skipped) => return Some(Err(Skipped)),
            Some(MatchAnswer::Name(_)) | None => {}
        }
        let cost = compiled.cost_compiled(message.len()).filter(|cost| *cost <= HERE)?;
        elsewhere.spend(cost).then(|| Ok(judge(compiled, message)))
    }

    /// The name that `compute` gives to a commit status, or [`MatchAnswer::Skipped`]; none if that has to be found out elsewhere.
    pub(crate) fn name(
        &self,
        compiled: &Arc<Compiled>,
        provider: &Arc<Addressee>,
        compute: impl FnOnce(Steps) -> Option<Result<String, DropReason>>,
    ) -> Option<Result<Result<String, DropReason>, Skipped>> {
        let Some(elsewhere) = self.elsewhere.as_ref().filter(|_| provider.has_expression()) else {
            return compute(Steps::ALL).map(Ok);
        };
        match elsewhere.answers.of(compiled, Some(provider)) {
            Some(MatchAnswer::Name(name)) => return Some(Ok(name.clone())),
            Some(MatchAnswer::Skipped) => return Some(Err(Skipped)),
            Some(MatchAnswer::Patterns(_)) | None => {}
        }
        if elsewhere.spend(HERE) { compute(Steps::FEW).map(Ok) } else { None }
    }
}

impl Elsewhere<'_> {
    /// Whether so much may still be spent here.
    fn spend(&self, cost: u64) -> bool {
        let spent = self.spent.get().saturating_add(cost);
        let fits = spent <= HERE_IN_ALL;
        if fits {
            self.spent.set(spent);
        }
        fits
    }
}

/// There was no budget left for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Skipped;
