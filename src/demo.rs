//! The demo: an instance in standalone mode, a destination of its own, and a short story of events.

mod destination;
mod detour;
mod git_host;
mod render;
mod samples;
mod story;

pub use destination::{ArrivedMessage, DemoDestination};
pub(crate) use detour::Detour;
pub use render::{checks_page, headline, message};
pub(crate) use samples::{TriedEvent, samples};
pub use story::{Chapter, story};

/// The address that the quickstart manifests name; the demo puts its own destination's in its place.
pub const QUICKSTART_DESTINATION: &str = "127.0.0.1:8055";

/// The quickstart manifests: file name and text.
pub const QUICKSTART: &[(&str, &str)] = &[
    ("commit-status.yaml", include_str!("../examples/quickstart/commit-status.yaml")),
    ("slack.yaml", include_str!("../examples/quickstart/slack.yaml")),
    ("webhook.yaml", include_str!("../examples/quickstart/webhook.yaml")),
];
