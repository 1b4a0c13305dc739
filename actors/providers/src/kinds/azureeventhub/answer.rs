//! What Event Hubs' answers mean (Event Hubs REST API, "Send event"; Service Bus, "Messaging exceptions").

use campanile_domain::{Failure, FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;

use crate::Step;
use crate::judgement::{classify, judge, told};

pub(super) fn verdict(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    use FailureClass as C;
    let told = |class, what| told(class, what, response, now, masker);
    match (response.status, classify(response)) {
        // The shared table, and a proxy's or a sign-in page's 200: only 201 says that the hub has the event.
        (201, _) => Verdict::Delivered,
        (200..=299, _) => told(C::Garbled, "that is no answer of an event hub"),
        (401 | 403, Some(C::Credentials)) => told(
            C::Credentials,
            "it may not send; give it the right Send or the role Azure Event Hubs Data Sender",
        ),
        (404 | 410, _) => told(C::Gone, "the event hub is not there; create it, or correct its name"),
        (413, _) => told(C::Rejected, "the event is too long for this event hub"),
        _ => judge(response, now, masker),
    }
}

pub(super) fn out_of_step() -> Step {
    let text = "the exchange had sent its event and got no answer; start a new one";
    Step::Done(Verdict::Failed(Failure::new(FailureClass::Garbled, text)))
}
