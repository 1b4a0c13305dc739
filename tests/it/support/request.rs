//! A request as a destination or proxy sees it.

use std::io::{self, BufRead};

use serde_json::Value;

use super::http::{Headers, read_head};

/// One request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) method: String,
    /// The target: path and query.
    pub(crate) path: String,
    headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl Arrival {
    /// Reads the next request; none if the sender closed the connection.
    pub(super) fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some((line, headers)) = read_head(reader)? else { return Ok(None) };
        let mut words = line.split(' ').map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut arrival = Self { method, path, headers, body: Vec::new() };
        let length = arrival.header("content-length").map_or(Ok(0), str::parse).map_err(io::Error::other)?;
        arrival.body.resize(length, 0);
        reader.read_exact(&mut arrival.body)?;
        Ok(Some(arrival))
    }

    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// The field `message` of an event.
    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().expect("the event has a message").to_owned()
    }
}
