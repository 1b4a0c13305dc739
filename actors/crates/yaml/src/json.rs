//! A strict JSON reader that keeps lines; several documents may follow each other.

use super::build::last_wins;
use super::{Document, Duplicate, MAX_DEPTH, MAX_NODES, Mark, Node, Value, YamlError};

/// The content of a JSON text.
pub(super) struct Read {
    /// The documents before the error, or all.
    pub(super) documents: Vec<Document>,
    /// Why the rest cannot be read.
    pub(super) error: Option<YamlError>,
    /// How many values there are.
    pub(super) nodes: usize,
}

/// Reads all documents of a JSON text. `line` is added to the line of every place, `nodes` values are known already.
pub(super) fn documents(text: &str, line: usize, nodes: usize) -> Read {
    let mut reader = Reader { text, at: 0, line: line + 1, counted: (0, 1), nodes, duplicates: Vec::new() };
    let mut documents = Vec::new();
    while reader.peek().is_some() {
        match reader.value(0) {
            Ok(root) => {
                documents.push(Document { root, duplicates: std::mem::take(&mut reader.duplicates) });
            }
            Err(error) => return Read { documents, error: Some(error), nodes: reader.nodes },
        }
    }
    Read { documents, error: None, nodes: reader.nodes }
}

struct Reader<'a> {
    text: &'a str,
    /// Byte offset of the next character; always between two characters.
    at: usize,
    line: usize,
    /// A byte offset in this line and its column, so that no character is counted twice.
    counted: (usize, usize),
    nodes: usize,
    duplicates: Vec<Duplicate>,
}

impl<'a> Reader<'a> {
    fn error(&mut self, message: impl Into<String>) -> YamlError {
        let Mark { line, column } = self.mark();
        YamlError { line, column, message: message.into() }
    }

    fn mark(&mut self) -> Mark {
        let (offset, column) = self.counted;
        let column = column + self.text.get(offset..self.at).unwrap_or_default().chars().count();
        self.counted = (self.at, column);
        Mark { line: self.line, column }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.counted = (self.at + 1, 1);
                }
                b' ' | b'\t' | b'\r' => {}
                _ => return Some(*byte),
            }
            self.at += 1;
        }
        None
    }

    fn skip(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Node, YamlError> {
        let first = self.peek();
        let mark = self.mark();
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(self.error(format!("more than {MAX_NODES} values; split the text")));
        }
        if depth == MAX_DEPTH && matches!(first, Some(b'{' | b'[')) {
            return Err(self.error(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let value = match first {
            Some(b'{') => self.object(depth + 1)?,
            Some(b'[') => self.array(depth + 1)?,
            Some(b'"') => Value::String(self.string()?),
            _ => self.word()?,
        };
        Ok(Node { mark, value })
    }

    fn object(&mut self, depth: usize) -> Result<Value, YamlError> {
        self.at += 1;
        let mut pairs = Vec::new();
        while !self.skip(b'}') {
            if !pairs.is_empty() && !self.skip(b',') {
                return Err(self.error("expected ',' or '}'"));
            }
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a key in double quotes"));
            }
            let key = self.value(depth)?;
            if !self.skip(b':') {
                return Err(self.error("expected ':'"));
            }
            pairs.push((key, self.value(depth)?));
        }
        Ok(Value::Mapping(last_wins(pairs, &mut self.duplicates)))
    }

    fn array(&mut self, depth: usize) -> Result<Value, YamlError> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.skip(b']') {
            if !items.is_empty() && !self.skip(b',') {
                return Err(self.error("expected ',' or ']'"));
            }
            items.push(self.value(depth)?);
        }
        Ok(Value::Sequence(items))
    }

    fn string(&mut self) -> Result<String, YamlError> {
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        let mut escaped = false;
        let length = rest.iter().position(|byte| {
            let end = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            end
        });
        let Some(length) = length else { return Err(self.error("a string without an end")) };
        let Some(text) = self.token(length + 2).and_then(|token| serde_json::from_str(token).ok()) else {
            return Err(self.error("a string with a wrong escape or a control character"));
        };
        self.at += length + 2;
        Ok(text)
    }

    fn word(&mut self) -> Result<Value, YamlError> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let length = rest.iter().position(|byte| !is_word(byte)).unwrap_or(rest.len());
        let token = self.token(length).unwrap_or_default();
        let value = match serde_json::from_str(token) {
            Ok(serde_json::Value::Null) => Value::Null,
            Ok(serde_json::Value::Bool(value)) => Value::Bool(value),
            Ok(serde_json::Value::Number(number)) => match number.as_i64() {
                Some(whole) => Value::Int(whole),
                None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            _ => return Err(self.error("expected a value")),
        };
        self.at += length;
        Ok(value)
    }

    fn token(&self, length: usize) -> Option<&'a str> {
        self.text.get(self.at..self.at + length)
    }
}
