//! Calls and operators.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use super::super::error::SyntaxError;
use super::super::library::{self, CallStyle, Function};
use super::super::node::{Access, CheckedNode, OrElse, PatternSource};
use super::super::types::Type;
use super::{Checker, Typed};
use campanile_pattern::LazyPattern;

/// Literal patterns that one expression may keep compiled, since each may take megabytes. Further ones are compiled whenever
/// they are needed.
const MAX_PATTERNS: usize = 8;

impl<'s> Checker<'s> {
    pub(super) fn call(&mut self, at: &'s IdedExpr, call: &'s CallExpr) -> Result<Typed, SyntaxError> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, [a, b]) => {
                Ok((CheckedNode::And(Box::new(self.conditions(a, b)?)), Type::Bool))
            }
            (operators::LOGICAL_OR, [a, b]) => {
                Ok((CheckedNode::Or(Box::new(self.conditions(a, b)?)), Type::Bool))
            }
            (operators::CONDITIONAL, [condition, then, otherwise]) => {
                self.conditional(condition, then, otherwise)
            }
            (operators::OPT_SELECT, [operand, field]) => {
                let Some(field) = literal_text(field) else { return Err(self.issue(at, "not a field")) };
                self.field(at, operand, field, Access::Optional)
            }
            _ => match self.macro_call(at, call)? {
                Some(typed) => Ok(typed),
                None => self.function_call(at, call),
            },
        }
    }

    fn conditions(&mut self, a: &'s IdedExpr, b: &'s IdedExpr) -> Result<[CheckedNode; 2], SyntaxError> {
        Ok([self.check_as(a, &Type::Bool)?, self.check_as(b, &Type::Bool)?])
    }

    fn conditional(
        &mut self,
        condition: &'s IdedExpr,
        then: &'s IdedExpr,
        otherwise: &'s IdedExpr,
    ) -> Result<Typed, SyntaxError> {
        let condition = self.check_as(condition, &Type::Bool)?;
        let (then, then_type) = self.check(then)?;
        let (other, other_type) = self.check(otherwise)?;
        let ty = self.joined(otherwise, Some(then_type), other_type)?;
        Ok((CheckedNode::Conditional(Box::new([condition, then, other])), ty))
    }

    fn function_call(&mut self, at: &'s IdedExpr, call: &'s CallExpr) -> Result<Typed, SyntaxError> {
        let (function, target) = self.function(at, call)?;
        let mut nodes = Vec::with_capacity(call.args.len() + 1);
        let mut types = Vec::with_capacity(call.args.len() + 1);
        for argument in target.into_iter().chain(&call.args) {
            let (node, ty) = self.check(argument)?;
            nodes.push(node);
            types.push(ty);
        }
        let result = self.result_type(function, &types);
        let result = result.ok_or_else(|| self.no_overload(at, function, &types))?;
        self.lowered(at, call, function, nodes).map(|node| (node, result))
    }

    /// The function that is called, and its target if it is a member.
    fn function(
        &self,
        at: &IdedExpr,
        call: &'s CallExpr,
    ) -> Result<(&'static Function, Option<&'s IdedExpr>), SyntaxError> {
        let name = call.func_name.as_str();
        let Some(target) = call.target.as_deref() else {
            let plain = name.strip_prefix('.').unwrap_or(name);
            let function = library::function(plain, CallStyle::Global);
            return function.map(|f| (f, None)).ok_or_else(|| self.undeclared(at, plain));
        };
        if let Expr::Ident(namespace) = &target.expr
            && self.name(target, namespace).is_err()
            && let Some(function) = library::function(&format!("{namespace}.{name}"), CallStyle::Global)
        {
            return Ok((function, None));
        }
        let function = library::function(name, CallStyle::Member);
        function.map(|f| (f, Some(target))).ok_or_else(|| self.undeclared(at, name))
    }

    /// The type of a call: that of the signatures which fit, or `dyn` if these do not agree.
    fn result_type(&mut self, function: &Function, given: &[Type]) -> Option<Type> {
        let candidates = || function.overloads.iter().filter(|overload| overload.0.len() == given.len());
        let given: Vec<_> = if candidates().count() > 1 {
            given.iter().map(|ty| self.not_open(ty)).collect()
        } else {
            given.to_vec()
        };
        let mut result: Option<Type> = None;
        for overload in candidates() {
            let (a, b) = (self.inference.fresh(), self.inference.fresh());
            let wanted: Vec<_> = overload.0.iter().map(|sig| sig.instance(&a, &b)).collect();
            if !self.inference.all_fit(&wanted, &given) {
                continue;
            }
            let ty = overload.1.instance(&a, &b);
            result = Some(match result {
                Some(earlier) if earlier != ty => Type::Dyn,
                _ => ty,
            });
        }
        result
    }

    /// An open type would become that of the first signature, and the others would not be tried.
    fn not_open(&self, ty: &Type) -> Type {
        match self.inference.known(ty) {
            Type::Var(_) => Type::Dyn,
            known => known,
        }
    }

    fn no_overload(&self, at: &IdedExpr, function: &Function, given: &[Type]) -> SyntaxError {
        let types: Vec<_> = given.iter().map(|ty| self.inference.settled(ty).to_string()).collect();
        let given = match (function.style, types.split_first()) {
            (CallStyle::Member, Some((target, arguments))) => format!("{target}.({})", arguments.join(", ")),
            _ => format!("({})", types.join(", ")),
        };
        self.issue(at, format!("found no matching overload for '{}' applied to '{given}'", function.name))
    }

    /// The node of a call; some calls have one of their own.
    fn lowered(
        &mut self,
        at: &IdedExpr,
        call: &CallExpr,
        function: &'static Function,
        mut nodes: Vec<CheckedNode>,
    ) -> Result<CheckedNode, SyntaxError> {
        match function.name {
            "or" | "orValue" | "matches" => {
                let (second, first) = (nodes.pop(), nodes.pop());
                let (Some(first), Some(second)) = (first, second) else {
                    return Err(self.issue(at, "not a call"));
                };
                if function.name == "matches" {
                    let pattern = self.pattern(call.args.last(), second)?;
                    return Ok(CheckedNode::Matches(Box::new((first, pattern))));
                }
                let value = function.name == "orValue";
                Ok(CheckedNode::OrElse(Box::new(OrElse { optional: first, fallback: second, value })))
            }
            _ => Ok(CheckedNode::Call(function, nodes.into())),
        }
    }

    /// The pattern of a `matches()`, checked if it is a literal.
    fn pattern(
        &mut self,
        argument: Option<&IdedExpr>,
        node: CheckedNode,
    ) -> Result<PatternSource, SyntaxError> {
        match argument.and_then(|argument| literal_text(argument).map(|text| (argument, text))) {
            Some((argument, text)) if self.patterns < MAX_PATTERNS => {
                self.patterns += 1;
                let pattern =
                    LazyPattern::new(text).map_err(|error| self.issue(argument, error.to_string()))?;
                Ok(PatternSource::Literal(pattern))
            }
            _ => Ok(PatternSource::Computed(node)),
        }
    }
}

/// The text of a text literal.
fn literal_text(expression: &IdedExpr) -> Option<&str> {
    match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
