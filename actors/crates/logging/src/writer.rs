//! The thread that writes lines, and the bounded buffer before it.
//!
//! Lines are collected for a moment and written together. An error is written at once, with what stands before it: it
//! may be the last word. When the buffer is full, new lines are dropped and counted, and one line says so later.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Bytes that may wait for standard error.
const MOST_WAITING: usize = 1 << 20;
/// How long lines are collected.
const LINGER: Duration = Duration::from_millis(20);
/// A buffer that grew beyond this in a burst is given back.
const KEPT_CAPACITY: usize = 64 << 10;

/// The near end of the buffer. Dropping it ends the thread, with everything written.
pub(super) struct LineWriter(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Lines wait, or the thread shall hurry or end.
    filled: Condvar,
    /// Signalled when nothing waits any more.
    drained: Condvar,
    /// The number of lines that found room.
    written: AtomicU64,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<u8>,
    /// Whether to write at once, without collecting more.
    hurry: bool,
    /// The thread has taken lines and not written them yet.
    writing: bool,
    ended: bool,
}

impl LineWriter {
    /// Starts the thread. `notice` is the line that says how many were dropped.
    pub(super) fn start(
        sink: impl Write + Send + 'static,
        notice: impl Fn(u64) -> String + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let far = shared.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || far.write_to(sink, notice))?;
        Ok(Self(shared))
    }

    /// Hands a line over, or counts it as dropped if there is no room.
    fn put(&self, line: &[u8], urgent: bool) {
        let mut queue = self.0.queue();
        if queue.waiting.len() + line.len() > MOST_WAITING {
            self.0.dropped.fetch_add(1, Relaxed);
            return;
        }
        let wake = queue.waiting.is_empty() || (urgent && !queue.hurry);
        queue.waiting.extend_from_slice(line);
        queue.hurry |= urgent || queue.waiting.len() > MOST_WAITING / 2;
        drop(queue);
        self.0.written.fetch_add(1, Relaxed);
        if wake {
            self.0.filled.notify_one();
        }
    }

    /// Lines handed over so far.
    pub(super) fn written(&self) -> u64 {
        self.0.written.load(Relaxed)
    }

    /// The number of lines dropped so far.
    pub(super) fn dropped(&self) -> u64 {
        self.0.dropped.load(Relaxed)
    }

    /// Waits until everything handed over is written, at most so long.
    pub(super) fn flush(&self, within: Duration) {
        let deadline = Instant::now() + within;
        let mut queue = self.0.queue();
        while !queue.waiting.is_empty() || queue.writing {
            queue.hurry = true;
            self.0.filled.notify_one();
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            queue = self.0.drained.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl<'a> MakeWriter<'a> for LineWriter {
    type Writer = LogLine<'a>;

    fn make_writer(&'a self) -> LogLine<'a> {
        LogLine { writer: self, urgent: false }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> LogLine<'a> {
        LogLine { writer: self, urgent: *about.level() <= Level::WARN }
    }
}

/// The way of one line, which comes whole, into the buffer.
pub(super) struct LogLine<'a> {
    writer: &'a LineWriter,
    urgent: bool,
}

impl Write for LogLine<'_> {
    /// Never fails: a line without room is counted.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.writer.put(line, self.urgent);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        self.0.queue().ended = true;
        self.0.filled.notify_one();
    }
}

impl Shared {
    /// A thread that panicked with the lock left whole lines behind.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: takes what waits, writes it, until the near end is gone.
    fn write_to(&self, mut sink: impl Write, notice: impl Fn(u64) -> String) {
        let (mut lines, mut told) = (Vec::new(), 0);
        while self.take(&mut lines) {
            let (own, dropped) = (lines.len(), self.dropped.load(Relaxed));
            if dropped > told {
                lines.extend_from_slice(notice(dropped - told).as_bytes());
            }
            match sink.write_all(&lines).and_then(|()| sink.flush()) {
                Ok(()) => told = dropped,
                Err(_) => {
                    let lost = lines.iter().take(own).filter(|byte| **byte == b'\n').count();
                    self.dropped.fetch_add(u64::try_from(lost).unwrap_or(0), Relaxed);
                }
            }
            lines.clear();
            lines.shrink_to(KEPT_CAPACITY);
            self.queue().writing = false;
            self.drained.notify_all();
        }
    }

    /// Swaps the waiting lines against the empty buffer; false at the end.
    fn take(&self, lines: &mut Vec<u8>) -> bool {
        let mut queue = self.queue();
        while queue.waiting.is_empty() {
            if queue.ended {
                return false;
            }
            queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if !queue.hurry {
            let collect = |queue: &mut Queue| !queue.hurry && !queue.ended;
            let waited = self.filled.wait_timeout_while(queue, LINGER, collect);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::swap(&mut queue.waiting, lines);
        (queue.hurry, queue.writing) = (false, true);
        true
    }
}
