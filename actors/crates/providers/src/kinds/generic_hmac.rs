//! `generic-hmac`: as `generic`, with a signature of the body (contract, providers 23.2).

use aws_lc_rs::hmac;
use campanile_domain::{Failure, Notification};

use super::generic::Generic;
use crate::sample::{Markup, Sample};
use crate::{ConfigError, Exchange, Provider, Settings, Token};

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let generic = Generic::new(settings)?;
    let token = settings.token.as_ref().map(Token::raw).ok_or(ConfigError::HmacKey)?;
    Ok(Box::new(GenericHmac { generic, key: hmac::Key::new(hmac::HMAC_SHA256, token) }))
}

struct GenericHmac {
    generic: Generic,
    key: hmac::Key,
}

impl Provider for GenericHmac {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let body = Generic::body(notification)?;
        let signature = ("X-Signature".to_owned(), signature(&self.key, &body));
        Ok(self.generic.post(notification, body, Some(signature)))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

/// HMAC-SHA256 of exactly the bytes that are sent, in lower-case hexadecimal.
fn signature(key: &hmac::Key, body: &[u8]) -> String {
    let tag = hmac::sign(key, body);
    let mut text = "sha256=".to_owned();
    let digits = tag.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    text.extend(digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)));
    text
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample::webhook(Markup::Verbatim, &[]);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{credentials, error, header, info, request, spec};
    use campanile_domain::Delivery;

    fn signed(data: &[(&str, &[u8])], delivery: &Delivery) -> String {
        let endpoint = credentials(data).build(&spec("generic-hmac")).unwrap();
        header(&request(&endpoint, delivery), "x-signature").unwrap().to_owned()
    }

    #[test]
    fn s23_2_the_contracts_examples_have_their_signatures() {
        let key: &[(&str, &[u8])] = &[("token", b"s3cr3t")];
        assert_eq!(
            signed(key, &error()),
            "sha256=a1733c19ad16d86836a6a462a3bbf70707004b668e16b96f98ce51d918710aff"
        );
        assert_eq!(
            signed(key, &info()),
            "sha256=6fc0dedf685302a60c2c74b477759311d16e6582fa24adde2bdfd2c2a8b9b491"
        );
    }

    #[test]
    fn s25_the_test_vector_is_signed_as_the_contract_says() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"7152fed34dd6149a7c75a276c510da27cb6f82b0");
        let body = br#"{"involvedObject":{"kind":"GitRepository","namespace":"gitops-system","name":"webapp"},"severity":"info","timestamp":"2022-09-30T06:40:29Z","message":"message","reason":"reason","metadata":{"test":"metadata"},"reportingController":"source-controller","reportingInstance":"source-controller-xyz"}"#;
        assert_eq!(
            signature(&key, body),
            "sha256=65b018549b1254e7226d1c08f9567ee45bc9de0fc4e7b1a40253f9a018b08be7"
        );
    }

    #[test]
    fn s03_the_key_is_used_raw_with_white_space_and_bytes_that_are_no_text() {
        let with = |key: &[u8]| signed(&[("token", key)], &info());
        assert_ne!(with(b" s3cr3t \n"), with(b"s3cr3t"));
        assert_ne!(with(b"\xff\xfe"), with(b"\xff"));
    }

    #[test]
    fn s23_2_the_signature_replaces_one_of_the_users_headers() {
        let data: &[(&str, &[u8])] =
            &[("token", b"s3cr3t"), ("headers", b"x-signature: mine\nX-Other: kept\n")];
        let endpoint = credentials(data).build(&spec("generic-hmac")).unwrap();
        let request = request(&endpoint, &info());
        let signature = header(&request, "X-Signature").unwrap();
        assert!(signature.starts_with("sha256=6fc0ded"), "{signature}");
        assert_eq!(header(&request, "X-Other"), Some("kept"));
    }

    #[test]
    fn s23_2_without_a_key_it_is_refused_after_the_address() {
        let refuse = |data: &[(&str, &[u8])]| credentials(data).build(&spec("generic-hmac")).unwrap_err();
        assert_eq!(refuse(&[]), ConfigError::HmacKey);
        assert_eq!(refuse(&[("token", b"")]), ConfigError::HmacKey);
        assert!(refuse(&[]).to_string().starts_with("HMAC key is empty"));
        assert!(refuse(&[("address", b"")]).to_string().starts_with("invalid hook URL ''"));
    }
}
