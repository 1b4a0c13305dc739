//! The event's own JSON (contract, providers 12) for destinations that bound its length.

use bytes::Bytes;
use campanile_domain::{Delivery, Event, EventJson, Failure, FailureClass};

use super::webhook::json_body;
use crate::cut::markup::plain;
use crate::cut::{Style, json_bytes};

const STYLE: Style = Style { defuse: plain, width: json_bytes };

/// The event of `delivery` as JSON of at most `longest` bytes; where it is longer, its message is cut.
///
/// # Errors
/// A [`Failure`] of this delivery alone if it is too long without its message.
pub(super) fn fitting(delivery: &Delivery, longest: usize) -> Result<Bytes, Failure> {
    let metadata = &delivery.plan.metadata;
    let whole = json_body(&EventJson { event: &delivery.event, metadata })?;
    if whole.len() <= longest {
        return Ok(whole);
    }
    let rest = whole.len() - STYLE.measure(&delivery.event.message);
    let room = longest.checked_sub(rest).ok_or_else(|| {
        let text =
            format!("the event takes {rest} bytes without its message, the destination takes {longest}");
        Failure::new(FailureClass::Render, text)
    })?;
    let message = STYLE.fit(&delivery.event.message, room).into_owned();
    json_body(&EventJson { event: &Event { message, ..Event::clone(&delivery.event) }, metadata })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{delivery, info};
    use campanile_testkit::event;

    #[test]
    fn s12_what_fits_is_the_event_as_it_is() {
        let whole = fitting(&info(), usize::MAX).unwrap();
        assert!(whole.starts_with(br#"{"involvedObject":{"kind":"Kustomization""#));
        assert_eq!(fitting(&info(), whole.len()).unwrap(), whole);
    }

    #[test]
    fn s24_a_long_message_is_cut_to_the_limit_and_says_so() {
        let long = delivery(Event { message: "timeout <30s>; ".repeat(1000), ..event() }, &[("k", "v")]);
        let body = fitting(&long, 5000).unwrap();
        assert!((4500..=5000).contains(&body.len()), "{}", body.len());
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert!(json["message"].as_str().unwrap().ends_with("more characters)"));
        assert_eq!(json["metadata"]["k"], "v");
    }

    #[test]
    fn what_does_not_fit_without_its_message_fails_alone() {
        let failure = fitting(&delivery(event(), &[("k", &"v".repeat(5000))]), 5000).unwrap_err();
        assert_eq!(failure.class, FailureClass::Render);
    }
}
