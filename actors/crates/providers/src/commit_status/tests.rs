//! What every type must do that writes commit statuses, run over all of them. A new one has a row here and its
//! fixtures (`fixtures/<type>/{error,info}.json`).

mod rows;

use std::path::Path;

use super::script::{CONTEXT, HASH, failed, line, lines, named, reason, run, success, with_shown};
use super::*;
use crate::testing::{answer, delivery, header};
use campanile_domain::{Delivery, Event, Method, NewDelivery, ObjectRef, ProviderType};
use campanile_testkit::{event, noon};
use rows::{KEY, rows};

fn filled(text: &str) -> String {
    text.replace("HASH", HASH).replace("CONTEXT", CONTEXT).replace("KEY", KEY)
}

fn failure(verdict: Verdict) -> Failure {
    match verdict {
        Verdict::Failed(failure) | Verdict::RetryAfter(_, failure) => failure,
        other => panic!("no failure: {other:?}"),
    }
}

#[test]
fn s17_what_is_not_shown_is_read_and_then_written_with_the_login() {
    for row in rows() {
        for shown in [row.other, if filled(row.read).contains(KEY) { "{}" } else { "[]" }] {
            let (sent, verdict) = with_shown(&row.endpoint(), &failed(), &filled(shown));
            assert_eq!(lines(&sent), [filled(row.read), filled(row.write)], "{}", row.kind);
            assert_eq!(verdict, Verdict::Delivered, "{}", row.kind);
            for request in &sent {
                assert_eq!(header(request, row.login.0), Some(row.login.1), "{}", row.kind);
            }
            assert!(sent[0].body.is_empty(), "{}", row.kind);
            let content = header(&sent[1], "content-type").unwrap_or_default();
            assert!(content.starts_with("application/json"), "{}", row.kind);
        }
    }
}

#[test]
fn s17_what_is_shown_already_is_left_alone() {
    for row in rows() {
        let (sent, verdict) = with_shown(&row.endpoint(), &failed(), &filled(row.shown));
        assert_eq!((lines(&sent), verdict), (vec![filled(row.read)], Verdict::Skipped), "{}", row.kind);
    }
}

#[test]
fn s23_the_contracts_examples_are_written_byte_for_byte() {
    for row in rows() {
        for (name, delivery) in [("error.json", failed()), ("info.json", success())] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(row.kind);
            let expected = std::fs::read_to_string(folder.join(name)).unwrap();
            let (sent, _) =
                run(row.provider().begin_to_write(&delivery).unwrap(), |_| answer(201, &[], "{}"));
            assert_eq!(str::from_utf8(&sent[0].body).unwrap(), expected, "{} {name}", row.kind);
        }
    }
}

#[test]
fn who_knows_what_is_shown_writes_without_reading() {
    for row in rows() {
        let exchange = row.provider().begin_to_write(&failed()).unwrap();
        let (sent, verdict) = run(exchange, |_| answer(201, &[], "{}"));
        assert_eq!((lines(&sent), verdict), (vec![filled(row.write)], Verdict::Delivered), "{}", row.kind);
    }
}

#[test]
fn what_is_wanted_tells_repository_commit_context_and_all_that_would_be_written() {
    for row in rows() {
        let status = |delivery: &Delivery| row.provider().status_of(delivery).unwrap().unwrap();
        let wanted = status(&failed());
        assert_eq!(wanted.commit, HASH, "{}", row.kind);
        assert!(
            wanted.context.contains(CONTEXT) && wanted.repository.contains("://"),
            "{}: {wanted:?}",
            row.kind
        );
        let repeated = Event { message: "another".into(), ..Event::clone(&failed().event) };
        let repeated = Delivery { event: repeated.into(), ..failed() };
        assert_eq!(status(&repeated), wanted, "{}: the message is not shown", row.kind);
        let other = status(&success());
        assert_ne!(other.state, wanted.state, "{}", row.kind);
        assert_eq!(CommitStatus { state: wanted.state.clone(), ..other }, wanted, "{}", row.kind);
    }
}

