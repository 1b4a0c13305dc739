//! Refusals of a server's certificate in words.

use jiff::Timestamp;
use rustls::CertificateError;
use rustls_pki_types::UnixTime;

use super::{Words, algorithm};

/// How many names of a certificate are told.
const MOST_NAMES: usize = 5;

const TRUST_ITS_CA: &str = "put the CA that signed its certificate into the certificate Secret";
const SIGN_ANEW: &str = "have the certificate made anew with RSA, ECDSA or Ed25519 and SHA-256 or better";
const MAKE_ANEW: &str = "have the certificate made anew";
const USE_A_NAME_OF_IT: &str = "use a host name that its certificate lists";

/// Refusals that rustls has no name for. A verifier puts them into [`CertificateError::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateKeyError {
    /// The RSA key in the certificate has a length with which no signature is verified.
    #[error("the RSA key of its certificate has {0} bits, and only 2048 to 8192 are accepted")]
    RsaBits(usize),
    /// The same of a certificate that signed it.
    #[error(
        "the RSA key of an authority of its certificate has {0} bits, and only 2048 to 8192 are accepted"
    )]
    AuthorityRsaBits(usize),
    /// The server does not have the key of the certificate that it shows.
    #[error("it signs the handshake with another key than its certificate's")]
    ForeignKey,
}

/// What `error` says about the server.
pub(super) fn words(error: &CertificateError) -> Words {
    use CertificateError as C;
    match error {
        C::UnknownIssuer => {
            Words::new("its certificate is signed by an authority that is not trusted here", TRUST_ITS_CA)
        }
        // A CA that was made anew under its old name does not fit the signature.
        C::BadSignature => Words::new(
            "its certificate is not signed by the authority of that name that is trusted here",
            TRUST_ITS_CA,
        ),
        C::Expired => Words::new("its certificate has expired", "renew its certificate"),
        C::ExpiredContext { not_after, .. } => {
            Words::new(format!("its certificate expired on {}", day(*not_after)), "renew its certificate")
        }
        C::NotValidYet => {
            Words::new("its certificate is not valid yet", "compare the clocks of both machines")
        }
        C::NotValidYetContext { not_before, .. } => Words::new(
            format!("its certificate is not valid before {}", day(*not_before)),
            "compare the clocks of both machines",
        ),
        C::NotValidForName => Words::new("its certificate is for another host", USE_A_NAME_OF_IT),
        C::NotValidForNameContext { expected, presented } => {
            let names = names(presented);
            Words::new(
                format!("its certificate is for {names}, not for {}", expected.to_str()),
                USE_A_NAME_OF_IT,
            )
        }
        C::Revoked => Words::new("its certificate is revoked", "renew its certificate"),
        C::BadEncoding => Words::new("its certificate cannot be read", MAKE_ANEW),
        C::UnhandledCriticalExtension => {
            Words::new("its certificate has a critical extension that is not known here", MAKE_ANEW)
        }
        C::UnsupportedSignatureAlgorithmContext { signature_algorithm_id, .. } => {
            let name = algorithm::name(signature_algorithm_id);
            Words::new(
                format!("its certificate is signed with an algorithm that is not accepted: {name}"),
                SIGN_ANEW,
            )
        }
        C::UnsupportedSignatureAlgorithmForPublicKeyContext { public_key_algorithm_id, .. } => {
            let name = algorithm::name(public_key_algorithm_id);
            Words::new(
                format!("a key of its certificates is of a kind that is not accepted: {name}"),
                SIGN_ANEW,
            )
        }
        C::InvalidPurpose | C::InvalidPurposeContext { .. } => Words::new(
            "its certificate is not one for servers",
            "have the certificate made with the extended key usage 'server authentication'",
        ),
        C::Other(other) => of_other(other.0.as_ref()),
        _ => Words::new("its certificate is not accepted", MAKE_ANEW),
    }
}

