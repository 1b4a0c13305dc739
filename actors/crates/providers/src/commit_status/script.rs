//! Hosts that follow a script, for the tests of all types that write commit statuses.

use campanile_domain::{Delivery, Event, Method, NewDelivery, ProviderSpec, Request, Response, Verdict};
use campanile_testkit::noon;

use crate::testing::{answer, credentials, error, info, spec};
use crate::{BuiltProvider, Exchange, Step};

/// The commit of the contract's examples.
pub(crate) const HASH: &str = "5394cb7f48332b2de7c17dd8b8384bbc84b7e738";

/// The name of their status.
pub(crate) const CONTEXT: &str = "kustomization/podinfo/0c9c2e41";

/// A Secret's keys and values.
pub(crate) type Data<'a> = &'a [(&'a str, &'a [u8])];

/// A Provider at `address` with `data` in its Secret.
pub(crate) fn at(kind: &str, address: &str, data: Data<'_>) -> BuiltProvider {
    credentials(data).build(&ProviderSpec { address: address.into(), ..spec(kind) }).unwrap()
}

/// Why such a Provider is refused.
pub(crate) fn refusal(kind: &str, address: &str, data: Data<'_>) -> String {
    let spec = ProviderSpec { address: address.into(), ..spec(kind) };
    credentials(data).build(&spec).unwrap_err().to_string()
}

/// `delivery` with a status's name.
pub(crate) fn named(delivery: Delivery) -> Delivery {
    let plan = NewDelivery { commit_status: Some(CONTEXT.into()), ..delivery.plan };
    Delivery { plan, ..delivery }
}

/// The delivery of the contract's example I.
pub(crate) fn success() -> Delivery {
    named(info())
}

/// The delivery of the contract's example E.
pub(crate) fn failed() -> Delivery {
    named(error())
}

/// Example I with another reason.
pub(crate) fn reason(reason: &str) -> Delivery {
    let event = Event { reason: reason.into(), ..Event::clone(&info().event) };
    Delivery { event: event.into(), ..success() }
}

/// Runs `exchange` against `host`: what was sent, and the verdict.
pub(crate) fn run(
    mut exchange: Box<dyn Exchange>,
    mut host: impl FnMut(&Request) -> Response,
) -> (Vec<Request>, Verdict) {
    let (mut sent, mut response) = (Vec::new(), None);
    while sent.len() < 32 {
        match exchange.next(response.take(), noon()) {
            Step::Done(verdict) => return (sent, verdict),
            Step::Publish(publication) => panic!("no HTTP: {publication:?}"),
            Step::Send(request) => {
                response = Some(host(&request));
                sent.push(request);
            }
        }
    }
    panic!("the exchange has no end");
}

/// Reads, then writes `delivery` on a host that answers reads with `body` and takes every write.
pub(crate) fn with_shown(
    endpoint: &BuiltProvider,
    delivery: &Delivery,
    body: &str,
) -> (Vec<Request>, Verdict) {
    run(endpoint.provider.begin(delivery).unwrap(), |request| match request.method {
        Method::Get => answer(200, &[], body),
        _ => answer(201, &[], "{}"),
    })
}

/// The method and the URL of a request.
pub(crate) fn line(request: &Request) -> String {
    format!("{} {}", format!("{:?}", request.method).to_uppercase(), request.url)
}

/// The methods and the URLs of requests.
pub(crate) fn lines(requests: &[Request]) -> Vec<String> {
    requests.iter().map(line).collect()
}
