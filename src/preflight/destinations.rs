//! Destinations of Providers to which the controller would not let them lead.

use campanile_transport::{AddressGuard, Closed, Destination, Endpoint};
use serde_json::Value as Json;

use super::object::{controller, flag, flags};
use super::{PreflightFinding, Snapshot};
use crate::app::SERVICES;

/// Where an object leads: host and port alone, since the rest of an address may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// `Provider/namespace/name`.
    pub(crate) object: String,
    /// The field or key that says so.
    pub(crate) field: String,
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Where the address in a field of an object leads; none if it is none with a host.
pub(crate) fn address_of(object: &str, field: &str, text: &str) -> Option<Address> {
    let url = url::Url::parse(text.trim()).ok()?;
    let host = url.host_str()?.to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    Some(Address { object: object.to_owned(), field: field.to_owned(), host, port })
}

pub(super) fn check(snapshot: &Snapshot) -> Vec<PreflightFinding> {
    let guard = guard(snapshot);
    let closed = |address: &Address| {
        let endpoint = Endpoint::new(&address.host, address.port);
        guard.judge_unresolved(&endpoint).err().map(|closed| said(address, closed))
    };
    snapshot.addresses.iter().filter_map(closed).collect()
}

fn said(address: &Address, closed: Closed) -> PreflightFinding {
    let Address { object, field, host, port } = address;
    let text = format!(
        "{field} leads to {host}:{port}, {closed}, where objects may not lead: it would get no messages"
    );
    let remedy = match closed {
        Closed::Private => {
            format!("open it with --allow-destinations={host}, or leave --no-private-destinations out")
        }
        _ => format!(
            "choose another destination, or start the program with --allow-destinations={host}:{port} if it is a sidecar of yours"
        ),
    };
    PreflightFinding::error("closed-destination", object, text, remedy)
}

/// As the program would build it, by the flags of the Deployment that is there.
fn guard(snapshot: &Snapshot) -> AddressGuard {
    let deployment = controller(snapshot).unwrap_or(&Json::Null);
    let named = SERVICES.map(|(name, _)| (Destination::service(name, &snapshot.namespace), Closed::Service));
    let server = (Destination::service("kubernetes", "default"), Closed::ApiServer);
    let allowed = flags(deployment, "--allow-destinations").flat_map(|list| list.split(','));
    let allowed = allowed.filter_map(|text| text.parse().ok());
    let guard = AddressGuard::of_the_machine().with(named.into_iter().chain([server])).allowing(allowed);
    match flag(deployment, "--no-private-destinations") {
        Some("" | "true") => guard.with_private(),
        _ => guard,
    }
}
