//! Algorithms by which tokens are signed (RFC 7518, section 3.1; RFC 8037).

use aws_lc_rs::signature as algorithms;
use aws_lc_rs::signature::{EcdsaVerificationAlgorithm, EdDSAParameters, RsaParameters};

/// The algorithm by which a token is signed.
#[derive(Clone, Copy)]
pub(crate) enum Algorithm {
    Rsa(&'static RsaParameters),
    /// The name of the curve as keys have it, and how long a coordinate is.
    Ec(&'static EcdsaVerificationAlgorithm, &'static str, usize),
    Ed25519(&'static EdDSAParameters),
}

impl Algorithm {
    /// The algorithms that are taken; never one that needs no key or a shared one (contract, receivers 6.6).
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rsa(&algorithms::RSA_PKCS1_2048_8192_SHA256),
            "RS384" => Self::Rsa(&algorithms::RSA_PKCS1_2048_8192_SHA384),
            "RS512" => Self::Rsa(&algorithms::RSA_PKCS1_2048_8192_SHA512),
            "PS256" => Self::Rsa(&algorithms::RSA_PSS_2048_8192_SHA256),
            "PS384" => Self::Rsa(&algorithms::RSA_PSS_2048_8192_SHA384),
            "PS512" => Self::Rsa(&algorithms::RSA_PSS_2048_8192_SHA512),
            "ES256" => Self::Ec(&algorithms::ECDSA_P256_SHA256_FIXED, "P-256", 32),
            "ES384" => Self::Ec(&algorithms::ECDSA_P384_SHA384_FIXED, "P-384", 48),
            "ES512" => Self::Ec(&algorithms::ECDSA_P521_SHA512_FIXED, "P-521", 66),
            "EdDSA" => Self::Ed25519(&algorithms::ED25519),
            _ => return None,
        })
    }
}