fn of_other(error: &(dyn std::error::Error + 'static)) -> Words {
    if let Some(refusal) = error.downcast_ref::<CertificateKeyError>() {
        let remedy = match refusal {
            CertificateKeyError::RsaBits(_) => {
                "have the certificate made anew with such a key, or with one on P-256"
            }
            CertificateKeyError::AuthorityRsaBits(_) => "have it signed by an authority with such a key",
            CertificateKeyError::ForeignKey => "give the server the key of its certificate",
        };
        return Words::new(refusal.to_string(), remedy);
    }
    use webpki::Error as W;
    match error.downcast_ref::<W>() {
        Some(W::UnsupportedCertVersion) => Words::new(
            "its certificate is not one of X.509 version 3",
            "have the certificate made anew as version 3",
        ),
        Some(W::CaUsedAsEndEntity) => Words::new(
            "its certificate is an authority's, not a server's",
            "give the server a certificate of its own, or put exactly this one as ca.crt into the certificate Secret",
        ),
        Some(W::EndEntityUsedAsCa) => {
            Words::new("its certificate is signed by a certificate that is no authority's", TRUST_ITS_CA)
        }
        Some(W::NameConstraintViolation) => {
            Words::new("its authority may not sign for this host", "have it signed by one that may")
        }
        Some(W::PathLenConstraintViolated | W::MaximumPathDepthExceeded) => {
            Words::new("its certificate has more authorities above it than are allowed", "shorten the chain")
        }
        Some(W::SignatureAlgorithmMismatch) => {
            Words::new("its certificate names two different signature algorithms", MAKE_ANEW)
        }
        _ => Words::new("its certificate breaks the rules of X.509", MAKE_ANEW),
    }
}

/// A time of a certificate, as one reads it.
fn day(time: UnixTime) -> String {
    let time = i64::try_from(time.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(
        || "a day far away".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// The first names of a certificate, which webpki gives as `DnsName("example.com")`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        let inner = inner.map(|inner| inner.trim_matches('"'));
        inner.unwrap_or("a name of another kind").chars().filter(|c| !c.is_control()).collect::<String>()
    };
    let shown: Vec<String> = presented.iter().take(MOST_NAMES).map(bare).collect();
    match presented.len().saturating_sub(MOST_NAMES) {
        _ if presented.is_empty() => "no host at all".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use rustls::OtherError;
    use rustls_pki_types::ServerName;

    use super::*;

    fn text(error: &CertificateError) -> String {
        let Words { cause, remedy } = words(error);
        format!("{cause}; {remedy}")
    }

    #[test]
    fn a_refused_signature_is_named_and_never_a_list_of_bytes() {
        let sha1 = vec![0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00];
        let text = text(&CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: sha1,
            supported_algorithms: vec![rustls_pki_types::alg_id::ED25519],
        });
        assert!(text.contains("not accepted: RSA with SHA-1; have"), "{text}");
        assert!(!text.contains('['), "{text}");
    }

    #[test]
    fn names_and_times_are_told_as_one_reads_them() {
        let time = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let expired =
            CertificateError::ExpiredContext { time: time(1_700_000_000), not_after: time(1_600_000_000) };
        assert_eq!(
            text(&expired),
            "its certificate expired on 2020-09-13 12:26:40 UTC; renew its certificate"
        );
        let presented = ["DnsName(\"a.test\")", "IpAddress(10.0.0.1)", "DirectoryName", "DnsName(\"b\")"];
        let mut presented: Vec<String> = presented.iter().map(|name| (*name).to_owned()).collect();
        let expected = ServerName::try_from("hook.test").unwrap();
        let wrong = CertificateError::NotValidForNameContext {
            expected: expected.clone(),
            presented: presented.clone(),
        };
        assert!(text(&wrong).starts_with(
            "its certificate is for a.test, 10.0.0.1, a name of another kind, b, not for hook.test; use"
        ));
        presented.extend(presented.clone());
        let many = CertificateError::NotValidForNameContext { expected, presented };
        assert!(text(&many).contains("a.test and 3 more, not for"), "{}", text(&many));
    }

    #[test]
    fn causes_that_libraries_only_name_have_words() {
        for (error, words) in [
            (webpki::Error::UnsupportedCertVersion, "version 3"),
            (webpki::Error::CaUsedAsEndEntity, "an authority's, not a server's"),
            (webpki::Error::MaximumNameConstraintComparisonsExceeded, "breaks the rules of X.509"),
        ] {
            let text = text(&CertificateError::Other(OtherError(Arc::new(error))));
            assert!(text.contains(words), "{text}");
        }
        let short = CertificateError::Other(OtherError(Arc::new(CertificateKeyError::RsaBits(1024))));
        assert!(text(&short).contains("has 1024 bits"));
    }
}
