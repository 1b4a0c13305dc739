//! The snapshot of a provider actor.

use actix::{Context, Handler, MessageResult};
use campanile_domain::ObjectKey;
use campanile_supervision::GetSnapshot;
use jiff::Timestamp;
use serde::Serialize;

use super::ProviderActor;
use crate::pace::Gate;

/// The snapshot of a provider actor, for the operations API and tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderSnapshot {
    /// Namespace and name of the Provider.
    pub provider: ObjectKey,
    /// The type of the Provider.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The number of exchanges under way.
    pub in_flight: usize,
    /// Exchanges that may start beside them now.
    pub room: usize,
    /// When exchanges may start again; none while they may.
    pub closed_until: Option<Timestamp>,
    /// Until when the destination asked for a pause, also one that is over.
    pub held_until: Option<Timestamp>,
    /// Whether one delivery at a time is tried, to see whether the destination works again.
    pub probing: bool,
    /// The class of the failure for which it does not deliver; none while it does.
    pub stopped: Option<&'static str>,
}

impl ProviderActor {
    fn snapshot(&self) -> ProviderSnapshot {
        let gate = self.pace.gate(&self.shared.config, self.in_flight, self.shared.clock.now());
        let (room, closed_until) = match gate {
            Gate::Open(room) => (room, None),
            Gate::ClosedUntil(until) => (0, Some(until)),
        };
        ProviderSnapshot {
            provider: self.key.clone(),
            kind: self.configuration.endpoint.kind.name(),
            in_flight: self.in_flight,
            room,
            closed_until,
            held_until: self.pace.held_until(),
            probing: self.pace.probing(),
            stopped: self.pace.stopped().map(|failure| failure.class.label()),
        }
    }
}

impl Handler<GetSnapshot<ProviderSnapshot>> for ProviderActor {
    type Result = MessageResult<GetSnapshot<ProviderSnapshot>>;

    fn handle(&mut self, _: GetSnapshot<ProviderSnapshot>, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.snapshot())
    }
}
