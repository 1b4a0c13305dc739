//! Evaluation of checked expressions. Recursion is as deep as the expression, which the checker bounds; everything
//! else is bounded by the [`StepMeter`].

use std::sync::Arc;

use serde_json::Value as Json;

use super::error::EvaluationError;
use super::meter::StepMeter;
use super::node::{
    Access, CheckedNode, Constant, FieldAccess, Fold, FoldKind, OptionalMap, OrElse, PatternSource,
};
use super::value::{CelValue, TextValue};
use campanile_pattern::LazyPattern;

/// What the compilation of a computed pattern costs: the worst takes some milliseconds.
pub(super) const PATTERN_STEPS: usize = 100_000;

/// One evaluation of one expression.
pub(super) struct Evaluation<'a> {
    /// The declared variables, by number: name and value.
    variables: Vec<(&'a str, Option<&'a Json>)>,
    locals: Vec<CelValue<'a>>,
    /// The pattern that was computed last.
    pattern: Option<Arc<LazyPattern>>,
    meter: StepMeter,
}

impl<'a> Evaluation<'a> {
    /// An evaluation with these variables, in the order of their declaration, that may take so many steps.
    pub(super) fn new(variables: Vec<(&'a str, Option<&'a Json>)>, steps: usize) -> Self {
        Self { variables, locals: Vec::new(), pattern: None, meter: StepMeter::new(steps) }
    }

    /// What is left of the budget.
    pub(super) fn meter(&mut self) -> &mut StepMeter {
        &mut self.meter
    }

    /// Evaluates `node` to its value.
    pub(super) fn run(&mut self, node: &'a CheckedNode) -> Result<CelValue<'a>, EvaluationError> {
        self.meter.spend(1)?;
        match node {
            CheckedNode::Constant(constant) => self.constant(constant),
            CheckedNode::Variable(number) => self.variable(*number),
            CheckedNode::Local(place) => Ok(self.locals[*place].clone()),
            CheckedNode::Field(field) => self.field(field),
            CheckedNode::And(operands) => self.logical(operands, false),
            CheckedNode::Or(operands) => self.logical(operands, true),
            CheckedNode::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                if self.condition(condition)? { self.run(then) } else { self.run(otherwise) }
            }
            CheckedNode::List(elements) => self.list(elements),
            CheckedNode::Map(entries) => self.map(entries),
            CheckedNode::Call(function, arguments) => {
                let arguments = arguments.iter().map(|argument| self.run(argument));
                let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
                let result = (function.call)(&mut self.meter, &arguments)?;
                result.ok_or_else(|| no_overload(function.name, &arguments))
            }
            CheckedNode::Matches(matches) => self.matches(&matches.0, &matches.1),
            CheckedNode::Fold(fold) => self.fold(fold),
            CheckedNode::OrElse(or_else) => self.or_else(or_else),
            CheckedNode::OptionalMap(map) => self.optional_map(map),
        }
    }

    fn constant(&mut self, constant: &'a Constant) -> Result<CelValue<'a>, EvaluationError> {
        Ok(match constant {
            Constant::Null => CelValue::Null,
            Constant::Bool(value) => CelValue::Bool(*value),
            Constant::Int(value) => CelValue::Int(*value),
            Constant::Uint(value) => CelValue::Uint(*value),
            Constant::Double(value) => CelValue::Double(*value),
            Constant::Text(text) => CelValue::Text(TextValue::Borrowed(text)),
            Constant::Bytes(bytes) => {
                self.meter.spend_bytes(bytes.len())?;
                CelValue::Bytes((**bytes).into())
            }
            Constant::Kind(name) => CelValue::Kind(name),
        })
    }

    fn variable(&self, number: usize) -> Result<CelValue<'a>, EvaluationError> {
        let (name, value) = self.variables[number];
        value.map(CelValue::from).ok_or_else(|| EvaluationError::NoSuchAttribute(name.to_owned()))
    }

