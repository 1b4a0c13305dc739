//! Finding the comment on long threads, and when it is gone.

use super::rows::{Row, failed, rows, success};
use super::thread::{BOT, Host};
use crate::commit_status::script::{line, lines};
use campanile_domain::{Method, Verdict};

/// A host on which the comment about the contract's object is number `place` of 42's thread, counted from 0.
fn with_comment_at(row: &Row, place: usize, others_behind: usize) -> Host {
    let mut host = Host::default();
    host.add_others(place);
    host.deliver(&*row.provider(), &failed());
    host.add_others(others_behind);
    host
}

#[test]
fn s18_a_comment_past_the_first_page_is_found_again() {
    for row in &rows() {
        for place in [30, 120, 250] {
            let mut host = with_comment_at(row, place, 50);
            assert_eq!(host.deliver(&*row.provider(), &success()), Verdict::Delivered, "{}", row.kind);
            let id = u64::try_from(place).unwrap() + 1;
            assert_eq!(line(host.requests.last().unwrap()), Row::line(row.update, 42, id), "{}", row.kind);
            assert!(host.requests.len() < 30, "{}: {} requests", row.kind, host.requests.len());
        }
    }
}

#[test]
fn a_short_thread_is_read_with_one_request() {
    for row in &rows() {
        let mut host = Host::default();
        for n in 0..99 {
            host.add(42, "somebody", &format!("short {n}"));
        }
        host.deliver(&*row.provider(), &failed());
        let reads = host.requests.iter().filter(|request| request.method == Method::Get).count();
        assert_eq!(reads, 2, "{}: the account and the thread", row.kind);
    }
}

#[test]
fn a_comment_that_fits_into_no_answer_does_not_hide_those_behind_it() {
    for row in &rows() {
        let mut host = Host::default();
        host.add_others(5);
        host.add(42, "somebody", &"x".repeat(70_000));
        host.add(42, "somebody", &"y".repeat(70_000));
        host.add_others(60);
        host.deliver(&*row.provider(), &failed());
        let id = host.comments.last().unwrap().id;
        host.add_others(10);
        host.deliver(&*row.provider(), &success());
        assert_eq!(line(host.requests.last().unwrap()), Row::line(row.update, 42, id), "{}", row.kind);
        assert_eq!(host.by(BOT).len(), 1, "{}", row.kind);
    }
}

#[test]
fn a_thread_without_end_is_given_up_and_the_comment_written_and_remembered() {
    for row in &rows() {
        let mut host = Host::default();
        host.add_others(3000);
        let provider = row.provider();
        assert_eq!(host.deliver(&*provider, &failed()), Verdict::Delivered, "{}", row.kind);
        assert_eq!(host.requests.len(), 1 + super::super::MOST_PAGES + 1, "{}", row.kind);
        host.deliver(&*provider, &success());
        assert_eq!((host.requests.len(), host.by(BOT).len()), (1, 1), "{}", row.kind);
    }
}

#[test]
fn s18_a_comment_that_somebody_deleted_is_written_again() {
    for row in &rows() {
        let (provider, mut host) = (row.provider(), Host::default());
        host.deliver(&*provider, &failed());
        host.comments.clear();
        assert_eq!(host.deliver(&*provider, &success()), Verdict::Delivered, "{}", row.kind);
        let expected =
            [Row::line(row.update, 42, 1), Row::line(row.list, 42, 0), Row::line(row.create, 42, 0)];
        assert_eq!(lines(&host.requests), expected, "{}", row.kind);
        host.deliver(&*provider, &failed());
        assert_eq!(lines(&host.requests), [Row::line(row.update, 42, 2)], "{}", row.kind);
    }
}

#[test]
fn a_comment_that_goes_while_it_is_found_is_written_again() {
    for row in &rows() {
        let mut host = with_comment_at(row, 0, 0);
        let mut exchange = row.provider().begin(&success()).unwrap();
        let (mut response, mut sent) = (None, Vec::new());
        while let crate::Step::Send(request) = exchange.next(response.take(), campanile_testkit::noon()) {
            if request.method == row.update_method {
                host.comments.clear();
            }
            response = Some(host.answer(&request));
            sent.push(line(&request));
        }
        let expected = [row.account, row.list, row.update, row.create].map(|line| Row::line(line, 42, 1));
        assert_eq!(sent, expected, "{}", row.kind);
        assert_eq!(host.by(BOT).len(), 1, "{}", row.kind);
    }
}
