//! Posts webhooks that somebody else has signed, and counts the answers by their label.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::Error;
use crate::args::Args;
use crate::poster::Answers;
use crate::report::spread;

/// One webhook, which is posted again and again.
struct Hook {
    url: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    label: String,
    /// When it was sent last, in microseconds since 1970.
    last: AtomicU64,
}

impl Hook {
    fn of(value: &Value) -> Option<Hook> {
        let text = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
        let headers = value.get("headers")?.as_object()?.iter();
        Some(Hook {
            url: text("url")?,
            headers: headers
                .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect::<Option<_>>()?,
            body: Bytes::from(text("body")?),
            label: text("label")?,
            last: AtomicU64::new(0),
        })
    }
}

fn read(file: &Path) -> Result<Vec<Hook>, Error> {
    let all: Vec<Value> = serde_json::from_slice(&fs::read(file)?)?;
    let hooks: Option<Vec<Hook>> = all.iter().map(Hook::of).collect();
    hooks.filter(|hooks| !hooks.is_empty()).ok_or_else(|| "there is no webhook, or one lacks a part".into())
}

/// Answers by label.
type Labels = BTreeMap<String, Answers>;

struct Poster {
    hooks: Vec<Hook>,
    rate: f64,
    total: usize,
    client: Client<HttpConnector, Full<Bytes>>,
    next: AtomicUsize,
    begin: Instant,
}

/// Posts them in turns and returns the figures.
pub(crate) async fn post_all(args: &Args, file: &Path) -> Result<Value, Error> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client =
        Client::builder(TokioExecutor::new()).pool_max_idle_per_host(args.concurrency * 2).build(connector);
    let (hooks, next, begin) = (read(file)?, AtomicUsize::new(0), Instant::now());
    let poster = Arc::new(Poster { hooks, rate: args.rate, total: args.total, client, next, begin });
    let loops: Vec<_> = (0..args.concurrency).map(|_| tokio::spawn(poster.clone().run())).collect();
    let mut labels = Labels::new();
    for each in loops {
        for (label, answers) in each.await?? {
            of(&mut labels, &label)?.add(answers)?;
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    let last: BTreeMap<&str, f64> =
        poster.hooks.iter().map(|hook| (hook.url.as_str(), hook.last.load(Relaxed) as f64 / 1e6)).collect();
    let labels: BTreeMap<String, Value> =
        labels.into_iter().map(|(label, answers)| (label, told(&answers))).collect();
    Ok(json!({ "per_s": args.total as f64 / seconds, "labels": labels, "last": last }))
}

fn told(answers: &Answers) -> Value {
    let statuses: BTreeMap<String, usize> =
        answers.statuses.iter().map(|(status, count)| (status.to_string(), *count)).collect();
    let median = answers.took.value_at_quantile(0.5);
    json!({ "statuses": statuses, "took_ms": spread(&answers.took), "median_us": median })
}

fn of<'l>(labels: &'l mut Labels, label: &str) -> Result<&'l mut Answers, Error> {
    if !labels.contains_key(label) {
        labels.insert(label.to_owned(), Answers::new()?);
    }
    labels.get_mut(label).ok_or_else(|| "a label is gone".into())
}

impl Poster {
    /// One closed loop.
    async fn run(self: Arc<Self>) -> Result<Labels, Error> {
        let mut labels = Labels::new();
        loop {
            let index = self.next.fetch_add(1, Relaxed);
            if index >= self.total {
                return Ok(labels);
            }
            let hook = &self.hooks[index % self.hooks.len()];
            let due =
                (self.rate > 0.0).then(|| self.begin + Duration::from_secs_f64(index as f64 / self.rate));
            if let Some(due) = due {
                tokio::time::sleep_until(due.into()).await;
            }
            // From when it was due, so that who falls behind cannot hide it.
            let begin = due.unwrap_or_else(Instant::now);
            let status = self.post(hook).await?;
            let took = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
            let answers = of(&mut labels, &hook.label)?;
            *answers.statuses.entry(status).or_default() += 1;
            answers.took.record(took.max(1))?;
        }
    }

    /// The status of the answer; 0 is none.
    async fn post(&self, hook: &Hook) -> Result<u16, Error> {
        let mut request = Request::post(&hook.url);
        for (name, value) in &hook.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(hook.body.clone()))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
        hook.last.fetch_max(u64::try_from(now).unwrap_or(u64::MAX), Relaxed);
        Ok(match self.client.request(request).await {
            Ok(response) => {
                let status = response.status().as_u16();
                response.into_body().collect().await.ok();
                status
            }
            Err(_) => 0,
        })
    }
}
