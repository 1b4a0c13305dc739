//! A checked expression, ready to be evaluated: names are resolved to slots, calls to functions.

use super::library::Function;
use campanile_pattern::LazyPattern;

/// One node of a checked expression.
#[derive(Debug)]
pub(super) enum Node {
    Constant(Constant),
    /// A declared variable, by its number.
    Variable(usize),
    /// The variable of a macro, by its place on the stack.
    Local(usize),
    Field(Box<Field>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    /// Condition, and what follows if it holds and if not.
    Conditional(Box<[Node; 3]>),
    /// Elements; those marked are optionals that add nothing when empty.
    List(Box<[(Node, bool)]>),
    /// Keys and values; those marked are optionals that add nothing when empty.
    Map(Box<[(Node, Node, bool)]>),
    Call(&'static Function, Box<[Node]>),
    /// `matches()` of a text and a pattern.
    Matches(Box<(Node, PatternSource)>),
    Fold(Box<Fold>),
    OrElse(Box<OrElse>),
    OptionalMap(Box<OptionalMap>),
}

/// Where a pattern comes from.
#[derive(Debug)]
pub(super) enum PatternSource {
    /// A literal, checked with the expression and compiled when it is needed first.
    Literal(LazyPattern),
    /// An expression, whose value is compiled when it is needed.
    Computed(Node),
}

/// A literal.
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

/// Access to a field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) operand: Node,
    pub(super) name: Box<str>,
    pub(super) access: Access,
}

/// What is wanted of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// `a.b`: its value.
    Get,
    /// `has(a.b)`: whether it is there.
    Test,
    /// `a.?b`: an optional.
    Optional,
}

/// A macro over the elements of a list or the keys of a map. The element is the topmost local in `condition` and `body`.
#[derive(Debug)]
pub(super) struct Fold {
    pub(super) kind: FoldKind,
    pub(super) range: Node,
    /// Which elements a three-part `map` takes.
    pub(super) condition: Option<Node>,
    pub(super) body: Node,
}

/// Which macro it is.
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
    pub(super) optional: Node,
    pub(super) fallback: Node,
    /// Whether the value itself is wanted.
    pub(super) value: bool,
}

/// `optMap()` and `optFlatMap()`. The value is the topmost local in `body`.
#[derive(Debug)]
pub(super) struct OptionalMap {
    pub(super) optional: Node,
    pub(super) body: Node,
    /// Whether the body yields an optional itself.
    pub(super) flat: bool,
}
