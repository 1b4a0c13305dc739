//! The bound on the sockets of all deliveries together: what the limit of open files leaves of [`Limits::total_sockets`].

use campanile_transport::Limits;
use rustix::process::{Resource, getrlimit, setrlimit};

/// What everything else may open: 4,096 connections of senders and as many as the operations endpoints take, the store, the
/// API server, and addresses that are tried beside one another.
const OTHERS: u64 = 5 * 1024;

/// The transport's bounds in this process. Its limit of open files is raised first as far as needed, if it may be: many
/// systems start a process with 1,024.
pub(super) fn limits() -> Limits {
    let usual = Limits::default();
    let total_sockets = usual.total_sockets.min(left_of(open_files(OTHERS + usual.total_sockets as u64)));
    tracing::debug!(total_sockets, "sockets for deliveries");
    Limits { total_sockets, ..usual }
}

/// The limit of open files, raised to `wanted` where that is allowed.
fn open_files(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let (Some(current), most) = (limit.current, limit.maximum.unwrap_or(u64::MAX)) else { return u64::MAX };
    let raised = wanted.min(most);
    if raised <= current {
        return current;
    }
    let mut new = limit;
    new.current = Some(raised);
    match setrlimit(Resource::Nofile, new) {
        Ok(()) => raised,
        Err(error) => {
            tracing::warn!(%error, current, "failed to raise the limit of open files");
            current
        }
    }
}

/// What is left for deliveries. Where it is tight, a quarter: senders and operators rarely need all that they may have.
fn left_of(open_files: u64) -> usize {
    let left = open_files.saturating_sub(OTHERS).max(open_files / 4).max(1);
    usize::try_from(left).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tight_limit_leaves_a_quarter_and_a_wide_one_all_but_what_others_need() {
        assert_eq!([1024, 4096, 8192].map(left_of), [256, 1024, 8192 - 5120]);
        assert_eq!((left_of(0), left_of(u64::MAX) > 1_000_000), (1, true));
    }

    #[test]
    fn the_limit_is_raised_no_further_than_wanted_and_never_lowered() {
        let before = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        assert_eq!(open_files(1), before);
        assert_eq!(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX), before);
    }
}
