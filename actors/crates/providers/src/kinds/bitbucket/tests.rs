use crate::commit_status::script::{Data, HASH, at, line, refusal, run, success};
use crate::testing::{answer, credentials, header, spec};
use crate::{Provider, build};
use campanile_domain::{FailureClass, ProviderSpec, Verdict};

const TOKEN: Data<'static> = &[("token", b"flux:app-password\n")];
const ADDRESS: &str = "https://bitbucket.org/org/repo";

#[test]
fn s23_33_refusals_come_in_order() {
    let invalid = "https://bitbucket.org/repo";
    assert!(refusal("bitbucket", invalid, &[]).starts_with("bitbucket token cannot be empty"));
    assert!(
        refusal("bitbucket", invalid, &[("password", b"p")]).starts_with("bitbucket token cannot be empty")
    );
    for token in [b"no-colon" as &[u8], b"a:b:c"] {
        let text = refusal("bitbucket", invalid, &[("token", token)]);
        assert!(text.starts_with("invalid token format, expected to be <user>:<password>"), "{text}");
    }
    assert!(refusal("bitbucket", invalid, TOKEN).starts_with("invalid repository id \"repo\""));
}

#[test]
fn s23_33_only_the_path_of_the_address_counts() {
    for address in ["git@bitbucket.org:org/repo.git", "https://elsewhere.example/org/repo", "org/repo"] {
        let exchange = at("bitbucket", address, TOKEN).provider.begin_to_write(&success()).unwrap();
        let (sent, _) = run(exchange, |_| answer(201, &[], "{}"));
        let expected =
            format!("POST https://api.bitbucket.org/2.0/repositories/org/repo/commit/{HASH}/statuses/build");
        assert_eq!(line(&sent[0]), expected, "{address}");
    }
}

#[test]
fn s23_33_the_api_may_be_elsewhere() {
    let spec = ProviderSpec { address: ADDRESS.into(), ..spec("bitbucket") };
    let with_base = |base: &str| {
        let mut settings = credentials(TOKEN).resolve(&spec).unwrap();
        std::sync::Arc::make_mut(&mut settings.environment).bitbucket_api = Some(base.to_owned());
        build(&spec, settings)
    };
    let provider: Box<dyn Provider> = with_base("http://127.0.0.1:9/2.0/").unwrap().provider;
    let (sent, _) = run(provider.begin_to_write(&success()).unwrap(), |_| answer(201, &[], "{}"));
    assert!(sent[0].url.starts_with("http://127.0.0.1:9/2.0/repositories/org/repo/"), "{}", sent[0].url);
    assert!(with_base("elsewhere").unwrap_err().to_string().starts_with("invalid Bitbucket API base URL"));
}

#[test]
fn s23_33_half_a_login_is_none() {
    for token in [b":password" as &[u8], b"user:"] {
        let exchange =
            at("bitbucket", ADDRESS, &[("token", token)]).provider.begin_to_write(&success()).unwrap();
        let (sent, _) = run(exchange, |_| answer(201, &[], "{}"));
        assert_eq!(header(&sent[0], "authorization"), None);
    }
}

#[test]
fn s23_33_success_has_json_or_says_that_there_is_none() {
    let write = |status, body: &str| {
        let exchange = at("bitbucket", ADDRESS, TOKEN).provider.begin_to_write(&success()).unwrap();
        run(exchange, |_| answer(status, &[], body)).1
    };
    assert_eq!(write(204, ""), Verdict::Delivered);
    assert_eq!(write(200, "{}"), Verdict::Delivered);
    for (status, body) in [(200, ""), (206, "{}")] {
        assert!(
            matches!(write(status, body), Verdict::Failed(f) if f.class == FailureClass::Garbled),
            "{status}"
        );
    }
}
