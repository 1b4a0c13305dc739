//! The answer to a sender whose event is stored in parts.

use std::sync::atomic::{AtomicUsize, Ordering::AcqRel};
use std::sync::{Mutex, PoisonError};

use campanile_outbox::OutboxError;
use campanile_protocol::SubmitReply;

use crate::actor::answer;

/// Answers when the last part is stored, with the failure of the last one that failed.
#[derive(Debug)]
pub(super) struct SenderReply {
    left: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    reply: Option<SubmitReply>,
    failure: Option<OutboxError>,
}

impl SenderReply {
    /// A ticket for so many parts.
    pub(super) fn new(reply: SubmitReply, parts: usize) -> Self {
        let state = State { reply: Some(reply), failure: None };
        Self { left: AtomicUsize::new(parts), state: Mutex::new(state) }
    }

    /// One part came to its end.
    pub(super) fn done(&self, result: Result<(), OutboxError>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(failure) = result {
            state.failure = Some(failure);
        }
        if self.left.fetch_sub(1, AcqRel) == 1
            && let Some(reply) = state.reply.take()
        {
            answer(reply, state.failure.take().map_or(Ok(()), Err));
        }
    }
}