#[test]
fn s17_progressing_is_shown_by_gitea_alone() {
    for row in rows() {
        let (provider, progressing) = (row.provider(), reason("Progressing"));
        let status = provider.status_of(&progressing).unwrap();
        let (sent, verdict) = run(provider.begin(&progressing).unwrap(), |request| match request.method {
            Method::Get => answer(200, &[], "[]"),
            _ => answer(201, &[], "{}"),
        });
        if ProviderType::named(row.kind).is_some_and(ProviderType::shows_progress) {
            assert!(status.unwrap().state.contains(r#""state":"pending""#));
            assert_eq!(verdict, Verdict::Delivered);
        } else {
            assert_eq!((status, sent, verdict), (None, Vec::new(), Verdict::Skipped), "{}", row.kind);
        }
        assert!(provider.status_of(&reason("ProgressingWithRetry")).unwrap().is_some(), "{}", row.kind);
    }
}

#[test]
fn s17_a_delivery_that_no_status_stands_for_fails_alone() {
    let of = |severity, metadata| named(delivery(Event { severity, ..event() }, metadata));
    let revision: &[(&str, &str)] = &[("revision", "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738")];
    let unnamed =
        |commit_status| Delivery { plan: NewDelivery { commit_status, ..success().plan }, ..success() };
    let cases = [
        (of(Severity::Error, &[]), "missing revision metadata"),
        (of(Severity::Info, &[("revision", "6.3.5")]), "failed to extract commit hash from '6.3.5' revision"),
        (of(Severity::Trace, revision), "can't convert to "),
        (of(Severity::Other(String::new()), revision), "can't convert to "),
        (unnamed(None), "commit status cannot be empty"),
        (unnamed(Some(String::new())), "commit status cannot be empty"),
    ];
    for row in rows() {
        for (delivery, text) in &cases {
            let provider = row.provider();
            let failures = [
                provider.begin(delivery).err().unwrap(),
                provider.begin_to_write(delivery).err().unwrap(),
                provider.status_of(delivery).unwrap_err(),
            ];
            for failure in failures {
                assert_eq!(failure.class, FailureClass::Render, "{}", row.kind);
                assert!(failure.message.starts_with(text), "{}: {failure}", row.kind);
            }
        }
    }
}

#[test]
fn s14_an_oci_artifact_is_shown_at_the_commit_it_was_built_from() {
    let origin = format!("main@sha1:{}", "7".repeat(40));
    let metadata = [("revision", "latest@sha256:abc"), ("originRevision", origin.as_str())];
    let status = rows()[0].provider().status_of(&named(delivery(event(), &metadata))).unwrap().unwrap();
    assert_eq!(status.commit, "7".repeat(40));
}

#[test]
fn statuses_that_can_not_be_read_are_not_written() {
    let cases = [
        (401, "", FailureClass::Credentials),
        (403, "", FailureClass::Credentials),
        (500, "", FailureClass::Server),
        (200, "<html>", FailureClass::Garbled),
    ];
    for row in rows() {
        for (status, body, class) in cases {
            let exchange = row.provider().begin(&failed()).unwrap();
            let (sent, verdict) = run(exchange, |_| answer(status, &[], body));
            assert_eq!((sent.len(), failure(verdict).class), (1, class), "{} {status}", row.kind);
        }
        let (sent, verdict) = run(row.provider().begin(&failed()).unwrap(), |_| answer(404, &[], "{}"));
        let writes_anyway = row.kind.starts_with("bitbucket");
        assert_eq!(sent.len(), if writes_anyway { 2 } else { 1 }, "{}", row.kind);
        assert_eq!(failure(verdict).class, FailureClass::Rejected, "{}: that record alone", row.kind);
    }
}

#[test]
fn s17_writing_is_judged_by_status_and_limits_pause_the_provider() {
    use FailureClass as C;
    let table = [
        (400, C::Rejected),
        (401, C::Credentials),
        (403, C::Credentials),
        (404, C::Rejected),
        (408, C::Timeout),
        (422, C::Rejected),
        (301, C::Redirected),
        (429, C::Throttled),
        (502, C::Server),
    ];
    for row in rows() {
        let write = |status, headers: &[(&str, &str)]| {
            run(row.provider().begin_to_write(&failed()).unwrap(), |_| answer(status, headers, "")).1
        };
        for (status, class) in table {
            assert_eq!(failure(write(status, &[])).class, class, "{} {status}", row.kind);
        }
        let limited = write(429, &[("retry-after", "7")]);
        assert!(matches!(limited, Verdict::RetryAfter(pause, _) if pause.as_secs() == 7), "{}", row.kind);
    }
}

#[test]
fn s22_no_failure_shows_a_login_that_the_host_quotes() {
    for row in rows() {
        let exchange = row.provider().begin_to_write(&failed()).unwrap();
        let (_, verdict) = run(exchange, |request| answer(400, &[], &format!("{:?}", request.headers)));
        let text = format!("{verdict:?}");
        let login = row.login.1.rsplit(' ').next().unwrap();
        assert!(text.contains("*****") && !text.contains(login), "{}: {text}", row.kind);
        let debug = format!("{:?}", row.endpoint());
        for (_, value) in row.secret {
            let value = String::from_utf8_lossy(value);
            assert!(value == "flux" || !debug.contains(value.trim()), "{}: {debug}", row.kind);
        }
    }
}

#[test]
fn whatever_an_event_holds_becomes_a_request_to_the_same_place() {
    let special = "*b* <b> \"d\" \\ 100% {{ x }}\n\ttab\u{1}\u{2028} 漢字 🚀 ../..";
    let object = ObjectRef { kind: special.into(), name: special.into(), ..ObjectRef::default() };
    let commit = "../../../../../../../../../../?a=b#c&d e";
    let revision = format!("main@sha1:{commit}");
    let event = Event { involved_object: object, reason: special.repeat(2000), ..event() };
    let plain = delivery(event, &[("revision", &revision), ("summary", special)]);
    let odd = Delivery { plan: NewDelivery { commit_status: Some(special.into()), ..plain.plan }, ..plain };
    for row in rows() {
        let (sent, verdict) =
            with_shown(&row.endpoint(), &odd, if row.kind.starts_with("b") { "{}" } else { "[]" });
        assert_eq!((sent.len(), verdict), (2, Verdict::Delivered), "{}", row.kind);
        let encoded = "..%2F..%2F..%2F..%2F..%2F..%2F..%2F..%2F..%2F..%2F%3Fa%3Db%23c%26d%20e";
        assert_eq!(line(&sent[1]), row.write.replace("HASH", encoded), "{}", row.kind);
        let body: serde_json::Value = serde_json::from_slice(&sent[1].body).unwrap();
        let description = body["description"].as_str().unwrap();
        assert!(description.chars().count() <= 255 && description.ends_with("… [truncated]"), "{}", row.kind);
    }
}

#[test]
fn an_exchange_that_is_out_of_step_ends() {
    for row in rows() {
        let mut exchange = row.provider().begin(&failed()).unwrap();
        assert!(matches!(exchange.next(None, noon()), Step::Send(_)));
        assert!(matches!(exchange.next(None, noon()), Step::Done(Verdict::Failed(_))), "{}", row.kind);
    }
}
