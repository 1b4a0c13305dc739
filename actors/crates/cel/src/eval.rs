//! Evaluation of checked expressions. Recursion is as deep as the expression, which the checker bounds; everything
//! else is bounded by the [`Meter`].

use std::sync::Arc;

use serde_json::Value as Json;

use super::error::Fault;
use super::meter::Meter;
use super::node::{Access, Constant, Field, Fold, FoldKind, Node, OptionalMap, OrElse, PatternSource};
use super::value::{Text, Value};
use campanile_pattern::LazyPattern;

/// What the compilation of a computed pattern costs: the worst takes some milliseconds.
pub(super) const PATTERN_STEPS: usize = 100_000;

/// One evaluation of one expression.
pub(super) struct Evaluation<'a> {
    /// The declared variables, by number: name and value.
    variables: Vec<(&'a str, Option<&'a Json>)>,
    locals: Vec<Value<'a>>,
    /// The pattern that was computed last.
    pattern: Option<Arc<LazyPattern>>,
    meter: Meter,
}

impl<'a> Evaluation<'a> {
    /// An evaluation with these variables, in the order of their declaration, that may take so many steps.
    pub(super) fn new(variables: Vec<(&'a str, Option<&'a Json>)>, steps: usize) -> Self {
        Self { variables, locals: Vec::new(), pattern: None, meter: Meter::new(steps) }
    }