    fn field(&mut self, field: &'a FieldAccess) -> Result<CelValue<'a>, EvaluationError> {
        let operand = self.run(&field.operand)?;
        let (operand, optional) = match operand {
            CelValue::Optional(None) if field.access == Access::Test => return Ok(CelValue::Bool(false)),
            CelValue::Optional(None) => return Ok(CelValue::Optional(None)),
            CelValue::Optional(Some(inner)) => ((*inner).clone(), true),
            plain => (plain, false),
        };
        let found = operand.field(&field.name, &mut self.meter)?;
        match field.access {
            Access::Test => Ok(CelValue::Bool(found.is_some())),
            Access::Get if !optional => {
                found.ok_or_else(|| EvaluationError::NoSuchKey(field.name.to_string()))
            }
            Access::Get | Access::Optional => Ok(CelValue::optional(found)),
        }
    }

    /// `&&` where `decisive` is false, `||` where it is true: an operand with that value decides, whatever the other
    /// is, even if it has none.
    fn logical(
        &mut self,
        operands: &'a [CheckedNode; 2],
        decisive: bool,
    ) -> Result<CelValue<'a>, EvaluationError> {
        let left = self.condition(&operands[0]);
        match left {
            Ok(left) if left == decisive => return Ok(CelValue::Bool(decisive)),
            Err(EvaluationError::Exhausted) => return Err(EvaluationError::Exhausted),
            _ => {}
        }
        let right = self.condition(&operands[1])?;
        if right == decisive { Ok(CelValue::Bool(decisive)) } else { left.map(|_| CelValue::Bool(right)) }
    }

    fn condition(&mut self, node: &'a CheckedNode) -> Result<bool, EvaluationError> {
        match self.run(node)? {
            CelValue::Bool(value) => Ok(value),
            other => Err(not_a(other.kind(), "bool")),
        }
    }

    fn list(&mut self, elements: &'a [(CheckedNode, bool)]) -> Result<CelValue<'a>, EvaluationError> {
        let mut list = Vec::with_capacity(elements.len());
        for (element, optional) in elements {
            let element = self.run(element)?;
            list.extend(if *optional { unwrapped(element)? } else { Some(element) });
        }
        Ok(CelValue::list(list))
    }

    fn map(
        &mut self,
        entries: &'a [(CheckedNode, CheckedNode, bool)],
    ) -> Result<CelValue<'a>, EvaluationError> {
        let mut map: Vec<(CelValue<'a>, CelValue<'a>)> = Vec::with_capacity(entries.len());
        for (key, value, optional) in entries {
            let key = self.run(key)?;
            if !matches!(key, CelValue::Bool(_) | CelValue::Int(_) | CelValue::Uint(_) | CelValue::Text(_)) {
                return Err(EvaluationError::NoSuchOverload(format!("map key of type {}", key.kind())));
            }
            let value = self.run(value)?;
            let Some(value) = (if *optional { unwrapped(value)? } else { Some(value) }) else { continue };
            for (earlier, _) in &map {
                if earlier.equals(&key, &mut self.meter)? {
                    return Err(EvaluationError::RepeatedKey);
                }
            }
            map.push((key, value));
        }
        Ok(CelValue::Map(super::value::MapValue::Shared(map.into())))
    }

