//! The type checker: it turns a parsed text into a [`CheckedNode`] with a type, or says what does not fit.
//!
//! Neither parser crate that was compared has a sound one (docs/adr/0003-cel.md). Recursion is as deep as the tree,
//! which the parsing bounds.

mod calls;
mod macros;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue, MapExpr, SelectExpr};

use super::error::SyntaxError;
use super::infer::Inference;
use super::node::{Access, CheckedNode, Constant, FieldAccess};
use super::syntax::Syntax;
use super::types::Type;

/// A checked expression and its type.
type Typed = (CheckedNode, Type);

/// Checks a parsed text whose free names are `variables`, all of them maps from text to anything.
///
/// # Errors
/// The first place whose types or names do not fit.
pub(super) fn check(syntax: &Syntax, variables: &[Box<str>]) -> Result<Typed, SyntaxError> {
    let mut checker =
        Checker { syntax, variables, locals: Vec::new(), inference: Inference::default(), patterns: 0 };
    let (node, ty) = checker.check(&syntax.root)?;
    Ok((node, checker.inference.settled(&ty)))
}

struct Checker<'s> {
    syntax: &'s Syntax,
    variables: &'s [Box<str>],
    /// The variables of the macros around the current place, outermost first.
    locals: Vec<(&'s str, Type)>,
    inference: Inference,
    /// Literal patterns checked so far.
    patterns: usize,
}

impl<'s> Checker<'s> {
    fn check(&mut self, expression: &'s IdedExpr) -> Result<Typed, SyntaxError> {
        match &expression.expr {
            Expr::Literal(literal) => Ok(constant(literal)),
            Expr::Ident(name) => self.name(expression, name),
            Expr::Select(select) => self.select(expression, select, Access::Get),
            Expr::Call(call) => self.call(expression, call),
            Expr::List(list) => self.list(list),
            Expr::Map(map) => self.map(expression, map),
            Expr::Struct(message) => {
                let text =
                    format!("undeclared reference to '{}': there are no message types", message.type_name);
                Err(self.syntax.issue(expression, text))
            }
            Expr::Comprehension(_) | Expr::Unspecified => Err(self.issue(expression, "not an expression")),
        }
    }

    fn issue(&self, at: &IdedExpr, text: impl Into<String>) -> SyntaxError {
        self.syntax.issue(at, text.into())
    }

    fn name(&self, at: &IdedExpr, name: &'s str) -> Result<Typed, SyntaxError> {
        if let Some(place) = self.locals.iter().rposition(|(local, _)| *local == name) {
            return Ok((CheckedNode::Local(place), self.locals[place].1.clone()));
        }
        let plain = name.strip_prefix('.').unwrap_or(name);
        if let Some(number) = self.variables.iter().position(|variable| **variable == *plain) {
            return Ok((CheckedNode::Variable(number), Type::map(Type::String, Type::Dyn)));
        }
        match Type::named(plain) {
            Some(name) => Ok((CheckedNode::Constant(Constant::Kind(name)), Type::Kind)),
            None => Err(self.undeclared(at, plain)),
        }
    }

    fn undeclared(&self, at: &IdedExpr, name: &str) -> SyntaxError {
        let known = self.variables.join(", ");
        self.issue(at, format!("undeclared reference to '{name}' (the variables are {known})"))
    }

    fn select(
        &mut self,
        at: &IdedExpr,
        select: &'s SelectExpr,
        access: Access,
    ) -> Result<Typed, SyntaxError> {
        self.field(at, &select.operand, &select.field, access)
    }

    fn field(
        &mut self,
        at: &IdedExpr,
        operand: &'s IdedExpr,
        name: &str,
        access: Access,
    ) -> Result<Typed, SyntaxError> {
        let (operand, ty) = self.check(operand)?;
        let (inner, optional) = match self.inference.known(&ty) {
            Type::Optional(inner) => ((*inner).clone(), true),
            plain => (plain, false),
        };
        let Some(value) = self.value_type(&inner) else {
            let ty = self.inference.settled(&ty);
            return Err(self.issue(at, format!("type '{ty}' does not support field selection")));
        };
        let ty = match access {
            Access::Test => Type::Bool,
            Access::Get if !optional => value,
            Access::Get | Access::Optional => Type::optional(value),
        };
        Ok((CheckedNode::Field(Box::new(FieldAccess { operand, name: name.into(), access })), ty))
    }

    /// The type of the fields of a `container`; none if it has no fields.
    fn value_type(&mut self, container: &Type) -> Option<Type> {
        match self.inference.known(container) {
            Type::Map(key, value) if self.inference.join(&key, &Type::String).is_some() => {
                Some((*value).clone())
            }
            Type::Dyn | Type::Var(_) => Some(Type::Dyn),
            _ => None,
        }
    }

