//! The dispatcher and the provider actors: they take deliveries from the outbox, carry out the exchange of the
//! Provider's type, and settle each delivery: done, retry at, parked, dead.
//!
//! - The [`Dispatcher`] knows all Providers, resolves their settings when they or their Secrets change, and keeps one
//!   provider actor for each Provider that has work. A provider actor that dies is built anew after a pause.
//! - A provider actor *pulls*: it holds at most [`DeliveryConfig::in_flight`] leases. A slow or broken destination
//!   therefore costs its own queue, nothing else.
//! - What outlives a provider actor travels to it when it is built and comes back in its last message; nothing but
//!   atomics is shared. So it may live on any of the delivery threads.
//! - Each exchange is a task of its own that settles its lease whatever happens, a panic included: no lease is lost with
//!   the actor that took it.

mod carrier;
mod config;
mod counters;
mod dispatcher;
mod drive;
mod identity;
mod kept;
mod memo;
mod no_provider;
mod pace;
mod probes;
mod provider_actor;
mod refusals;
mod reports;
mod resolve;
mod retry;
mod sender;
mod sharing;
mod tally;
mod task;

pub use carrier::{
    Carrier, CheckConnection, Clients, Obtained, Obtaining, ProviderClient, Publishing, Sending, TokenSource,
};
pub use config::DeliveryConfig;
pub use counters::DeliverySnapshot;
pub use dispatcher::{
    DestinationAnswer, Dispatcher, DispatcherParts, Drain, RetryError, RetryNow, SendTest, TestError, Tested,
    WorkReady, wake_up,
};
pub use identity::{CacheUse, Clouds, CloudsParts, IdentityConfig, TokenCacheSnapshot};
pub use no_provider::NoProvider;
pub use probes::ProbeRule;
pub use provider_actor::ProviderSnapshot;
pub use resolve::{Diagnosis, diagnose_provider, lookup_in, resolve_provider};
pub use tally::{AttemptTally, GetTallies, TallyRow, WAIT_BOUNDS};

#[cfg(test)]
mod tests;