    fn matches(
        &mut self,
        text: &'a CheckedNode,
        pattern: &'a PatternSource,
    ) -> Result<CelValue<'a>, EvaluationError> {
        let text = self.run(text)?;
        let CelValue::Text(text) = text else { return Err(not_a(text.kind(), "string")) };
        let pattern = match pattern {
            PatternSource::Literal(pattern) => pattern,
            PatternSource::Computed(pattern) => {
                let pattern = self.run(pattern)?;
                let CelValue::Text(pattern) = pattern else { return Err(not_a(pattern.kind(), "string")) };
                self.meter.spend_bytes(text.len())?;
                &self.compiled(&pattern)?
            }
        };
        self.meter.spend_match(pattern.price(), text.len())?;
        Ok(CelValue::Bool(pattern.is_match(&text)))
    }

    /// The compiled form of a computed pattern. Within a macro it often is the same for every element.
    fn compiled(&mut self, source: &str) -> Result<Arc<LazyPattern>, EvaluationError> {
        if let Some(known) = self.pattern.as_ref().filter(|pattern| pattern.as_str() == source) {
            return Ok(known.clone());
        }
        self.meter.spend(PATTERN_STEPS)?;
        let pattern = Arc::new(LazyPattern::new(source).map_err(EvaluationError::Pattern)?);
        Ok(self.pattern.insert(pattern).clone())
    }

    fn fold(&mut self, fold: &'a Fold) -> Result<CelValue<'a>, EvaluationError> {
        match self.run(&fold.range)? {
            CelValue::List(list) => self.fold_over(fold, list.iter()),
            CelValue::Map(map) => self.fold_over(fold, map.entries().map(|(key, _)| key)),
            other => Err(not_a(other.kind(), "list or map")),
        }
    }

    fn fold_over(
        &mut self,
        fold: &'a Fold,
        elements: impl Iterator<Item = CelValue<'a>>,
    ) -> Result<CelValue<'a>, EvaluationError> {
        match fold.kind {
            FoldKind::All => self.any(fold, elements, false),
            FoldKind::Exists => self.any(fold, elements, true),
            FoldKind::ExistsOne => {
                let mut count = 0;
                for element in elements {
                    count += usize::from(self.with_local(element, |run| run.condition(&fold.body))?);
                }
                Ok(CelValue::Bool(count == 1))
            }
            FoldKind::Map | FoldKind::Filter => {
                let mut list = Vec::new();
                for element in elements {
                    list.extend(self.with_local(element, |run| run.transformed(fold))?);
                }
                Ok(CelValue::list(list))
            }
        }
    }

    /// Whether the body is `decisive` for any element; a fault counts only if it is for none.
    fn any(
        &mut self,
        fold: &'a Fold,
        elements: impl Iterator<Item = CelValue<'a>>,
        decisive: bool,
    ) -> Result<CelValue<'a>, EvaluationError> {
        let mut fault = None;
        for element in elements {
            match self.with_local(element, |run| run.condition(&fold.body)) {
                Ok(value) if value == decisive => return Ok(CelValue::Bool(decisive)),
                Ok(_) => {}
                Err(EvaluationError::Exhausted) => return Err(EvaluationError::Exhausted),
                Err(other) => fault = Some(other),
            }
        }
        fault.map_or(Ok(CelValue::Bool(!decisive)), Err)
    }

    /// What the topmost local adds to the result of a `map` or `filter`.
    fn transformed(&mut self, fold: &'a Fold) -> Result<Option<CelValue<'a>>, EvaluationError> {
        if fold.kind == FoldKind::Filter {
            let element = self.locals.last().cloned();
            return Ok(if self.condition(&fold.body)? { element } else { None });
        }
        match &fold.condition {
            Some(condition) if !self.condition(condition)? => Ok(None),
            _ => self.run(&fold.body).map(Some),
        }
    }

    fn or_else(&mut self, or_else: &'a OrElse) -> Result<CelValue<'a>, EvaluationError> {
        match self.run(&or_else.optional)? {
            CelValue::Optional(Some(inner)) if or_else.value => Ok((*inner).clone()),
            CelValue::Optional(None) => self.run(&or_else.fallback),
            full @ CelValue::Optional(_) => Ok(full),
            other => Err(not_a(other.kind(), "optional_type")),
        }
    }

    fn optional_map(&mut self, map: &'a OptionalMap) -> Result<CelValue<'a>, EvaluationError> {
        let inner = match self.run(&map.optional)? {
            CelValue::Optional(Some(inner)) => (*inner).clone(),
            CelValue::Optional(None) => return Ok(CelValue::Optional(None)),
            other => return Err(not_a(other.kind(), "optional_type")),
        };
        let result = self.with_local(inner, |run| run.run(&map.body))?;
        match result {
            CelValue::Optional(_) if map.flat => Ok(result),
            other if map.flat => Err(not_a(other.kind(), "optional_type")),
            other => Ok(CelValue::some(other)),
        }
    }

    fn with_local<T>(&mut self, local: CelValue<'a>, run: impl FnOnce(&mut Self) -> T) -> T {
        self.locals.push(local);
        let result = run(self);
        self.locals.pop();
        result
    }
}

/// The value that an optional holds, if any.
fn unwrapped<'a>(value: CelValue<'a>) -> Result<Option<CelValue<'a>>, EvaluationError> {
    match value {
        CelValue::Optional(inner) => Ok(inner.map(|inner| (*inner).clone())),
        other => Err(not_a(other.kind(), "optional_type")),
    }
}

fn not_a(got: &str, wanted: &str) -> EvaluationError {
    EvaluationError::NoSuchOverload(format!("{got}, where {wanted} is needed"))
}

fn no_overload(name: &str, arguments: &[CelValue<'_>]) -> EvaluationError {
    let kinds: Vec<_> = arguments.iter().map(CelValue::kind).collect();
    EvaluationError::NoSuchOverload(format!("{name}({})", kinds.join(", ")))
}
