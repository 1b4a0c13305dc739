//! A destination: records what arrives, and answers by a script.

use std::collections::VecDeque;
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{Arrival, eventually};

/// What a destination that thinks for itself makes of a request.
type Mind = Box<dyn FnMut(&Arrival) -> Thought + Send>;

/// An answer that depends on the request.
#[derive(Default)]
pub(crate) struct Thought {
    /// 0 is no status of HTTP: the sender gets garbage.
    pub(crate) status: u16,
    /// Lines with their ends.
    pub(crate) headers: String,
    pub(crate) body: String,
    /// These bytes instead.
    pub(crate) raw: Option<Raw>,
}

/// The bytes of an answer, after which the connection is closed.
pub(crate) struct Raw {
    /// What follows the first blank line is sent after [`GAP`].
    pub(crate) bytes: Vec<u8>,
    /// Whether the connection stays open instead.
    pub(crate) hangs: bool,
}

/// The time between the two parts of a raw answer: long enough for them to arrive apart.
const GAP: Duration = Duration::from_millis(100);

impl Raw {
    fn write(&self, stream: &mut (impl Read + Write)) -> io::Result<()> {
        let blank = self.bytes.windows(4).position(|part| part == b"\r\n\r\n");
        let (first, rest) = self.bytes.split_at(blank.map_or(self.bytes.len(), |at| at + 4));
        stream.write_all(first)?;
        stream.flush()?;
        std::thread::park_timeout(GAP);
        stream.write_all(rest)?;
        stream.flush()?;
        // Until the other side is fed up with it, or the test ends.
        if self.hangs { io::copy(stream, &mut io::sink()).map(drop) } else { Ok(()) }
    }
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Lines with their ends.
    pub(crate) headers: &'static str,
    pub(crate) body: &'static str,
    pub(crate) delay: Duration,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: "", body: "", delay: Duration::ZERO }
    }
}

#[derive(Default)]
struct State {
    arrivals: Vec<Arrival>,
    /// Answers of the next requests; after them comes `usual`.
    script: VecDeque<Reply>,
    usual: Option<Reply>,
    /// Answers what no script does.
    mind: Option<Mind>,
    /// How many requests are answered; those beyond are recorded and kept waiting. None: all.
    answered: Option<usize>,
    stopped: bool,
    open: Vec<TcpStream>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// A running destination.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
}

impl Sink {
    /// Plain HTTP on a free port; answers 200.
    pub(crate) fn start() -> Self {
        Self::listen(([127, 0, 0, 1], 0).into(), None)
    }

    /// Plain HTTP where another sink was before.
    pub(crate) fn start_at(address: SocketAddr) -> Self {
        Self::listen(address, None)
    }

    pub(crate) fn start_tls(config: ServerConfig) -> Self {
        Self::listen(([127, 0, 0, 1], 0).into(), Some(Arc::new(config)))
    }

    fn listen(address: SocketAddr, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(address).expect("a loopback port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared::default());
        let scheme = if tls.is_some() { "https" } else { "http" };
        let accepting = shared.clone();
        std::thread::spawn(move || accept(&listener, tls.as_ref(), &accepting));
        Self { address, scheme, shared }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// The URL under another name that only a proxy knows.
    pub(crate) fn url_at(&self, host: &str, path: &str) -> String {
        format!("{}://{host}:{}{path}", self.scheme, self.address.port())
    }

    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.lock().arrivals.clone()
    }

    /// Waits for at least `count` arrivals and returns all there are.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Arrival> {
        let what = format!("{count} requests at the destination");
        eventually(&what, || Some(self.arrivals()).filter(|arrivals| arrivals.len() >= count))
    }

    /// The messages of the events that arrived, sorted.
    pub(crate) fn messages(&self) -> Vec<String> {
        let mut messages: Vec<String> = self.arrivals().iter().map(Arrival::message).collect();
        messages.sort_unstable();
        messages
    }

    /// From now on every request is answered so.
    pub(crate) fn answer(&self, reply: Reply) {
        self.lock().usual = Some(reply);
    }

