//! The types that forward the event itself: what of it arrives (contract, flux-2.10, section 2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campanile_domain::Event;

use super::every::first_written;
use super::{Case, all};
use crate::sample::{Markup, Measure};
use crate::testing::delivery;

/// How many types forward the event.
const FORWARDING: usize = 6;

fn forwarding() -> impl Iterator<Item = Case> {
    all().filter(|case| case.sample.markup == Markup::Verbatim)
}

/// Whether the destination bounds the number of fields, so that there is no room for unknown ones.
fn counts_fields(case: Case) -> bool {
    case.sample.limits.iter().any(|limit| matches!(limit.measure, Measure::Items(_)))
}

/// What every forwarding type sends of the event in `posted`, with or without what follows the known fields there.
fn assert_forwarded(posted: &str, known: &str) {
    let event = Event::decode(posted.as_bytes()).unwrap().event;
    assert_eq!(forwarding().count(), FORWARDING);
    for case in forwarding() {
        let request = first_written(case, &delivery(event.clone(), &[]));
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        let event = if counts_fields(case) { known } else { posted };
        let holds = body.contains(event) || body.contains(&STANDARD.encode(event));
        assert!(holds, "{}: {event} is not in {body}", case.name);
    }
}

#[test]
fn t07_every_type_that_forwards_the_event_sends_it_as_it_came() {
    let known = concat!(
        r#"{"involvedObject":{"kind":"Kustomization","namespace":"apps","name":"podinfo"},"#,
        r#""relatedObject":{"kind":"GitRepository","namespace":"apps","name":"source","resourceVersion":"282"},"#,
        r#""severity":"info","timestamp":"2026-11-30T00:36:04Z","message":"created","reason":"Progressing","#,
        r#""action":"Apply","reportingController":"kustomize-controller","reportingInstance":"kc-0""#,
    );
    assert_forwarded(
        &format!(r#"{known},"traceId":"7d0c","n":[1.0,{{"z":1,"a":2}}]}}"#),
        &format!("{known}}}"),
    );
}

#[test]
fn t07_the_event_of_an_older_sender_gets_no_action_on_its_way() {
    let old = r#"{"involvedObject":{"kind":"Bucket"},"severity":"info","timestamp":null,"message":"m","reason":"r","reportingController":"c"}"#;
    assert_forwarded(old, old);
    let empty = r#"{"involvedObject":{},"severity":"info","timestamp":null,"message":"m","reason":"r","action":"","reportingController":"c"}"#;
    assert_forwarded(empty, empty);
}
