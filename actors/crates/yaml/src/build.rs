//! From the scanner's events to a tree: anchors, merge keys, tags, duplicate keys, and the bounds.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::{Document, Duplicate, MAX_DEPTH, MAX_NODES, MAX_TEXT, Mark, Node, Value, YamlError, scalar};

/// A failure of one reading. The mark is the scanner's own.
pub(super) struct DocumentError {
    pub(super) error: YamlError,
    /// Byte offset into the text where the scanner stopped.
    pub(super) offset: usize,
}

impl Builder {
    /// Reads a YAML text and hands its documents on. `line` is added to the line of every place.
    ///
    /// # Errors
    /// [`DocumentError`] if the text is no YAML or passes a bound; documents before it were handed on.
    pub(super) fn documents(
        &mut self,
        text: &str,
        line: usize,
        take: &mut dyn FnMut(Document),
    ) -> Result<(), DocumentError> {
        self.line = line;
        self.stack.clear();
        self.duplicates.clear();
        let failure = |mark: &Marker, error| DocumentError { error, offset: offset_of(text, mark) };
        for event in Parser::new_from_str(text) {
            let (event, span) = event
                .map_err(|error| failure(error.marker(), at(self.mark(error.marker()), error.info())))?;
            let mark = self.mark(&span.start);
            self.take(event, mark).map_err(|error| failure(&span.start, error))?;
            if let Some(root) = self.document.take() {
                take(Document { root, duplicates: std::mem::take(&mut self.duplicates) });
            }
        }
        Ok(())
    }

    fn mark(&self, marker: &Marker) -> Mark {
        Mark { line: self.line + marker.line().max(1), column: marker.col() + 1 }
    }

    /// Whether a bound for all texts together is passed, so that nothing more can be read.
    pub(super) fn is_exhausted(&self) -> bool {
        self.nodes > MAX_NODES || self.copied_text > MAX_TEXT
    }
}

/// The byte at which a marker, which counts characters, stands.
fn offset_of(text: &str, marker: &Marker) -> usize {
    text.char_indices().nth(marker.index()).map_or(text.len(), |(offset, _)| offset)
}

fn at(mark: Mark, message: impl Into<String>) -> YamlError {
    YamlError { line: mark.line, column: mark.column, message: message.into() }
}

/// A sequence or mapping whose end was not seen yet.
struct Frame {
    mark: Mark,
    anchor: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping { pairs: Vec<(Node, Node)>, key: Option<Key>, merged: Vec<(Node, Node)> },
}

enum Key {
    Node(Node),
    /// The plain key `<<`, whose value is mixed into the mapping.
    Merge,
}

/// A node with an anchor, and what an alias to it would add.
struct Anchored {
    node: Node,
    size: Size,
}

#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    text: usize,
    depth: usize,
}

/// Reads the parts of one text, one after the other. Its bounds hold for all of them together.
#[derive(Default)]
pub(super) struct Builder {
    /// Lines before the present part.
    line: usize,
    /// The doubled keys of the present document.
    duplicates: Vec<Duplicate>,
    /// One that is complete and not handed on yet.
    document: Option<Node>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Rc<Anchored>>,
    pub(super) nodes: usize,
    /// Bytes of text in copies made for anchors and aliases.
    copied_text: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, mark: Mark) -> Result<(), YamlError> {
        match event {
            Event::DocumentStart(_) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1, mark)?;
                if anchor == 0
                    && tag.is_none()
                    && style == ScalarStyle::Plain
                    && text == "<<"
                    && self.merge_key()
                {
                    return Ok(());
                }
                let value = scalar_value(&text, style, tag.as_deref(), mark)?;
                self.finish(Node { mark, value }, anchor, mark)?;
            }
            Event::SequenceStart(anchor, _) => self.open(Content::Sequence(Vec::new()), anchor, mark)?,
            Event::MappingStart(anchor, _) => {
                let content = Content::Mapping { pairs: Vec::new(), key: None, merged: Vec::new() };
                self.open(content, anchor, mark)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(mark)?,
            Event::Alias(anchor) => self.alias(anchor, mark)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, mark: Mark) -> Result<(), YamlError> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(at(
                mark,
                format!("more than {MAX_NODES} values; split the text or use fewer aliases"),
            ));
        }
        Ok(())
    }

    /// Whether a `<<` here is a key; then it is taken as one.
    fn merge_key(&mut self) -> bool {
        match self.stack.last_mut().map(|frame| &mut frame.content) {
            Some(Content::Mapping { key: key @ None, .. }) => {
                *key = Some(Key::Merge);
                true
            }
            _ => false,
        }
    }

    fn open(&mut self, content: Content, anchor: usize, mark: Mark) -> Result<(), YamlError> {
        self.count(1, mark)?;
        if self.stack.len() == MAX_DEPTH {
            return Err(too_deep(mark));
        }
        self.stack.push(Frame { mark, anchor, content });
        Ok(())
    }

    fn close(&mut self, mark: Mark) -> Result<(), YamlError> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let value = match frame.content {
            Content::Sequence(items) => Value::Sequence(items),
            Content::Mapping { pairs, mut merged, .. } => {
                // Explicit pairs come last and so win over merged ones.
                let pairs = last_wins(pairs, &mut self.duplicates);
                merged.extend(pairs);
                Value::Mapping(last_wins(merged, &mut Vec::new()))
            }
        };
        self.finish(Node { mark: frame.mark, value }, frame.anchor, mark)
    }

    fn alias(&mut self, anchor: usize, mark: Mark) -> Result<(), YamlError> {
        let Some(anchored) = self.anchors.get(&anchor).map(Rc::clone) else {
            return Err(at(mark, "an alias to a value that is not complete; a value cannot contain itself"));
        };
        if self.stack.len() + anchored.size.depth > MAX_DEPTH {
            return Err(too_deep(mark));
        }
        self.charge(anchored.size, mark)?;
        self.place(anchored.node.clone(), mark)
    }

    fn finish(&mut self, node: Node, anchor: usize, mark: Mark) -> Result<(), YamlError> {
        if anchor != 0 {
            let size = node.size();
            self.charge(size, mark)?;
            self.anchors.insert(anchor, Rc::new(Anchored { node: node.clone(), size }));
        }
        self.place(node, mark)
    }

    /// Accounts for a copy that is about to be made.
    fn charge(&mut self, size: Size, mark: Mark) -> Result<(), YamlError> {
        self.copied_text += size.text;
        if self.copied_text > MAX_TEXT {
            return Err(at(mark, format!("aliases add more than {MAX_TEXT} bytes; use fewer")));
        }
        self.count(size.nodes, mark)
    }

    fn place(&mut self, node: Node, mark: Mark) -> Result<(), YamlError> {
        match self.stack.last_mut().map(|frame| &mut frame.content) {
            None => self.document = Some(node),
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Mapping { pairs, key, merged }) => match key.take() {
                None if node.value.scalar_text().is_none() => {
                    return Err(at(mark, "a key must be a scalar, not a sequence or a mapping"));
                }
                None => *key = Some(Key::Node(node)),
                Some(Key::Node(key)) => pairs.push((key, node)),
                Some(Key::Merge) => merge(merged, node, mark)?,
            },
        }
        Ok(())
    }
}