    /// What is left of the budget.
    pub(super) fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }

    /// The value of `node`.
    pub(super) fn run(&mut self, node: &'a Node) -> Result<Value<'a>, Fault> {
        self.meter.spend(1)?;
        match node {
            Node::Constant(constant) => self.constant(constant),
            Node::Variable(number) => self.variable(*number),
            Node::Local(place) => Ok(self.locals[*place].clone()),
            Node::Field(field) => self.field(field),
            Node::And(operands) => self.logical(operands, false),
            Node::Or(operands) => self.logical(operands, true),
            Node::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                if self.condition(condition)? { self.run(then) } else { self.run(otherwise) }
            }
            Node::List(elements) => self.list(elements),
            Node::Map(entries) => self.map(entries),
            Node::Call(function, arguments) => {
                let arguments = arguments.iter().map(|argument| self.run(argument));
                let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
                let result = (function.call)(&mut self.meter, &arguments)?;
                result.ok_or_else(|| no_overload(function.name, &arguments))
            }
            Node::Matches(matches) => self.matches(&matches.0, &matches.1),
            Node::Fold(fold) => self.fold(fold),
            Node::OrElse(or_else) => self.or_else(or_else),
            Node::OptionalMap(map) => self.optional_map(map),
        }
    }

    fn constant(&mut self, constant: &'a Constant) -> Result<Value<'a>, Fault> {
        Ok(match constant {
            Constant::Null => Value::Null,
            Constant::Bool(value) => Value::Bool(*value),
            Constant::Int(value) => Value::Int(*value),
            Constant::Uint(value) => Value::Uint(*value),
            Constant::Double(value) => Value::Double(*value),
            Constant::Text(text) => Value::Text(Text::Borrowed(text)),
            Constant::Bytes(bytes) => {
                self.meter.spend_bytes(bytes.len())?;
                Value::Bytes((**bytes).into())
            }
            Constant::Kind(name) => Value::Kind(name),
        })
    }

    fn variable(&self, number: usize) -> Result<Value<'a>, Fault> {
        let (name, value) = self.variables[number];
        value.map(Value::from).ok_or_else(|| Fault::NoSuchAttribute(name.to_owned()))
    }

    fn field(&mut self, field: &'a Field) -> Result<Value<'a>, Fault> {
        let operand = self.run(&field.operand)?;
        let (operand, optional) = match operand {
            Value::Optional(None) if field.access == Access::Test => return Ok(Value::Bool(false)),
            Value::Optional(None) => return Ok(Value::Optional(None)),
            Value::Optional(Some(inner)) => ((*inner).clone(), true),
            plain => (plain, false),
        };
        let found = operand.field(&field.name, &mut self.meter)?;
        match field.access {
            Access::Test => Ok(Value::Bool(found.is_some())),
            Access::Get if !optional => found.ok_or_else(|| Fault::NoSuchKey(field.name.to_string())),
            Access::Get | Access::Optional => Ok(Value::optional(found)),
        }
    }

    /// `&&` where `decisive` is false, `||` where it is true: an operand with that value decides, whatever the other
    /// is, even if it has none.
    fn logical(&mut self, operands: &'a [Node; 2], decisive: bool) -> Result<Value<'a>, Fault> {
        let left = self.condition(&operands[0]);
        match left {
            Ok(left) if left == decisive => return Ok(Value::Bool(decisive)),
            Err(Fault::Exhausted) => return Err(Fault::Exhausted),
            _ => {}
        }
        let right = self.condition(&operands[1])?;
        if right == decisive { Ok(Value::Bool(decisive)) } else { left.map(|_| Value::Bool(right)) }
    }

    fn condition(&mut self, node: &'a Node) -> Result<bool, Fault> {
        match self.run(node)? {
            Value::Bool(value) => Ok(value),
            other => Err(not_a(other.kind(), "bool")),
        }
    }

    fn list(&mut self, elements: &'a [(Node, bool)]) -> Result<Value<'a>, Fault> {
        let mut list = Vec::with_capacity(elements.len());
        for (element, optional) in elements {
            let element = self.run(element)?;
            list.extend(if *optional { unwrapped(element)? } else { Some(element) });
        }
        Ok(Value::list(list))
    }

    fn map(&mut self, entries: &'a [(Node, Node, bool)]) -> Result<Value<'a>, Fault> {
        let mut map: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(entries.len());
        for (key, value, optional) in entries {
            let key = self.run(key)?;
            if !matches!(key, Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Text(_)) {
                return Err(Fault::NoSuchOverload(format!("map key of type {}", key.kind())));
            }
            let value = self.run(value)?;
            let Some(value) = (if *optional { unwrapped(value)? } else { Some(value) }) else { continue };
            for (earlier, _) in &map {
                if earlier.equals(&key, &mut self.meter)? {
                    return Err(Fault::RepeatedKey);
                }
            }
            map.push((key, value));
        }
        Ok(Value::Map(super::value::Map::Shared(map.into())))
    }

    fn matches(&mut self, text: &'a Node, pattern: &'a PatternSource) -> Result<Value<'a>, Fault> {
        let text = self.run(text)?;
        let Value::Text(text) = text else { return Err(not_a(text.kind(), "string")) };
        let pattern = match pattern {
            PatternSource::Literal(pattern) => pattern,
            PatternSource::Computed(pattern) => {
                let pattern = self.run(pattern)?;
                let Value::Text(pattern) = pattern else { return Err(not_a(pattern.kind(), "string")) };
                self.meter.spend_bytes(text.len())?;
                &self.compiled(&pattern)?
            }
        };
        self.meter.spend_match(pattern.price(), text.len())?;
        Ok(Value::Bool(pattern.is_match(&text)))
    }

    /// The compiled form of a computed pattern. Within a macro it often is the same for every element.
    fn compiled(&mut self, source: &str) -> Result<Arc<LazyPattern>, Fault> {
        if let Some(known) = self.pattern.as_ref().filter(|pattern| pattern.as_str() == source) {
            return Ok(known.clone());
        }
        self.meter.spend(PATTERN_STEPS)?;
        let pattern = Arc::new(LazyPattern::new(source).map_err(Fault::Pattern)?);
        Ok(self.pattern.insert(pattern).clone())
    }

    fn fold(&mut self, fold: &'a Fold) -> Result<Value<'a>, Fault> {
        match self.run(&fold.range)? {
            Value::List(list) => self.fold_over(fold, list.iter()),
            Value::Map(map) => self.fold_over(fold, map.entries().map(|(key, _)| key)),
            other => Err(not_a(other.kind(), "list or map")),
        }
    }

    fn fold_over(
        &mut self,
        fold: &'a Fold,
        elements: impl Iterator<Item = Value<'a>>,
    ) -> Result<Value<'a>, Fault> {
        match fold.kind {
            FoldKind::All => self.any(fold, elements, false),
            FoldKind::Exists => self.any(fold, elements, true),
            FoldKind::ExistsOne => {
                let mut count = 0;
                for element in elements {
                    count += usize::from(self.with_local(element, |run| run.condition(&fold.body))?);
                }
                Ok(Value::Bool(count == 1))
            }
            FoldKind::Map | FoldKind::Filter => {
                let mut list = Vec::new();
                for element in elements {
                    list.extend(self.with_local(element, |run| run.transformed(fold))?);
                }
                Ok(Value::list(list))
            }
        }
    }

    /// Whether the body is `decisive` for any element; a fault counts only if it is for none.
    fn any(
        &mut self,
        fold: &'a Fold,
        elements: impl Iterator<Item = Value<'a>>,
        decisive: bool,
    ) -> Result<Value<'a>, Fault> {
        let mut fault = None;
        for element in elements {
            match self.with_local(element, |run| run.condition(&fold.body)) {
                Ok(value) if value == decisive => return Ok(Value::Bool(decisive)),
                Ok(_) => {}
                Err(Fault::Exhausted) => return Err(Fault::Exhausted),
                Err(other) => fault = Some(other),
            }
        }
        fault.map_or(Ok(Value::Bool(!decisive)), Err)
    }

    /// What the topmost local adds to the result of a `map` or `filter`.
    fn transformed(&mut self, fold: &'a Fold) -> Result<Option<Value<'a>>, Fault> {
        if fold.kind == FoldKind::Filter {
            let element = self.locals.last().cloned();
            return Ok(if self.condition(&fold.body)? { element } else { None });
        }
        match &fold.condition {
            Some(condition) if !self.condition(condition)? => Ok(None),
            _ => self.run(&fold.body).map(Some),
        }
    }

    fn or_else(&mut self, or_else: &'a OrElse) -> Result<Value<'a>, Fault> {
        match self.run(&or_else.optional)? {
            Value::Optional(Some(inner)) if or_else.value => Ok((*inner).clone()),
            Value::Optional(None) => self.run(&or_else.fallback),
            full @ Value::Optional(_) => Ok(full),
            other => Err(not_a(other.kind(), "optional_type")),
        }
    }

    fn optional_map(&mut self, map: &'a OptionalMap) -> Result<Value<'a>, Fault> {
        let inner = match self.run(&map.optional)? {
            Value::Optional(Some(inner)) => (*inner).clone(),
            Value::Optional(None) => return Ok(Value::Optional(None)),
            other => return Err(not_a(other.kind(), "optional_type")),
        };
        let result = self.with_local(inner, |run| run.run(&map.body))?;
        match result {
            Value::Optional(_) if map.flat => Ok(result),
            other if map.flat => Err(not_a(other.kind(), "optional_type")),
            other => Ok(Value::some(other)),
        }
    }

    fn with_local<T>(&mut self, local: Value<'a>, run: impl FnOnce(&mut Self) -> T) -> T {
        self.locals.push(local);
        let result = run(self);
        self.locals.pop();
        result
    }
}

/// What an optional holds.
fn unwrapped<'a>(value: Value<'a>) -> Result<Option<Value<'a>>, Fault> {
    match value {
        Value::Optional(inner) => Ok(inner.map(|inner| (*inner).clone())),
        other => Err(not_a(other.kind(), "optional_type")),
    }
}

fn not_a(got: &str, wanted: &str) -> Fault {
    Fault::NoSuchOverload(format!("{got}, where {wanted} is needed"))
}

fn no_overload(name: &str, arguments: &[Value<'_>]) -> Fault {
    let kinds: Vec<_> = arguments.iter().map(Value::kind).collect();
    Fault::NoSuchOverload(format!("{name}({})", kinds.join(", ")))
}
