//! Posts the events.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::Error;
use crate::args::Args;
use crate::ledger::Ledger;

/// What the posts were answered, and how long that took in microseconds; status 0 is no answer.
pub(crate) struct Answers {
    pub(crate) statuses: BTreeMap<u16, usize>,
    pub(crate) took: Histogram<u64>,
}

impl Answers {
    pub(crate) fn new() -> Result<Answers, Error> {
        Ok(Answers { statuses: BTreeMap::new(), took: Histogram::new(3)? })
    }

    pub(crate) fn add(&mut self, other: Answers) -> Result<(), Error> {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        Ok(self.took.add(other.took)?)
    }
}

struct Poster {
    args: Args,
    ledger: Arc<Ledger>,
    client: Client<HttpConnector, Full<Bytes>>,
    next: AtomicUsize,
    begin: u64,
}

/// Posts all events and returns the answers.
pub(crate) async fn post_all(args: &Args, ledger: &Arc<Ledger>) -> Result<Answers, Error> {
    let poster = Arc::new(Poster {
        args: args.clone(),
        ledger: ledger.clone(),
        client: Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(args.concurrency * 2)
            .build(HttpConnector::new()),
        next: AtomicUsize::new(0),
        begin: ledger.micros(),
    });
    let loops: Vec<_> = (0..args.concurrency).map(|_| tokio::spawn(poster.clone().run())).collect();
    let mut answers = Answers::new()?;
    for each in loops {
        answers.add(each.await??)?;
    }
    Ok(answers)
}

impl Poster {
    /// One closed loop.
    async fn run(self: Arc<Self>) -> Result<Answers, Error> {
        let mut answers = Answers::new()?;
        loop {
            let index = self.next.fetch_add(1, Relaxed);
            if index >= self.args.total {
                return Ok(answers);
            }
            let due =
                (self.args.rate > 0.0).then(|| self.begin + (index as f64 / self.args.rate * 1e6) as u64);
            if let Some(wait) = due.and_then(|due| due.checked_sub(self.ledger.micros())) {
                tokio::time::sleep(Duration::from_micros(wait)).await;
            }
            let (status, took) = self.post(index, due).await?;
            *answers.statuses.entry(status).or_default() += 1;
            answers.took.record(took.max(1))?;
        }
    }

    /// Posts one event. The clock starts when the event was due, so that who falls behind a fixed rate cannot hide it.
    async fn post(&self, index: usize, due: Option<u64>) -> Result<(u16, u64), Error> {
        let body = event(&self.args, self.ledger.first + index);
        let begin = due.unwrap_or_else(|| self.ledger.micros());
        self.ledger.sent[index].store(begin, Relaxed);
        let request = Request::post(&self.args.events)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))?;
        let status = match self.client.request(request).await {
            Ok(response) => {
                let status = response.status().as_u16();
                response.into_body().collect().await.ok();
                status
            }
            Err(_) => 0,
        };
        if status == 202 || status == 200 {
            self.ledger.accepted[index].store(true, Relaxed);
        }
        Ok((status, self.ledger.micros().saturating_sub(begin)))
    }
}

fn event(args: &Args, number: usize) -> String {
    let name = if args.object.is_empty() {
        format!("app-{}", number % args.objects.max(1))
    } else {
        args.object.clone()
    };
    let pad = "x".repeat(args.pad);
    serde_json::json!({
        "involvedObject": {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "name": name, "namespace": args.namespace, "uid": "7d0cdc51-ddcf-4743-b223-83ca5c699632"
        },
        "metadata": {
            "kustomize.toolkit.fluxcd.io/revision": format!("main@sha1:{number:040x}"),
            "event.toolkit.fluxcd.io/team": "payments"
        },
        "severity": "info", "reason": "ReconciliationSucceeded",
        "message": format!("Reconciliation finished seq={number:09} {pad}"),
        "reportingController": "kustomize-controller", "reportingInstance": "kustomize-controller-0",
        "timestamp": "2026-11-22T07:26:19Z"
    })
    .to_string()
}
