//! Certificates of applications, and what is signed with them.

use super::{Application, Certificate, ClientCertificateError};
use aws_lc_rs::signature::{KeyPair, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use campanile_testkit::noon;
use serde_json::{Value, json};

const KEY: &str = include_str!("../../../fixtures/github-app/pkcs8.pem");
const PKCS1: &str = include_str!("../../../fixtures/github-app/pkcs1.pem");
const EC: &str = include_str!("../../../fixtures/github-app/ec.pem");
const CERTIFICATE: &str = include_str!("../../../fixtures/azure/certificate.pem");
const ANOTHER: &str = include_str!("../../../fixtures/azure/another.pem");
const PROTECTED: &str = include_str!("../../../fixtures/azure/protected.pem");

/// By `openssl x509 -outform DER | openssl dgst -sha256 -binary | basenc --base64url`.
const THUMBPRINT: &str = "f_JKz3Yss5mkp7sLTctR9xs5JaMpsaxINQ9U278QLsw";

const URL: &str = "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token";

fn signed(pem: &str, with_chain: bool) -> String {
    let application = Application { tenant: "tenant-1".into(), client: "client-1".into() };
    let certificate = Certificate::parse(pem.as_bytes()).unwrap();
    certificate.assertion(&application, URL, with_chain, noon()).unwrap()
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn s20_an_assertion_is_signed_with_the_certificates_key_and_names_it() {
    for pem in [format!("{KEY}{CERTIFICATE}"), format!("{ANOTHER}{CERTIFICATE}{KEY}")] {
        let assertion = signed(&pem, false);
        let (text, signature) = assertion.rsplit_once('.').unwrap();
        let (header, claims) = text.split_once('.').unwrap();
        assert_eq!(decoded(header), json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": THUMBPRINT }));
        let mut claims = decoded(claims);
        assert!(claims["jti"].take().as_str().unwrap().len() >= 22);
        let from = noon().as_second();
        assert_eq!(
            claims,
            json!({
                "aud": URL, "iss": "client-1", "sub": "client-1", "jti": null, "nbf": from, "iat": from, "exp": from + 600,
            })
        );
        let key = crate::jwt::read_key(KEY.as_bytes()).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.public_key().as_ref());
        public.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        assert_ne!(signed(&pem, false), assertion, "no two are the same");
    }
}

#[test]
fn s20_the_chain_is_sent_where_the_issuer_is_trusted_its_own_certificate_first() {
    let assertion = signed(&format!("{ANOTHER}{KEY}{CERTIFICATE}"), true);
    let header = decoded(assertion.split('.').next().unwrap());
    let body = |pem: &str| pem.lines().filter(|line| !line.starts_with("-----")).collect::<String>();
    assert_eq!(header["x5c"], json!([body(CERTIFICATE), body(ANOTHER)]));
}

#[test]
fn s20_what_is_no_certificate_with_its_key_is_refused_with_the_remedy() {
    use ClientCertificateError as P;
    for (pem, problem, remedy) in [
        (b"0\x82\x0a\x01\x02\x01\x03".to_vec(), P::NotPem, "openssl pkcs12 -in FILE -nodes -out client.pem"),
        (Vec::new(), P::NotPem, "PEM"),
        (format!("{PROTECTED}{CERTIFICATE}").into_bytes(), P::Protected, "openssl pkey -in FILE"),
        (CERTIFICATE.into(), P::Key, "add it to the file"),
        (format!("{EC}{ANOTHER}").into_bytes(), P::Key, "RSA"),
        (KEY.into(), P::Certificate, "add it to the file"),
        (format!("{KEY}{ANOTHER}").into_bytes(), P::Certificate, "of its private key"),
    ] {
        let refused = Certificate::parse(&pem).unwrap_err();
        assert_eq!(refused, problem);
        assert!(refused.to_string().contains(remedy), "{refused}");
    }
    let certificate = Certificate::parse(format!("{CERTIFICATE}{PKCS1}").as_bytes()).unwrap();
    assert_eq!(format!("{certificate:?}"), "Certificate(*****)");
}
