//! From a request that anybody may have sent to one that is verified.

use std::fmt;
use std::sync::Arc;

use campanile_domain::{ReceiverType, Secret};
use jiff::Timestamp;

use crate::check::{Asked, Case, CheckStep, Passed, PendingToken};
use crate::error::VerifyError;
use crate::event::{is_wanted, shown};
use crate::keys::{KeyError, KeySet, KeySource};
use crate::kinds::{self, VerificationRules};
use crate::request::Unverified;
use crate::verified::Verified;
use crate::{Receiver, Tokens};

/// The state of a request's verification.
#[derive(Debug)]
pub enum Verification {
    /// The request is verified, and may act.
    Verified(Verified),
    /// The request is refused with this error.
    Refused(VerifyError),
    /// Its token can be judged with the keys of its issuer.
    NeedsKeys(Box<NeedsKeys>),
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
        Ok(CheckStep::Passed(passed)) => match finish(receiver, rules, &request, passed) {
            Ok(verified) => Verification::Verified(verified),
            Err(error) => Verification::Refused(error),
        },
        Ok(CheckStep::Token(question)) => {
            let receiver = receiver.clone();
            Verification::NeedsKeys(Box::new(NeedsKeys { receiver, rules, request, question }))
        }
    }
}

/// A request whose token waits for the keys of its issuer.
pub struct NeedsKeys {
    receiver: Arc<Receiver>,
    rules: &'static VerificationRules,
    request: Unverified,
    question: PendingToken,
}

impl NeedsKeys {
    /// The source of the keys that are needed.
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
    rules: &'static VerificationRules,
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
