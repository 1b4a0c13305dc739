//! A checked expression, ready to be evaluated: names are resolved to slots, calls to functions.

use super::library::Function;
use campanile_pattern::LazyPattern;

/// One node of a checked expression.
#[derive(Debug)]
pub(super) enum CheckedNode {
    Constant(Constant),
    /// A declared variable, by its number.
    Variable(usize),
    /// The variable of a macro, by its place on the stack.
    Local(usize),
    Field(Box<FieldAccess>),
    And(Box<[CheckedNode; 2]>),
    Or(Box<[CheckedNode; 2]>),
    /// Condition, and what follows if it holds and if not.
    Conditional(Box<[CheckedNode; 3]>),
    /// Elements; those marked are optionals that add nothing when empty.
    List(Box<[(CheckedNode, bool)]>),
    /// Keys and values; those marked are optionals that add nothing when empty.
    Map(Box<[(CheckedNode, CheckedNode, bool)]>),
    Call(&'static Function, Box<[CheckedNode]>),
    /// `matches()` of a text and a pattern.
    Matches(Box<(CheckedNode, PatternSource)>),
    Fold(Box<Fold>),
    OrElse(Box<OrElse>),
    OptionalMap(Box<OptionalMap>),
}

/// The source of a pattern.
#[derive(Debug)]
pub(super) enum PatternSource {
    /// A literal, checked with the expression and compiled when it is needed first.
    Literal(LazyPattern),
    /// An expression, whose value is compiled when it is needed.
    Computed(CheckedNode),
}

/// A literal in the text.
#[derive(Debug)]
pub(super) enum Constant {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Box<str>),
    Bytes(Box<[u8]>),
    /// The name of a type.
    Kind(&'static str),
}

/// Access to a field of an object.
#[derive(Debug)]
pub(super) struct FieldAccess {
    pub(super) operand: CheckedNode,
    pub(super) name: Box<str>,
    pub(super) access: Access,
}

/// The form of access to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// The form `a.b`, which is the field's value.
    Get,
    /// `has(a.b)`: whether it is there.
    Test,
    /// The form `a.?b`, which is an optional.
    Optional,
}

/// A macro over the elements of a list or the keys of a map. The element is the topmost local in `condition` and `body`.
#[derive(Debug)]
pub(super) struct Fold {
    pub(super) kind: FoldKind,
    pub(super) range: CheckedNode,
    /// Which elements a three-part `map` takes.
    pub(super) condition: Option<CheckedNode>,
    pub(super) body: CheckedNode,
}

/// The macro that a fold stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FoldKind {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
}

/// `or()` and `orValue()`, whose argument is evaluated only when the optional is empty.
#[derive(Debug)]
pub(super) struct OrElse {
    pub(super) optional: CheckedNode,
    pub(super) fallback: CheckedNode,
    /// Whether the value itself is wanted.
    pub(super) value: bool,
}

/// `optMap()` and `optFlatMap()`. The value is the topmost local in `body`.
#[derive(Debug)]
pub(super) struct OptionalMap {
    pub(super) optional: CheckedNode,
    pub(super) body: CheckedNode,
    /// Whether the body yields an optional itself.
    pub(super) flat: bool,
}
