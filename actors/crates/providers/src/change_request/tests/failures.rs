//! What can go wrong, and what follows for the delivery and its Provider.

use super::rows::{Row, failed, on, rows, success};
use super::thread::Host;
use crate::Step;
use crate::commit_status::script::{refusal, run};
use crate::testing::{answer, credentials, info, spec};
use campanile_domain::{Failure, FailureClass, Method, ProviderSpec, Request, Response, Verdict};
use campanile_testkit::noon;

fn failure(verdict: Verdict) -> Failure {
    match verdict {
        Verdict::Failed(failure) | Verdict::RetryAfter(_, failure) => failure,
        other => panic!("no failure: {other:?}"),
    }
}

/// The verdict where the host answers `stage` with `bad` and everything before as usual.
fn at_stage(row: &Row, stage: &str, bad: &Response) -> Verdict {
    let mut host = Host::default();
    if stage == "update" {
        host.deliver(&*row.provider(), &failed());
    }
    let is_stage = |request: &Request| match stage {
        "account" => request.url.ends_with("/user"),
        "list" => request.method == Method::Get && !request.url.ends_with("/user"),
        "create" => request.method == Method::Post,
        _ => request.method == row.update_method,
    };
    let exchange = row.provider().begin(&success()).unwrap();
    run(exchange, |request| if is_stage(request) { bad.clone() } else { host.answer(request) }).1
}

#[test]
fn s18_a_delivery_without_a_number_of_a_change_request_fails_alone() {
    for row in &rows() {
        for (delivery, text) in [
            (info(), "missing \"change_request\" metadata key"),
            (on("five", info()), "invalid \"change_request\" metadata value \"five\""),
            (on("0", info()), "invalid \"change_request\" metadata value \"0\""),
        ] {
            let failure = row.provider().begin(&delivery).err().unwrap();
            assert_eq!(failure.class, FailureClass::Render, "{}", row.kind);
            assert!(failure.message.starts_with(text), "{}: {failure}", row.kind);
        }
    }
}

#[test]
fn s23_refusals_come_in_order() {
    for row in &rows() {
        let nobody = ProviderSpec { uid: "".into(), address: "https://h/a/b/c".into(), ..spec(row.kind) };
        let error = credentials(&[]).build(&nobody).unwrap_err().to_string();
        assert!(error.starts_with("provider UID cannot be empty"), "{}: {error}", row.kind);
        let error = refusal(row.kind, "", &[]);
        assert!(
            error.contains(" token cannot be empty") || error.contains("github token or github app"),
            "{error}"
        );
        let error = refusal(row.kind, "", row.secret);
        assert!(error.starts_with("invalid repository id \"\""), "{}: {error}", row.kind);
    }
}

#[test]
fn s23_an_account_that_can_not_be_read_stops_the_provider() {
    use FailureClass as C;
    for row in &rows() {
        for (status, body, class) in [
            (401, "", C::Credentials),
            (403, "", C::Credentials),
            (404, "", C::Gone),
            (500, "", C::Server),
            (200, "<html>", C::Garbled),
            (200, "{}", C::Garbled),
            (200, r#"{"login":"","username":""}"#, C::Garbled),
        ] {
            let failure = failure(at_stage(row, "account", &answer(status, &[], body)));
            assert_eq!(failure.class, class, "{} {status} {body}", row.kind);
            assert!(failure.message.starts_with("failed to get authenticated user info: "), "{failure}");
        }
    }
}

#[test]
fn s18_failures_of_the_host_have_their_classes_and_say_what_was_tried() {
    use FailureClass as C;
    for row in &rows() {
        let texts =
            [("list", "failed to list "), ("create", "failed to create "), ("update", "failed to update ")];
        for (stage, text) in texts {
            for (status, body, class) in [
                (400, "", C::Rejected),
                (401, "", C::Credentials),
                (403, "", C::Credentials),
                (422, "", C::Rejected),
                (301, "", C::Redirected),
                (502, "", C::Server),
                (429, "", C::Throttled),
                (403, r#"{"message":"You have exceeded a secondary rate limit"}"#, C::Throttled),
                (200, "<html>", C::Garbled),
            ] {
                let failure = failure(at_stage(row, stage, &answer(status, &[], body)));
                assert_eq!(failure.class, class, "{} {stage} {status}", row.kind);
                assert!(failure.message.starts_with(text), "{}: {failure}", row.kind);
            }
        }
        for stage in ["list", "create"] {
            let missing = failure(at_stage(row, stage, &answer(404, &[], "{}")));
            assert_eq!(missing.class, C::Rejected, "{} {stage}: that record alone", row.kind);
            assert!(
                missing.message.contains("request is not there, or the token may not see it"),
                "{missing}"
            );
        }
        let limited = at_stage(row, "create", &answer(429, &[("retry-after", "7")], ""));
        assert!(matches!(limited, Verdict::RetryAfter(pause, _) if pause.as_secs() == 7), "{}", row.kind);
    }
}

#[test]
fn a_locked_change_request_concerns_itself_alone() {
    for row in &rows() {
        let body = r#"{"message":"Unable to create comment because issue is locked."}"#;
        for stage in ["create", "update"] {
            let failure = failure(at_stage(row, stage, &answer(403, &[], body)));
            assert_eq!(failure.class, FailureClass::Rejected, "{} {stage}", row.kind);
        }
    }
}

#[test]
fn what_fails_to_be_written_is_not_remembered() {
    for row in &rows() {
        let (provider, mut host) = (row.provider(), Host::default());
        let exchange = provider.begin(&failed()).unwrap();
        let (_, verdict) = run(exchange, |request| match request.method {
            Method::Get => host.answer(request),
            _ => {
                host.answer(request);
                answer(502, &[], "lost on the way back")
            }
        });
        assert_eq!(failure(verdict).class, FailureClass::Server, "{}", row.kind);
        assert_eq!(host.deliver(&*provider, &success()), Verdict::Delivered, "{}", row.kind);
        assert_eq!(host.comments.len(), 1, "{}: what arrived after all is found", row.kind);
    }
}

#[test]
fn s22_no_failure_shows_a_login_that_the_host_quotes() {
    for row in &rows() {
        let exchange = row.provider().begin(&failed()).unwrap();
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
fn an_exchange_that_is_out_of_step_ends() {
    for row in &rows() {
        let mut exchange = row.provider().begin(&failed()).unwrap();
        assert!(matches!(exchange.next(None, noon()), Step::Send(_)));
        assert!(matches!(exchange.next(None, noon()), Step::Done(Verdict::Failed(_))), "{}", row.kind);
    }
}
