//! SPIFFE ids and rules about them, as Flux's flags write them (contract, flux-2.10 section 5; SPIFFE-ID, section 2;
//! X509-SVID, section 2).

use std::fmt;
use std::str::FromStr;

use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;

/// Longest id, in bytes (SPIFFE-ID, section 2.3).
const LONGEST: usize = 2048;

/// The trust domain in a rule that stands for that of the own certificate.
const OWN: &str = "self";

/// Identity of a workload: `spiffe://DOMAIN/PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpiffeId {
    domain: String,
    /// With its slash in front; empty for the trust domain itself.
    path: String,
}

impl SpiffeId {
    /// The id of the workload that `certificate` was given to; none unless it holds exactly one URI, and that is an id.
    #[must_use]
    pub fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = EndEntityCert::try_from(certificate).ok()?;
        let mut uris = certificate.valid_uri_names();
        let id = uris.next()?.parse().ok();
        id.filter(|_| uris.next().is_none())
    }

    /// The trust domain of the id.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spiffe://{}{}", self.domain, self.path)
    }
}

/// A text that is no SPIFFE id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a SPIFFE id: write spiffe://DOMAIN/PATH, with a slash at its end for all below, or spiffe://DOMAIN for all of a \
     trust domain; the domain self is that of the own certificate"
)]
pub struct NoSpiffeId;

impl FromStr for SpiffeId {
    type Err = NoSpiffeId;

    fn from_str(text: &str) -> Result<Self, NoSpiffeId> {
        let (domain, path) = split(text)?;
        if path.ends_with('/') || !segments(path) {
            return Err(NoSpiffeId);
        }
        Ok(Self { domain: domain.to_owned(), path: path.to_owned() })
    }
}

/// Ids that one flag authorises: one, those below a path, or those of a trust domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpiffeRule {
    /// None is the own trust domain.
    domain: Option<String>,
    paths: Paths,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Paths {
    All,
    Exactly(String),
    /// With its slash at the end.
    Below(String),
}

impl SpiffeRule {
    /// Whether it speaks of the own trust domain.
    #[must_use]
    pub fn needs_own_domain(&self) -> bool {
        self.domain.is_none()
    }

    /// Whether `id` is authorised, where `own` is the own trust domain.
    #[must_use]
    pub fn allows(&self, id: &SpiffeId, own: Option<&str>) -> bool {
        let path_fits = match &self.paths {
            Paths::All => true,
            Paths::Exactly(path) => id.path == *path,
            Paths::Below(prefix) => id.path.starts_with(prefix),
        };
        path_fits && self.domain.as_deref().or(own) == Some(&id.domain)
    }
}

impl FromStr for SpiffeRule {
    type Err = NoSpiffeId;

    fn from_str(text: &str) -> Result<Self, NoSpiffeId> {
        let (domain, path) = split(text)?;
        let paths = match path.strip_suffix('/') {
            _ if path.is_empty() || path == "/" => Paths::All,
            Some(above) if segments(above) => Paths::Below(path.to_owned()),
            None if segments(path) => Paths::Exactly(path.to_owned()),
            _ => return Err(NoSpiffeId),
        };
        Ok(Self { domain: (domain != OWN).then(|| domain.to_owned()), paths })
    }
}

/// The trust domain, and the path with its slash in front.
fn split(text: &str) -> Result<(&str, &str), NoSpiffeId> {
    let rest = text.strip_prefix("spiffe://").filter(|_| text.len() <= LONGEST).ok_or(NoSpiffeId)?;
    let (domain, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    let is_domain = (1..=255).contains(&domain.len()) && domain.bytes().all(is_part);
    if is_domain { Ok((domain, path)) } else { Err(NoSpiffeId) }
}

/// Whether a path is made of segments that an id may have.
fn segments(path: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let is_segment = |segment: &str| !["", ".", ".."].contains(&segment) && segment.bytes().all(is_part);
    path.is_empty() || path.strip_prefix('/').is_some_and(|path| path.split('/').all(is_segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(rule: &str, id: &str) -> bool {
        let rule: SpiffeRule = rule.parse().unwrap();
        rule.allows(&id.parse().unwrap(), Some("own.test"))
    }

    #[test]
    fn t12_rules_are_exact_or_for_all_below_or_for_a_trust_domain() {
        let id = "spiffe://cluster.local/ns/flux-system/sa/kustomize-controller";
        for rule in [
            id,
            "spiffe://cluster.local",
            "spiffe://cluster.local/",
            "spiffe://cluster.local/ns/flux-system/",
            "spiffe://cluster.local/ns/flux-system/sa/",
        ] {
            assert!(allows(rule, id), "{rule}");
        }
        for rule in [
            "spiffe://cluster.local/ns/flux-system/sa",
            "spiffe://cluster.local/ns/flux-system/sa/kustomize",
            "spiffe://cluster.local/ns/flux-system/sa/kustomize-controller/",
            "spiffe://cluster.local/ns/flux/",
            "spiffe://other.local",
            "spiffe://self",
        ] {
            assert!(!allows(rule, id), "{rule}");
        }
        assert!(
            allows("spiffe://self/ns/", "spiffe://own.test/ns/a")
                && !allows("spiffe://self/x", "spiffe://own.test/ns/a")
        );
        let own: SpiffeRule = "spiffe://self".parse().unwrap();
        assert!(own.needs_own_domain() && !own.allows(&"spiffe://own.test/a".parse().unwrap(), None));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "spiffe://",
            "spiffe:///a",
            "https://a/b",
            "spiffe://A/b",
            "spiffe://a:1/b",
            "spiffe://u@a/b",
            "spiffe://a//b",
            "spiffe://a/../b",
            "spiffe://a/b?c",
            "spiffe://a/b#c",
            "spiffe://a/b%20",
            "spiffe://*/b",
        ] {
            assert!(text.parse::<SpiffeId>().is_err() && text.parse::<SpiffeRule>().is_err(), "{text:?}");
        }
        assert!("spiffe://a/b/".parse::<SpiffeId>().is_err() && "spiffe://a/".parse::<SpiffeId>().is_err());
        let id: SpiffeId = "spiffe://a.test/B/c_1".parse().unwrap();
        assert_eq!((id.to_string().as_str(), id.domain()), ("spiffe://a.test/B/c_1", "a.test"));
    }
}
