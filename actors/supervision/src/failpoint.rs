//! Faults on demand, for tests of what must survive them.
//!
//! Only a build with the cargo feature `failpoints` has them; in every other build [`failpoint`] is empty. Which ones
//! strike says the environment value [`FAILPOINTS`], read at every pass: `POINT=SUBJECT`, comma separated, where a
//! subject may end with `*`. `exchange=panicking-*` panics the exchange of every Provider whose name starts so.

/// The environment value that names the failpoints to strike.
pub const FAILPOINTS: &str = "CAMPANILE_FAILPOINTS";

/// Panics if a test asked for it: `point` is the place in the program, `subject` what passes it.
#[cfg(feature = "failpoints")]
#[expect(clippy::panic, reason = "it is what a test asked for, and no release has it")]
pub fn failpoint(point: &str, subject: &str) {
    if std::env::var(FAILPOINTS).is_ok_and(|asked| strikes(&asked, point, subject)) {
        panic!("failpoint '{point}' strikes '{subject}'");
    }
}

/// Nothing: this build has no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn failpoint(_point: &str, _subject: &str) {}

/// Whether `asked` names this point and subject.
#[cfg(any(test, feature = "failpoints"))]
fn strikes(asked: &str, point: &str, subject: &str) -> bool {
    let is_meant = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => subject.starts_with(start),
        None => subject == pattern,
    };
    asked
        .split(',')
        .filter_map(|one| one.trim().split_once('='))
        .any(|(name, pattern)| name == point && is_meant(pattern))
}

#[cfg(test)]
mod tests {
    use super::strikes;

    #[test]
    fn a_failpoint_strikes_where_it_was_asked_to() {
        let asked = "exchange=bad-*, router=main";
        assert!(strikes(asked, "exchange", "bad-1") && strikes(asked, "router", "main"));
        assert!(!strikes(asked, "exchange", "good-1") && !strikes(asked, "router", "main-2"));
        assert!(!strikes(asked, "intake", "bad-1") && !strikes("", "exchange", "bad-1"));
    }
}