    fn list(&mut self, list: &'s ListExpr) -> Result<Typed, SyntaxError> {
        let mut nodes = Vec::with_capacity(list.elements.len());
        let mut element_type = None;
        let mut optionals = list.optional_indices.iter().peekable();
        for (at, element) in list.elements.iter().enumerate() {
            let optional = optionals.next_if(|index| **index == at).is_some();
            let (node, ty) = self.entry(element, optional)?;
            element_type = Some(self.joined(element, element_type, ty)?);
            nodes.push((node, optional));
        }
        let element_type = element_type.unwrap_or_else(|| self.inference.fresh());
        Ok((CheckedNode::List(nodes.into()), Type::list(element_type)))
    }

    fn map(&mut self, at: &IdedExpr, map: &'s MapExpr) -> Result<Typed, SyntaxError> {
        let mut nodes = Vec::with_capacity(map.entries.len());
        let (mut key_type, mut value_type) = (None, None);
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else { return Err(self.issue(at, "not a map")) };
            let (key, ty) = self.check(&entry.key)?;
            let ty = self.key_type(&entry.key, &ty)?;
            key_type = Some(self.joined(&entry.key, key_type, ty)?);
            let (value, ty) = self.entry(&entry.value, entry.optional)?;
            value_type = Some(self.joined(&entry.value, value_type, ty)?);
            nodes.push((key, value, entry.optional));
        }
        let value_type = value_type.unwrap_or_else(|| self.inference.fresh());
        Ok((CheckedNode::Map(nodes.into()), Type::map(key_type.unwrap_or(Type::Dyn), value_type)))
    }

    /// Keys are scalars. That also keeps types from doubling with every level of nesting.
    fn key_type(&self, at: &IdedExpr, ty: &Type) -> Result<Type, SyntaxError> {
        match self.inference.known(ty) {
            key @ (Type::Bool | Type::Int | Type::Uint | Type::String | Type::Dyn) => Ok(key),
            Type::Var(_) => Ok(Type::Dyn),
            other => {
                let other = self.inference.settled(&other);
                Err(self.issue(at, format!("map keys are bool, int, uint or string, not {other}")))
            }
        }
    }

    /// An element of a literal; of an optional one, what it holds.
    fn entry(&mut self, element: &'s IdedExpr, optional: bool) -> Result<Typed, SyntaxError> {
        let (node, ty) = self.check(element)?;
        if !optional {
            return Ok((node, ty));
        }
        let inner = self.inner(&ty);
        let inner = inner.ok_or_else(|| self.expected(element, &Type::optional(Type::Dyn), &ty))?;
        Ok((node, inner))
    }

    /// What an optional of type `ty` holds; none if it is no optional.
    fn inner(&mut self, ty: &Type) -> Option<Type> {
        match self.inference.known(ty) {
            Type::Optional(inner) => Some((*inner).clone()),
            Type::Dyn | Type::Var(_) => Some(Type::Dyn),
            _ => None,
        }
    }

    /// Literals are homogeneous (contract, control plane 6.3).
    fn joined(&mut self, at: &IdedExpr, before: Option<Type>, ty: Type) -> Result<Type, SyntaxError> {
        let Some(before) = before else { return Ok(ty) };
        let joined = self.inference.join(&before, &ty);
        joined.ok_or_else(|| self.expected(at, &before, &ty))
    }

    /// `expression`, which must be of type `wanted`.
    fn check_as(&mut self, expression: &'s IdedExpr, wanted: &Type) -> Result<CheckedNode, SyntaxError> {
        let (node, ty) = self.check(expression)?;
        if self.inference.all_fit(std::slice::from_ref(wanted), std::slice::from_ref(&ty)) {
            return Ok(node);
        }
        Err(self.expected(expression, wanted, &ty))
    }

    fn expected(&self, at: &IdedExpr, wanted: &Type, got: &Type) -> SyntaxError {
        let (wanted, got) = (self.inference.settled(wanted), self.inference.settled(got));
        self.issue(at, format!("expected type '{wanted}' but found '{got}'"))
    }
}

fn constant(literal: &LiteralValue) -> Typed {
    let (constant, ty) = match literal {
        LiteralValue::Boolean(value) => (Constant::Bool(*value.inner()), Type::Bool),
        LiteralValue::Bytes(bytes) => (Constant::Bytes(bytes.inner().into()), Type::Bytes),
        LiteralValue::Double(value) => (Constant::Double(*value.inner()), Type::Double),
        LiteralValue::Int(value) => (Constant::Int(*value.inner()), Type::Int),
        LiteralValue::Null => (Constant::Null, Type::Null),
        LiteralValue::String(text) => (Constant::Text(text.inner().into()), Type::String),
        LiteralValue::UInt(value) => (Constant::Uint(*value.inner()), Type::Uint),
    };
    (CheckedNode::Constant(constant), ty)
}
