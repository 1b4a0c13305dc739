//! Receivers: `Ready` when their expressions compile and their token is there (contract, receivers 2).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use campanile_crds::Object;
use campanile_domain::{ObjectKey, OidcProvider, ReceiverResource, ReceiverSpec};
use campanile_protocol::{
    Backlog, Change, Changes, Condition, Counts, LookTimes, ObjectRow, PostponedCounts, ReceiverRow,
    SecretError, Secrets, WebhookCounts, WebhookRow,
};
use campanile_receivers::{Receiver, Tokens};
use jiff::Timestamp;

use super::{Reference, ReferenceLookup, Watched};
use crate::condition::{INVALID_EXPRESSION, Judgement, READY, TOKEN_NOT_FOUND, VALIDATION_FAILED, is_true};
use crate::kind::Kind;
use crate::standing::{Aspect, Judging, Seed, ShownPath, ShownWebhook};
use crate::verdict;
use crate::{Loaded, Located};

impl Watched for ReceiverSpec {
    const KIND: Kind = Kind::Receiver;

    type Aspect = Webhook;
    type Row = ReceiverRow;

    const TERMINAL: &'static [&'static str] = &[INVALID_EXPRESSION, VALIDATION_FAILED];

    const OBSERVES_TERMINAL: bool = true;

    fn of(object: Object) -> Option<Self> {
        match object {
            Object::Receiver(receiver) => Some(receiver),
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
        let resource = |resource: &ReceiverResource| {
            let filter = resource.filter.as_ref().map_or(0, String::len);
            let labels = resource.match_labels.iter().flatten().map(|(key, value)| key.len() + value.len());
            size_of::<ReceiverResource>() + resource.name.len() + filter + labels.sum::<usize>()
        };
        let issuer = |issuer: &OidcProvider| {
            let variables = issuer.variables.iter().map(|one| one.name.len() + one.expression.len());
            let validations = issuer.validations.iter().map(|one| one.expression.len() + one.message.len());
            issuer.issuer_url.len() + variables.chain(validations).sum::<usize>()
        };
        let filter = self.resource_filter.as_ref().map_or(0, String::len);
        let events: usize = self.events.iter().map(String::len).sum();
        let resources: usize = self.resources.iter().map(resource).sum();
        filter + events + resources + self.oidc_providers.iter().map(issuer).sum::<usize>()
    }

    /// A suspended Receiver keeps its status, the path included (contract, receivers 2.2).
    fn is_left_alone(&self) -> bool {
        self.suspend
    }

    fn violation(&self) -> Option<String> {
        Receiver::compile(Arc::new(self.clone())).err().map(|invalid| invalid.to_string())
    }

    fn references(&self) -> Vec<Reference> {
        self.secret_key().map(Reference::Secret).into_iter().collect()
    }

    /// What is wrong with the Secret is known after a look at it, and stands in the aspect.
    fn unresolved(&self, _: &dyn ReferenceLookup) -> Option<String> {
        None
    }

    fn ready(&self, violation: Option<&str>, _: Option<String>, aspect: &Webhook) -> Judgement {
        if let Some(violation) = violation {
            let invalid = Receiver::compile(Arc::new(self.clone())).err();
            let reason = invalid.map_or(VALIDATION_FAILED, |invalid| invalid.reason());
            let message = format!("Reconciliation failed terminally due to configuration error: {violation}");
            return Judgement::not_ready(reason, message);
        }
        match aspect.token(self) {
            None => Judgement::open(READY),
            Some(Err(text)) => Judgement::not_ready(TOKEN_NOT_FOUND, text.to_owned()),
            Some(Ok(path)) => Judgement::ready_as(format!("Receiver initialized for path: {path}")),
        }
    }

    fn finished(&self) -> String {
        format!(
            "Reconciliation finished, next run in {}",
            campanile_duration::text(self.effective_interval())
        )
    }

    fn row(&self, object: ObjectRow, aspect: &Webhook) -> ReceiverRow {
        let counts = aspect.counts.as_ref();
        let last = counts.map(|counts| &counts.last);
        ReceiverRow {
            object,
            type_name: self.type_name.clone(),
            last_webhook: last.map(|last| WebhookRow {
                time: last.at,
                verdict: verdict::name(last.verdict).to_owned(),
                reason: last.reason.clone(),
                resources: last.resources,
            }),
            accepted: counts.map_or(0, |counts| counts.accepted),
            postponed: counts.map_or(0, |counts| counts.postponed),
            refused: counts.map_or(0, |counts| counts.refused),
            failed: counts.map_or(0, |counts| counts.failed),
            waiting: aspect.postponed.as_ref().map_or(0, |counts| counts.waiting),
            expired: aspect.postponed.as_ref().map_or(0, |counts| counts.expired),
            looks: aspect.looks,
        }
    }

    fn row_of_malformed(object: ObjectRow) -> ReceiverRow {
        ReceiverRow {
            object,
            type_name: String::new(),
            last_webhook: None,
            accepted: 0,
            postponed: 0,
            refused: 0,
            failed: 0,
            waiting: 0,
            expired: 0,
            looks: LookTimes::default(),
        }
    }

    fn counts(_: &Backlog) -> Option<&BTreeMap<ObjectKey, Counts>> {
        None
    }

    fn changes(changes: &mut Changes) -> &mut Vec<Change<Self>> {
        &mut changes.receivers
    }

    fn loaded(loaded: &mut Loaded) -> &mut BTreeMap<ObjectKey, Located<Self>> {
        &mut loaded.receivers
    }
}

