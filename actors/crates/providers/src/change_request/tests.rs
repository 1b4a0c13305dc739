//! What every type must do that comments on change requests, run over all of them. A new one has a row here and its
//! fixtures (`fixtures/<type>/{error,info}.json`).

mod failures;
mod rows;
mod search;
mod thread;

use std::path::Path;

use crate::BuiltProvider;
use crate::commit_status::script::lines;
use crate::testing::header;
use campanile_domain::{Delivery, Event, ProviderSpec, Request, Verdict};
use rows::{Row, about, failed, on, rows, saying, success};
use thread::{BOT, Host};

fn again(row: &Row) -> BuiltProvider {
    row.endpoint()
}

#[test]
fn s18_a_comment_is_written_once_and_then_edited_in_place() {
    for row in &rows() {
        let (provider, mut host) = (row.provider(), Host::default());
        assert_eq!(host.deliver(&*provider, &failed()), Verdict::Delivered, "{}", row.kind);
        let first = [row.account, row.list, row.create].map(|line| Row::line(line, 42, 1));
        assert_eq!(lines(&host.requests), first, "{}", row.kind);
        for request in &host.requests {
            assert_eq!(header(request, row.login.0), Some(row.login.1), "{}", row.kind);
        }
        let is_json = |request: &Request| {
            header(request, "content-type").is_some_and(|value| value.starts_with("application/json"))
        };
        assert!(is_json(&host.requests[2]), "{}", row.kind);

        assert_eq!(host.deliver(&*provider, &success()), Verdict::Delivered, "{}", row.kind);
        assert_eq!(lines(&host.requests), [Row::line(row.update, 42, 1)], "{}: nothing is read", row.kind);
        assert!(is_json(&host.requests[0]) && host.requests[0].method == row.update_method, "{}", row.kind);
        assert_eq!(host.by(BOT).len(), 1, "{}", row.kind);
        assert!(host.by(BOT)[0].contains("Reconciliation finished"), "{}", row.kind);
    }
}

#[test]
fn s23_the_contracts_examples_are_written_byte_for_byte() {
    for row in &rows() {
        for (name, delivery) in [("error.json", failed()), ("info.json", success())] {
            let mut host = Host::default();
            host.deliver(&*row.provider(), &delivery);
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(row.kind);
            let expected = std::fs::read_to_string(folder.join(name)).unwrap();
            assert_eq!(str::from_utf8(&host.requests[2].body).unwrap(), expected, "{} {name}", row.kind);
        }
    }
}

#[test]
fn s18_after_a_restart_the_comment_is_found_again() {
    for row in &rows() {
        let mut host = Host::default();
        host.add_others(3);
        host.deliver(&*row.provider(), &failed());
        assert_eq!(host.deliver(&*again(row).provider, &success()), Verdict::Delivered, "{}", row.kind);
        let expected = [row.account, row.list, row.update].map(|line| Row::line(line, 42, 4));
        assert_eq!(lines(&host.requests), expected, "{}", row.kind);
        assert_eq!(host.by(BOT).len(), 1, "{}", row.kind);
    }
}

#[test]
fn s18_the_same_text_is_written_again() {
    for row in &rows() {
        let (provider, mut host) = (row.provider(), Host::default());
        host.deliver(&*provider, &failed());
        assert_eq!(host.deliver(&*provider, &failed()), Verdict::Delivered, "{}", row.kind);
        assert_eq!(lines(&host.requests), [Row::line(row.update, 42, 1)], "{}", row.kind);
    }
}

#[test]
fn s18_each_provider_change_request_and_object_has_a_comment_of_its_own() {
    for row in &rows() {
        let mut host = Host::default();
        let other_provider = {
            let spec = ProviderSpec {
                address: row.address.into(),
                uid: "another".into(),
                ..crate::testing::spec(row.kind)
            };
            crate::testing::credentials(row.secret).build(&spec).unwrap().provider
        };
        let provider = row.provider();
        for _ in 0..2 {
            for delivery in [success(), about("other"), on("7", crate::testing::info())] {
                host.deliver(&*provider, &delivery);
            }
            host.deliver(&*other_provider, &success());
        }
        let found: Vec<(u64, bool)> =
            host.comments.iter().map(|c| (c.number, c.body.contains("another/"))).collect();
        assert_eq!(found, [(42, false), (42, false), (7, false), (42, true)], "{}", row.kind);
    }
}

#[test]
fn s18_a_comment_of_somebody_else_is_left_alone_even_with_the_marker() {
    for row in &rows() {
        let (provider, mut host) = (row.provider(), Host::default());
        host.deliver(&*provider, &failed());
        let stolen = host.comments[0].body.clone();
        host.comments[0].author = "somebody".into();
        assert_eq!(host.deliver(&*again(row).provider, &success()), Verdict::Delivered, "{}", row.kind);
        assert_eq!((host.by("somebody"), host.by(BOT).len()), (vec![stolen.as_str()], 1), "{}", row.kind);
    }
}

