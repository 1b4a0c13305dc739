//! Events, alerts, providers and deliveries as pure values.
//!
//! This crate knows neither sockets nor clocks nor actors: every function here is a calculation, and every other
//! crate may depend on it. Names are the field's own: an [`Event`] is what a controller reports, an [`Alert`] selects
//! events, a [`ProviderSpec`] says where to notify, a [`Delivery`] is one notification on its way.

mod alert;
mod combine;
mod commit_status;
mod connection;
mod delivery;
mod environment;
mod event;
mod exchange;
mod failure;
mod hops;
mod id;
mod label;
mod label_selector;
mod mask;
mod naming;
mod nats;
mod notification;
mod object;
mod object_name;
mod postponed;
mod provider;
mod provider_type;
mod receiver;
mod receiver_type;
mod repository;
mod revision;
mod secret;
mod turns;
mod unprintable;
mod variable;

pub use alert::{Alert, EventSource};
pub use combine::{Combined, Conflict, MetadataSource, combine};
pub use commit_status::{
    CommitStatusError, commit_status_name, compile_commit_status_name, default_commit_status_name,
};
pub use connection::{Connection, Proxy, ProxyScheme, TlsMaterial};
pub use delivery::{AlertRef, Delivery, DeliveryId, NewDelivery};
pub use environment::Environment;
pub use event::{
    Action, DecodeError, Event, EventJson, MOST_UNKNOWN_BYTES, Received, Severity, UnknownFields,
    to_wire_json,
};
pub use exchange::{Method, Request, Response, Verdict};
pub use failure::{Disposition, Failure, FailureClass};
pub use hops::{HOPS_HEADER, Installation, LoopError, MOST_HOPS};
pub use id::{IdError, IdTexts, RecordId, SHORTEST_PREFIX, named, prefix, prefix_length};
pub use label::{check_label, check_selector};
pub use label_selector::LabelSelector;
pub use mask::Masker;
pub use naming::status_name;
pub use nats::{NatsKey, NatsLogin, NatsScheme, NatsServer, NatsServers, Publication};
pub use notification::{Events, Fact, Notification};
pub use object::{ObjectKey, ObjectRef};
pub use object_name::{ObjectNameError, check_object_name};
pub use postponed::PostponedReconcile;
pub use provider::ProviderSpec;
pub use provider_type::{KindVersion, ProviderClass, ProviderType, Rate};
pub use receiver::{NOTIFY, OidcProvider, OidcValidation, OidcVariable, ReceiverResource, ReceiverSpec};
pub use receiver_type::ReceiverType;
pub use repository::Repository;
pub use revision::{RevisionError, commit_of};
pub use secret::Secret;
pub use turns::Turns;
pub use unprintable::is_unprintable;
pub use variable::left_variable;