/// A look at the token of a Receiver.
struct Look {
    /// The Secret that was looked at.
    secret: Option<ObjectKey>,
    /// What is wrong, if the token is not there.
    outcome: Result<(), String>,
}

/// The aspect beside `Ready`: the paths, and what became of requests.
pub(crate) struct Webhook {
    /// The paths at which it answers, that of the status first. Those of before stay while nothing better is known.
    paths: Arc<[String]>,
    look: Option<Look>,
    counts: Option<WebhookCounts>,
    /// What waits for the API server; none before anything did.
    postponed: Option<PostponedCounts>,
    looks: LookTimes,
}

impl Webhook {
    /// Takes in what a look at the Secret of `spec` brought. Returns whether it failed.
    pub(crate) fn looked(&mut self, spec: &ReceiverSpec, secrets: &Secrets, took: Duration) -> bool {
        self.looks.add(took);
        let secret = spec.secret_key();
        let outcome = match tokens(spec, secret.as_ref(), secrets) {
            Ok(tokens) => {
                let paths = tokens.paths(&spec.key);
                if *paths != *self.paths {
                    self.paths = paths.into();
                }
                Ok(())
            }
            Err(text) => {
                self.paths = Arc::default();
                Err(text)
            }
        };
        let failed = outcome.is_err();
        self.look = Some(Look { secret, outcome });
        failed
    }

    /// Takes in what became of requests.
    pub(crate) fn heard(&mut self, counts: WebhookCounts) {
        self.counts = Some(counts);
    }

    /// Takes in what waits for the API server. Returns whether that is news.
    pub(crate) fn postponed(&mut self, counts: PostponedCounts) -> bool {
        let is_news = self.postponed.as_ref() != Some(&counts);
        self.postponed = Some(counts);
        is_news
    }

    /// The paths at which it answers.
    pub(crate) fn paths(&self) -> &Arc<[String]> {
        &self.paths
    }

    /// The path, or what is wrong with the token; none before the Secret was looked at that `spec` names.
    fn token(&self, spec: &ReceiverSpec) -> Option<Result<&str, &str>> {
        let look = self.look.as_ref().filter(|look| look.secret == spec.secret_key())?;
        Some(match &look.outcome {
            Ok(()) => Ok(self.paths.first().map(String::as_str).unwrap_or_default()),
            Err(text) => Err(text),
        })
    }
}

/// The tokens in the Secret of a Receiver, or what is wrong with it in words (contract, receivers 2.2, step 7).
fn tokens(spec: &ReceiverSpec, key: Option<&ObjectKey>, secrets: &Secrets) -> Result<Tokens, String> {
    let unread = |key: &ObjectKey, error: &dyn std::fmt::Display| {
        format!("unable to read token from secret '{key}' error: {error}")
    };
    let secret = match key.map(|key| (key, secrets.get(key))) {
        None => None,
        Some((_, Some(Ok(secret)))) => Some(&**secret),
        Some((key, Some(Err(SecretError::NotFound(_))))) => {
            return Err(unread(key, &format_args!("secrets \"{}\" not found", key.name)));
        }
        Some((key, Some(Err(error)))) => return Err(unread(key, error)),
        Some((key, None)) => return Err(unread(key, &"it was not read in time")),
    };
    Tokens::of(spec, secret).map_err(|error| error.to_string())
}

impl Aspect for Webhook {
    fn seeded(seed: &Seed, _: Timestamp) -> Self {
        let paths = seed.webhook_path.iter().map(ToString::to_string).collect();
        Self { paths, look: None, counts: None, postponed: None, looks: LookTimes::default() }
    }

    fn condition(&self) -> Option<&Arc<Condition>> {
        None
    }

    fn judge(&mut self, _: Judging<'_>) {}

    fn webhook(&self, ready: &Condition) -> Option<ShownWebhook<'_>> {
        let path = match self.paths.first() {
            Some(path) if is_true(ready) => ShownPath::Is(path),
            None if ready.reason == TOKEN_NOT_FOUND => ShownPath::Nothing,
            Some(_) | None => ShownPath::AsBefore,
        };
        Some(ShownWebhook { path, counts: self.counts.as_ref(), postponed: self.postponed.as_ref() })
    }
}