#[test]
fn s18_a_comment_that_the_host_shows_as_somebody_elses_is_not_taken_for_ours() {
    for row in &rows() {
        let (provider, mut host) = (row.provider(), Host { writes_as: Some("somebody"), ..Host::default() });
        for _ in 0..2 {
            assert_eq!(host.deliver(&*provider, &failed()), Verdict::Delivered, "{}", row.kind);
        }
        assert_eq!(host.by("somebody").len(), 2, "{}", row.kind);
    }
}

#[test]
fn s18_the_first_of_several_is_edited() {
    for row in &rows() {
        let mut host = Host::default();
        host.deliver(&*row.provider(), &failed());
        let body = host.comments[0].body.clone();
        host.add(42, BOT, &body);
        host.deliver(&*again(row).provider, &success());
        assert!(host.comments[0].body.contains("Reconciliation finished") && host.comments[1].body == body);
    }
}

#[test]
fn s02_progressing_and_odd_severities_are_shown_too() {
    for row in &rows() {
        let (provider, mut host) = (row.provider(), Host::default());
        let event = Event {
            reason: "Progressing".into(),
            severity: campanile_domain::Severity::Other("<odd>".into()),
            ..Event::clone(&success().event)
        };
        let delivery = Delivery { event: event.into(), ..success() };
        assert_eq!(host.deliver(&*provider, &delivery), Verdict::Delivered, "{}", row.kind);
        assert_eq!(host.by(BOT).len(), 1, "{}", row.kind);
    }
}

#[test]
fn who_wants_no_reading_gets_the_comment_at_once() {
    for row in &rows() {
        let mut exchange = row.provider().begin_to_write(&failed()).unwrap();
        let crate::Step::Send(request) = exchange.next(None, campanile_testkit::noon()) else {
            panic!("it sends")
        };
        assert_eq!(lines(&[request]), [Row::line(row.create, 42, 0)], "{}", row.kind);
    }
}

#[test]
fn s19_markdown_works_but_an_event_calls_nobody_and_poses_as_nobody() {
    for row in &rows() {
        let mut host = Host::default();
        host.deliver(&*row.provider(), &about("victim"));
        let marker = host.comments[0].body.lines().next().unwrap().to_owned();
        let hostile = format!("**bold** [a](http://x) `c`\n/close\n@acme/all <!-- hidden\n{marker}");
        let event = Event {
            metadata: [("event.toolkit.fluxcd.io/k".to_owned(), hostile.clone())].into(),
            ..Event::clone(&saying(&hostile).event)
        };
        let mut delivery = Delivery { event: event.into(), ..success() };
        delivery.plan.metadata.insert("k".into(), hostile);
        host.deliver(&*row.provider(), &delivery);
        let shown = &host.comments[1].body;
        assert!(shown.starts_with(&format!("<!-- {}:", row.prefix)), "{}", row.kind);
        assert!(shown.contains("**bold** [a](http://x) `c`"), "{}: {shown}", row.kind);
        assert_eq!(shown.matches("<!--").count(), 1, "{}: {shown}", row.kind);
        assert!(!shown.contains("@acme") && !shown.contains(&marker), "{}: {shown}", row.kind);
        assert_eq!(shown.contains("\n/close"), !row.kind.starts_with("gitlab"), "{}: {shown}", row.kind);

        host.deliver(&*again(row).provider, &about("victim"));
        assert_eq!(host.comments.len(), 2, "{}: each has its own", row.kind);
    }
}

#[test]
fn whatever_an_event_holds_becomes_a_comment_that_is_found_again() {
    let long = "resource is not ready: <ÄÖÜ>\u{1}; ".repeat(4_000);
    let object =
        campanile_domain::ObjectRef { kind: long.clone(), name: "-->\n".into(), ..Default::default() };
    let events = [
        Event::default(),
        Event { message: long.clone(), ..Event::default() },
        Event { involved_object: object, ..Event::default() },
    ];
    for row in &rows() {
        for event in &events {
            let mut host = Host::default();
            let mut delivery = Delivery { event: event.clone().into(), ..success() };
            delivery.plan.metadata.extend((0..150).map(|n| (format!("key-{n}"), long.clone())));
            for _ in 0..2 {
                assert_eq!(
                    host.deliver(&*again(row).provider, &delivery),
                    Verdict::Delivered,
                    "{}",
                    row.kind
                );
            }
            assert_eq!(host.comments.len(), 1, "{}", row.kind);
            assert!(host.comments[0].body.chars().count() < 65_536, "{}", row.kind);
        }
    }
}
