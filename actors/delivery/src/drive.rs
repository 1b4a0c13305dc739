//! The driver: carries out one exchange, step by step.

use campanile_domain::{Delivery, Failure, FailureClass, Masker, Verdict};
use campanile_providers::{Endpoint, Step};
use campanile_supervision::Clock;

use crate::Carrier;

/// Most requests in one exchange. No type needs a tenth of it; an exchange that wants more is broken.
const MOST_STEPS: usize = 64;

/// Renders `delivery` for its destination, sends what the exchange asks for, and returns its verdict.
pub(crate) async fn drive(
    endpoint: &Endpoint,
    carrier: &dyn Carrier,
    delivery: &Delivery,
    clock: &dyn Clock,
) -> Verdict {
    let mut exchange = match endpoint.provider.exchange(delivery) {
        Ok(exchange) => exchange,
        Err(failure) => return Verdict::Failed(failure),
    };
    let mut response = None;
    for _ in 0..MOST_STEPS {
        match exchange.next(response.take(), clock.now()) {
            Step::Done(verdict) => return verdict,
            Step::Send(request) => match carrier.send(&request).await {
                Ok(answer) => response = Some(answer),
                Err(failure) => return Verdict::Failed(masked(failure, &endpoint.masker)),
            },
        }
    }
    let text = format!("finish the exchange within {MOST_STEPS} requests");
    Verdict::Failed(Failure::new(FailureClass::Poison, text))
}

/// What the transport says names host and port only, but the host itself may be part of a secret address.
fn masked(failure: Failure, masker: &Masker) -> Failure {
    Failure::masked(failure.class, &failure.message, masker)
}
