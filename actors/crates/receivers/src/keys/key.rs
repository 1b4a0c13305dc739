//! One public key of a set (RFC 7517, RFC 7518 section 6).

use aws_lc_rs::signature::{RsaPublicKeyComponents, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::algorithm::Algorithm;

/// A key as it is written.
#[derive(Deserialize)]
pub(super) struct JsonWebKey {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// A public key for signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    pub(super) id: Option<String>,
    /// The only algorithm that it is for, if it says so.
    pub(super) algorithm: Option<String>,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec { curve: String, x: Vec<u8>, y: Vec<u8> },
    Ed25519(Vec<u8>),
}

impl JsonWebKey {
    /// The key, if it is for signatures and of a kind that is known.
    pub(super) fn read(self) -> Option<PublicKey> {
        if self.purpose.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?.trim_end_matches('=')).ok();
        let material = match (self.kty.as_str(), self.crv) {
            ("RSA", _) => Material::Rsa { n: bytes(self.n)?, e: bytes(self.e)? },
            ("EC", Some(curve)) => Material::Ec { curve, x: bytes(self.x)?, y: bytes(self.y)? },
            ("OKP", Some(curve)) if curve == "Ed25519" => Material::Ed25519(bytes(self.x)?),
            _ => return None,
        };
        Some(PublicKey { id: self.kid, algorithm: self.alg, material })
    }
}

impl PublicKey {
    /// Whether this key made `signature` of `signed`; none if it is of another kind than the algorithm.
    pub(crate) fn verify(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> Option<bool> {
        match (&self.material, algorithm) {
            (Material::Rsa { n, e }, Algorithm::Rsa(parameters)) => {
                let key = RsaPublicKeyComponents { n: stripped(n), e: stripped(e) };
                Some(key.verify(parameters, signed, signature).is_ok())
            }
            (Material::Ec { curve, x, y }, Algorithm::Ec(parameters, name, length)) if curve == name => {
                let mut point = vec![4];
                [x, y].into_iter().try_for_each(|coordinate| {
                    let missing = length.checked_sub(coordinate.len())?;
                    point.extend(std::iter::repeat_n(0, missing));
                    point.extend_from_slice(coordinate);
                    Some(())
                })?;
                Some(UnparsedPublicKey::new(parameters, point).verify(signed, signature).is_ok())
            }
            (Material::Ed25519(key), Algorithm::Ed25519(parameters)) => {
                Some(UnparsedPublicKey::new(parameters, key).verify(signed, signature).is_ok())
            }
            _ => None,
        }
    }
}

/// A number without leading zeros.
fn stripped(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.split_at(zeros).1
}
