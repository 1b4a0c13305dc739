//! Posts Flux events to an event endpoint, receives the notifications on its own sink and matches the
//! two by a sequence number, so that one run gives throughput, latency, losses and duplicates.
//! It is a black box on both sides: any controller that speaks the event API can be measured.
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use clap::Parser;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};

#[derive(Parser, Clone)]
struct Args {
    /// Event endpoint of the controller.
    #[arg(long, default_value = "http://127.0.0.1:9090/")]
    events: String,
    /// Ports of the sink, comma separated; every one counts as the same sink.
    #[arg(long, default_value = "18080", value_delimiter = ',')]
    sink_ports: Vec<u16>,
    /// Events to post.
    #[arg(long, default_value_t = 10_000)]
    total: usize,
    /// Events a second; 0 posts as fast as `concurrency` closed loops can.
    #[arg(long, default_value_t = 0.0)]
    rate: f64,
    #[arg(long, default_value_t = 32)]
    concurrency: usize,
    /// Namespace of the involved object.
    #[arg(long, default_value = "flux-system")]
    namespace: String,
    /// Distinct involved objects.
    #[arg(long, default_value_t = 1000)]
    objects: usize,
    /// Name of every involved object; empty spreads over `objects` names.
    #[arg(long, default_value = "")]
    object: String,
    /// Notifications expected for each accepted event.
    #[arg(long, default_value_t = 1)]
    fanout: usize,
    /// Extra bytes in the message.
    #[arg(long, default_value_t = 120)]
    pad: usize,
    /// Seconds without a new notification after which the run ends.
    #[arg(long, default_value_t = 5.0)]
    idle: f64,
    /// Sink answers after this many milliseconds.
    #[arg(long, default_value_t = 0)]
    sink_delay_ms: u64,
    /// What a sink port does, as PORT=MODE; a port without one answers 200.
    /// `blackhole` accepts connections and never answers; `down:SECS` does not listen for the first SECS seconds;
    /// `status:CODE:SECS[:RETRY_AFTER]` answers CODE for the first SECS seconds.
    #[arg(long)]
    sink_mode: Vec<String>,
    /// Notifications to wait for; `fanout` for each accepted event when left out.
    #[arg(long)]
    expect: Option<usize>,
    /// Seconds the run lasts at the most, counted from its start.
    #[arg(long, default_value_t = 600.0)]
    limit: f64,
    /// First sequence number, so that runs do not repeat each other's events.
    #[arg(long, default_value_t = 0)]
    first: usize,
    /// Only serve the sink, for `idle` seconds, printing what arrived.
    #[arg(long)]
    sink_only: bool,
}

#[derive(Clone, Copy)]
enum Mode {
    Normal,
    BlackHole,
    Down(f64),
    Status { code: u16, seconds: f64, retry_after: Option<u64> },
}

impl Mode {
    fn parse(text: &str) -> Option<Mode> {
        let mut parts = text.split(':');
        Some(match parts.next()? {
            "ok" => Mode::Normal,
            "blackhole" => Mode::BlackHole,
            "down" => Mode::Down(parts.next()?.parse().ok()?),
            "status" => Mode::Status {
                code: parts.next()?.parse().ok()?,
                seconds: parts.next()?.parse().ok()?,
                retry_after: parts.next().map(str::parse).transpose().ok()?,
            },
            _ => return None,
        })
    }
}

/// One sink port and what it saw.
struct Port {
    number: u16,
    mode: Mode,
    connections: AtomicUsize,
    refused: AtomicUsize,
    delivered: AtomicUsize,
    got: Vec<AtomicBool>,
    latency: std::sync::Mutex<Histogram<u64>>,
}

struct State {
    start: Instant,
    first: usize,
    sent: Vec<AtomicU64>,
    accepted: Vec<AtomicBool>,
    got: Vec<AtomicU32>,
    delivered: AtomicUsize,
    unknown: AtomicUsize,
    last: AtomicU64,
    latency: std::sync::Mutex<Histogram<u64>>,
}

fn micros(state: &State) -> u64 {
    state.start.elapsed().as_micros() as u64
}

