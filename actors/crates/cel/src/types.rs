//! Static types of expressions, and the notation in which the library declares its functions.

use std::fmt;
use std::rc::Rc;

/// The type of an expression, as far as it is known before evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// Known only at evaluation; fits everywhere.
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    /// The type of a type name.
    Kind,
    List(Rc<Type>),
    /// A map with types of key and value.
    Map(Rc<Type>, Rc<Type>),
    Optional(Rc<Type>),
    /// Not yet known: a variable of the inference.
    Var(usize),
}

impl Type {
    pub(super) fn list(element: Self) -> Self {
        Self::List(Rc::new(element))
    }

    pub(super) fn map(key: Self, value: Self) -> Self {
        Self::Map(Rc::new(key), Rc::new(value))
    }

    pub(super) fn optional(inner: Self) -> Self {
        Self::Optional(Rc::new(inner))
    }

    /// The type that a bare name stands for in an expression.
    pub(super) fn named(name: &str) -> Option<&'static str> {
        const NAMES: [&str; 10] =
            ["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type"];
        NAMES.into_iter().find(|known| *known == name)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn | Self::Var(_) => f.write_str("dyn"),
            Self::Null => f.write_str("null_type"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Timestamp => f.write_str("google.protobuf.Timestamp"),
            Self::Duration => f.write_str("google.protobuf.Duration"),
            Self::Kind => f.write_str("type"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Map(key, value) => write!(f, "map({key}, {value})"),
            Self::Optional(inner) => write!(f, "optional_type({inner})"),
        }
    }
}

/// A type in the declaration of a function. `A` and `B` stand for any type, the same one wherever they occur.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sig {
    Dyn,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    Kind,
    List(&'static Sig),
    Map(&'static Sig, &'static Sig),
    Optional(&'static Sig),
    A,
    B,
}

impl Sig {
    /// The type that is declared, with `a` and `b` for the two open ones.
    pub(super) fn instance(self, a: &Type, b: &Type) -> Type {
        match self {
            Self::Dyn => Type::Dyn,
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Uint => Type::Uint,
            Self::Double => Type::Double,
            Self::String => Type::String,
            Self::Bytes => Type::Bytes,
            Self::Timestamp => Type::Timestamp,
            Self::Duration => Type::Duration,
            Self::Kind => Type::Kind,
            Self::List(element) => Type::list(element.instance(a, b)),
            Self::Map(key, value) => Type::map(key.instance(a, b), value.instance(a, b)),
            Self::Optional(inner) => Type::optional(inner.instance(a, b)),
            Self::A => a.clone(),
            Self::B => b.clone(),
        }
    }
}
