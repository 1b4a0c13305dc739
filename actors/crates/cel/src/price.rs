//! The price of an expression, estimated from its tree as Kubernetes does it: every node pays its steps, a loop pays its body
//! once an element, and what is only known at evaluation has the largest size that an event usually has.
//!
//! The estimate refuses what cannot go well before the first event does. What bounds an evaluation is the meter, whose steps
//! are counted here.

use super::eval::PATTERN_STEPS;
use super::meter::{BYTES_PER_STEP, NANOSECONDS_A_STEP, steps_of_match};
use super::node::{CheckedNode, Constant, FieldAccess, Fold, PatternSource};
use campanile_pattern::{MATCHED_CHARACTERS, Price};

/// Elements of a list or map of the data.
const ELEMENTS: usize = 64;
/// Bytes of a text of the data, but for the message of an event.
const BYTES: usize = 256;

/// The size that a value may have.
#[derive(Clone, Copy)]
struct Size {
    /// As a text, in bytes.
    bytes: usize,
    /// As a list or map, in elements.
    elements: usize,
    /// The bytes of one element.
    element: usize,
}

/// Of a value that is only known at evaluation.
const UNKNOWN: Size = Size { bytes: BYTES, elements: ELEMENTS, element: BYTES };
/// Of a number and its like.
const SMALL: Size = Size { bytes: BYTES_PER_STEP, elements: 0, element: 0 };

/// The price of a checked expression.
pub(super) fn price(root: &CheckedNode) -> Price {
    let mut estimate = Estimate { steps: 0, locals: Vec::new(), computes: false };
    estimate.visit(root);
    if estimate.computes {
        estimate.spend(PATTERN_STEPS);
    }
    Price::nanoseconds((estimate.steps as u64).saturating_mul(NANOSECONDS_A_STEP))
}

struct Estimate {
    steps: usize,
    locals: Vec<Size>,
    /// Whether a pattern is computed. In a loop it usually is the same for every element, so it is paid once.
    computes: bool,
}

impl Estimate {
    fn spend(&mut self, steps: usize) {
        self.steps = self.steps.saturating_add(steps);
    }

    /// Adds the steps of `node` and says what its value may come to.
    fn visit(&mut self, node: &CheckedNode) -> Size {
        self.spend(1);
        match node {
            CheckedNode::Constant(constant) => size_of(constant),
            CheckedNode::Variable(_) => UNKNOWN,
            CheckedNode::Local(place) => self.locals.get(*place).copied().unwrap_or(UNKNOWN),
            CheckedNode::Field(field) => self.field(field),
            CheckedNode::And(operands) | CheckedNode::Or(operands) => {
                for operand in &**operands {
                    self.visit(operand);
                }
                SMALL
            }
            CheckedNode::Conditional(parts) => self.conditional(parts),
            CheckedNode::List(elements) => {
                let sizes: Vec<Size> = elements.iter().map(|(element, _)| self.visit(element)).collect();
                collection(&sizes)
            }
            CheckedNode::Map(entries) => {
                let sizes: Vec<Size> = entries
                    .iter()
                    .map(|(key, value, _)| {
                        self.visit(value);
                        self.visit(key)
                    })
                    .collect();
                self.spend(sizes.len() * sizes.len());
                collection(&sizes)
            }
            CheckedNode::Call(function, arguments) => {
                let sizes: Vec<Size> = arguments.iter().map(|argument| self.visit(argument)).collect();
                self.call(function.name, &sizes)
            }
            CheckedNode::Matches(matches) => self.matches(&matches.0, &matches.1),
            CheckedNode::Fold(fold) => self.fold(fold),
            CheckedNode::OrElse(or_else) => {
                let (inner, fallback) = (self.visit(&or_else.optional), self.visit(&or_else.fallback));
                larger(inner, fallback)
            }
            CheckedNode::OptionalMap(map) => {
                let inner = self.visit(&map.optional);
                self.with_local(inner, |estimate| estimate.visit(&map.body))
            }
        }
    }

