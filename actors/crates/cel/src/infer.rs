//! Type inference: which types fit each other, and what the open ones turn out to be.
//!
//! `dyn` fits everything and is contagious: a type variable that once met `dyn` stays `dyn`, so that what is only
//! known at evaluation never passes for a known type.

use super::types::Type;

/// The type variables of one expression.
#[derive(Default)]
pub(super) struct Inference {
    vars: Vec<Option<Type>>,
    /// What was bound since the last mark, and what it was before.
    trail: Vec<(usize, Option<Type>)>,
}

impl Inference {
    /// A type that is not known yet.
    pub(super) fn fresh(&mut self) -> Type {
        self.vars.push(None);
        Type::Var(self.vars.len() - 1)
    }

    /// Whether all of `given` fit the parameters `wanted`. Binds type variables if so, and none otherwise.
    pub(super) fn all_fit(&mut self, wanted: &[Type], given: &[Type]) -> bool {
        self.trail.clear();
        let fit = wanted.len() == given.len() && wanted.iter().zip(given).all(|(w, g)| self.unify(w, g));
        if !fit {
            while let Some((var, before)) = self.trail.pop() {
                self.vars[var] = before;
            }
        }
        fit
    }

    /// The type of a collection whose elements are of types `one` and `other`, if they go together.
    pub(super) fn join(&mut self, one: &Type, other: &Type) -> Option<Type> {
        let fit = self.all_fit(std::slice::from_ref(one), std::slice::from_ref(other));
        fit.then(|| self.wider(one, other))
    }

    /// `ty` with its outermost variable replaced by what is known of it.
    pub(super) fn known(&self, ty: &Type) -> Type {
        let mut ty = ty;
        while let Type::Var(var) = ty {
            match &self.vars[*var] {
                Some(bound) => ty = bound,
                None => break,
            }
        }
        ty.clone()
    }

    /// `ty` without variables: what is still open is `dyn`.
    pub(super) fn settled(&self, ty: &Type) -> Type {
        match self.known(ty) {
            Type::Var(_) => Type::Dyn,
            Type::List(element) => Type::list(self.settled(&element)),
            Type::Map(key, value) => Type::map(self.settled(&key), self.settled(&value)),
            Type::Optional(inner) => Type::optional(self.settled(&inner)),
            known => known,
        }
    }

    fn unify(&mut self, wanted: &Type, given: &Type) -> bool {
        match (wanted, given) {
            (Type::Var(a), Type::Var(b)) if a == b => true,
            (Type::Var(var), other) | (other, Type::Var(var)) => self.unify_variable(*var, other),
            (Type::Dyn, _) | (_, Type::Dyn) => true,
            (Type::Null, other) | (other, Type::Null) => nullable(other),
            (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => self.unify(a, b),
            (Type::Map(a, v), Type::Map(b, w)) => self.unify(a, b) && self.unify(v, w),
            (a, b) => a == b,
        }
    }

    fn unify_variable(&mut self, var: usize, other: &Type) -> bool {
        let Some(bound) = self.vars[var].clone() else {
            let other = self.known(other);
            if other == Type::Var(var) {
                return true;
            }
            if self.occurs(var, &other) {
                return false;
            }
            self.bind(var, other);
            return true;
        };
        if !self.unify(&bound, other) {
            return false;
        }
        let wider = self.wider(&bound, other);
        if wider != bound && !self.occurs(var, &wider) {
            self.bind(var, wider);
        }
        true
    }

    fn bind(&mut self, var: usize, ty: Type) {
        let before = self.vars[var].replace(ty);
        self.trail.push((var, before));
    }

    fn occurs(&self, var: usize, ty: &Type) -> bool {
        match self.known(ty) {
            Type::Var(other) => other == var,
            Type::List(inner) | Type::Optional(inner) => self.occurs(var, &inner),
            Type::Map(key, value) => self.occurs(var, &key) || self.occurs(var, &value),
            _ => false,
        }
    }

    /// Of two types that fit, the one that promises less.
    fn wider(&self, one: &Type, other: &Type) -> Type {
        match (self.known(one), self.known(other)) {
            (Type::Dyn, _) | (_, Type::Dyn) => Type::Dyn,
            (Type::Null, other) | (other, Type::Null) => other,
            (Type::List(a), Type::List(b)) => Type::list(self.wider(&a, &b)),
            (Type::Optional(a), Type::Optional(b)) => Type::optional(self.wider(&a, &b)),
            (Type::Map(a, v), Type::Map(b, w)) => Type::map(self.wider(&a, &b), self.wider(&v, &w)),
            (Type::Var(_), known) | (known, _) => known,
        }
    }
}

/// Whether null goes for a value of that type.
fn nullable(ty: &Type) -> bool {
    matches!(ty, Type::Null | Type::Timestamp | Type::Duration | Type::Optional(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_met_dyn_stays_dyn() {
        let mut inference = Inference::default();
        let var = inference.fresh();
        assert!(inference.all_fit(&[var.clone(), var.clone()], &[Type::String, Type::Dyn]));
        assert_eq!(inference.settled(&var), Type::Dyn);
    }

    #[test]
    fn a_failed_match_binds_nothing() {
        let mut inference = Inference::default();
        let var = inference.fresh();
        assert!(!inference.all_fit(&[var.clone(), Type::Int], &[Type::String, Type::Bool]));
        assert!(inference.all_fit(std::slice::from_ref(&var), &[Type::Double]));
        assert_eq!(inference.settled(&var), Type::Double);
    }

    #[test]
    fn no_type_contains_itself() {
        let mut inference = Inference::default();
        let var = inference.fresh();
        let list = Type::list(var.clone());
        assert!(!inference.all_fit(&[var], &[list]));
    }
}
