//! The types by the acceptance list of the contract (receivers 11).

mod filters;
mod fixtures;
mod forged;
mod oidc;
mod webhooks;
