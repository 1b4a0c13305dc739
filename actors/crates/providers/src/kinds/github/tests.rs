use crate::commit_status::script::{
    CONTEXT, Data, HASH, at, failed, line, lines, reason, refusal, run, success, with_shown,
};
use crate::testing::{answer, credentials, header, spec};
use campanile_domain::{Event, FailureClass, Method, ProviderSpec, Request, Response, Verdict};

const TOKEN: Data<'static> = &[("token", b"ghp_token")];
const ADDRESS: &str = "https://ghe.example/org/repo";

fn status(context: &str, state: &str, description: &str) -> serde_json::Value {
    serde_json::json!({ "context": context, "state": state, "description": description })
}

/// Runs example E against a host with `pages` of statuses.
fn with_pages(page: impl Fn(&str) -> Response) -> (Vec<Request>, Verdict) {
    let exchange = at("github", ADDRESS, TOKEN).provider.begin(&failed()).unwrap();
    run(exchange, |request| match request.method {
        Method::Get => page(request.url.split_once('?').unwrap().1),
        _ => answer(201, &[], "{}"),
    })
}

#[test]
fn s23_25_the_api_follows_from_the_host() {
    let table = [
        ("https://github.com/org/repo", "https://api.github.com/repos"),
        ("ssh://git@github.com/org/repo.git", "https://api.github.com/repos"),
        ("git@GitHub.com:org/repo", "https://api.github.com/repos"),
        ("https://ghe.example:8443/org/repo", "https://ghe.example:8443/api/v3/repos"),
        ("https://api.tenant.ghe.com/org/repo", "https://api.tenant.ghe.com/repos"),
        ("https://tenant.ghe.com/org/repo", "https://api.tenant.ghe.com/repos"),
        ("git@tenant.ghe.com:org/repo", "https://api.tenant.ghe.com/repos"),
        ("https://tenant.ghe.com.evil.example/org/repo", "https://tenant.ghe.com.evil.example/api/v3/repos"),
        ("https://git.api.example/org/repo", "https://git.api.example/repos"),
        ("https://github.com.evil.example/org/repo", "https://github.com.evil.example/api/v3/repos"),
    ];
    for (address, api) in table {
        let exchange = at("github", address, TOKEN).provider.begin_to_write(&success()).unwrap();
        let (sent, _) = run(exchange, |_| answer(201, &[], ""));
        assert_eq!(line(&sent[0]), format!("POST {api}/org/repo/statuses/{HASH}"), "{address}");
    }
}

#[test]
fn s23_25_every_call_has_the_headers_of_the_api() {
    let (sent, verdict) = with_shown(&at("github", ADDRESS, TOKEN), &success(), "[]");
    assert_eq!(verdict, Verdict::Delivered);
    for request in &sent {
        assert_eq!(header(request, "accept"), Some("application/vnd.github.v3+json"));
        assert_eq!(header(request, "x-github-api-version"), Some("2022-11-28"));
    }
}

#[test]
fn s23_25_refusals_come_in_order() {
    let invalid = "https://github.com/org/group/repo";
    let no_login = "github token or github app details must be specified";
    assert!(refusal("github", invalid, &[]).starts_with(no_login));
    assert!(refusal("github", invalid, &[("token", b"\n")]).starts_with(no_login));
    assert!(refusal("github", invalid, &[("githubAppID", b"0")]).starts_with("app ID must be provided"));
    assert_eq!(
        refusal("github", invalid, TOKEN),
        "invalid repository id \"org/group/repo\"; write spec.address as https://HOST/OWNER/REPO"
    );
    assert!(refusal("github", "org/repo", TOKEN).starts_with("invalid repository address *****: "));
}

#[test]
fn s23_25_the_first_whole_entry_of_the_name_counts() {
    let incomplete = serde_json::json!({ "context": CONTEXT, "state": "failure", "description": null });
    let same = status(CONTEXT, "failure", "health check failed");
    let older = status(CONTEXT, "success", "reconciliation succeeded");
    let writes = |entries: &[serde_json::Value]| {
        let body = serde_json::to_string(entries).unwrap();
        with_shown(&at("github", ADDRESS, TOKEN), &failed(), &body).1 == Verdict::Delivered
    };
    assert!(!writes(&[incomplete.clone(), same.clone(), older.clone()]));
    assert!(writes(&[incomplete, older, same]), "it was changed since");
}

#[test]
fn a_name_that_is_not_among_the_newest_is_looked_for_in_further_pages() {
    let others: Vec<_> = (0..50).map(|n| status(&format!("other/{n}"), "success", "x")).collect();
    let found = [status(CONTEXT, "failure", "health check failed")];
    let (sent, verdict) = with_pages(|query| {
        let page = if query.contains("&page=3") { &found[..] } else { &others[..] };
        answer(200, &[], &serde_json::to_string(page).unwrap())
    });
    assert_eq!(verdict, Verdict::Skipped);
    let queries: Vec<&str> = sent.iter().map(|request| request.url.split_once('?').unwrap().1).collect();
    assert_eq!(queries, ["per_page=50", "per_page=50&page=2", "per_page=50&page=3"]);
}

