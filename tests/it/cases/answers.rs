//! The destination of a case.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::Value;

use super::folder::{DESTINATION, Folder};
use super::pki::{Form, Pki};
use crate::support::{Raw, Sink, Thought};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Destination {
    /// The answers in turn; the last one repeats.
    answers: VecDeque<Answer>,
    /// The file with the bytes of every answer. What follows its first blank line is sent 0.1 s later.
    raw: Option<String>,
    /// Whether the connection stays open after these bytes.
    hang: bool,
    /// What it shows and demands in TLS; it speaks plain HTTP without.
    pub(super) tls: Option<Form>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    status: u16,
    /// A text, or JSON.
    #[serde(default)]
    body: Value,
}

impl Answer {
    fn thought(&self) -> Thought {
        let body = match &self.body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        Thought { status: self.status, body, ..Thought::default() }
    }
}

impl Destination {
    /// Starts it, and returns what the manifests need for it.
    pub(super) fn open(&self, folder: &Folder) -> (Sink, Vec<(&'static str, String)>) {
        let (sink, mut replacements) = match self.tls {
            None => (Sink::start(), Vec::new()),
            Some(form) => {
                let pki = Pki::make(form);
                (Sink::start_tls(pki.server()), pki.texts())
            }
        };
        replacements.push((DESTINATION, sink.address.to_string()));
        let raw =
            self.raw.as_ref().map(|file| std::fs::read(folder.path.join(file)).expect("the answer is there"));
        let (mut answers, hangs) = (self.answers.clone(), self.hang);
        sink.think_of(move |_| match &raw {
            Some(bytes) => Thought { raw: Some(Raw { bytes: bytes.clone(), hangs }), ..Thought::default() },
            None if answers.len() > 1 => answers.pop_front().expect("there is one").thought(),
            None => answers.front().map_or(Thought { status: 200, ..Thought::default() }, Answer::thought),
        });
        (sink, replacements)
    }
}
