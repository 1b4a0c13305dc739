//! Requests that a Provider would send for a delivery, up to the first answer.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use campanile_delivery::{lookup_in, resolve_provider};
use campanile_domain::{
    Delivery, DeliveryId, Event, Failure, FailureClass, Method, NewDelivery, Notification, ObjectKey,
    ProviderClass, ProviderSpec, Publication, Request, Verdict,
};
use campanile_protocol::Secrets;
use campanile_providers::{BuiltProvider, Exchange, Step};
use jiff::Timestamp;

use super::ExplainInput;
use super::shown::{ShownRequest, published, shown};

/// Most bytes of rendered bodies in one explanation, before they are laid out; beyond it requests are left out.
const MOST_BYTES: usize = 4 << 20;

/// Most requests in one explanation.
pub(super) const MOST_REQUESTS: usize = 500;

/// A preview of what would go out.
pub(super) enum Preview {
    Requests {
        requests: Vec<ShownRequest>,
        more_may_follow: bool,
    },
    /// The explanation is long enough.
    LeftOut,
    /// The type has nothing to send.
    Skipped,
    /// The type cannot render this event.
    Unrenderable(Failure),
    /// The Provider does not resolve.
    Unusable(Failure),
}

/// Renders deliveries. Each Provider is resolved once.
pub(super) struct Outbound<'a> {
    providers: &'a HashMap<ObjectKey, Arc<ProviderSpec>>,
    secrets: &'a Secrets,
    circumstances: &'a ExplainInput,
    event: Arc<Event>,
    endpoints: HashMap<ObjectKey, Rc<Result<BuiltProvider, Failure>>>,
    bytes: usize,
    requests: usize,
}

impl<'a> Outbound<'a> {
    pub(super) fn new(
        providers: &'a HashMap<ObjectKey, Arc<ProviderSpec>>,
        secrets: &'a Secrets,
        circumstances: &'a ExplainInput,
        event: Arc<Event>,
    ) -> Self {
        let endpoints = HashMap::new();
        Self { providers, secrets, circumstances, event, endpoints, bytes: 0, requests: 0 }
    }

    pub(super) fn preview(&mut self, plan: NewDelivery) -> Preview {
        if self.bytes >= MOST_BYTES || self.requests >= MOST_REQUESTS {
            return Preview::LeftOut;
        }
        let endpoint = self.endpoint(&plan.provider);
        match endpoint.as_ref() {
            Ok(endpoint) => self.render(endpoint, plan),
            Err(failure) => Preview::Unusable(failure.clone()),
        }
    }

    fn endpoint(&mut self, key: &ObjectKey) -> Rc<Result<BuiltProvider, Failure>> {
        if let Some(known) = self.endpoints.get(key) {
            return known.clone();
        }
        let resolved = Rc::new(self.resolve(key));
        self.endpoints.insert(key.clone(), resolved.clone());
        resolved
    }

    fn resolve(&self, key: &ObjectKey) -> Result<BuiltProvider, Failure> {
        let missing = || Failure::new(FailureClass::Config, format!("find provider '{key}': create it"));
        let provider = self.providers.get(key).ok_or_else(missing)?;
        let lookup = lookup_in(self.secrets);
        let secret = |key: &ObjectKey| match self.secrets.contains_key(key) {
            true => lookup(key),
            false => Err("it was not read, the answer is long already".to_owned()),
        };
        let ExplainInput { transport, environment, .. } = self.circumstances;
        resolve_provider(provider, &secret, environment, transport)
    }

    fn render(&mut self, endpoint: &BuiltProvider, plan: NewDelivery) -> Preview {
        let delivery = Delivery {
            // A stored delivery gets a number of its own; it stands in the request of types that send one.
            id: DeliveryId::numbered(0),
            event: self.event.clone(),
            plan,
            accepted_at: self.circumstances.now,
            attempts: 0,
        };
        let notification = Notification::of(&delivery);
        let first = match opening(endpoint.provider.exchange(&notification), self.circumstances.now) {
            Opening::Sends(request) => request,
            Opening::Publishes(publication) => {
                self.bytes += publication.payload.len();
                self.requests += 1;
                let requests = vec![published(&publication, &endpoint.masker)];
                return Preview::Requests { requests, more_may_follow: false };
            }
            Opening::Ends(Verdict::Delivered | Verdict::Skipped) => return Preview::Skipped,
            Opening::Ends(Verdict::Failed(failure) | Verdict::RetryAfter(_, failure)) => {
                return Preview::Unrenderable(failure);
            }
        };
        let write = opening(endpoint.provider.write(&notification), self.circumstances.now);
        let mut requests = vec![first];
        if let Opening::Sends(write) = write
            && requests.first().is_some_and(|first| *first != write)
        {
            requests.push(write);
        }
        let class = endpoint.kind.class();
        let asks = matches!(class, ProviderClass::CommitStatus | ProviderClass::ChangeRequest)
            || requests.iter().any(|request| request.method == Method::Get);
        self.bytes += requests.iter().map(|request| request.body.len()).sum::<usize>();
        self.requests += requests.len();
        if endpoint.provider.identity().is_some() {
            // Whoever carries the requests adds the token.
            let authorization = || ("Authorization".to_owned(), "token of the identity".to_owned());
            requests.iter_mut().for_each(|request| request.headers.push(authorization()));
        }
        let requests = requests.iter().map(|request| shown(request, class, &endpoint.masker)).collect();
        Preview::Requests { requests, more_may_follow: asks }
    }
}

/// The beginning of an exchange.
enum Opening {
    Sends(Request),
    Publishes(Publication),
    Ends(Verdict),
}

fn opening(exchange: Result<Box<dyn Exchange>, Failure>, now: Timestamp) -> Opening {
    match exchange.map(|mut exchange| exchange.next(None, now)) {
        Ok(Step::Send(request)) => Opening::Sends(request),
        Ok(Step::Publish(publication)) => Opening::Publishes(publication),
        Ok(Step::Done(verdict)) => Opening::Ends(verdict),
        Err(failure) => Opening::Ends(Verdict::Failed(failure)),
    }
}