#[test]
fn a_list_without_end_is_given_up_and_the_status_written() {
    let next = [("link", "<https://ghe.example/next>; rel=\"next\"")];
    let (sent, verdict) = with_pages(|_| answer(200, &next, "[]"));
    assert_eq!(verdict, Verdict::Delivered);
    assert_eq!(sent.len(), 9, "eight pages and the status");
}

#[test]
fn a_page_that_was_cut_off_is_followed_by_smaller_ones() {
    let others: Vec<_> = (0..20).map(|n| status(&format!("other/{n}"), "success", "x")).collect();
    let whole = serde_json::to_string(&others).unwrap();
    let found = serde_json::to_string(&[status(CONTEXT, "failure", "health check failed")]).unwrap();
    let (sent, verdict) = with_pages(|query| match query {
        "per_page=50" => answer(200, &[], &format!("{}, {{\"context\":\"cu", whole.trim_end_matches(']'))),
        _ => answer(200, &[], &found),
    });
    assert_eq!(verdict, Verdict::Skipped);
    assert!(sent[1].url.ends_with("?per_page=20&page=2"), "{:?}", lines(&sent));
}

#[test]
fn s23_25_202_and_a_body_that_is_no_json_are_errors_and_nothing_is_success() {
    let write = |status, body: &str| {
        let exchange = at("github", ADDRESS, TOKEN).provider.begin_to_write(&success()).unwrap();
        run(exchange, |_| answer(status, &[], body)).1
    };
    for (status, body) in [(202, "{}"), (200, "<html>sign in</html>")] {
        assert!(
            matches!(write(status, body), Verdict::Failed(f) if f.class == FailureClass::Garbled),
            "{status}"
        );
    }
    assert_eq!(write(201, ""), Verdict::Delivered);
    let exchange = at("github", ADDRESS, TOKEN).provider.begin(&success()).unwrap();
    assert_eq!(
        run(exchange, |_| answer(200, &[], "")).1,
        Verdict::Delivered,
        "an empty list is an empty body too"
    );
}

#[test]
fn a_limit_of_requests_pauses_until_its_reset() {
    let exchange = at("github", ADDRESS, TOKEN).provider.begin(&success()).unwrap();
    let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1786104045")];
    let (sent, verdict) = run(exchange, |_| answer(403, &headers, "{}"));
    assert_eq!(sent.len(), 1);
    assert!(matches!(verdict, Verdict::RetryAfter(pause, _) if pause.as_secs() == 45), "{verdict:?}");
}

#[test]
fn s24_a_description_has_140_characters_at_most_and_html_stays_as_it_is() {
    let body = |delivery| {
        let exchange = at("github", ADDRESS, TOKEN).provider.begin_to_write(&delivery).unwrap();
        String::from_utf8(run(exchange, |_| answer(201, &[], "")).0[0].body.to_vec()).unwrap()
    };
    let json: serde_json::Value = serde_json::from_str(&body(reason(&"ä".repeat(141)))).unwrap();
    assert_eq!(json["description"].as_str().unwrap().chars().count(), 140);
    let json: serde_json::Value = serde_json::from_str(&body(reason(&"ä".repeat(140)))).unwrap();
    assert_eq!(json["description"], "ä".repeat(140));
    assert!(body(reason("a<b>&c")).contains("a < b >& c"), "{}", body(reason("a<b>&c")));
}

#[test]
fn s07_a_private_trust_store_does_not_reach_github_com() {
    let tls = |address: &str, more: Data<'_>| {
        let secret = credentials(&[TOKEN, &[("ca.crt", b"CA" as &[u8])], more].concat());
        secret
            .build(&ProviderSpec { address: address.into(), ..spec("github") })
            .unwrap()
            .connection
            .tls
            .is_some()
    };
    assert!(!tls("https://github.com/org/repo", &[]));
    assert!(tls(ADDRESS, &[]));
}

#[test]
fn s03_an_address_in_the_secret_is_used_and_not_shown_when_refused() {
    let data: Data<'_> = &[("token", b"t"), ("address", b"https://ghe.example/hidden/a/b")];
    let text = refusal("github", ADDRESS, data);
    assert_eq!(
        text,
        "invalid repository id \"*****\"; write key 'address' of secret 'apps/credentials' as https://HOST/OWNER/REPO"
    );
}

#[test]
fn the_name_of_a_status_may_be_anything_the_expression_gives() {
    let event = Event { reason: "ApplySucceeded".into(), ..Event::clone(&success().event) };
    let mut delivery = campanile_domain::Delivery { event: event.into(), ..success() };
    delivery.plan.commit_status = Some("Prod/<x>".into());
    let (sent, _) = run(at("github", ADDRESS, TOKEN).provider.begin_to_write(&delivery).unwrap(), |_| {
        answer(201, &[], "")
    });
    assert_eq!(
        str::from_utf8(&sent[0].body).unwrap(),
        "{\"state\":\"success\",\"description\":\"apply succeeded\",\"context\":\"Prod/<x>\"}\n"
    );
}
