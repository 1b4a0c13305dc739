//! The length of RSA keys: a key that is too short fails as a wrong signature does, and only its length tells which it was.

use std::ops::RangeInclusive;

use rustls_pki_types::{CertificateDer, alg_id};
use webpki::anchor_from_trusted_cert;

/// Lengths of RSA keys whose signatures are verified, in bits.
const USABLE: RangeInclusive<usize> = 2048..=8192;

/// The length in bits of the RSA key in `certificate`, if it is too short or too long for its signatures to be verified.
/// None for every other key, and for what is no certificate.
pub fn unusable_rsa_bits(certificate: &CertificateDer<'_>) -> Option<usize> {
    rsa_bits(certificate).filter(|bits| !USABLE.contains(bits))
}

/// Reads `RSAPublicKey` (RFC 8017, appendix A.1.1) from `subjectPublicKeyInfo` (RFC 5280, section 4.1).
fn rsa_bits(certificate: &CertificateDer<'_>) -> Option<usize> {
    let anchor = anchor_from_trusted_cert(certificate).ok()?;
    let (algorithm, rest) = element(&anchor.subject_public_key_info)?;
    if algorithm != alg_id::RSA_ENCRYPTION.as_ref() {
        return None;
    }
    let (bits, _) = element(rest)?;
    // A bit string begins with the number of bits that its last byte has too many.
    let (_, key) = bits.split_first()?;
    let (key, _) = element(key)?;
    let (modulus, _) = element(key)?;
    let first = modulus.iter().position(|byte| *byte != 0)?;
    let (_, number) = modulus.split_at_checked(first)?;
    Some(number.len() * 8 - number.first()?.leading_zeros() as usize)
}

/// The contents of the first element of `der`, and what follows it (X.690, section 8.1).
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        // Certificates are shorter than three bytes of length can say.
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::pem::PemObject;

    use super::*;

    /// Made by openssl: `req -x509 -newkey rsa:1024`.
    const SHORT: &[u8] = include_bytes!("../fixtures/rsa-1024.pem");

    #[test]
    fn the_bits_of_a_short_rsa_key_are_told() {
        let short = CertificateDer::from_pem_slice(SHORT).unwrap();
        assert_eq!(unusable_rsa_bits(&short), Some(1024));
    }

    #[test]
    fn keys_of_other_kinds_and_what_is_no_certificate_are_not_short() {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        assert_eq!(unusable_rsa_bits(certificate.der()), None);
        let der = certificate.der();
        for length in 0..der.len() {
            assert_eq!(unusable_rsa_bits(&der.get(..length).unwrap().into()), None, "cut to {length}");
        }
    }
}
