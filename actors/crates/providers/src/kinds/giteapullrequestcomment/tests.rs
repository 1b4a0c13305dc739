use crate::commit_status::script::{at, lines, run};
use crate::testing::{answer, delivery};
use campanile_domain::{Method, Response};
use campanile_testkit::event;

const ISSUE: &str = "http://gitea.example/api/v1/repos/org/repo/issues/7";

/// What is asked where the first answer is `first` and the timeline has two pages.
fn asked(first: &Response) -> Vec<String> {
    let endpoint = at("giteapullrequestcomment", "http://gitea.example/org/repo", &[("token", b"t")]);
    let exchange = endpoint.provider.begin(&delivery(event(), &[("change_request", "7")])).unwrap();
    let (sent, _) = run(exchange, |request| match request.url.as_str() {
        url if url.ends_with("/user") => answer(200, &[], r#"{"login":"flux","username":"flux"}"#),
        url if url.contains("/comments?") => first.clone(),
        url if url.ends_with("page=3") => answer(200, &[], "[]"),
        _ if request.method == Method::Get => answer(200, &[], r#"[{"id":1,"type":"label"}]"#),
        _ => answer(201, &[], r#"{"id":9}"#),
    });
    lines(&sent).split_off(1)
}

#[test]
fn s23_31_all_comments_come_at_once() {
    let all: Vec<_> = (0..150).map(|n| serde_json::json!({ "id": n, "body": "x" })).collect();
    let all = serde_json::to_string(&all).unwrap();
    let expected = [format!("GET {ISSUE}/comments?limit=100&page=1"), format!("POST {ISSUE}/comments")];
    for headers in [&[][..], &[("x-total-count", "150")][..]] {
        assert_eq!(asked(&answer(200, headers, &all)), expected);
    }
}

#[test]
fn s23_31_what_is_cut_or_paged_is_read_from_the_timeline_to_its_end() {
    let timeline = |page| format!("GET {ISSUE}/timeline?limit=50&page={page}");
    let expected = [
        format!("GET {ISSUE}/comments?limit=100&page=1"),
        timeline(1),
        timeline(2),
        timeline(3),
        format!("POST {ISSUE}/comments"),
    ];
    let next = [("link", "<http://h/?page=2>; rel=\"next\"")];
    for first in [
        answer(200, &[], r#"[{"id":1,"body":"x"},{"id":2,"body":"cu"#),
        answer(200, &next, r#"[{"id":1,"body":"x"}]"#),
        answer(200, &[("x-total-count", "2")], r#"[{"id":1,"body":"x"}]"#),
    ] {
        assert_eq!(asked(&first), expected, "{first:?}");
    }
}
