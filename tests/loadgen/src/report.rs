//! The figures of a run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use crate::args::Args;
use crate::ledger::{Ledger, Port};
use crate::poster::Answers;

/// When posting began and ended, in microseconds, and how many notifications had arrived by then.
pub(crate) struct Posting {
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) delivered: usize,
}

/// All figures as one object.
pub(crate) fn report(
    args: &Args,
    ledger: &Ledger,
    ports: &[Arc<Port>],
    posting: &Posting,
    answers: &Answers,
) -> Value {
    let delivered = ledger.delivered.load(Relaxed);
    let rate = |count: usize, end: u64| {
        (count as f64 / (end.saturating_sub(posting.begin).max(1) as f64 / 1e6)).round()
    };
    let statuses: BTreeMap<String, usize> =
        answers.statuses.iter().map(|(status, count)| (status.to_string(), *count)).collect();
    let by_port: BTreeMap<String, Value> =
        ports.iter().map(|port| (port.number.to_string(), of_port(port))).collect();
    json!({
        "statuses": statuses,
        "accept_per_s": rate(args.total, posting.end),
        "delivered_per_s": rate(delivered, ledger.last.load(Relaxed)),
        "accepted": ledger.taken(),
        "delivered": delivered,
        "delivered_while_posting": posting.delivered,
        "missing": ledger.missing(args.fanout),
        "duplicates": ledger.duplicates(args.fanout),
        "unknown": ledger.unknown.load(Relaxed),
        "accept_ms": spread(&answers.took),
        "e2e_ms": spread(&ledger.latency.read()),
        "ports": by_port,
    })
}

fn of_port(port: &Port) -> Value {
    json!({
        "connections": port.connections.load(Relaxed),
        "refused": port.refused.load(Relaxed),
        "delivered": port.delivered.load(Relaxed),
        "distinct": port.got.iter().filter(|got| got.load(Relaxed)).count(),
        "e2e_ms": spread(&port.latency.read()),
    })
}

/// Milliseconds to two digits.
pub(crate) fn spread(latency: &Histogram<u64>) -> Value {
    let ms = |micros: u64| (micros as f64 / 10.0).round() / 100.0;
    json!({
        "p50": ms(latency.value_at_quantile(0.5)),
        "p99": ms(latency.value_at_quantile(0.99)),
        "max": ms(latency.max()),
    })
}
