//! nats-server, the real one, with a subscriber to everything. Where it is missing a test fails and says how to get it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use super::eventually;

/// Subject and payload of each message so far.
type Heard = Arc<Mutex<Vec<(String, String)>>>;

/// A running nats-server on free loopback ports.
pub(crate) struct Nats {
    child: Child,
    folder: TempDir,
    /// `HOST:PORT` of NATS.
    pub(crate) address: String,
    /// `HOST:PORT` of WebSocket, if it has one.
    pub(crate) web: Option<String>,
    heard: Heard,
}

impl Nats {
    /// Starts it with these lines in its configuration. The subscriber logs in with `login`, JSON of who it is.
    pub(crate) fn start(configuration: &str, login: &str) -> Self {
        Self::start_at(-1, configuration, login)
    }

    /// The same for a subscriber that answers the server's challenge.
    pub(crate) fn start_challenging(configuration: &str, login: impl Fn(&str) -> String) -> Self {
        let running = Self::run(-1, configuration);
        subscribe(&running.address, login, running.heard.clone());
        running
    }

    /// The same on a port of one's own.
    pub(crate) fn start_at(port: i32, configuration: &str, login: &str) -> Self {
        let running = Self::run(port, configuration);
        subscribe(&running.address, |_| login.to_owned(), running.heard.clone());
        running
    }

    fn run(port: i32, configuration: &str) -> Self {
        let folder = TempDir::with_prefix("campanile-nats-").expect("a temporary folder can be made");
        let place = folder.path().display();
        let text = format!(
            "listen: 127.0.0.1:{port}\nports_file_dir: \"{place}\"\nlog_file: \"{place}/log\"\ndebug: true\n{configuration}\n"
        );
        fs::write(folder.path().join("nats.conf"), text).expect("the folder is ours");
        let mut child = Command::new(installed())
            .arg("-c")
            .arg(folder.path().join("nats.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server can be started");
        let ports = eventually("nats-server to say where it listens", || {
            let ended = child.try_wait().expect("a child can be asked").is_some();
            let log = || fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            assert!(!ended, "nats-server ended at once:\n{}", log());
            ports(folder.path())
        });
        let place = |kind: &str| {
            let url = ports[kind].as_array().and_then(|urls| urls.first()?.as_str());
            url.and_then(|url| Some(url.split_once("://")?.1.to_owned()))
        };
        let address = place("nats").expect("it listens");
        Self { child, address, web: place("websocket"), folder, heard: Heard::default() }
    }

    /// The events that arrived on `subject`, once there are `count`.
    pub(crate) fn wait_for(&self, count: usize, subject: &str) -> Vec<Value> {
        eventually(&format!("{count} messages on {subject}"), || {
            let heard = self.heard.lock().expect("nobody panicked");
            let ours = heard.iter().filter(|(on, _)| on == subject);
            let events: Vec<Value> =
                ours.map(|(_, text)| serde_json::from_str(text).expect("events are JSON")).collect();
            (events.len() >= count).then_some(events)
        })
    }

    /// Writes a file beside the configuration and returns its path.
    pub(crate) fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("the folder is ours");
        path
    }

    /// The port of NATS.
    pub(crate) fn port(&self) -> i32 {
        self.address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("an address has a port")
    }

    /// How many clients it has seen, the subscriber included.
    pub(crate) fn clients(&self) -> usize {
        let log = fs::read_to_string(self.folder.path().join("log")).expect("it keeps a log");
        log.matches("Client connection created").count()
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The file that it writes once it listens.
fn ports(folder: &Path) -> Option<Value> {
    let file = fs::read_dir(folder)
        .ok()?
        .flatten()
        .find(|entry| entry.path().extension().is_some_and(|extension| extension == "ports"))?;
    serde_json::from_str(&fs::read_to_string(file.path()).ok()?).ok()
}

fn subscribe(address: &str, login: impl Fn(&str) -> String, heard: Heard) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let mut reader = BufReader::new(stream.try_clone().expect("a socket can be shared"));
    let mut line = String::new();
    reader.read_line(&mut line).expect("it greets");
    let info: Value = line
        .strip_prefix("INFO ")
        .map_or(Value::Null, |info| serde_json::from_str(info).expect("it greets with JSON"));
    let login = login(info["nonce"].as_str().unwrap_or_default());
    write!(stream, "CONNECT {login}\r\nSUB > 1\r\nPING\r\n").expect("it listens");
    while line != "PONG\r\n" {
        line.clear();
        let read = reader.read_line(&mut line).expect("it answers");
        assert!(read > 0 && !line.starts_with("-ERR"), "the subscriber is not let in: {line}");
    }
    thread::spawn(move || drop(listen(reader, stream, &heard)));
}

fn listen(mut reader: BufReader<TcpStream>, mut stream: TcpStream, heard: &Heard) -> std::io::Result<()> {
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["PING"] => stream.write_all(b"PONG\r\n")?,
            ["MSG", subject, .., length] => {
                let mut payload = vec![0; length.parse::<usize>().expect("a length") + 2];
                reader.read_exact(&mut payload)?;
                payload.truncate(payload.len() - 2);
                let text = String::from_utf8(payload).expect("events are text");
                heard.lock().expect("nobody panicked").push(((*subject).to_owned(), text));
            }
            _ => {}
        }
    }
}

fn installed() -> PathBuf {
    let places = ["/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server"];
    let found = places.iter().map(PathBuf::from).find(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!("none of {places:?} is there, install nats-server with: apt-get install nats-server")
    })
}
