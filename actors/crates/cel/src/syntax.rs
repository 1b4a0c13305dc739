//! Parsing: the only place, with the checker, that knows the parser crate.
//!
//! The parser recurses, so what it is given is bounded before: a text of limited length and with a limited number of
//! operators, then a tree of limited depth. Macros are left as the calls that they are written as.

use cel::Env;
use cel::common::ast::{EntryExpr, Expr, IdedExpr, SourceInfo};

use super::error::SyntaxError;

/// Operators, dots and opening brackets in a text, those within literals included. The parser needs stack for each of
/// them; it was measured to manage twice as many on 2 MiB.
const MAX_OPERATORS: usize = 2_000;
/// Levels of nesting in the tree. `&&` and `||` chains count by their logarithm, all others by their length.
const MAX_DEPTH: usize = 128;
/// What the parser says where its own bound on nested brackets is exceeded.
const PARSER_DEPTH: &str = "Recursion limit";

/// The syntax tree of a parsed text.
pub(super) struct Syntax {
    pub(super) root: IdedExpr,
    source: SourceInfo,
}

impl Syntax {
    /// Parses `text`.
    ///
    /// # Errors
    /// The first place that is no CEL, or that exceeds a bound of this module.
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        if operators(text) > MAX_OPERATORS {
            return Err(too_deep());
        }
        let parsed = Env::default().parser().parse_with_source_info(text);
        let (root, source) = parsed.map_err(|errors| first_issue(&errors))?;
        let syntax = Self { root, source };
        if deeper_than(&syntax.root, MAX_DEPTH) { Err(too_deep()) } else { Ok(syntax) }
    }

    /// An issue at the place of `expression`.
    pub(super) fn issue(&self, expression: &IdedExpr, text: String) -> SyntaxError {
        let offset = self.source.offset_for(expression.id).map_or(0, |(start, _)| start as usize);
        let before = self.source.source.chars().take(offset);
        let (mut line, mut column) = (1, 1);
        for c in before {
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        SyntaxError { line, column, text }
    }
}

fn too_deep() -> SyntaxError {
    SyntaxError { line: 1, column: 1, text: "nested too deep: use fewer operators and brackets".to_owned() }
}

/// How many levels the parser may need at most: every operator, and every `in`, may be one.
fn operators(text: &str) -> usize {
    let signs = text.bytes().filter(|byte| b".+-*/%<>=!&|?([{".contains(byte)).count();
    signs + text.matches("in").count()
}

fn first_issue(errors: &cel::ParseErrors) -> SyntaxError {
    let Some(first) = errors.errors.first() else { return too_deep() };
    if first.msg.contains(PARSER_DEPTH) {
        return too_deep();
    }
    let place = |at: isize| usize::try_from(at).unwrap_or(1).max(1);
    SyntaxError { line: place(first.pos.0), column: place(first.pos.1), text: first.msg.clone() }
}

/// Whether the tree is deeper than `limit`. Walks without recursion.
fn deeper_than(root: &IdedExpr, limit: usize) -> bool {
    let mut open = vec![(root, 1)];
    while let Some((expression, depth)) = open.pop() {
        if depth > limit {
            return true;
        }
        for_children(&expression.expr, |child| open.push((child, depth + 1)));
    }
    false
}

fn for_children<'e>(expression: &'e Expr, mut visit: impl FnMut(&'e IdedExpr)) {
    match expression {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).for_each(visit),
        Expr::Select(select) => visit(&select.operand),
        Expr::List(list) => list.elements.iter().for_each(visit),
        Expr::Map(map) => {
            for entry in &map.entries {
                if let EntryExpr::MapEntry(entry) = &entry.expr {
                    visit(&entry.key);
                    visit(&entry.value);
                }
            }
        }
        Expr::Struct(message) => {
            for entry in &message.entries {
                if let EntryExpr::StructField(field) = &entry.expr {
                    visit(&field.value);
                }
            }
        }
        // Only macros make comprehensions, and none is expanded.
        Expr::Comprehension(_) | Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
    }
}
