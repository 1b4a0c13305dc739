//! From the text of a pattern to the engine's syntax tree.
//!
//! One pass without recursion: open groups wait on a stack. Only matching counts here, so groups capture nothing and
//! greediness is read and forgotten.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition};

use super::PatternError;
use super::flags::{Flags, MAX_RANGES};
use super::group::Opening;
use super::{class, escape, group};

/// The largest repeat count, and the largest product of nested ones (RE2's own bound).
const MAX_REPEAT: u32 = 1000;
/// The deepest nesting of groups and repetitions. RE2 ends at 1000; the engine recurses, and a stack is finite.
const MAX_DEPTH: u32 = 250;
/// What folding the cases of a range costs beside reading it.
const FOLDING: usize = 4;
/// Ranges of a class that cost nothing: those of brackets that somebody wrote.
const FREE_RANGES: usize = 4;

/// A piece of the tree with what the bounds need to know about it.
struct Part {
    tree: Hir,
    /// The largest product of repeat counts on any way down.
    product: u32,
    depth: u32,
}

impl Part {
    fn leaf(tree: Hir) -> Self {
        Self { tree, product: 1, depth: 0 }
    }

    fn join(parts: Vec<Self>, build: fn(Vec<Hir>) -> Hir) -> Self {
        let product = parts.iter().map(|part| part.product).max().unwrap_or(1);
        let depth = parts.iter().map(|part| part.depth).max().unwrap_or(0);
        Self { tree: build(parts.into_iter().map(|part| part.tree).collect()), product, depth }
    }
}

/// An open group; the whole pattern is the outermost.
#[derive(Default)]
struct Open {
    /// The flags to return to when it closes.
    outer: Flags,
    alternatives: Vec<Part>,
    sequence: Vec<Part>,
}

impl Open {
    fn end_alternative(&mut self) {
        let sequence = std::mem::take(&mut self.sequence);
        self.alternatives.push(Part::join(sequence, Hir::concat));
    }

    fn close(mut self) -> Part {
        self.end_alternative();
        Part::join(self.alternatives, Hir::alternation)
    }
}

struct Parser<'p> {
    rest: &'p str,
    flags: Flags,
    outer: Vec<Open>,
    group: Open,
    names: Vec<&'p str>,
    ranges: usize,
}

/// Parses `source` into a syntax tree.
pub(super) fn parse(source: &str) -> Result<Hir, PatternError> {
    let mut parser = Parser {
        rest: source,
        flags: Flags::default(),
        outer: Vec::new(),
        group: Open::default(),
        names: Vec::new(),
        ranges: 0,
    };
    // Whether the last token was a repetition: only then is another one nested.
    let mut repeated = false;
    while let Some(first) = parser.rest.chars().next() {
        repeated = parser.token(first, repeated)?;
    }
    if parser.outer.is_empty() {
        Ok(trimmed(parser.group.close().tree))
    } else {
        Err(PatternError::MissingParenthesis)
    }
}

/// The tree without what may be nothing at its ends: an unanchored pattern matches with it where it matches without.
fn trimmed(tree: Hir) -> Hir {
    let optional = |part: &Hir| matches!(part.kind(), HirKind::Repetition(repeat) if repeat.min == 0);
    match tree.kind() {
        HirKind::Repetition(_) if optional(&tree) => Hir::empty(),
        HirKind::Concat(parts) => {
            let from = parts.iter().take_while(|part| optional(part)).count();
            let end = parts.len() - parts.iter().skip(from).rev().take_while(|part| optional(part)).count();
            Hir::concat(parts.iter().take(end).skip(from).cloned().collect())
        }
        _ => tree,
    }
}

impl<'p> Parser<'p> {
    /// Takes one token, which begins with `first`; true if it was a repetition.
    fn token(&mut self, first: char, repeated: bool) -> Result<bool, PatternError> {
        let before = self.rest;
        if let Some((min, max)) = repetition(&mut self.rest, first) {
            self.repeat(before, repeated, min, max)?;
            return Ok(true);
        }
        self.rest = skip(self.rest, first);
        match first {
            '(' => self.open()?,
            ')' => self.close()?,
            '|' => self.group.end_alternative(),
            '[' => {
                let set = class::bracket(&mut self.rest, self.flags)?;
                self.set(set)?;
            }
            '.' => self.set(any_char(self.flags))?,
            '^' => self.look(if self.flags.lines { Look::StartLF } else { Look::Start }),
            '$' => self.look(if self.flags.lines { Look::EndLF } else { Look::End }),
            '\\' => self.escape()?,
            literal => self.literal(literal)?,
        }
        Ok(false)
    }

    fn leaf(&mut self, tree: Hir) {
        self.group.sequence.push(Part::leaf(tree));
    }

    fn look(&mut self, look: Look) {
        self.leaf(Hir::look(look));
    }

    fn literal(&mut self, literal: char) -> Result<(), PatternError> {
        if self.flags.fold {
            return self.set(class::folded([ClassUnicodeRange::new(literal, literal)]));
        }
        self.leaf(Hir::literal(literal.encode_utf8(&mut [0; 4]).as_bytes()));
        Ok(())
    }

