//! The way of one event from its last byte to the answer (contract, control plane 4.3).

use std::sync::Arc;

use campanile_domain::Event;
use campanile_protocol::{Submit, SubmitError, log_event};
use campanile_supervision::{Link, SharedClock, Watchdog, failpoint};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument, Span, debug_span};

use crate::answer::{Answer, RequestOutcome};
use crate::budget::{Budget, Hold};
use crate::config::IntakeConfig;
use crate::connections::Connections;
use crate::key::duplicate_key;
use crate::meter::Meter;
use crate::senders::Senders;
use crate::window::{Claim, Ticket, Window};

/// The pipeline of events, which all HTTP workers share.
pub(crate) struct EventPipeline {
    pub(crate) config: IntakeConfig,
    pub(crate) router: Link<Submit>,
    pub(crate) clock: SharedClock,
    pub(crate) window: Arc<Window>,
    pub(crate) bodies: Arc<Budget>,
    pub(crate) connections: Connections,
    pub(crate) meter: Meter<RequestOutcome>,
    /// None if everybody may post.
    pub(crate) senders: Option<Arc<Senders>>,
    pub(crate) watchdog: Option<Watchdog>,
}

/// Takes in one event: cleans it, claims its key, has it stored. Answers after the configured time at the latest.
///
/// `hold` is kept for as long as the event is on its way, beyond the answer too.
pub(crate) async fn take_in(state: &EventPipeline, event: Event, hold: Hold) -> Answer {
    let deadline = Instant::now() + state.config.store_timeout;
    let span = debug_span!(
        parent: None,
        "accept",
        object = event.involved_object.path(),
        reason = event.reason,
        outcome = Empty
    );
    let stored = timeout_at(deadline, claim_and_store(state, event, hold)).instrument(span.clone()).await;
    let answer = stored.unwrap_or(Answer::Refused(RequestOutcome::Late));
    span.record("outcome", answer.outcome().label());
    answer
}

async fn claim_and_store(state: &EventPipeline, mut event: Event, hold: Hold) -> Answer {
    event.clean_metadata();
    failpoint("intake", &event.involved_object.name);
    let ticket = match state.window.claim(duplicate_key(&event)).await {
        Claim::New(ticket) => ticket,
        Claim::Duplicate { reset } => {
            let object = &event.involved_object;
            log_event!(DEBUG, object, "Discarding event, rate limiting duplicate events");
            log_event!(
                INFO,
                object,
                reason = event.reason,
                until = %reset,
                "the event is a duplicate and is answered 429: an equal one was accepted before"
            );
            return Answer::Duplicate { reset };
        }
    };
    event.remove_token();
    let reset = ticket.reset();
    let (reply, answer) = oneshot::channel();
    let (accepted_at, span) = (state.clock.now(), Span::current());
    let submit = Submit { event: Arc::new(event), peer: Some(hold.peer()), accepted_at, reply, span };
    if state.router.send(submit).is_err() {
        return Answer::Refused(RequestOutcome::Unreachable);
    }
    let mut storing = Storing(Some(Pending { answer, ticket, _hold: hold }));
    match storing.wait().await {
        Ok(()) => Answer::Accepted { reset },
        Err(cause) => Answer::Refused(cause),
    }
}

/// The answer of the router, if it did not die before.
type Stored = Result<Result<(), SubmitError>, oneshot::error::RecvError>;

/// An event that the router has and has not answered for.
struct Pending {
    answer: oneshot::Receiver<Result<(), SubmitError>>,
    ticket: Ticket,
    _hold: Hold,
}

/// Waits for the router. When it is dropped before, because the sender left or the time is up, the wait goes on by
/// itself: the event may still be stored, and then its key must count.
struct Storing(Option<Pending>);

impl Storing {
    async fn wait(&mut self) -> Result<(), RequestOutcome> {
        let Some(pending) = self.0.as_mut() else { return Err(RequestOutcome::Unreachable) };
        let result = (&mut pending.answer).await;
        self.0.take().map_or(Err(RequestOutcome::Unreachable), |pending| pending.settle(&result))
    }
}

impl Pending {
    fn settle(self, result: &Stored) -> Result<(), RequestOutcome> {
        match result {
            Ok(Ok(())) => {
                self.ticket.confirm();
                Ok(())
            }
            Ok(Err(SubmitError::Full | SubmitError::Store(_))) => Err(RequestOutcome::StoreFailed),
            Ok(Err(SubmitError::Poison)) => Err(RequestOutcome::Unroutable),
            Ok(Err(SubmitError::Unavailable)) | Err(_) => Err(RequestOutcome::Unreachable),
        }
    }
}

impl Drop for Storing {
    fn drop(&mut self) {
        let Some(mut pending) = self.0.take() else { return };
        // Without a runtime the worker is ending; then the key is freed.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                let result = (&mut pending.answer).await;
                pending.settle(&result)
            });
        }
    }
}
