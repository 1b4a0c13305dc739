//! The actors that take events and webhooks in over HTTP.
//!
//! It promises: an event is answered 202 only once its deliveries are durably stored, and every request is answered
//! in time, with 503 where nothing else is true. No answer has a body. Memory is bounded: bodies in flight, keys of
//! the duplicate window, and connections each have a limit. A panic or a dead server costs the open requests and
//! nothing else: the supervisor builds the actor anew on the same socket, with the same [`Window`].

mod actor;
mod answer;
mod body;
mod budget;
mod config;
mod connections;
mod guarded;
mod key;
mod meter;
mod origin;
mod path;
mod pipeline;
mod senders;
mod server;
mod shell;
mod stream;
mod webhooks;
mod window;

pub use actor::{IntakeActor, IntakeParts, IntakeSnapshot, StopAccepting};
pub use answer::RequestOutcome;
pub use config::IntakeConfig;
pub use connections::{ConnectionLimits, Connections, ServerConnection};
pub use guarded::{Serving, serve};
pub use meter::{DURATION_BOUNDS, RequestEnding, RequestSeries};
pub use origin::{host_name, is_foreign, is_loopback};
pub use senders::{Reviewer, SenderMode, SenderRules, SendersSnapshot};
pub use shell::{EventListener, EventTls, bind};
pub use webhooks::{
    OpenListeners, Reconcilers, WebhookAction, WebhookActor, WebhookOutcome, WebhookParts, WebhookSnapshot,
};
pub use window::Window;
