//! A NATS server that answers by a script and remembers what it saw.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What is said to a client at once.
pub(crate) const INFO: &str =
    r#"INFO {"server_id":"x","version":"2.10.0","max_payload":1024,"nonce":"nonce-1"}"#;

/// What the server answers to a line, given the number of its connection and of the line in it, both from one. None closes.
type Script = Rc<dyn Fn(&str, usize, usize) -> Option<String>>;

/// A running server. Its tasks end with the test's runtime.
#[derive(Clone)]
pub(crate) struct NatsPeer {
    pub(crate) port: u16,
    lines: Rc<RefCell<Vec<String>>>,
    connections: Rc<Cell<usize>>,
}

/// What a server does that takes everything.
pub(crate) fn takes(line: &str) -> Option<String> {
    Some(if line == "PING" { "PONG\r\n".to_owned() } else { String::new() })
}

impl NatsPeer {
    pub(crate) async fn start(
        info: &'static str,
        script: impl Fn(&str, usize, usize) -> Option<String> + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let peer = Self { port, lines: Rc::default(), connections: Rc::default() };
        let (running, script): (_, Script) = (peer.clone(), Rc::new(script));
        actix_rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                running.connections.set(running.connections.get() + 1);
                let (peer, script, number) = (running.clone(), script.clone(), running.connections.get());
                actix_rt::spawn(async move { peer.serve(stream, info, number, &script).await });
            }
        });
        peer
    }

    async fn serve(&self, stream: TcpStream, info: &str, connection: usize, script: &Script) {
        let mut stream = BufReader::new(stream);
        let mut write = format!("{info}\r\n");
        for turn in 1.. {
            // As the real one does, it hangs up on whom it does not let in.
            if stream.write_all(write.as_bytes()).await.is_err() || write.contains("Authorization Violation")
            {
                return;
            }
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or_default() == 0 {
                return;
            }
            let line = line.trim_end().to_owned();
            self.lines.borrow_mut().push(line.clone());
            let Some(answer) = script(&line, connection, turn) else { return };
            write = answer;
        }
    }

    /// All lines so far, over all connections; a message is a line too.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.borrow().clone()
    }

    /// The lines that begin with `word`.
    pub(crate) fn said(&self, word: &str) -> Vec<String> {
        self.lines().into_iter().filter(|line| line.starts_with(word)).collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.get()
    }
}
