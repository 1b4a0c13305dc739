//! The flags of a pattern, and the bound on its character classes: shared by the readers of classes and groups.

/// The most ranges of all character classes together, where one whose cases are folded counts several times: bounds the
/// time that reading takes, a millisecond at most. `\pL` has some 650.
pub(super) const MAX_RANGES: usize = 1 << 12;

/// The flags that change what is matched.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    /// `i`: letters match in either case.
    pub(super) fold: bool,
    /// `m`: `^` and `$` match at lines.
    pub(super) lines: bool,
    /// `s`: `.` matches a newline.
    pub(super) dot_all: bool,
}
