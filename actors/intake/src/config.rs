//! The bounds and times of the event endpoint.

use std::time::Duration;

use campanile_domain::Installation;

use crate::connections::ConnectionLimits;

/// The bounds of the endpoint: how much it takes, and how long it waits. The default is what the contract asks for (control plane 4.2).
///
/// `keep_alive`, `head_timeout` and `linger` follow the HTTP library's clock, which moves twice a second: give them a
/// second or more.
#[derive(Clone, Debug)]
pub struct IntakeConfig {
    /// HTTP threads; at least one is started. A second one gains nothing on two cores, and costs more wake-ups (measured).
    pub workers: usize,
    /// Connections that one worker keeps open; further ones wait in the listener's backlog. Idle ones give way before.
    pub connections: usize,
    /// Connections of one peer's address.
    pub connections_of_peer: usize,
    /// How long a connection may stay idle.
    pub keep_alive: Duration,
    /// How long a head may take: the first from the opening of the connection on, others from their first byte.
    pub head_timeout: Duration,
    /// How long a body may take, counted from its head.
    pub read_timeout: Duration,
    /// How long after its last byte an event may take to be stored. Senders give up after five seconds.
    pub store_timeout: Duration,
    /// How long what is left of a refused body is read and thrown away, so that the sender sees the answer.
    pub linger: Duration,
    /// How long open requests may take when the endpoint stops; whole seconds.
    pub drain: Duration,
    /// Bytes of one body. Exactly so many are accepted.
    pub body_limit: usize,
    /// Bytes of all bodies whose events are not stored yet.
    pub bodies_limit: usize,
    /// Who this installation is; without it, events that it forwarded are not known again.
    pub installation: Option<Installation>,
    /// Whether requests are counted by path (`--export-http-path-metrics`); otherwise all count as `/`.
    pub count_paths: bool,
}

impl IntakeConfig {
    /// The limits of a server's connections.
    pub(crate) fn connection_limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            most: self.connections,
            of_peer: self.connections_of_peer,
            head: self.head_timeout,
        }
    }
}

impl Default for IntakeConfig {
    fn default() -> Self {
        Self {
            workers: 1,
            connections: 4096,
            connections_of_peer: 1024,
            keep_alive: Duration::from_secs(75),
            head_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            store_timeout: Duration::from_secs(3),
            linger: Duration::from_secs(5),
            drain: Duration::from_secs(5),
            body_limit: 3 << 20,
            bodies_limit: 64 << 20,
            installation: None,
            count_paths: false,
        }
    }
}
