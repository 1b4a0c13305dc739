//! Supervision: death notices, restarts from a factory with backoff, and the injected clock.
//!
//! actix's own supervisor does not survive a panic: the actor's task ends and its address is dead. Here every
//! supervised actor holds a [`LifeGuard`] whose `Drop` tells the parent, panicked or not, and the parent builds a new
//! actor from a factory after a pause ([`RestartPolicy`]). The notice says which [`End`] it was, and each is counted. Other actors reach it through a [`Link`], which the
//! parent points at the new address. An actor that does not answer any more is replaced likewise, and a [`Watchdog`]
//! ends the process when a whole arbiter is stuck.

mod backoff;
mod clock;
mod end;
mod failpoint;
mod guard;
mod link;
mod restart;
mod snapshot;
mod supervisor;
mod watchdog;

pub use backoff::Backoff;
pub use clock::{Clock, SharedClock, SystemClock, TestClock};
pub use end::{End, EndCounts};
pub use failpoint::{FAILPOINTS, failpoint, failpoint_quoting, failpoint_stall, failpoint_time};
pub use guard::{DeathNotice, LifeGuard, Retirement};
pub use link::{Link, LinkError};
pub use restart::{Restart, RestartLog, RestartPolicy};
pub use snapshot::GetSnapshot;
pub use supervisor::{ChildReport, Factory, GiveUp, Heartbeat, Supervise, Supervisor};
pub use watchdog::Watchdog;
