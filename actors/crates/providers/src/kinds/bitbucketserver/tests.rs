use crate::commit_status::script::{Data, HASH, at, line, reason, refusal, run, success};
use crate::testing::{answer, header};
use campanile_domain::Verdict;

const TOKEN: Data<'static> = &[("token", b"bbs-token")];
const PAIR: Data<'static> = &[("username", b"flux"), ("password", b"secret")];
const ADDRESS: &str = "https://bitbucket.example.com/scm/fleet/infra.git";

#[test]
fn s25_the_last_scm_separates_the_server_from_the_repository() {
    let table = [
        (
            "https://example.com:7990/scm/context2/scm/scm/projectfoo/repobar.git",
            "https://example.com:7990/scm/context2/scm/rest/api/latest/projects/projectfoo/repos/repobar",
        ),
        ("http://h/scm/fleet/infra", "http://h/rest/api/latest/projects/fleet/repos/infra"),
        (
            "https://h/context/scm/~user/infra.git/",
            "https://h/context/rest/api/latest/projects/~user/repos/infra",
        ),
    ];
    for (address, api) in table {
        let exchange = at("bitbucketserver", address, TOKEN).provider.begin_to_write(&success()).unwrap();
        let (sent, verdict) = run(exchange, |_| answer(204, &[], ""));
        assert_eq!(line(&sent[0]), format!("POST {api}/commits/{HASH}/builds"), "{address}");
        assert_eq!(verdict, Verdict::Delivered);
    }
}

#[test]
fn s23_32_refusals_come_in_order() {
    let refuse = |address: &str, data: Data<'_>| refusal("bitbucketserver", address, data);
    let scheme =
        "could not parse git address: unsupported scheme type in address: ssh. Must be http or https";
    assert!(refuse("ssh://git@h/scm/fleet/infra", &[]).starts_with(scheme));
    assert!(
        refuse("git@h:fleet/infra", &[]).starts_with("could not parse git address: unsupported scheme type")
    );
    let form = "could not parse git address: supplied provider address is not http(s) git clone url";
    assert!(refuse("https://h/projects/fleet/repos/infra", &[]).starts_with(form));
    assert!(
        refuse("https://h/scm/fleet/infra/x", &[]).starts_with("invalid repository id \"fleet/infra/x\"")
    );
    let login = "invalid credentials, expected to be one of username/password or API Token";
    for data in [&[][..], &[("username", b"flux" as &[u8])], &[("password", b"secret")]] {
        assert!(refuse(ADDRESS, data).starts_with(login), "{data:?}");
    }
    let hidden: Data<'_> = &[("address", b"hidden://h/scm/fleet/infra")];
    assert!(!refuse(ADDRESS, hidden).contains("hidden"));
}

#[test]
fn s23_32_a_token_comes_before_the_pair() {
    let login = |data: Data<'_>| {
        let exchange = at("bitbucketserver", ADDRESS, data).provider.begin(&success()).unwrap();
        let (sent, _) = run(exchange, |_| answer(404, &[], "{}"));
        assert_eq!(sent.len(), 2, "a status that is not there is written");
        for request in &sent {
            assert_eq!(header(request, "x-atlassian-token"), Some("no-check"));
            assert_eq!(header(request, "x-requested-with"), Some("XMLHttpRequest"));
        }
        header(&sent[1], "authorization").unwrap().to_owned()
    };
    assert_eq!(login(PAIR), "Basic Zmx1eDpzZWNyZXQ=");
    assert_eq!(login(&[TOKEN, PAIR].concat()), "Bearer bbs-token");
}

#[test]
fn s23_32_fix_no_password_is_published() {
    let address = "https://user:hunter2@bitbucket.example.com/scm/fleet/infra.git";
    let exchange = at("bitbucketserver", address, TOKEN).provider.begin_to_write(&success()).unwrap();
    let (sent, _) = run(exchange, |_| answer(204, &[], ""));
    let body = str::from_utf8(&sent[0].body).unwrap();
    assert!(body.contains(&format!("\"url\":\"{ADDRESS}\"")), "{body}");
    assert!(!sent[0].url.contains("hunter2"));
}

#[test]
fn names_are_as_long_as_the_server_takes_them() {
    let exchange =
        at("bitbucketserver", ADDRESS, TOKEN).provider.begin_to_write(&reason(&"x".repeat(250))).unwrap();
    let (sent, _) = run(exchange, |_| answer(204, &[], ""));
    let body: serde_json::Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!(body["description"].as_str().unwrap().len(), 250);
    assert_eq!(body["name"].as_str().unwrap().chars().count(), 255);
}
