//! Macros: calls that take an expression, not its value.

use cel::common::ast::{CallExpr, Expr, IdedExpr};

use super::super::error::SyntaxError;
use super::super::node::{Access, CheckedNode, Fold, FoldKind, OptionalMap};
use super::super::types::Type;
use super::{Checker, Typed};

impl<'s> Checker<'s> {
    /// The macro of that name and number of arguments; none if there is no such macro.
    pub(super) fn macro_call(
        &mut self,
        at: &'s IdedExpr,
        call: &'s CallExpr,
    ) -> Result<Option<Typed>, SyntaxError> {
        let name = call.func_name.as_str();
        let typed = match (&call.target, call.args.as_slice()) {
            (None, [field]) if name == "has" => self.has(at, field)?,
            (Some(range), [variable, body]) => match (name, fold_kind(name)) {
                (_, Some(kind)) => self.fold(kind, range, variable, None, body)?,
                ("optMap", _) => self.optional_map(range, variable, body, false)?,
                ("optFlatMap", _) => self.optional_map(range, variable, body, true)?,
                _ => return Ok(None),
            },
            (Some(range), [variable, condition, body]) if name == "map" => {
                self.fold(FoldKind::Map, range, variable, Some(condition), body)?
            }
            _ => return Ok(None),
        };
        Ok(Some(typed))
    }

    fn has(&mut self, at: &'s IdedExpr, field: &'s IdedExpr) -> Result<Typed, SyntaxError> {
        match &field.expr {
            Expr::Select(select) => self.select(field, select, Access::Test),
            _ => Err(self.issue(at, "has() takes the selection of a field, as in has(a.b)")),
        }
    }

    fn fold(
        &mut self,
        kind: FoldKind,
        range: &'s IdedExpr,
        variable: &'s IdedExpr,
        condition: Option<&'s IdedExpr>,
        body: &'s IdedExpr,
    ) -> Result<Typed, SyntaxError> {
        let variable = self.macro_variable(variable)?;
        let (node, ty) = self.check(range)?;
        let element = match self.inference.known(&ty) {
            Type::List(element) => (*element).clone(),
            Type::Map(key, _) => (*key).clone(),
            Type::Dyn | Type::Var(_) => Type::Dyn,
            other => return Err(self.expected(range, &Type::list(Type::Dyn), &other)),
        };
        let (condition, body, body_type) = self.with_local(variable, element.clone(), |checker| {
            let condition =
                condition.map(|condition| checker.check_as(condition, &Type::Bool)).transpose()?;
            if kind == FoldKind::Map {
                let (body, ty) = checker.check(body)?;
                return Ok((condition, body, ty));
            }
            Ok((condition, checker.check_as(body, &Type::Bool)?, Type::Bool))
        })?;
        let result = match kind {
            FoldKind::Map => Type::list(body_type),
            FoldKind::Filter => Type::list(element),
            FoldKind::All | FoldKind::Exists | FoldKind::ExistsOne => Type::Bool,
        };
        Ok((CheckedNode::Fold(Box::new(Fold { kind, range: node, condition, body })), result))
    }

    fn optional_map(
        &mut self,
        optional: &'s IdedExpr,
        variable: &'s IdedExpr,
        body: &'s IdedExpr,
        flat: bool,
    ) -> Result<Typed, SyntaxError> {
        let variable = self.macro_variable(variable)?;
        let (node, ty) = self.check(optional)?;
        let inner = self.inner(&ty);
        let inner = inner.ok_or_else(|| self.expected(optional, &Type::optional(Type::Dyn), &ty))?;
        let (result, ty) = self.with_local(variable, inner, |checker| checker.check(body))?;
        let held = if flat {
            let held = self.inner(&ty);
            held.ok_or_else(|| self.expected(body, &Type::optional(Type::Dyn), &ty))?
        } else {
            ty
        };
        let node = CheckedNode::OptionalMap(Box::new(OptionalMap { optional: node, body: result, flat }));
        Ok((node, Type::optional(held)))
    }

    fn macro_variable(&self, variable: &'s IdedExpr) -> Result<&'s str, SyntaxError> {
        match &variable.expr {
            Expr::Ident(name) if !name.starts_with('.') => Ok(name),
            _ => Err(self.issue(variable, "the first argument of a macro is the name of a variable")),
        }
    }

    fn with_local<T>(&mut self, name: &'s str, ty: Type, check: impl FnOnce(&mut Self) -> T) -> T {
        self.locals.push((name, ty));
        let result = check(self);
        self.locals.pop();
        result
    }
}

fn fold_kind(name: &str) -> Option<FoldKind> {
    match name {
        "all" => Some(FoldKind::All),
        "exists" => Some(FoldKind::Exists),
        "exists_one" | "existsOne" => Some(FoldKind::ExistsOne),
        "map" => Some(FoldKind::Map),
        "filter" => Some(FoldKind::Filter),
        _ => None,
    }
}
