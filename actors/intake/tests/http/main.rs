//! The event endpoint over real sockets on loopback, with a router that does as the test says. Time is real here;
//! tests wait on conditions, each bounded.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test, as the tests themselves do"
)]

mod answers;
mod attacks;
mod bench;
mod client;
mod connections;
mod duplicates;
mod failures;
mod lifecycle;
mod limits;
mod senders;
mod webhooks;
