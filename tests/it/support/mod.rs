//! What the tests stand on: the real program as a child process, destinations that record, proxies, manifests.
//!
//! Everything listens on loopback and on free ports, is bounded in time, and ends with the value that stands for it.

mod alertmanager;
mod authority;
pub(crate) mod cluster;
mod command;
mod event;
#[cfg(feature = "failpoints")]
mod faulty;
mod gate;
mod git_host;
mod helm;
mod http;
mod instance;
mod kubectl;
mod log;
mod manifest;
mod metric;
mod namespace;
mod nats;
mod openssl;
mod prometheus;
mod pubsub;
mod ready_server;
pub(crate) mod recording;
mod request;
mod sink;
mod site;
mod socks;
mod squid;
mod tree;
mod tunnel;
mod wait;

pub(crate) use alertmanager::Alertmanager;
pub(crate) use authority::{Authority, Leaf};
pub(crate) use command::{Output, campanile, campanile_in, campanile_in_with_input, campanile_with_input};
pub(crate) use event::{event, failing, numbered};
#[cfg(feature = "failpoints")]
pub(crate) use faulty::Faulty;
pub(crate) use gate::{Fault, Gate, Passed};
pub(crate) use git_host::{COMMIT, GitHost};
pub(crate) use helm::{helm, rendered};
pub(crate) use http::{Answer, exchange, get, post, post_with, read_answer, send};
pub(crate) use instance::Instance;
pub(crate) use kubectl::{documents, kubectl, shipped, shipped_with};
pub(crate) use manifest::{NAMESPACE, alert, everything_from, join, object, provider, receiver, secret};
pub(crate) use metric::{sum, value};
pub(crate) use namespace::{Namespace, condition, is_ready};
pub(crate) use nats::Nats;
pub(crate) use openssl::{OpenSsl, TlsServer};
pub(crate) use prometheus::{Prometheus, promtool};
pub(crate) use pubsub::PubSub;
pub(crate) use request::Arrival;
pub(crate) use sink::{Raw, Reply, Sink, Thought};
pub(crate) use site::Site;
pub(crate) use socks::Socks;
pub(crate) use squid::Squid;
pub(crate) use tree::files;
pub(crate) use tunnel::Tunnel;
pub(crate) use wait::{eventually, within};
