//! Failures of TLS in words: the cause, and what a user can do about it.
//!
//! rustls' own texts are Rust's `Debug` in many places, lists of bytes among them. An alert says little by itself; how far
//! the handshake had come tells whether it is about what was offered or about the client's certificate.

mod alert;
mod algorithm;
mod certificate;

use std::error::Error;
use std::{fmt, io};

use rustls::{InvalidMessage, PeerIncompatible, PeerMisbehaved};

pub use certificate::CertificateKeyError;

/// What TLS offers here, for those that have nothing in common with it.
const OFFERED: &str = "it takes none of the combinations that are offered here: TLS 1.2 or 1.3 with AES-GCM or \
                       ChaCha20-Poly1305, keys exchanged over X25519, P-256 or P-384";
const ALLOW_ONE: &str =
    "allow one of these at the server; CBC, RSA key exchange and P-521 key exchange are not offered";

/// The stage of a client's handshake at which it failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum HandshakeStage {
    /// The server has only seen what is offered.
    #[default]
    Offered,
    /// The server has chosen, and has shown a certificate that is accepted.
    Chosen,
    /// The server asked for a client certificate, and there is none.
    AskedInVain,
    /// The server asked for a client certificate, and it was shown.
    Shown,
    /// The handshake was over on this side. In TLS 1.3 a server judges the client's certificate only then.
    Over,
}

/// The reason that two sides do not agree on TLS. Its text is the cause and the remedy, and fits behind `agree on TLS with
/// HOST: `.
#[derive(Clone, Debug)]
pub struct TlsFailure {
    error: rustls::Error,
    stage: HandshakeStage,
}

impl TlsFailure {
    /// The failure `error` of a client whose handshake had come to `stage`.
    pub fn new(error: rustls::Error, stage: HandshakeStage) -> Self {
        Self { error, stage }
    }

    /// Whether the other side speaks TLS at all.
    pub fn speaks_tls(&self) -> bool {
        !matches!(self.error, rustls::Error::InvalidMessage(_))
    }
}

impl Error for TlsFailure {}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Words { cause, remedy } = Words::of(&self.error, self.stage);
        f.write_str(&cause)?;
        if remedy.is_empty() { Ok(()) } else { write!(f, "; {remedy}") }
    }
}

/// Finds the failure of TLS inside `error`, however deep the libraries wrapped it.
pub fn find<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        cause = match error.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as _),
            None => error.source(),
        };
    }
    None
}

/// A cause and its remedy. An empty remedy stands for none.
struct Words {
    cause: String,
    remedy: &'static str,
}

impl Words {
    fn new(cause: impl Into<String>, remedy: &'static str) -> Self {
        Self { cause: cause.into(), remedy }
    }

    fn of(error: &rustls::Error, stage: HandshakeStage) -> Self {
        use rustls::Error as E;
        match error {
            E::InvalidCertificate(error) => certificate::words(error),
            E::AlertReceived(alert) => alert::words(*alert, stage),
            E::InvalidMessage(message) => of_message(*message),
            E::PeerIncompatible(incompatibility) => of_incompatible(incompatibility),
            E::PeerMisbehaved(misbehaviour) => of_misbehaved(misbehaviour),
            E::NoCertificatesPresented => Self::new("it shows no certificate", "give the server one"),
            E::DecryptError => {
                Self::new("what it sends cannot be decrypted", "look for a device between that changes data")
            }
            E::PeerSentOversizedRecord => Self::new("its records are longer than TLS allows", ""),
            E::InappropriateMessage { .. } | E::InappropriateHandshakeMessage { .. } => {
                Self::new("it does not keep to the order of a TLS handshake", "")
            }
            E::UnsupportedNameType => {
                Self::new("the host is neither a name nor an address that a certificate can hold", "")
            }
            E::NoApplicationProtocol => Self::new("it does not speak HTTP/1.1 there", "correct the port"),
            E::FailedToGetCurrentTime => Self::new("the time of this machine cannot be read", ""),
            E::FailedToGetRandomBytes => Self::new("this machine gives no random numbers", ""),
            _ => Self::new("TLS failed on this side", ""),
        }
    }
}

fn of_message(message: InvalidMessage) -> Words {
    use InvalidMessage as M;
    match message {
        M::InvalidContentType | M::UnknownProtocolVersion | M::MessageTooLarge | M::InvalidEmptyPayload => {
            Words::new("what it answers is not TLS", "check that the port speaks TLS")
        }
        M::UnsupportedCurveType | M::UnsupportedKeyExchangeAlgorithm(_) => Words::new(OFFERED, ALLOW_ONE),
        M::CertificatePayloadTooLarge => {
            Words::new("its certificates are longer than 64 KiB", "shorten the chain")
        }
        _ => Words::new("its TLS messages are damaged", "check that the port speaks TLS"),
    }
}

