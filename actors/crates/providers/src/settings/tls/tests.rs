use super::*;
use crate::testing::{Secrets, credentials, spec};
use campanile_testkit::provider;

fn with_certificates() -> ProviderSpec {
    ProviderSpec { cert_secret_ref: Some("tls".into()), ..provider() }
}

fn material(ca: Option<&[u8]>, pair: Option<(&[u8], &[u8])>) -> Option<TlsMaterial> {
    Some(TlsMaterial {
        ca: ca.map(<[u8]>::to_vec),
        pair: pair.map(|(certificate, key)| (certificate.to_vec(), key.to_vec())),
    })
}

#[test]
fn n09_s06_incomplete_material_is_refused_by_what_is_missing() {
    let refuse = |data: &[(&str, &[u8])]| {
        let secrets = Secrets::default().with("tls", data);
        secrets.resolve(&with_certificates()).unwrap_err().to_string()
    };
    let text = |problem: TlsMaterialError| format!("failed to get TLS config: secret 'apps/tls' {problem}");
    assert_eq!(refuse(&[]), text(TlsMaterialError::Nothing));
    assert_eq!(refuse(&[(".dockercfg", b"{}")]), text(TlsMaterialError::Nothing));
    assert_eq!(refuse(&[("ca.crt", b"")]), text(TlsMaterialError::Nothing));
    assert_eq!(
        refuse(&[("ca.crt", b"CA"), ("tls.crt", b"C")]),
        "failed to get TLS config: secret 'apps/tls' contains 'tls.crt' but missing 'tls.key'"
    );
    assert_eq!(
        refuse(&[("tls.key", b"K")]),
        "failed to get TLS config: secret 'apps/tls' contains 'tls.key' but missing 'tls.crt'"
    );
}

#[test]
fn n10_to_n16_every_valid_combination_is_taken_under_new_and_old_names() {
    let tls = |data: &[(&str, &[u8])]| {
        let settings = Secrets::default().with("tls", data).resolve(&with_certificates()).unwrap();
        (settings.connection.tls, settings.notices.len())
    };
    let pair: Option<(&[u8], &[u8])> = Some((b"C", b"K"));
    assert_eq!(tls(&[("ca.crt", b"CA")]), (material(Some(b"CA"), None), 0));
    assert_eq!(tls(&[("caFile", b"CA")]), (material(Some(b"CA"), None), 1));
    assert_eq!(tls(&[("ca.crt", b"CA"), ("caFile", b"garbage")]), (material(Some(b"CA"), None), 0));
    let all = material(Some(b"CA"), pair);
    assert_eq!(tls(&[("ca.crt", b"CA"), ("tls.crt", b"C"), ("tls.key", b"K")]), (all.clone(), 0));
    assert_eq!(tls(&[("caFile", b"CA"), ("certFile", b"C"), ("keyFile", b"K")]), (all.clone(), 3));
    assert_eq!(tls(&[("ca.crt", b"CA"), ("certFile", b"C"), ("tls.key", b"K")]), (all, 1));
    assert_eq!(tls(&[("tls.crt", b"C"), ("tls.key", b"K")]), (material(None, pair), 0));
    let hidden = tls(&[("ca.crt", b""), ("caFile", b"CA"), ("tls.crt", b"C"), ("tls.key", b"K")]);
    assert_eq!(hidden, (material(None, pair), 0), "an empty key hides the old name");
}

#[test]
fn s06_an_old_name_is_noticed_with_the_new_one() {
    let secrets = Secrets::default().with("tls", &[("caFile", b"CA")]);
    let notices = secrets.resolve(&with_certificates()).unwrap().notices;
    assert_eq!(
        notices[0].to_string(),
        "using legacy key in secret data: rename 'caFile' of secret 'apps/tls' to 'ca.crt'"
    );
}

#[test]
fn n24_n27_n28_commit_status_types_take_material_from_the_credentials() {
    let tls = |data: &[(&str, &[u8])]| credentials(data).resolve(&spec("github")).unwrap().connection.tls;
    assert_eq!(Secrets::default().resolve(&provider()).unwrap().connection.tls, None);
    assert_eq!(tls(&[("token", b"t"), ("ca.crt", b"CA")]), material(Some(b"CA"), None));
    let pair: Option<(&[u8], &[u8])> = Some((b"C", b"K"));
    let all: &[(&str, &[u8])] = &[("ca.crt", b"CA"), ("tls.crt", b"C"), ("tls.key", b"K")];
    assert_eq!(tls(all), material(Some(b"CA"), pair));
    assert_eq!(tls(&[("token", b"t")]), None);
    assert_eq!(tls(&[("token", b"t"), ("tls.crt", b"C")]), None, "incomplete material is ignored");
}

#[test]
fn n25_a_secret_for_certificates_comes_before_the_credentials() {
    let spec = ProviderSpec { cert_secret_ref: Some("tls".into()), ..spec("github") };
    let secrets = credentials(&[("ca.crt", b"garbage")]).with("tls", &[("ca.crt", b"CA")]);
    assert_eq!(secrets.resolve(&spec).unwrap().connection.tls, material(Some(b"CA"), None));
}

#[test]
fn n30_n31_other_types_take_material_from_its_own_secret_only() {
    let all: &[(&str, &[u8])] = &[("ca.crt", b"CA"), ("tls.crt", b"C"), ("tls.key", b"K")];
    assert_eq!(credentials(all).resolve(&spec("slack")).unwrap().connection.tls, None);
    let spec = ProviderSpec { cert_secret_ref: Some("tls".into()), ..spec("slack") };
    let tls = credentials(&[]).with("tls", all).resolve(&spec).unwrap().connection.tls;
    assert_eq!(tls, material(Some(b"CA"), Some((b"C", b"K"))));
}

#[test]
fn v12_a_certificate_secret_of_another_type_is_refused() {
    let resolve = |type_name: &str| {
        let secrets = Secrets::default().with_type("tls", type_name, &[("ca.crt", b"CA")]);
        secrets.resolve(&with_certificates())
    };
    for accepted in ["", "Opaque", "kubernetes.io/tls"] {
        assert!(resolve(accepted).is_ok(), "{accepted}");
    }
    assert_eq!(
        resolve("kubernetes.io/dockercfg").unwrap_err().to_string(),
        "cannot use secret 'tls' to get TLS certificate: invalid secret type: 'kubernetes.io/dockercfg'; make it anew with \
         type Opaque or kubernetes.io/tls"
    );
}

#[test]
fn v11_the_preferred_key_hides_garbage_under_the_old_one_and_the_old_one_alone_will_do() {
    let tls = |data: &[(&str, &[u8])]| {
        Secrets::default().with("tls", data).resolve(&with_certificates()).unwrap().connection.tls
    };
    assert_eq!(tls(&[("ca.crt", b"CA"), ("caFile", b"garbage")]), material(Some(b"CA"), None));
    assert_eq!(tls(&[("caFile", b"CA")]), material(Some(b"CA"), None));
}
