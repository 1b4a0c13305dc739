//! Webhooks of Receivers: from the request to what it asks for (contract, receivers 4).
//!
//! A request is looked up by its exact target, verified by [`campanile_receivers`], and only then read. Whoever sends one is told
//! a status and nothing else. The endpoint opens with the first Receiver.

mod act;
mod actor;
mod answer;
mod index;
mod log;
mod pipeline;
mod registry;
mod serve;
mod tally;
mod target;

pub use act::{Reconcilers, WebhookAction};
pub use actor::{OpenListeners, WebhookActor, WebhookParts, WebhookSnapshot};
pub use answer::WebhookOutcome;