fn of_incompatible(incompatibility: &PeerIncompatible) -> Words {
    use PeerIncompatible as P;
    match incompatibility {
        P::ServerDoesNotSupportTls12Or13 | P::ServerTlsVersionIsDisabledByOurConfig => alert::too_old(),
        P::NoCipherSuitesInCommon | P::NoKxGroupsInCommon | P::NoEcPointFormatsInCommon => {
            Words::new(OFFERED, ALLOW_ONE)
        }
        P::NoCertificateRequestSignatureSchemesInCommon | P::NoSignatureSchemesInCommon => Words::new(
            "it takes no signature that the key of the client certificate can make",
            "use a client certificate with a key of another kind",
        ),
        _ => Words::new("it wants a form of TLS that is not supported here", ""),
    }
}

fn of_misbehaved(misbehaviour: &PeerMisbehaved) -> Words {
    use PeerMisbehaved as P;
    match misbehaviour {
        P::SelectedUnofferedCipherSuite
        | P::SelectedUnusableCipherSuiteForVersion
        | P::SelectedUnofferedKxGroup
        | P::IllegalHelloRetryRequestWithUnofferedNamedGroup => Words::new(OFFERED, ALLOW_ONE),
        P::SignedKxWithWrongAlgorithm | P::SignedHandshakeWithUnadvertisedSigScheme => Words::new(
            "it signs the handshake with an algorithm that is not accepted, such as SHA-1",
            "have the server sign with SHA-256 or better",
        ),
        P::IllegalHelloRetryRequestWithUnsupportedVersion => alert::too_old(),
        _ => Words::new("its TLS breaks the standard", "update the server or the device before it"),
    }
}

#[cfg(test)]
mod tests {
    use rustls::AlertDescription as A;
    use rustls::Error as E;
    use rustls::InvalidMessage;

    use super::*;

    fn text(error: E, stage: HandshakeStage) -> String {
        TlsFailure::new(error, stage).to_string()
    }

    #[test]
    fn an_alert_about_the_offer_is_not_taken_for_a_missing_client_certificate() {
        for (alert, words) in [
            (A::HandshakeFailure, ["CBC", "P-521"]),
            (A::InsufficientSecurity, ["CBC", "P-521"]),
            (A::ProtocolVersion, ["older than TLS 1.2", "enable TLS 1.2"]),
        ] {
            let text = text(E::AlertReceived(alert), HandshakeStage::Offered);
            assert!(words.iter().all(|word| text.contains(word)), "{text}");
            assert!(!text.contains("client certificate"), "{text}");
        }
    }

    #[test]
    fn an_alert_after_the_request_for_a_certificate_is_about_that() {
        let wants = text(E::AlertReceived(A::HandshakeFailure), HandshakeStage::AskedInVain);
        assert!(wants.contains("wants a client certificate"), "{wants}");
        for (alert, stage) in [
            (A::UnknownCA, HandshakeStage::Shown),
            (A::BadCertificate, HandshakeStage::Over),
            (A::HandshakeFailure, HandshakeStage::Shown),
        ] {
            let text = text(E::AlertReceived(alert), stage);
            assert!(text.contains("does not accept the client certificate"), "{text}");
        }
        let server = text(E::AlertReceived(A::HandshakeFailure), HandshakeStage::Chosen);
        assert_eq!(server, "it ended the handshake with the alert handshake_failure");
    }

    #[test]
    fn no_text_is_rusts_debug() {
        let alerts = (0..=u8::MAX).map(|code| E::AlertReceived(A::from(code)));
        let others = [
            E::InvalidMessage(InvalidMessage::MissingData("ServerName")),
            E::PeerIncompatible(PeerIncompatible::ExtendedMasterSecretExtensionRequired),
            E::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedKxGroup),
            E::General("Oops { inner: 3 }".to_owned()),
        ];
        for error in alerts.chain(others) {
            let shown = text(error, HandshakeStage::Offered);
            let camel = shown.split_whitespace().find(|word| {
                let own = ["ChaCha20-Poly1305", "ChaCha20-Poly1305,"].contains(word);
                !own && word
                    .as_bytes()
                    .windows(2)
                    .any(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase())
            });
            assert!(camel.is_none() && !shown.contains(['{', '[']), "{shown}");
        }
    }
}
