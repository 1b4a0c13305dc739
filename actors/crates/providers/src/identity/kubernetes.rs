//! Kubernetes tokens of a service account, made as it wants them: the annotations `credential.auth.fluxcd.io/…` (contract, flux-2.10
//! section 4).

use std::time::Duration;

use campanile_domain::ObjectKey;
use campanile_duration::parse_unsigned;

use super::{Annotations, IdentityError};

const PROVIDER: &str = "credential.auth.fluxcd.io/provider";
const TYPE: &str = "credential.auth.fluxcd.io/type";
const AUDIENCES: &str = "credential.auth.fluxcd.io/audiences";
const EXPIRATION: &str = "credential.auth.fluxcd.io/expiration";

/// What the annotations that a token depends on begin with.
const OURS: [&str; 4] =
    ["credential.auth.fluxcd.io/", "azure.workload.identity/", "gcp.auth.fluxcd.io/", "iam.gke.io/"];

/// The wishes of a service account for the Kubernetes token that is traded at a cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenWishes {
    /// Whom it is for; empty means whom the cloud's usual federation trusts. Their number has the bound that Kubernetes sets
    /// for annotations, 256 KiB.
    pub audiences: Vec<String>,
    /// How long it lives; none means what Kubernetes gives. Kubernetes refuses less than ten minutes.
    pub expiration: Option<Duration>,
}

/// The wishes of `account`. Annotations with nothing but white space count as absent.
///
/// # Errors
/// [`IdentityError::Spiffe`] for identities of SPIFFE, [`IdentityError::Form`] for values that mean nothing.
pub fn token_wishes(account: &ObjectKey, annotations: &Annotations) -> Result<TokenWishes, IdentityError> {
    let value = |key: &str| annotations.get(key).map(|value| value.trim()).filter(|value| !value.is_empty());
    let form = |annotation, form| Err(IdentityError::Form { account: account.clone(), annotation, form });
    match value(PROVIDER) {
        None | Some("kubernetes") => {}
        Some("spiffe") => return Err(IdentityError::Spiffe(account.clone())),
        Some(_) => return form(PROVIDER, "kubernetes"),
    }
    if value(TYPE).is_some_and(|kind| kind != "jwt") {
        return form(TYPE, "jwt");
    }
    let expiration = match value(EXPIRATION) {
        None => None,
        Some(text) => match parse_unsigned(text).ok().filter(|expiration| !expiration.is_zero()) {
            None => return form(EXPIRATION, "1h30m (a duration as Go writes it)"),
            expiration => expiration,
        },
    };
    let audiences = value(AUDIENCES).unwrap_or_default().split([',', '\n']).map(str::trim);
    let audiences = audiences.filter(|audience| !audience.is_empty()).map(str::to_owned).collect();
    Ok(TokenWishes { audiences, expiration })
}

/// Those of the annotations that a token depends on.
#[must_use]
pub fn relevant(mut annotations: Annotations) -> Annotations {
    annotations.retain(|key, _| OURS.iter().any(|ours| key.starts_with(ours)));
    annotations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(pairs: &[(&str, &str)]) -> Result<TokenWishes, String> {
        let account = ObjectKey::new("apps", "flux");
        let annotations = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        token_wishes(&account, &annotations).map_err(|problem| problem.to_string())
    }

    #[test]
    fn t10_each_annotation_is_honoured() {
        assert_eq!(wishes(&[]), Ok(TokenWishes::default()));
        assert_eq!(wishes(&[(PROVIDER, "kubernetes"), (TYPE, "jwt")]), Ok(TokenWishes::default()));
        let asked = wishes(&[(AUDIENCES, "api://one, two\n three ,\n"), (EXPIRATION, "1h30m")]).unwrap();
        assert_eq!(asked.audiences, ["api://one", "two", "three"]);
        assert_eq!(asked.expiration, Some(Duration::from_secs(5400)));
        assert_eq!(wishes(&[(AUDIENCES, " \n"), (EXPIRATION, " ")]), Ok(TokenWishes::default()));
    }

    #[test]
    fn t10_spiffe_and_what_means_nothing_are_refused_with_the_remedy() {
        let spiffe = wishes(&[(PROVIDER, "spiffe")]).unwrap_err();
        assert_eq!(
            spiffe,
            "service account 'apps/flux' asks for an identity of SPIFFE, which is not supported; remove its annotation \
             'credential.auth.fluxcd.io/provider', or write kubernetes"
        );
        for (key, value, form) in [
            (PROVIDER, "vault", "kubernetes"),
            (TYPE, "x509", "jwt"),
            (EXPIRATION, "soon", "1h30m"),
            (EXPIRATION, "0", "1h30m"),
            (EXPIRATION, "-5m", "1h30m"),
        ] {
            let text = wishes(&[(key, value)]).unwrap_err();
            assert!(text.contains(key) && text.contains("'apps/flux'") && text.contains(form), "{text}");
        }
    }

    #[test]
    fn t10_a_token_depends_on_no_other_annotations() {
        let pairs =
            [(AUDIENCES, "a"), ("azure.workload.identity/client-id", "c"), ("kubectl.kubernetes.io/x", "y")];
        let all: Annotations =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!(
            relevant(all).into_keys().collect::<Vec<_>>(),
            ["azure.workload.identity/client-id", AUDIENCES]
        );
    }
}
