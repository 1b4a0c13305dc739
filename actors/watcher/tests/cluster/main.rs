//! The watcher against a real API server. `tests/cluster/up` starts one for this binary; each test has a namespace.
#![cfg(test)]

mod accounts;
mod announcements;
mod api;
mod election;
mod objects;
mod refusals;
mod rig;
mod secrets;
mod status;
