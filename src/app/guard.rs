//! Which destinations are closed to objects, from what the operator decided and what is known of this process.

use campanile_domain::Environment;
use campanile_transport::{AddressGuard, Closed, Destination, Transport};

use super::descriptors;
use super::listeners::Addresses;
use super::watching::OWN_NAMESPACE;
use crate::config::{Config, ListenAddress, Objects};

/// Services in front of this program, and the variables by which Kubernetes tells pods beside them their addresses.
pub(crate) const SERVICES: [(&str, &str); 2] = [
    ("notification-controller", "NOTIFICATION_CONTROLLER_SERVICE_HOST"),
    ("webhook-receiver", "WEBHOOK_RECEIVER_SERVICE_HOST"),
];
/// The variable by which Kubernetes tells pods the address of the API server.
const API_SERVER: &str = "KUBERNETES_SERVICE_HOST";
/// Where the Services are unless something else is known.
const USUAL_NAMESPACE: &str = "flux-system";

/// The transport of this process, which leads nothing that objects name to what is closed. `server` is the API server that is
/// watched, if one is.
pub(super) fn transport(
    config: &Config,
    environment: &Environment,
    addresses: &Addresses,
    server: Option<Destination>,
) -> Transport {
    let guard = guard(config, environment, addresses, server);
    Transport::new(environment.clone(), descriptors::limits()).with_guard(guard)
}

/// Judges what objects, Secrets, annotations and redirects name.
fn guard(
    config: &Config,
    environment: &Environment,
    addresses: &Addresses,
    server: Option<Destination>,
) -> AddressGuard {
    let is_standalone = matches!(config.objects, Objects::Folder(_));
    let mut guard = AddressGuard::of_the_machine();
    if is_standalone {
        guard = guard.without_loopback();
    }
    if config.destinations.no_private {
        guard = guard.with_private();
    }
    say(config, is_standalone);
    let server = server.map(|server| (server, Closed::ApiServer));
    // Those for webhooks are bound when the first Receiver is known.
    let webhooks = config.webhooks_tls.iter().map(|listener| &listener.address).chain([&config.webhooks]);
    let webhooks: Vec<_> = webhooks.flat_map(ListenAddress::known).collect();
    guard
        .with(services().chain(server))
        .allowing(config.destinations.allowed.iter().cloned().chain(of_environment(environment)))
        .with_listeners(addresses.all().chain(webhooks))
}

/// Where to look up later why a destination was open.
fn say(config: &Config, is_standalone: bool) {
    let allowed: Vec<String> = config.destinations.allowed.iter().map(ToString::to_string).collect();
    let private = if config.destinations.no_private { "closed" } else { "open" };
    tracing::info!(
        allowed = allowed.join(","),
        private,
        "{}",
        if is_standalone {
            "Providers may lead to loopback, as this is standalone mode, but not to this program's own listeners"
        } else {
            "Providers may not lead to this machine, to metadata services, to this program or to the API server"
        }
    );
}

/// The Services of this program and the API server, by their names and by their addresses.
fn services() -> impl Iterator<Item = (Destination, Closed)> {
    let namespace = own_namespace();
    let own = SERVICES.into_iter().flat_map(move |(name, variable)| {
        let named = (Destination::service(name, &namespace), Closed::Service);
        [Some(named), of_variable(variable).map(|host| (host, Closed::Service))]
    });
    let server = (Destination::service("kubernetes", "default"), Closed::ApiServer);
    let by_address = of_variable(API_SERVER).map(|host| (host, Closed::ApiServer));
    own.chain([Some(server), by_address]).flatten()
}

fn of_variable(name: &str) -> Option<Destination> {
    std::env::var(name).ok().and_then(|host| Destination::host(&host, None).ok())
}

fn own_namespace() -> String {
    let of_pod = || std::fs::read_to_string(OWN_NAMESPACE).ok().map(|text| text.trim().to_owned());
    let given = std::env::var("RUNTIME_NAMESPACE").ok().or_else(of_pod);
    given.filter(|name| !name.is_empty()).unwrap_or_else(|| USUAL_NAMESPACE.to_owned())
}

/// What the environment has requests of Providers lead to, in place of what the Provider says.
fn of_environment(environment: &Environment) -> impl Iterator<Item = Destination> {
    let Environment { pubsub_emulator, bitbucket_api, .. } = environment;
    let authority = |text: &String| {
        let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().and_then(|authority| authority.parse().ok())
    };
    [pubsub_emulator, bitbucket_api]
        .into_iter()
        .flatten()
        .filter_map(authority)
        .collect::<Vec<_>>()
        .into_iter()
}