fn sequence(body: &[u8]) -> Option<usize> {
    let at = body.windows(4).position(|w| w == b"seq=")? + 4;
    let digits = body[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    std::str::from_utf8(&body[at..at + digits]).ok()?.parse().ok()
}

async fn receive(
    state: Arc<State>,
    port: Arc<Port>,
    delay: u64,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    let now = micros(&state);
    if let Mode::Status { code, seconds, retry_after } = port.mode
        && now < (seconds * 1e6) as u64
    {
        port.refused.fetch_add(1, Relaxed);
        let mut response = Response::builder().status(code);
        if let Some(seconds) = retry_after {
            response = response.header("retry-after", seconds);
        }
        return Ok(response.body(Full::new(Bytes::from_static(b"{}"))).unwrap());
    }
    state.last.fetch_max(now, Relaxed);
    match sequence(&body).and_then(|s| s.checked_sub(state.first)).filter(|s| *s < state.sent.len()) {
        Some(seq) => {
            state.delivered.fetch_add(1, Relaxed);
            state.got[seq].fetch_add(1, Relaxed);
            let sent = state.sent[seq].load(Relaxed);
            let took = now.saturating_sub(sent).max(1);
            let _ = state.latency.lock().unwrap().record(took);
            port.delivered.fetch_add(1, Relaxed);
            port.got[seq].store(true, Relaxed);
            let _ = port.latency.lock().unwrap().record(took);
        }
        None => {
            state.unknown.fetch_add(1, Relaxed);
        }
    }
    if delay > 0 {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    Ok(Response::new(Full::new(Bytes::from_static(b"{\"ok\":true}"))))
}

fn event(args: &Args, seq: usize) -> String {
    let name = if args.object.is_empty() {
        format!("app-{}", seq % args.objects.max(1))
    } else {
        args.object.clone()
    };
    serde_json::json!({
        "involvedObject": {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "name": name, "namespace": args.namespace, "uid": "7d0cdc51-ddcf-4743-b223-83ca5c699632"
        },
        "metadata": {
            "kustomize.toolkit.fluxcd.io/revision": format!("main@sha1:{:040x}", seq),
            "event.toolkit.fluxcd.io/team": "payments"
        },
        "severity": "info", "reason": "ReconciliationSucceeded",
        "message": format!("Reconciliation finished seq={seq:09} {}", "x".repeat(args.pad)),
        "reportingController": "kustomize-controller", "reportingInstance": "kustomize-controller-0",
        "timestamp": "2026-11-22T07:26:19Z"
    })
    .to_string()
}

/// Posts one event. The clock starts when the event was due, so a controller that falls behind a fixed rate cannot hide it.
async fn post(
    client: &Client<HttpConnector, Full<Bytes>>,
    args: &Args,
    state: &State,
    index: usize,
    due: Option<u64>,
) -> (u16, u64) {
    let body = event(args, state.first + index);
    let begin = due.unwrap_or_else(|| micros(state));
    state.sent[index].store(begin, Relaxed);
    let request = Request::post(&args.events)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let status = match client.request(request).await {
        Ok(response) => {
            let status = response.status().as_u16();
            let _ = response.into_body().collect().await;
            status
        }
        Err(_) => 0,
    };
    if status == 202 || status == 200 {
        state.accepted[index].store(true, Relaxed);
    }
    (status, micros(state).saturating_sub(begin))
}

async fn listen(state: Arc<State>, port: Arc<Port>, delay: u64) {
    if let Mode::Down(seconds) = port.mode {
        let now = state.start.elapsed().as_secs_f64();
        tokio::time::sleep(Duration::from_secs_f64((seconds - now).max(0.0))).await;
    }
    let socket = tokio::net::TcpSocket::new_v4().expect("socket");
    let _ = socket.set_reuseaddr(true);
    socket.bind(([127, 0, 0, 1], port.number).into()).expect("sink port");
    let listener = socket.listen(8192).expect("sink port");
    let mut held = Vec::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        port.connections.fetch_add(1, Relaxed);
        if let Mode::BlackHole = port.mode {
            held.push(stream);
            continue;
        }
        let _ = stream.set_nodelay(true);
        let (state, port) = (state.clone(), port.clone());
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |r| receive(state.clone(), port.clone(), delay, r));
            let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let modes: std::collections::BTreeMap<u16, Mode> = args
        .sink_mode
        .iter()
        .map(|text| {
            let parsed =
                text.split_once('=').and_then(|(port, mode)| Some((port.parse().ok()?, Mode::parse(mode)?)));
            parsed.unwrap_or_else(|| panic!("not a sink mode: {text}"))
        })
        .collect();
    let ports: Vec<Arc<Port>> = args
        .sink_ports
        .iter()
        .map(|number| {
            Arc::new(Port {
                number: *number,
                mode: modes.get(number).copied().unwrap_or(Mode::Normal),
                connections: AtomicUsize::new(0),
                refused: AtomicUsize::new(0),
                delivered: AtomicUsize::new(0),
                got: (0..args.total).map(|_| AtomicBool::new(false)).collect(),
                latency: std::sync::Mutex::new(Histogram::new(3).unwrap()),
            })
        })
        .collect();
    let state = Arc::new(State {
        start: Instant::now(),
        first: args.first,
        sent: (0..args.total).map(|_| AtomicU64::new(0)).collect(),
        accepted: (0..args.total).map(|_| AtomicBool::new(false)).collect(),
        got: (0..args.total).map(|_| AtomicU32::new(0)).collect(),
        delivered: AtomicUsize::new(0),
        unknown: AtomicUsize::new(0),
        last: AtomicU64::new(0),
        latency: std::sync::Mutex::new(Histogram::new(3).unwrap()),
    });
    for port in &ports {
        tokio::spawn(listen(state.clone(), port.clone(), args.sink_delay_ms));
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    if args.sink_only {
        tokio::time::sleep(Duration::from_secs_f64(args.idle)).await;
        println!(
            "{}",
            serde_json::json!({"delivered": state.delivered.load(Relaxed), "unknown": state.unknown.load(Relaxed)})
        );
        return;
    }
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(args.concurrency * 2)
        .build(HttpConnector::new());
    let next = Arc::new(AtomicUsize::new(0));
    let begin = micros(&state);
    let mut workers = Vec::new();
    for _ in 0..args.concurrency {
        let (args, state, client, next) = (args.clone(), state.clone(), client.clone(), next.clone());
        workers.push(tokio::spawn(async move {
            let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
            let mut accept = Histogram::<u64>::new(3).unwrap();
            loop {
                let index = next.fetch_add(1, Relaxed);
                if index >= args.total {
                    return (statuses, accept);
                }
                let due = (args.rate > 0.0).then(|| begin + (index as f64 / args.rate * 1e6) as u64);
                if let Some(wait) = due.and_then(|due| due.checked_sub(micros(&state))) {
                    tokio::time::sleep(Duration::from_micros(wait)).await;
                }
                let (status, took) = post(&client, &args, &state, index, due).await;
                *statuses.entry(status).or_default() += 1;
                let _ = accept.record(took.max(1));
            }
        }));
    }
    let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
    let mut accept = Histogram::<u64>::new(3).unwrap();
    for worker in workers {
        let (s, h) = worker.await.unwrap();
        for (status, count) in s {
            *statuses.entry(status).or_default() += count;
        }
        accept.add(h).unwrap();
    }
    let accepted_at = micros(&state);
    let before = state.delivered.load(Relaxed);
    let accepted = state.accepted.iter().filter(|a| a.load(Relaxed)).count();
    eprintln!("posted {accepted}");
    let expected = args.expect.unwrap_or(accepted * args.fanout);
    // With a number given, everything that arrives counts; otherwise repetitions do not, or they would hide what is missing.
    let arrived = || match args.expect {
        Some(_) => state.delivered.load(Relaxed),
        None => state.got.iter().map(|got| (got.load(Relaxed) as usize).min(args.fanout)).sum(),
    };
    while arrived() < expected
        && micros(&state) - state.last.load(Relaxed).max(accepted_at) < (args.idle * 1e6) as u64
        && state.start.elapsed().as_secs_f64() < args.limit
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let delivered = state.delivered.load(Relaxed);
    let lost: usize = state
        .got
        .iter()
        .zip(&state.accepted)
        .filter(|(_, accepted)| accepted.load(Relaxed))
        .map(|(got, _)| args.fanout.saturating_sub(got.load(Relaxed) as usize))
        .sum();
    let duplicates: usize =
        state.got.iter().map(|g| (g.load(Relaxed) as usize).saturating_sub(args.fanout)).sum();
    let latency = state.latency.lock().unwrap();
    let last = state.last.load(Relaxed);
    let ms = |v: u64| (v as f64 / 10.0).round() / 100.0;
    let spread = |h: &Histogram<u64>| serde_json::json!({"p50": ms(h.value_at_quantile(0.5)), "p99": ms(h.value_at_quantile(0.99)), "max": ms(h.max())});
    let by_port: std::collections::BTreeMap<String, _> = ports
        .iter()
        .map(|port| {
            let seen = serde_json::json!({
                "connections": port.connections.load(Relaxed), "refused": port.refused.load(Relaxed),
                "delivered": port.delivered.load(Relaxed), "distinct": port.got.iter().filter(|g| g.load(Relaxed)).count(), "e2e_ms": spread(&port.latency.lock().unwrap()),
            });
            (port.number.to_string(), seen)
        })
        .collect();
    let seconds = |from: u64, to: u64| (to.saturating_sub(from)).max(1) as f64 / 1e6;
    println!(
        "{}",
        serde_json::json!({
            "statuses": statuses.iter().map(|(k, v)| (k.to_string(), *v)).collect::<std::collections::BTreeMap<_, _>>(),
            "accept_per_s": (args.total as f64 / seconds(begin, accepted_at)).round(),
            "delivered_per_s": (delivered as f64 / seconds(begin, last)).round(),
            "accepted": accepted, "delivered": delivered, "delivered_while_posting": before, "missing": lost, "duplicates": duplicates,
            "unknown": state.unknown.load(Relaxed), "accept_ms": spread(&accept), "e2e_ms": spread(&latency), "ports": by_port,
        })
    );
}
