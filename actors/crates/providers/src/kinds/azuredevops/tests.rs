use crate::Cloud;
use crate::commit_status::script::{CONTEXT, Data, HASH, at, failed, line, named, refusal, run, success};
use crate::testing::{answer, delivery, header};
use campanile_domain::{Delivery, FailureClass, Method, Verdict};
use campanile_testkit::event;

const TOKEN: Data<'static> = &[("token", b"azure-pat")];
const ADDRESS: &str = "https://dev.azure.com/org/project/_git/repo";

#[test]
fn s23_34_refusals_come_in_order() {
    for address in ["https://dev.azure.com/org/project/repo", "https://dev.azure.com/o/p/_git/r/x"] {
        let text = refusal("azuredevops", address, TOKEN);
        assert!(text.starts_with("invalid repository id \""), "{text}");
        assert!(
            text.ends_with("; write spec.address as https://dev.azure.com/ORG/PROJECT/_git/REPO"),
            "{text}"
        );
    }
}

#[test]
fn s15_fix_the_address_for_ssh_leads_to_the_same_repository() {
    for address in [
        ADDRESS,
        "git@ssh.dev.azure.com:v3/org/project/repo",
        "https://org@dev.azure.com/Org/project/_git/repo",
    ] {
        let exchange = at("azuredevops", address, TOKEN).provider.begin_to_write(&success()).unwrap();
        let (sent, _) = run(exchange, |_| answer(200, &[], "{}"));
        assert_eq!(
            line(&sent[0]),
            format!(
                "POST https://dev.azure.com/org/project/_apis/git/repositories/repo/commits/{HASH}/statuses"
            ),
            "{address}"
        );
        assert_eq!(header(&sent[0], "accept"), Some("application/json;api-version=6.0"));
        assert_eq!(header(&sent[0], "content-type"), Some("application/json;charset=utf-8"));
        assert_eq!(header(&sent[0], "x-tfs-fedauthredirect"), Some("Suppress"));
    }
}

#[test]
fn s23_34_without_a_summary_the_genre_is_plain_and_each_summary_is_a_context() {
    let revision = format!("main@sha1:{HASH}");
    let of = |metadata: &[(&str, &str)]| -> Delivery {
        let metadata = [&[("revision", revision.as_str())], metadata].concat();
        named(delivery(event(), &metadata))
    };
    let endpoint = at("azuredevops", ADDRESS, TOKEN);
    let status = |delivery| endpoint.provider.status_of(&delivery).unwrap().unwrap();
    let plain = status(of(&[]));
    assert!(plain.state.contains(&format!(r#"{{"genre":"fluxcd","name":"{CONTEXT}"}}"#)), "{}", plain.state);
    assert_ne!(plain.context, status(of(&[("summary", "s")])).context);
}

#[test]
fn s23_34_a_sign_in_page_is_a_matter_of_the_token() {
    for status in [203, 401] {
        let exchange = at("azuredevops", ADDRESS, TOKEN).provider.begin(&success()).unwrap();
        let (_, verdict) = run(exchange, |_| answer(status, &[], "<html>Sign In</html>"));
        assert!(matches!(verdict, Verdict::Failed(f) if f.class == FailureClass::Credentials), "{status}");
    }
}

#[test]
fn s23_34_a_byte_order_mark_is_passed_over_and_pages_are_turned_by_skipping() {
    let other = r#"{"context":{"genre":"fluxcd","name":"other"},"state":"error","description":"x"}"#;
    let page = format!("\u{feff}{{\"count\":50,\"value\":[{}]}}", vec![other; 50].join(","));
    let exchange = at("azuredevops", ADDRESS, TOKEN).provider.begin(&failed()).unwrap();
    let (sent, verdict) = run(exchange, |request| match request.method {
        Method::Get if request.url.ends_with("skip=0") => answer(200, &[], &page),
        Method::Get => answer(200, &[], "{\"count\":0,\"value\":[]}"),
        _ => answer(201, &[], "\u{feff}{}"),
    });
    assert_eq!((sent.len(), verdict), (3, Verdict::Delivered));
    assert!(sent[1].url.ends_with("?latestOnly=true&top=50&skip=50"));
}

#[test]
fn s20_without_a_token_an_identity_gives_one() {
    let endpoint = at("azuredevops", ADDRESS, &[]);
    let identity = endpoint.provider.identity().unwrap();
    assert_eq!(identity.cloud, Cloud::Azure { scope: "499b84ac-1321-427f-aa17-267ca6975798/.default" });
    assert!(identity.authorization("t").starts_with("Basic "), "as the password of nobody");
    let (sent, _) = run(endpoint.provider.begin_to_write(&success()).unwrap(), |_| answer(200, &[], "{}"));
    assert_eq!(header(&sent[0], "authorization"), None, "whoever carries it adds the token");
    assert!(at("azuredevops", ADDRESS, TOKEN).provider.identity().is_none(), "a token comes first");
}
