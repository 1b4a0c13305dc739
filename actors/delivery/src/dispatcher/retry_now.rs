//! Retrying at once: an operator, or a test notification that arrived, knows that a destination works again.

use actix::{Context, Handler, Message};
use campanile_domain::ObjectKey;

use super::Dispatcher;
use crate::NoProvider;

/// To the dispatcher: try what waits for this Provider now, whatever it waits for, a pause that the destination asked for
/// included. Its Secrets are read anew. Answered before the first attempt.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<(), RetryError>")]
pub struct RetryNow(pub ObjectKey);

/// The causes for which nothing is retried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RetryError {
    /// There is no such Provider.
    #[error(transparent)]
    NotFound(#[from] NoProvider),
    /// The Provider is switched off.
    #[error(
        "retry provider '{0}': it is suspended; set spec.suspend to false, then its queue goes on by itself"
    )]
    Suspended(ObjectKey),
    /// The Providers are not known yet, or the process stops.
    #[error("retry provider '{0}': the instance is starting or stopping; try again")]
    Unavailable(ObjectKey),
}

impl Handler<RetryNow> for Dispatcher {
    type Result = Result<(), RetryError>;

    fn handle(&mut self, RetryNow(key): RetryNow, ctx: &mut Context<Self>) -> Self::Result {
        self.retry_now(key, ctx)
    }
}

impl Dispatcher {
    /// Tries what waits for a Provider at once.
    pub(super) fn retry_now(&mut self, key: ObjectKey, ctx: &mut Context<Self>) -> Result<(), RetryError> {
        if !self.synced || self.draining {
            return Err(RetryError::Unavailable(key));
        }
        let Some(slot) = self.slots.get_mut(&key) else { return Err(NoProvider(key).into()) };
        if slot.spec.suspend {
            return Err(RetryError::Suspended(key));
        }
        slot.kept.pause = None;
        if let Some(child) = &slot.child {
            child.end_pause();
        }
        // What it is built from may have changed without a word, and its queue is woken with that.
        self.resolve(vec![key], ctx);
        Ok(())
    }
}
