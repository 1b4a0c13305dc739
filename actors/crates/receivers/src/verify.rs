//! From a request that anybody may have sent to one that is verified.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use campanile_domain::{ReceiverType, Secret};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::error::VerifyError;
use crate::event::{is_wanted, shown};
use crate::jwt::Jwt;
use crate::keys::{KeyError, KeySet, KeySource};
use crate::kinds::{self, Rules};
use crate::request::{Head, Unverified};
use crate::verified::Verified;
use crate::{Receiver, Tokens};

/// What became of a request, so far.
#[derive(Debug)]
pub enum Verification {
    /// It is verified.
    Verified(Verified),
    /// It is refused.
    Refused(VerifyError),
    /// Its token can be judged with the keys of its issuer.
    NeedsKeys(Box<NeedsKeys>),
}

/// What a type's check sees.
pub(crate) struct Case<'c> {
    pub(crate) receiver: &'c Receiver,
    pub(crate) tokens: &'c Tokens,
    pub(crate) secret: Option<&'c Secret>,
    pub(crate) head: &'c Head,
    pub(crate) body: &'c Bytes,
}

/// What a type's check comes to.
pub(crate) enum Step {
    /// The request passed.
    Passed(Passed),
    /// It brings a token whose signature is to be checked.
    Token(Question),
}

/// A request that passed its type's check.
#[derive(Default)]
pub(crate) struct Passed {
    /// The body as filters see it, where that is another than the one that came.
    pub(crate) body: Option<Bytes>,
    /// The claims of its token, for filters.
    pub(crate) claims: Option<Map<String, Json>>,
    /// What to log of it; empty where the event says it.
    pub(crate) said: String,
}

/// A token, and whose keys it is to be checked with.
pub(crate) struct Question {
    pub(crate) source: KeySource,
    pub(crate) token: Jwt,
    /// What to do with the keys.
    pub(crate) answer: Answer,
}

/// Judges a token by the keys of its issuer.
pub(crate) type Answer = Box<
    dyn FnOnce(&Asked<'_>, Jwt, Result<&KeySet, KeyError>, Timestamp) -> Result<Passed, VerifyError> + Send,
>;

/// The request that a token came with.
pub(crate) struct Asked<'r> {
    pub(crate) receiver: &'r Receiver,
    pub(crate) body: &'r Bytes,
}

/// Checks a request by the rules of the Receiver's type. `secret` is the one that the Receiver names; whoever cannot read it
/// refuses the request with [`VerifyError::Unreadable`].
pub fn verify(receiver: &Arc<Receiver>, secret: Option<&Secret>, request: Unverified) -> Verification {
    let spec = receiver.spec();
    let Some(kind) = receiver.kind() else {
        return Verification::Refused(VerifyError::Type(spec.type_name.clone()));
    };
    let tokens = match Tokens::of(spec, secret) {
        Ok(tokens) => tokens,
        Err(error) => return Verification::Refused(VerifyError::NoToken(error.0)),
    };
    let rules = kinds::rules(kind);
    let Unverified { head, body } = &request;
    match (rules.check)(&Case { receiver, tokens: &tokens, secret, head, body }) {
        Err(error) => Verification::Refused(error),
        Ok(Step::Passed(passed)) => match finish(receiver, rules, &request, passed) {
            Ok(verified) => Verification::Verified(verified),
            Err(error) => Verification::Refused(error),
        },
        Ok(Step::Token(question)) => {
            let receiver = receiver.clone();
            Verification::NeedsKeys(Box::new(NeedsKeys { receiver, rules, request, question }))
        }
    }
}

/// A request whose token waits for the keys of its issuer.
pub struct NeedsKeys {
    receiver: Arc<Receiver>,
    rules: &'static Rules,
    request: Unverified,
    question: Question,
}

impl NeedsKeys {
    /// Whose keys are needed.
    pub fn source(&self) -> &KeySource {
        &self.question.source
    }

    /// Which key the token names.
    pub fn key_id(&self) -> Option<&str> {
        self.question.token.key_id()
    }

    /// Goes on with the keys, at this time.
    ///
    /// # Errors
    /// Why the request is refused, also if there are no keys.
    pub fn verify(self, keys: Result<&KeySet, KeyError>, now: Timestamp) -> Result<Verified, VerifyError> {
        let Self { receiver, rules, request, question } = self;
        let asked = Asked { receiver: &receiver, body: &request.body };
        let passed = (question.answer)(&asked, question.token, keys, now)?;
        finish(&receiver, rules, &request, passed)
    }
}

impl fmt::Debug for NeedsKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NeedsKeys").field("source", &self.question.source).finish_non_exhaustive()
    }
}

/// Checks the event of a request that passed, which comes last (contract, receivers 5).
fn finish(
    receiver: &Arc<Receiver>,
    rules: &'static Rules,
    request: &Unverified,
    passed: Passed,
) -> Result<Verified, VerifyError> {
    let header = receiver.kind().and_then(ReceiverType::event_header);
    let event = header.map(|header| request.head.text(header));
    if let Some(event) = &event
        && !is_wanted(&receiver.spec().events, event)
    {
        return Err(VerifyError::Event { what: rules.event, event: shown(event) });
    }
    let event = event.unwrap_or_default();
    let said = match passed.said.is_empty() {
        true => format!("handling {}: {}", rules.event, shown(&event)),
        false => passed.said.clone(),
    };
    Ok(Verified::new(receiver.clone(), rules, request, passed, event, said))
}
