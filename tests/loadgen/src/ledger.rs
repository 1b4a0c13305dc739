//! What was posted and what arrived, by sequence number.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hdrhistogram::CreationError;
use hdrhistogram::Histogram;

use crate::args::Mode;

/// Latencies in microseconds, to three digits.
pub(crate) struct Latency(Mutex<Histogram<u64>>);

impl Latency {
    pub(crate) fn new() -> Result<Latency, CreationError> {
        Ok(Latency(Mutex::new(Histogram::new(3)?)))
    }

    pub(crate) fn record(&self, micros: u64) {
        // The histogram grows with its values, so it takes every one.
        self.read().record(micros.max(1)).ok();
    }

    pub(crate) fn read(&self) -> MutexGuard<'_, Histogram<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One sink port and what it saw.
pub(crate) struct Port {
    pub(crate) number: u16,
    pub(crate) mode: Mode,
    pub(crate) connections: AtomicUsize,
    pub(crate) refused: AtomicUsize,
    pub(crate) delivered: AtomicUsize,
    pub(crate) got: Vec<AtomicBool>,
    pub(crate) latency: Latency,
}

impl Port {
    pub(crate) fn new(number: u16, mode: Mode, total: usize) -> Result<Port, CreationError> {
        Ok(Port {
            number,
            mode,
            connections: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            delivered: AtomicUsize::new(0),
            got: (0..total).map(|_| AtomicBool::new(false)).collect(),
            latency: Latency::new()?,
        })
    }
}

/// All events of a run; times are microseconds since its start.
pub(crate) struct Ledger {
    pub(crate) start: Instant,
    pub(crate) first: usize,
    pub(crate) sent: Vec<AtomicU64>,
    pub(crate) accepted: Vec<AtomicBool>,
    pub(crate) got: Vec<AtomicU32>,
    pub(crate) delivered: AtomicUsize,
    pub(crate) unknown: AtomicUsize,
    pub(crate) last: AtomicU64,
    pub(crate) latency: Latency,
}

impl Ledger {
    pub(crate) fn new(first: usize, total: usize) -> Result<Ledger, CreationError> {
        Ok(Ledger {
            start: Instant::now(),
            first,
            sent: (0..total).map(|_| AtomicU64::new(0)).collect(),
            accepted: (0..total).map(|_| AtomicBool::new(false)).collect(),
            got: (0..total).map(|_| AtomicU32::new(0)).collect(),
            delivered: AtomicUsize::new(0),
            unknown: AtomicUsize::new(0),
            last: AtomicU64::new(0),
            latency: Latency::new()?,
        })
    }

    pub(crate) fn micros(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Notes a notification that arrived at `now`; one with another run's number is counted as unknown.
    pub(crate) fn arrived(&self, port: &Port, body: &[u8], now: u64) {
        self.last.fetch_max(now, Relaxed);
        let index = sequence(body).and_then(|number| number.checked_sub(self.first));
        let Some((index, sent)) = index.and_then(|index| Some((index, self.sent.get(index)?))) else {
            self.unknown.fetch_add(1, Relaxed);
            return;
        };
        let took = now.saturating_sub(sent.load(Relaxed));
        self.delivered.fetch_add(1, Relaxed);
        self.got[index].fetch_add(1, Relaxed);
        self.latency.record(took);
        port.delivered.fetch_add(1, Relaxed);
        port.got[index].store(true, Relaxed);
        port.latency.record(took);
    }

    /// How many events were accepted.
    pub(crate) fn taken(&self) -> usize {
        self.accepted.iter().filter(|accepted| accepted.load(Relaxed)).count()
    }

    /// Notifications without repetitions, which would hide what is missing.
    pub(crate) fn distinct(&self, fanout: usize) -> usize {
        self.got.iter().map(|got| (got.load(Relaxed) as usize).min(fanout)).sum()
    }

    /// Notifications of accepted events that did not arrive.
    pub(crate) fn missing(&self, fanout: usize) -> usize {
        let events = self.got.iter().zip(&self.accepted).filter(|(_, accepted)| accepted.load(Relaxed));
        events.map(|(got, _)| fanout.saturating_sub(got.load(Relaxed) as usize)).sum()
    }

    /// Notifications beyond those expected of their event.
    pub(crate) fn duplicates(&self, fanout: usize) -> usize {
        self.got.iter().map(|got| (got.load(Relaxed) as usize).saturating_sub(fanout)).sum()
    }
}

/// The number behind `seq=`, which the message carries.
fn sequence(body: &[u8]) -> Option<usize> {
    let at = body.windows(4).position(|window| window == b"seq=")? + 4;
    let digits = body[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&body[at..at + digits]).ok()?.parse().ok()
}
