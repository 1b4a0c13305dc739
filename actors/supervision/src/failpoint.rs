//! Faults on demand, for tests of what must survive them.
//!
//! Only a build with the cargo feature `failpoints` has them; in every other build the functions here are empty. Which
//! ones strike says the environment value [`FAILPOINTS`], read at every pass: `POINT=SUBJECT`, comma separated, where a
//! subject may end with `*`; or `@FILE`, a file that holds such a list, so that a test can arm and disarm them while the
//! program runs. `exchange=panicking-*` panics the exchange of every Provider whose name starts so, `router:block=web`
//! blocks the thread that routes an event of an object called web, `router:stall=web` lets the router answer nothing more.

use std::time::Duration;

use actix::{Actor, Context};
#[cfg(feature = "failpoints")]
use actix::{AsyncContext, WrapFuture};

/// The environment value that names the failpoints to strike.
pub const FAILPOINTS: &str = "CAMPANILE_FAILPOINTS";

/// Panics, or blocks its thread for good, if a test asked for it: `point` is the place in the program, `subject` what
/// passes it.
#[cfg(feature = "failpoints")]
#[expect(clippy::panic, reason = "it is what a test asked for, and no release has it")]
pub fn failpoint(point: &str, subject: &str) {
    let asked = asked();
    if strikes(&asked, point, subject) {
        panic!("failpoint '{point}' strikes '{subject}'");
    }
    if strikes(&asked, &format!("{point}:block"), subject) {
        loop {
            std::thread::park();
        }
    }
}

/// Panics with a message that quotes what `scope` says, if a test asked for it.
#[cfg(feature = "failpoints")]
#[expect(clippy::panic, reason = "it is what a test asked for, and no release has it")]
#[track_caller]
pub fn failpoint_quoting(point: &str, subject: &str, scope: impl FnOnce() -> String) {
    if strikes(&asked(), point, subject) {
        panic!("failpoint '{point}' strikes '{subject}' with {}", scope());
    }
}

/// Lets `actor`, which passes `point` with `subject`, take no message after this one, if a test asked for it.
#[cfg(feature = "failpoints")]
pub fn failpoint_stall<A>(actor: &A, ctx: &mut Context<A>, point: &str, subject: &str)
where
    A: Actor<Context = Context<A>>,
{
    if strikes(&asked(), &format!("{point}:stall"), subject) {
        ctx.wait(std::future::pending::<()>().into_actor(actor));
    }
}

/// `usual`, unless a test asked for another time with `POINT=MILLISECONDS`.
#[cfg(feature = "failpoints")]
pub fn failpoint_time(point: &str, usual: Duration) -> Duration {
    let asked = asked();
    let told = pairs(&asked).find(|(name, _)| *name == point);
    told.and_then(|(_, value)| value.parse().ok()).map_or(usual, Duration::from_millis)
}

#[cfg(feature = "failpoints")]
fn asked() -> String {
    let asked = std::env::var(FAILPOINTS).unwrap_or_default();
    match asked.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file).unwrap_or_default(),
        None => asked,
    }
}

/// Nothing: this build has no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn failpoint(_point: &str, _subject: &str) {}

/// Nothing: this build has no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn failpoint_quoting(_point: &str, _subject: &str, _scope: impl FnOnce() -> String) {}

/// Nothing: this build has no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn failpoint_stall<A>(_actor: &A, _ctx: &mut Context<A>, _point: &str, _subject: &str)
where
    A: Actor<Context = Context<A>>,
{
}

/// `usual`: this build has no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn failpoint_time(_point: &str, usual: Duration) -> Duration {
    usual
}

/// Whether `asked` names this point and subject.
#[cfg(any(test, feature = "failpoints"))]
fn strikes(asked: &str, point: &str, subject: &str) -> bool {
    let is_meant = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => subject.starts_with(start),
        None => subject == pattern,
    };
    pairs(asked).any(|(name, pattern)| name == point && is_meant(pattern))
}

#[cfg(any(test, feature = "failpoints"))]
fn pairs(asked: &str) -> impl Iterator<Item = (&str, &str)> {
    asked.split(',').filter_map(|one| one.trim().split_once('='))
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
