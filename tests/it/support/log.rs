//! What a child process writes, line by line.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Lines shown when a test fails.
const TAIL: usize = 40;

/// The lines so far; read on a thread until the stream ends.
pub(super) struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Log {
    pub(super) fn follow(stream: impl Read + Send + 'static) -> Self {
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let kept = lines.clone();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                match kept.lock() {
                    Ok(mut kept) => kept.push(line),
                    Err(_) => return,
                }
            }
        });
        Self { lines, reader: Some(reader) }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.lock().map(|lines| lines.clone()).unwrap_or_default()
    }

    pub(super) fn tail(&self) -> String {
        let lines = self.lines();
        lines.iter().skip(lines.len().saturating_sub(TAIL)).map(|line| format!("  | {line}\n")).collect()
    }

    /// Waits for the end of the stream: the process is gone.
    pub(super) fn finish(&mut self) {
        if let Some(reader) = self.reader.take() {
            drop(reader.join());
        }
    }
}
