//! Error texts about the API server, each with its remedy.

use std::error::Error;

use campanile_tls::{HandshakeStage, TlsFailure};
use kube::runtime::watcher;

/// The answer that says that a right is missing.
const FORBIDDEN: u16 = 403;

/// The answer that says that a kind is not served.
const NOT_FOUND: u16 = 404;

/// Describes an error of a request whose aim is `aim`, for example `watch alerts`.
pub(crate) fn describe(aim: &str, error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => answered(aim, status.code, &status.message),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
            format!(
                "failed to {aim}: the answer is none of the Kubernetes API; check the server's address and proxy"
            )
        }
        other => {
            let tls = campanile_tls::find(other);
            let cause = match tls.map(|error| TlsFailure::new(error.clone(), HandshakeStage::Offered)) {
                Some(cause) => return format!("failed to {aim}: agree on TLS with the API server: {cause}"),
                None => innermost(other),
            };
            format!(
                "failed to {aim}: {cause}; check that the API server is up and its address and certificate right"
            )
        }
    }
}

/// Describes why a watch broke.
pub(crate) fn of_watch(aim: &str, error: &watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => describe(aim, error),
        watcher::Error::WatchError(status) => answered(aim, status.code, &status.message),
        watcher::Error::NoResourceVersion => {
            format!(
                "failed to {aim}: the answer has no resource version; check the server's address and proxy"
            )
        }
    }
}

/// The status code with which the API server refused, if it did.
pub(crate) fn code(error: &watcher::Error) -> Option<u16> {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => code_of(error),
        watcher::Error::WatchError(status) => Some(status.code),
        watcher::Error::NoResourceVersion => None,
    }
}

/// The status code of an answer that refuses.
pub(crate) fn code_of(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}

/// Whether the API server does not know what was asked for.
pub(crate) fn is_missing(error: &kube::Error) -> bool {
    code_of(error) == Some(NOT_FOUND)
}

/// Whether the API server does not serve the watched kind, or not any more.
pub(crate) fn is_unserved(error: &watcher::Error) -> bool {
    code(error) == Some(NOT_FOUND)
}

/// Whether the API server does not take our token or certificate.
pub(crate) fn is_unauthorized(code: Option<u16>) -> bool {
    code == Some(401)
}

/// Whether the API server says that a right is missing.
pub(crate) fn is_forbidden(code: Option<u16>) -> bool {
    code == Some(FORBIDDEN)
}

fn answered(aim: &str, code: u16, message: &str) -> String {
    let remedy = match code {
        401 => "renew the token of the service account or the kubeconfig",
        FORBIDDEN => {
            "apply the roles in deploy/rbac, and for kinds of others a role of your own (docs/install.md, Rights)"
        }
        NOT_FOUND => "install it: campanile crds | kubectl apply -f -",
        429 | 500..=599 => "it is tried again",
        _ => "see the API server's log",
    };
    format!("failed to {aim}: the API server answers {code}: {message}; {remedy}")
}

fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u16) -> String {
        let status = kube::core::Status::failure("alerts is forbidden", "Forbidden").with_code(code);
        describe("watch alerts", &kube::Error::Api(status.boxed()))
    }

    #[test]
    fn every_refusal_says_what_was_asked_and_the_remedy() {
        let forbidden = "failed to watch alerts: the API server answers 403: alerts is forbidden; apply the roles in \
                         deploy/rbac, and for kinds of others a role of your own (docs/install.md, Rights)";
        assert_eq!(refused(403), forbidden);
        assert!(refused(401).ends_with("renew the token of the service account or the kubeconfig"));
        assert!(refused(404).ends_with("campanile crds | kubectl apply -f -"));
        assert!(refused(503).ends_with("it is tried again"));
    }
}
