//! Providers: `Ready` when the dispatcher resolved them, and `Delivering` once a message got through and while they do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use campanile_crds::Object;
use campanile_crds::condition::{DELIVERING, NOTHING_DELIVERED_YET, NOTHING_IN_THE_WAY, RETRYING};
use campanile_domain::{Failure, ObjectKey, ProviderSpec};
use campanile_protocol::{
    Backlog, Change, Changes, Condition, Counts, ObjectRow, ProviderRow, ProviderState, SecretError,
};
use jiff::Timestamp;

use super::{Reference, ReferenceLookup, Watched};
use crate::condition::{FAILED, INVALID_URL, Judgement, READY, VALIDATION_FAILED, is_false, is_true};
use crate::findings::{missing_secret, secret_fields};
use crate::kind::Kind;
use crate::standing::{Aspect, Judging, Seed};
use crate::{Loaded, Located};

impl Watched for ProviderSpec {
    const KIND: Kind = Kind::Provider;

    type Aspect = Delivering;
    type Row = ProviderRow;

    fn of(object: Object) -> Option<Self> {
        match object {
            Object::Provider(provider) => Some(provider),
            _ => None,
        }
    }

    fn key(&self) -> &ObjectKey {
        &self.key
    }

    fn uid(&self) -> &Arc<str> {
        &self.uid
    }

    fn generation(&self) -> i64 {
        self.generation
    }

    fn set_generation(&mut self, generation: i64) {
        self.generation = generation;
    }

    fn is_suspended(&self) -> bool {
        self.suspend
    }

    fn bytes(&self) -> usize {
        self.object.len()
    }

    fn violation(&self) -> Option<String> {
        self.kind().is_none().then(|| campanile_crds::unsupported_type(&self.type_name))
    }

    fn references(&self) -> Vec<Reference> {
        self.secret_keys().map(Reference::Secret).collect()
    }

    fn unresolved(&self, known: &dyn ReferenceLookup) -> Option<String> {
        secret_fields(self).find_map(|(field, key)| match known.secret(&key).err()? {
            SecretError::NotFound(_) => Some(missing_secret(&key, field)),
            SecretError::Name { source, .. } => Some(format!("spec.{field} names secret '{key}': {source}")),
            SecretError::Unreadable { cause, .. } => Some(format!("failed to read secret '{key}': {cause}")),
        })
    }

    /// What can be seen here, then what the dispatcher found when it resolved this generation.
    fn ready(&self, violation: Option<&str>, unresolved: Option<String>, aspect: &Delivering) -> Judgement {
        if let Some(message) = invalid_proxy(self) {
            return Judgement::not_ready(INVALID_URL, message);
        }
        let violation = violation.map(ToOwned::to_owned).or(unresolved);
        let bad = |message| Judgement::not_ready(VALIDATION_FAILED, message);
        let word = aspect.current(self.generation);
        match (violation, word.map(|word| &word.ready)) {
            (Some(violation), _) => bad(violation),
            (None, None) => Judgement::open(READY),
            (None, Some(Ok(()))) => {
                Judgement::ready().with_remark(word.and_then(|word| word.remark.as_deref()))
            }
            (None, Some(Err(message))) => bad(message.to_string()),
        }
    }

    fn row(&self, object: ObjectRow, _: &Delivering) -> ProviderRow {
        ProviderRow { object, type_name: self.type_name.clone() }
    }

    fn row_of_malformed(object: ObjectRow) -> ProviderRow {
        ProviderRow { object, type_name: String::new() }
    }

    fn counts(backlog: &Backlog) -> Option<&BTreeMap<ObjectKey, Counts>> {
        Some(&backlog.providers)
    }

    fn changes(changes: &mut Changes) -> &mut Vec<Change<Self>> {
        &mut changes.providers
    }

    fn loaded(loaded: &mut Loaded) -> &mut BTreeMap<ObjectKey, Located<Self>> {
        &mut loaded.providers
    }
}

/// What is wrong with `spec.proxy`, which is looked at only without `spec.secretRef` (contract, control plane 3.2). It may
/// hold a password and is not quoted.
fn invalid_proxy(spec: &ProviderSpec) -> Option<String> {
    let looked_at = spec.secret_ref.is_none() && !spec.proxy.is_empty();
    let error = looked_at.then(|| url::Url::parse(&spec.proxy).err()).flatten()?;
    Some(format!("invalid proxy: {error}; correct spec.proxy"))
}

/// The dispatcher's word on a Provider.
#[derive(Clone)]
struct Word {
    generation: i64,
    ready: Result<(), Box<str>>,
    delivering: Result<(), Box<str>>,
    remark: Option<Box<str>>,
}