    /// The next requests are answered so.
    pub(crate) fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.lock().script.extend(replies);
    }

    /// From now on every request is answered by `mind`. It decides when the request arrives, even if the answer is held.
    pub(crate) fn think(&self, mut mind: impl FnMut(&Arrival) -> (u16, String) + Send + 'static) {
        self.think_of(move |arrival| {
            let (status, body) = mind(arrival);
            Thought { status, body, ..Thought::default() }
        });
    }

    /// As [`Sink::think`], headers included.
    pub(crate) fn think_of(&self, mind: impl FnMut(&Arrival) -> Thought + Send + 'static) {
        self.lock().mind = Some(Box::new(mind));
    }

    /// Answers so many requests, and records those beyond without an answer.
    pub(crate) fn hold_after(&self, count: usize) {
        self.lock().answered = Some(count);
    }

    /// Answers what is held, and all that comes.
    pub(crate) fn release(&self) {
        self.lock().answered = None;
        self.shared.changed.notify_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared.state.lock().expect("no thread of the sink panicked")
    }
}

impl Drop for Sink {
    /// The port is closed afterwards, and so is every connection.
    fn drop(&mut self) {
        if let Ok(mut state) = self.shared.state.lock() {
            state.stopped = true;
            for stream in state.open.drain(..) {
                drop(stream.shutdown(Shutdown::Both));
            }
        }
        self.shared.changed.notify_all();
        // Wakes the accepting thread, which ends and closes the port. The port is gone when nobody answers any more.
        eventually("the destination's port to be closed", || {
            TcpStream::connect(self.address).is_err().then_some(())
        });
    }
}

fn accept(listener: &TcpListener, tls: Option<&Arc<ServerConfig>>, shared: &Arc<Shared>) {
    for stream in listener.incoming().flatten() {
        let Ok(mut state) = shared.state.lock() else { return };
        if state.stopped {
            return;
        }
        let Ok(connection) = stream.try_clone() else { continue };
        state.open.extend(stream.try_clone());
        drop(state);
        let (tls, shared) = (tls.cloned(), shared.clone());
        std::thread::spawn(move || {
            // A connection that breaks is the other side's business: a test sees what did not arrive.
            drop(converse(stream, tls, &shared));
            drop(connection.shutdown(Shutdown::Both));
        });
    }
}

fn converse(stream: TcpStream, tls: Option<Arc<ServerConfig>>, shared: &Shared) -> io::Result<()> {
    match tls {
        None => serve(stream, shared),
        Some(config) => {
            serve(StreamOwned::new(ServerConnection::new(config).map_err(io::Error::other)?, stream), shared)
        }
    }
}

fn serve(stream: impl Read + Write, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(arrival) = Arrival::read(&mut reader)? {
        let Some(Thought { status, headers, body, raw }) = shared.reply_to(arrival) else { break };
        let stream = reader.get_mut();
        if let Some(raw) = raw {
            return raw.write(stream);
        }
        let answer =
            format!("HTTP/1.1 {status} Scripted\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len());
        stream.write_all(answer.as_bytes())?;
        stream.flush()?;
    }
    Ok(())
}

impl State {
    fn answer(&mut self, arrival: &Arrival) -> (Thought, Duration) {
        let reply = match (self.script.pop_front(), &mut self.mind) {
            (None, Some(mind)) => return (mind(arrival), Duration::ZERO),
            (scripted, _) => scripted.or_else(|| self.usual.clone()).unwrap_or(Reply::status(200)),
        };
        let Reply { status, headers, body, delay } = reply;
        (Thought { status, headers: headers.to_owned(), body: body.to_owned(), raw: None }, delay)
    }
}

impl Shared {
    /// Records a request, and waits for its answer's time; none if the sink is stopped.
    fn reply_to(&self, arrival: Arrival) -> Option<Thought> {
        let mut state = self.state.lock().ok()?;
        let number = state.arrivals.len() + 1;
        let (thought, delay) = state.answer(&arrival);
        state.arrivals.push(arrival);
        let delayed = self.changed.wait_timeout_while(state, delay, |state| !state.stopped).ok()?.0;
        let state = self
            .changed
            .wait_while(delayed, |state| state.answered.is_some_and(|most| number > most) && !state.stopped)
            .ok()?;
        (!state.stopped).then_some(thought)
    }
}