    fn field(&mut self, field: &FieldAccess) -> Size {
        self.visit(&field.operand);
        match &*field.name {
            "message" => Size { bytes: MATCHED_CHARACTERS, ..UNKNOWN },
            _ => UNKNOWN,
        }
    }

    /// The size of a conditional: its dearer branch counts.
    fn conditional(&mut self, parts: &[CheckedNode; 3]) -> Size {
        let [condition, then, otherwise] = parts;
        self.visit(condition);
        let before = self.steps;
        let size = self.visit(then);
        let then = std::mem::replace(&mut self.steps, before);
        let size = larger(size, self.visit(otherwise));
        self.steps = self.steps.max(then);
        size
    }

    /// Functions read and write their texts, and most make no more than what they are given.
    fn call(&mut self, name: &str, sizes: &[Size]) -> Size {
        let bytes = sizes.iter().map(|size| size.bytes).fold(0, usize::saturating_add);
        self.spend((bytes / BYTES_PER_STEP + 1).saturating_mul(2));
        match (name, sizes) {
            ("replace", [text, old, new, ..]) => {
                let growth = (new.bytes / old.bytes.max(1)).max(1);
                let bytes = text.bytes.saturating_mul(growth);
                self.spend(bytes / BYTES_PER_STEP);
                Size { bytes, ..SMALL }
            }
            ("split", [text, ..]) => {
                self.spend(text.bytes);
                Size { bytes: text.bytes, elements: text.bytes, element: 1 }
            }
            ("join", [list, ..]) => {
                let bytes = list.elements.saturating_mul(list.element.saturating_add(1));
                self.spend(bytes / BYTES_PER_STEP + list.elements);
                Size { bytes, ..SMALL }
            }
            (_, [one, other, ..]) => {
                let elements = one.elements.saturating_add(other.elements);
                Size { bytes, elements, element: one.element.max(other.element) }
            }
            (_, [one]) => Size { bytes, ..*one },
            (_, []) => SMALL,
        }
    }

    fn matches(&mut self, text: &CheckedNode, pattern: &PatternSource) -> Size {
        let text = self.visit(text);
        match pattern {
            PatternSource::Literal(pattern) => self.spend(steps_of_match(pattern.price(), text.bytes)),
            PatternSource::Computed(pattern) => {
                self.visit(pattern);
                self.computes = true;
                self.spend(text.bytes);
            }
        }
        SMALL
    }

    fn fold(&mut self, fold: &Fold) -> Size {
        let range = self.visit(&fold.range);
        let local = Size { bytes: range.element, elements: ELEMENTS, element: BYTES };
        let before = std::mem::take(&mut self.steps);
        let body = self.with_local(local, |estimate| {
            if let Some(condition) = &fold.condition {
                estimate.visit(condition);
            }
            estimate.visit(&fold.body)
        });
        let once = std::mem::replace(&mut self.steps, before);
        self.spend(once.saturating_mul(range.elements));
        let element = range.element.max(body.bytes);
        Size { bytes: BYTES, elements: range.elements, element }
    }

    fn with_local<T>(&mut self, local: Size, visit: impl FnOnce(&mut Self) -> T) -> T {
        self.locals.push(local);
        let result = visit(self);
        self.locals.pop();
        result
    }
}

fn size_of(constant: &Constant) -> Size {
    match constant {
        Constant::Text(text) => Size { bytes: text.len(), ..SMALL },
        Constant::Bytes(bytes) => Size { bytes: bytes.len(), ..SMALL },
        Constant::Null
        | Constant::Bool(_)
        | Constant::Int(_)
        | Constant::Uint(_)
        | Constant::Double(_)
        | Constant::Kind(_) => SMALL,
    }
}

fn collection(elements: &[Size]) -> Size {
    let element = elements.iter().map(|size| size.bytes).max().unwrap_or(0);
    Size { bytes: BYTES, elements: elements.len(), element }
}

fn larger(one: Size, other: Size) -> Size {
    Size {
        bytes: one.bytes.max(other.bytes),
        elements: one.elements.max(other.elements),
        element: one.element.max(other.element),
    }
}
