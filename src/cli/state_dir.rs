//! The default state folder, for when no flag names one.

use std::ffi::OsString;
use std::path::PathBuf;

/// The name of the folder.
const NAME: &str = "campanile";

/// In a pod: `/tmp/campanile`, which Flux's Deployment mounts from the node.
pub(super) fn of_pod() -> PathBuf {
    std::env::temp_dir().join(NAME)
}

/// Of the user who runs it, as the XDG Base Directory Specification has it: `$XDG_STATE_HOME`, unless it is relative, then
/// `~/.local/state`. That of a pod where there is no home, and in a pod.
pub(super) fn of_user(variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if variable("KUBERNETES_SERVICE_HOST").is_some() {
        return of_pod();
    }
    let home = || absolute("HOME").map(|home| home.join(".local/state"));
    absolute("XDG_STATE_HOME").or_else(home).map_or_else(of_pod, |folder| folder.join(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(values: &[(&str, &str)]) -> String {
        let value =
            |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into());
        of_user(value).display().to_string()
    }

    #[test]
    fn issue_15_the_state_of_standalone_mode_is_below_the_users_own_folder() {
        let pod = of_pod().display().to_string();
        assert_eq!(folder(&[("HOME", "/home/ann")]), "/home/ann/.local/state/campanile");
        assert_eq!(folder(&[("HOME", "/home/ann"), ("XDG_STATE_HOME", "/data")]), "/data/campanile");
        assert_eq!(
            folder(&[("HOME", "/home/ann"), ("XDG_STATE_HOME", "data")]),
            "/home/ann/.local/state/campanile"
        );
        assert_eq!(folder(&[]), pod);
        assert_eq!(folder(&[("HOME", "/"), ("KUBERNETES_SERVICE_HOST", "10.0.0.1")]), pod);
    }
}