/// Whether messages of a Provider get through.
pub(crate) struct Delivering {
    condition: Arc<Condition>,
    /// The newest report of the dispatcher.
    word: Option<Word>,
    /// An earlier watcher said that messages do not get through, and nothing was heard of any since.
    still_down: bool,
    /// The newest generation with which a message got through.
    proven: Option<i64>,
    /// When the first of the failures came, without a success since, and the newest of them.
    failing: Option<(Timestamp, Box<str>)>,
    /// The failure that came after messages had failed for longer than an attempt may take.
    retrying: Option<Box<str>>,
}

impl Delivering {
    /// Takes the dispatcher's word on the Provider, which is to be judged anew then.
    pub(crate) fn heard(&mut self, state: ProviderState) {
        let message = |failure: Failure| failure.message.into();
        let was_stopped = self.current(state.generation).is_some_and(|word| word.delivering.is_err());
        if was_stopped && state.delivering.is_ok() {
            // The dispatcher says so when the destination answers again.
            self.proven = Some(state.generation);
        }
        self.word = Some(Word {
            generation: state.generation,
            ready: state.ready.map_err(message),
            delivering: state.delivering.map_err(message),
            remark: state.remark.map(Into::into),
        });
    }

    /// Notes that a message got through. Returns whether the Provider is to be judged anew.
    pub(crate) fn delivered(&mut self) -> bool {
        let generation = Some(self.condition.observed_generation);
        let was_proven = std::mem::replace(&mut self.proven, generation) == generation;
        let was_failing = self.failing.take().is_some() && self.retrying.take().is_some();
        std::mem::take(&mut self.still_down) || was_failing || !was_proven
    }

    /// Notes that a message failed at `at` and will be tried again. Returns whether nothing had failed since the last success:
    /// then the Provider is to be judged anew if nothing gets through before an attempt could have ended.
    pub(crate) fn delayed(&mut self, failure: &Failure, at: Timestamp) -> bool {
        let is_first = self.failing.is_none();
        let since = self.failing.take().map_or(at, |(since, _)| since);
        self.failing = Some((since, failure.message.as_str().into()));
        is_first
    }

    /// Notes that the destination refused a message for good: nothing is tried again for its sake.
    pub(crate) fn refused(&mut self) {
        if self.retrying.is_none() {
            self.failing = None;
        }
    }

    /// Notes that the first failure is older than an attempt of the Provider may take, `timeout`, if it is. Returns whether
    /// the Provider is to be judged anew.
    pub(crate) fn is_overdue(&mut self, timeout: Duration, now: Timestamp) -> bool {
        let Some((since, newest)) = &self.failing else { return false };
        if now < *since + timeout || self.retrying.is_some() {
            return false;
        }
        self.retrying = Some(newest.clone());
        true
    }

    /// What the dispatcher's word, that nothing stands in the way, and what became of messages come to.
    fn proof(&self, generation: i64) -> Judgement {
        match &self.retrying {
            Some(failure) => Judgement::bad(DELIVERING, RETRYING, failure.to_string()),
            None if self.proven == Some(generation) => Judgement::good(DELIVERING, NOTHING_IN_THE_WAY),
            None => Judgement::unknown(DELIVERING, NOTHING_DELIVERED_YET),
        }
    }

    /// The dispatcher's word, if it is on this generation.
    fn current(&self, generation: i64) -> Option<&Word> {
        self.word.as_ref().filter(|word| word.generation >= generation)
    }
}

impl Aspect for Delivering {
    fn seeded(seed: &Seed, now: Timestamp) -> Self {
        let still_down =
            seed.ready.as_deref().is_some_and(is_true) && seed.delivering.as_deref().is_some_and(is_false);
        let condition = seed.delivering.clone();
        let condition = condition.unwrap_or_else(|| Judgement::open(DELIVERING).condition(None, 0, now));
        let proven = is_true(&condition).then_some(condition.observed_generation);
        Self { condition, word: None, still_down, proven, failing: None, retrying: None }
    }

    fn condition(&self) -> Option<&Arc<Condition>> {
        Some(&self.condition)
    }

    fn judge(&mut self, Judging { generation, overflow, now }: Judging<'_>) {
        let judgement = match self.current(generation).map(|word| &word.delivering) {
            // What an earlier watcher did not know is no news either.
            None if self.condition.observed_generation == generation && !is_false(&self.condition) => return,
            None => Judgement::open(DELIVERING),
            Some(Ok(())) => self.proof(generation),
            Some(Err(message)) => {
                let told = [Some(&**message), overflow];
                Judgement::bad(DELIVERING, FAILED, told.into_iter().flatten().collect::<Vec<_>>().join("; "))
            }
        };
        // What an earlier watcher found stays so until it is known better: a restart is no news.
        self.still_down &= !judgement.is_bad() && self.condition.observed_generation == generation;
        if !self.still_down {
            self.condition = judgement.follow(&self.condition, generation, now);
        }
    }
}
