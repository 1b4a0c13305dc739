//! An address that survives a restart of the actor behind it.

use std::sync::Arc;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Context, Handler, Message, Recipient};
use arc_swap::ArcSwapOption;

use crate::Heartbeat;

/// Errors for which a message did not reach the actor behind a [`Link`]. The message is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// There is no actor now: not started yet, or being restarted.
    #[error("the actor is being restarted")]
    Down,
    /// The mailbox of the actor is full.
    #[error("the actor has too much to do")]
    Full,
}

/// A shared slot that holds the recipient of `M`. Whoever builds the actor points the link at it.
pub struct Link<M: Message + Send + 'static>
where
    M::Result: Send,
{
    slot: Arc<ArcSwapOption<Recipient<M>>>,
}

impl<M: Message + Send + 'static> Clone for Link<M>
where
    M::Result: Send,
{
    fn clone(&self) -> Self {
        Self { slot: self.slot.clone() }
    }
}

impl<M: Message + Send + 'static> Default for Link<M>
where
    M::Result: Send,
{
    fn default() -> Self {
        Self { slot: Arc::default() }
    }
}

impl<M: Message + Send + 'static> Link<M>
where
    M::Result: Send,
{
    /// A link that points nowhere.
    pub fn new() -> Self {
        Self::default()
    }

    /// Points all clones of this link at `address`.
    pub fn point_at<A>(&self, address: &Addr<A>)
    where
        A: Actor<Context = Context<A>> + Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        self.slot.store(Some(Arc::new(address.clone().recipient())));
    }

    /// Puts `message` into the mailbox without waiting for an answer.
    ///
    /// # Errors
    /// [`LinkError`] if there is no actor, or no room in its mailbox.
    pub fn send(&self, message: M) -> Result<(), LinkError> {
        let slot = self.slot.load();
        let Some(recipient) = slot.as_deref() else { return Err(LinkError::Down) };
        recipient.try_send(message).map_err(|error| match error {
            actix::dev::SendError::Full(_) => LinkError::Full,
            actix::dev::SendError::Closed(_) => LinkError::Down,
        })
    }

    /// Sends a hint that a later tick repeats: a full mailbox is passed over, a missing actor ignored.
    pub fn hint(&self, message: M) {
        if let Some(recipient) = self.slot.load().as_deref() {
            recipient.do_send(message);
        }
    }

    /// A heartbeat for the supervisor: asks `question` of the actor behind this link at the time.
    pub fn heartbeat(&self, question: impl Fn() -> M + Send + 'static) -> Heartbeat {
        let link = self.clone();
        Box::new(move || {
            let (link, question) = (link.clone(), question());
            // An actor that is gone needs no question: its parent has its death notice.
            Box::pin(async move { drop(link.ask(question).await) })
        })
    }

    /// The recipient now, to ask and await an answer.
    pub fn recipient(&self) -> Option<Recipient<M>> {
        self.slot.load().as_deref().cloned()
    }

    /// Sends `message` and waits for the answer.
    ///
    /// # Errors
    /// [`LinkError::Down`] if there is no actor or it ended before it answered.
    pub async fn ask(&self, message: M) -> Result<M::Result, LinkError> {
        let recipient = self.recipient().ok_or(LinkError::Down)?;
        recipient.send(message).await.map_err(|_| LinkError::Down)
    }
}

impl<M: Message + Send + 'static> std::fmt::Debug for Link<M>
where
    M::Result: Send,
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({})", if self.slot.load().is_some() { "up" } else { "down" })
    }
}
