//! A gate in front of the API server: counts what comes through, and breaks on demand.
//!
//! Clients speak plain HTTP to it. Each connection carries one request; the answer goes on as it comes, and its end is
//! the end of the connection.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use super::Arrival;
use super::cluster::{ApiStream, Cluster, cluster, read_some};

/// How often a stream looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(20);

/// In every answer of an API server that has priority and fairness.
const FAIRNESS: &[u8] = b"x-kubernetes-pf-flowschema-uid";

/// What the gate does to requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Closes every connection, those that are open too.
    Away,
    /// Takes requests in and answers none.
    Silent,
    /// Lets each wait before it goes on.
    Slow(Duration),
    /// Answers 200 with what is none of the Kubernetes API.
    Garbage,
    /// Refuses with this status.
    Refuse(u16),
    /// Ends watches after a while.
    ShortWatches(Duration),
    /// Lets everything through as a server answers that has no priority and fairness.
    Unfair,
}

/// A request that came to the gate.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) at: Instant,
    /// The status of the answer; none before there is one.
    pub(crate) status: Option<u16>,
}

#[derive(Default)]
struct State {
    /// The fault, and the part of a path that it is limited to.
    fault: Option<(Fault, &'static str)>,
    passed: Vec<Passed>,
}

/// A running gate and the kubeconfig that leads through it.
pub(crate) struct Gate {
    folder: TempDir,
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    closed: Arc<AtomicBool>,
}

impl Gate {
    /// A gate that lets everything through; its kubeconfig is the administrator's.
    pub(crate) fn open() -> Self {
        let cluster = cluster();
        Self::before(&cluster, cluster.token.as_deref())
    }

