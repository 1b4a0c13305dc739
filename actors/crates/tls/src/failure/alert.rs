//! Alerts of a server (RFC 8446, section 6.2) in words.

use rustls::AlertDescription as A;

use super::{ALLOW_ONE, HandshakeStage, OFFERED, Words};

const SHOW_ONE: &str = "put a client certificate that it accepts into the certificate Secret";

/// What `alert` means when the handshake had come to `stage`.
pub(super) fn words(alert: A, stage: HandshakeStage) -> Words {
    let asked = stage >= HandshakeStage::AskedInVain;
    match alert {
        A::ProtocolVersion => too_old(),
        A::HandshakeFailure | A::InsufficientSecurity if stage == HandshakeStage::Offered => {
            Words::new(OFFERED, ALLOW_ONE)
        }
        A::CertificateRequired => Words::new("it wants a client certificate", SHOW_ONE),
        _ if stage == HandshakeStage::AskedInVain && is_about_certificates(alert) => {
            Words::new("it wants a client certificate", SHOW_ONE)
        }
        A::CertificateExpired if asked => {
            Words::new("the client certificate has expired", "put a new one into the certificate Secret")
        }
        _ if asked && is_about_certificates(alert) => {
            let name = name(alert);
            Words::new(format!("it does not accept the client certificate ({name})"), SHOW_ONE)
        }
        A::UnrecognisedName => {
            Words::new("it does not serve this host name", "use a host name that it serves")
        }
        A::NoApplicationProtocol => Words::new("it does not speak HTTP/1.1 there", "correct the port"),
        A::InternalError => Words::new("it has an internal error", "see the server's log"),
        _ => Words::new(format!("it ended the handshake with the alert {}", name(alert)), ""),
    }
}

/// The server knows no version of TLS that is in use here.
pub(super) fn too_old() -> Words {
    Words::new("it speaks only versions older than TLS 1.2", "enable TLS 1.2 or 1.3 at the server")
}

/// Whether a server that asked for a certificate says so about that.
fn is_about_certificates(alert: A) -> bool {
    matches!(
        alert,
        A::HandshakeFailure
            | A::NoCertificate
            | A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnknownCA
            | A::AccessDenied
            | A::DecryptError
    )
}

/// The name in the standard; the number for what has none here.
fn name(alert: A) -> String {
    let name = match alert {
        A::CloseNotify => "close_notify",
        A::UnexpectedMessage => "unexpected_message",
        A::BadRecordMac => "bad_record_mac",
        A::RecordOverflow => "record_overflow",
        A::HandshakeFailure => "handshake_failure",
        A::NoCertificate => "no_certificate",
        A::BadCertificate => "bad_certificate",
        A::UnsupportedCertificate => "unsupported_certificate",
        A::CertificateRevoked => "certificate_revoked",
        A::CertificateExpired => "certificate_expired",
        A::CertificateUnknown => "certificate_unknown",
        A::IllegalParameter => "illegal_parameter",
        A::UnknownCA => "unknown_ca",
        A::AccessDenied => "access_denied",
        A::DecodeError => "decode_error",
        A::DecryptError => "decrypt_error",
        A::ProtocolVersion => "protocol_version",
        A::InsufficientSecurity => "insufficient_security",
        A::InternalError => "internal_error",
        A::InappropriateFallback => "inappropriate_fallback",
        A::UserCanceled => "user_canceled",
        A::MissingExtension => "missing_extension",
        A::UnsupportedExtension => "unsupported_extension",
        A::UnrecognisedName => "unrecognized_name",
        A::BadCertificateStatusResponse => "bad_certificate_status_response",
        A::UnknownPSKIdentity => "unknown_psk_identity",
        A::CertificateRequired => "certificate_required",
        A::NoApplicationProtocol => "no_application_protocol",
        other => return u8::from(other).to_string(),
    };
    name.to_owned()
}