    fn set(&mut self, set: ClassUnicode) -> Result<(), PatternError> {
        let ranges = set.ranges().len().saturating_sub(FREE_RANGES);
        self.ranges += if self.flags.fold { ranges * FOLDING } else { ranges };
        if self.ranges > MAX_RANGES {
            return Err(PatternError::TooLarge);
        }
        self.leaf(Hir::class(Class::Unicode(set)));
        Ok(())
    }

    /// What follows a backslash outside brackets.
    fn escape(&mut self) -> Result<(), PatternError> {
        if let Some(rest) = self.rest.strip_prefix('Q') {
            let (quoted, rest) = rest.split_once("\\E").unwrap_or((rest, ""));
            self.rest = rest;
            return quoted.chars().try_for_each(|literal| self.literal(literal));
        }
        let looks =
            [('A', Look::Start), ('z', Look::End), ('b', Look::WordAscii), ('B', Look::WordAsciiNegate)];
        for (letter, look) in looks {
            if let Some(rest) = self.rest.strip_prefix(letter) {
                self.rest = rest;
                self.look(look);
                return Ok(());
            }
        }
        if let Some(set) = class::named(&mut self.rest, self.flags)? {
            return self.set(set);
        }
        let literal = escape::character(&mut self.rest)?;
        self.literal(literal)
    }

    fn open(&mut self) -> Result<(), PatternError> {
        let inner = match group::opening(&mut self.rest, self.flags)? {
            Opening::Flags(flags) => {
                self.flags = flags;
                return Ok(());
            }
            Opening::Group(flags) => flags,
            Opening::Named(name) if self.names.contains(&name) => {
                return Err(PatternError::BadName(name.into()));
            }
            Opening::Named(name) => {
                self.names.push(name);
                self.flags
            }
        };
        if self.outer.len() >= MAX_DEPTH as usize {
            return Err(PatternError::TooDeep);
        }
        let inside = Open { outer: self.flags, ..Open::default() };
        self.outer.push(std::mem::replace(&mut self.group, inside));
        self.flags = inner;
        Ok(())
    }

    fn close(&mut self) -> Result<(), PatternError> {
        let outside = self.outer.pop().ok_or(PatternError::UnexpectedParenthesis)?;
        let inside = std::mem::replace(&mut self.group, outside);
        self.flags = inside.outer;
        let mut part = inside.close();
        part.depth += 1;
        self.push(part)
    }

    fn push(&mut self, part: Part) -> Result<(), PatternError> {
        if part.depth > MAX_DEPTH {
            return Err(PatternError::TooDeep);
        }
        self.group.sequence.push(part);
        Ok(())
    }

    /// Repeats the last part; `before` is the rest of the pattern from the operator on.
    fn repeat(
        &mut self,
        before: &'p str,
        repeated: bool,
        min: u32,
        max: Option<u32>,
    ) -> Result<(), PatternError> {
        let operator = || {
            let length = before.len() - self.rest.len();
            before.get(..length).unwrap_or(before).to_owned()
        };
        if min > MAX_REPEAT || max.is_some_and(|max| max > MAX_REPEAT || max < min) {
            return Err(PatternError::RepeatCount(operator()));
        }
        if repeated {
            return Err(PatternError::NestedRepetition(operator()));
        }
        let Some(part) = self.group.sequence.pop() else {
            return Err(PatternError::NothingToRepeat(operator()));
        };
        let product = match max {
            Some(0) => 1,
            count => part.product * count.unwrap_or(min).max(1),
        };
        if product > MAX_REPEAT {
            return Err(PatternError::RepeatCount(operator()));
        }
        let tree = Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(part.tree) });
        self.push(Part { tree, product, depth: part.depth + 1 })
    }
}

fn any_char(flags: Flags) -> ClassUnicode {
    let all = ClassUnicodeRange::new('\0', char::MAX);
    let mut set = ClassUnicode::new([all]);
    if !flags.dot_all {
        set.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]));
    }
    set
}

fn skip(text: &str, first: char) -> &str {
    text.strip_prefix(first).unwrap_or(text)
}

/// Takes a repetition operator, and the `?` that would make it lazy, off `rest`. What only looks like one, as `{,2}`
/// does, is left: it is literal.
fn repetition(rest: &mut &str, first: char) -> Option<(u32, Option<u32>)> {
    let after = skip(rest, first);
    let (bounds, after) = match first {
        '*' => ((0, None), after),
        '+' => ((1, None), after),
        '?' => ((0, Some(1)), after),
        '{' => counted(after)?,
        _ => return None,
    };
    *rest = skip(after, '?');
    Some(bounds)
}

/// `{n}`, `{n,}` or `{n,m}` after its brace, and what follows.
fn counted(text: &str) -> Option<((u32, Option<u32>), &str)> {
    let (min, rest) = count(text)?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some(((min, Some(min)), rest));
    }
    let rest = rest.strip_prefix(',')?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some(((min, None), rest));
    }
    let (max, rest) = count(rest)?;
    Some(((min, Some(max)), rest.strip_prefix('}')?))
}

/// A decimal number without leading zeros; one that is too large for its type is as wrong as the largest.
fn count(text: &str) -> Option<(u32, &str)> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.strip_suffix(rest)?;
    let well_formed = !digits.is_empty() && (digits == "0" || !digits.starts_with('0'));
    well_formed.then(|| (digits.parse().unwrap_or(u32::MAX), rest))
}