fn too_deep(mark: Mark) -> YamlError {
    at(mark, format!("nested deeper than {MAX_DEPTH} levels"))
}

/// Mixes the value of a `<<` key in: of several mappings an earlier one wins over a later one.
fn merge(merged: &mut Vec<(Node, Node)>, node: Node, mark: Mark) -> Result<(), YamlError> {
    let sources = match node.value {
        Value::Sequence(items) => items,
        _ => vec![node],
    };
    for source in sources.into_iter().rev() {
        let Value::Mapping(pairs) = source.value else {
            return Err(at(mark, "the value of '<<' must be a mapping or a sequence of mappings"));
        };
        merged.extend(pairs);
    }
    Ok(())
}

/// Drops every pair whose key comes again later, and notes where both stand.
pub(super) fn last_wins(pairs: Vec<(Node, Node)>, duplicates: &mut Vec<Duplicate>) -> Vec<(Node, Node)> {
    let mut kept: Vec<Option<(Node, Node)>> = Vec::with_capacity(pairs.len());
    let mut places: HashMap<String, usize> = HashMap::with_capacity(pairs.len());
    for pair in pairs {
        let text = pair.0.value.scalar_text().unwrap_or_default().into_owned();
        if let Some(first) = places.get(&text).and_then(|place| kept.get_mut(*place)).and_then(Option::take)
            && duplicates.len() < Duplicate::MOST
        {
            duplicates.push(Duplicate::of(&text, &first.0, &pair.0));
        }
        places.insert(text, kept.len());
        kept.push(Some(pair));
    }
    kept.into_iter().flatten().collect()
}

fn scalar_value(text: &str, style: ScalarStyle, tag: Option<&Tag>, mark: Mark) -> Result<Value, YamlError> {
    let as_text = || Value::String(text.to_owned());
    let Some(tag) = tag else {
        return Ok(if style == ScalarStyle::Plain { scalar::resolve(text) } else { as_text() });
    };
    if !tag.is_yaml_core_schema() {
        return Ok(as_text());
    }
    let value = match (tag.suffix.as_str(), scalar::resolve(text)) {
        ("int", value @ Value::Int(_)) | ("bool", value @ Value::Bool(_)) | ("null", value @ Value::Null) => {
            value
        }
        ("float", value @ Value::Float(_)) => value,
        #[expect(clippy::cast_precision_loss, reason = "the author asked for a float")]
        ("float", Value::Int(value)) => Value::Float(value as f64),
        ("int" | "bool" | "null" | "float", _) => {
            return Err(at(mark, format!("the value does not have the form of its tag '!!{}'", tag.suffix)));
        }
        _ => as_text(),
    };
    Ok(value)
}

impl Node {
    /// What this node and all below it hold.
    fn size(&self) -> Size {
        let mut size = Size { nodes: 1, ..Size::default() };
        let mut add = |child: Size| {
            size.nodes += child.nodes;
            size.text += child.text;
            size.depth = size.depth.max(child.depth);
        };
        match &self.value {
            Value::String(text) => size.text = text.len(),
            Value::Sequence(items) => {
                items.iter().for_each(|item| add(item.size()));
                size.depth += 1;
            }
            Value::Mapping(pairs) => {
                pairs.iter().for_each(|(key, value)| {
                    add(key.size());
                    add(value.size());
                });
                size.depth += 1;
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
        }
        size
    }
}