    /// A gate before this cluster, whose kubeconfig has this token.
    pub(crate) fn before(cluster: &Arc<Cluster>, token: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let gate = Self {
            folder: TempDir::with_prefix("campanile-gate-").expect("a temporary folder can be made"),
            address,
            state: Arc::default(),
            closed: Arc::default(),
        };
        gate.write_kubeconfig(token);
        let (cluster, state, closed) = (cluster.clone(), gate.state.clone(), gate.closed.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if closed.load(Ordering::Relaxed) {
                    return;
                }
                let (cluster, state, closed) = (cluster.clone(), state.clone(), closed.clone());
                // A connection that breaks is what a client of this gate has to live with.
                std::thread::spawn(move || serve(client, &cluster, &state, &closed));
            }
        });
        gate
    }

    /// Writes the kubeconfig anew.
    pub(crate) fn write_kubeconfig(&self, token: Option<&str>) {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "gate",
            "clusters": [{"name": "gate", "cluster": {"server": format!("http://{}", self.address)}}],
            "users": [{"name": "gate", "user": token.map_or(json!({}), |token| json!({"token": token}))}],
            "contexts": [{"name": "gate", "context": {"cluster": "gate", "user": "gate"}}],
        });
        std::fs::write(self.kubeconfig(), config.to_string()).expect("the folder is ours");
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        Path::new(self.folder.path()).join("kubeconfig")
    }

    /// From now on everything suffers this.
    pub(crate) fn fail(&self, fault: Fault) {
        self.fail_at("", fault);
    }

    /// From now on requests whose path or query holds `part` suffer this.
    pub(crate) fn fail_at(&self, part: &'static str, fault: Fault) {
        self.state.lock().expect("no thread of the gate panicked").fault = Some((fault, part));
    }

    /// From now on everything goes through.
    pub(crate) fn mend(&self) {
        self.state.lock().expect("no thread of the gate panicked").fault = None;
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What came so far.
    pub(crate) fn passed(&self) -> Vec<Passed> {
        self.state.lock().expect("no thread of the gate panicked").passed.clone()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which ends and closes the port.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(client: TcpStream, cluster: &Cluster, state: &Mutex<State>, closed: &AtomicBool) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut reader = BufReader::new(client.try_clone()?);
    let Some(request) = Arrival::read(&mut reader)? else { return Ok(()) };
    let fault = |state: &Mutex<State>| {
        let fault = state.lock().ok().and_then(|state| state.fault);
        fault.filter(|(_, part)| request.path.contains(part)).map(|(fault, _)| fault)
    };
    let number = note(&request, state)?;
    let mut client = client;
    match fault(state) {
        Some(Fault::Away) => return Ok(()),
        Some(Fault::Silent) => {
            while fault(state) == Some(Fault::Silent) && !closed.load(Ordering::Relaxed) {
                std::thread::park_timeout(LOOK);
            }
            return Ok(());
        }
        Some(Fault::Slow(pause)) => std::thread::park_timeout(pause),
        Some(Fault::Garbage) => return answer(&mut client, 200, "<html>welcome to the portal</html>"),
        Some(Fault::Refuse(status)) => {
            let body = json!({
                "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status,
                "message": "refused at the gate", "reason": "Gate",
            });
            return answer(&mut client, status, &body.to_string());
        }
        Some(Fault::ShortWatches(_) | Fault::Unfair) | None => {}
    }
    let upstream = forward(cluster, &request)?;
    let watch = request.path.contains("watch=");
    let answered = |head: &mut [u8]| {
        if fault(state) == Some(Fault::Unfair) {
            hide(head, FAIRNESS);
        }
        let status = head.get(9..12).and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
        if let Some(passed) = state.lock().ok().as_mut().and_then(|state| state.passed.get_mut(number)) {
            passed.status = status;
        }
    };
    pump(upstream, &mut client, answered, |since: Instant| match fault(state) {
        Some(Fault::Away) => false,
        Some(Fault::ShortWatches(most)) if watch => since.elapsed() < most,
        _ => !closed.load(Ordering::Relaxed),
    })
}

/// Records a request and returns its number.
fn note(request: &Arrival, state: &Mutex<State>) -> io::Result<usize> {
    let mut state = state.lock().map_err(|_| io::Error::other("the gate broke"))?;
    let (method, path) = (request.method.clone(), request.path.clone());
    state.passed.push(Passed { method, path, at: Instant::now(), status: None });
    Ok(state.passed.len() - 1)
}

fn answer(client: &mut TcpStream, status: u16, body: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 {status} Gate\r\nContent-Type: application/json\r\nConnection: close");
    client.write_all(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
}

/// Sends a request on, in HTTP/1.0, so that its answer ends with the connection.
fn forward(cluster: &Cluster, request: &Arrival) -> io::Result<ApiStream> {
    let mut head = format!("{} {} HTTP/1.0\r\n", request.method, request.path);
    for (name, value) in request.headers().filter(|(name, _)| *name != "connection") {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut upstream = cluster.connect(request.header("authorization").is_some())?;
    upstream.write_all(&[head.as_bytes(), b"\r\n", &request.body].concat())?;
    upstream.flush()?;
    upstream.sock.set_read_timeout(Some(LOOK))?;
    Ok(upstream)
}

/// Makes another header of the one that is called `name`, as far as it is in `head`.
fn hide(head: &mut [u8], name: &[u8]) {
    let at = head.windows(name.len()).position(|part| part.eq_ignore_ascii_case(name));
    if let Some(initial) = at.and_then(|at| head.get_mut(at)) {
        *initial = b'y';
    }
}

/// Lets an answer through while it is `wanted` and the client is there.
fn pump(
    mut upstream: ApiStream,
    client: &mut TcpStream,
    answered: impl Fn(&mut [u8]),
    wanted: impl Fn(Instant) -> bool,
) -> io::Result<()> {
    let (since, mut buffer, mut begun) = (Instant::now(), vec![0; 64 * 1024], false);
    client.set_read_timeout(Some(Duration::from_millis(1)))?;
    while let Some(count) = read_some(&mut upstream, &mut buffer)? {
        let part = buffer.get_mut(..count).unwrap_or_default();
        if count > 0 && !std::mem::replace(&mut begun, true) {
            answered(part);
        }
        client.write_all(part)?;
        let gone = count == 0 && read_some(client, &mut [0; 1])?.is_none();
        if gone || !wanted(since) {
            break;
        }
    }
    Ok(())
}
