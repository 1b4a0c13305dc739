use crate::commit_status::script::{CONTEXT, Data, HASH, at, failed, line, refusal, run, success};
use crate::testing::answer;
use campanile_domain::{FailureClass, Method, Verdict};

const TOKEN: Data<'static> = &[("token", b"glpat-token")];
const ADDRESS: &str = "https://gitlab.example/org/repo";

#[test]
fn s23_28_a_project_is_a_path_of_any_depth_or_a_number() {
    let table = [
        ("https://gitlab.com/1234", "https://gitlab.com/api/v4/projects/1234"),
        ("http://h:8080/a/b/c/d.git", "http://h:8080/api/v4/projects/a%2Fb%2Fc%2Fd"),
        ("ssh://git@h:2222/a/b.c", "https://h/api/v4/projects/a%2Fb%2Ec"),
    ];
    for (address, project) in table {
        let exchange = at("gitlab", address, TOKEN).provider.begin_to_write(&success()).unwrap();
        let (sent, verdict) = run(exchange, |_| answer(201, &[], "{}"));
        assert_eq!(line(&sent[0]), format!("POST {project}/statuses/{HASH}"), "{address}");
        assert_eq!(verdict, Verdict::Delivered);
    }
}

#[test]
fn s23_28_refusals() {
    assert!(refusal("gitlab", "", &[]).starts_with("gitlab token cannot be empty"));
    assert_eq!(
        refusal("gitlab", "https://gitlab.example", TOKEN),
        "invalid repository id \"\"; write spec.address as https://HOST/GROUP/PROJECT"
    );
}

#[test]
fn s23_28_a_status_that_gitlab_refuses_to_repeat_is_shown_already() {
    let write = |text: &str| {
        let exchange = at("gitlab", ADDRESS, TOKEN).provider.begin_to_write(&success()).unwrap();
        run(exchange, |_| answer(400, &[], &format!(r#"{{"message":"{text}"}}"#))).1
    };
    let reason = "(Reason(s): Status cannot transition via succeed)";
    assert_eq!(
        write(&format!("Cannot transition status via :succeed from :success {reason}")),
        Verdict::Skipped
    );
    for other in ["Cannot transition status via :succeed from :failed", "name is too long", "from :success"] {
        let verdict = write(other);
        assert!(matches!(verdict, Verdict::Failed(f) if f.class == FailureClass::Rejected), "{other}");
    }
}

#[test]
fn a_list_of_more_pages_is_followed_where_gitlab_says_so() {
    let exchange = at("gitlab", ADDRESS, TOKEN).provider.begin(&failed()).unwrap();
    let shown = format!(
        r#"[{{"sha":"{HASH}","status":"failed","name":"{CONTEXT}","description":"health check failed"}}]"#
    );
    let (sent, verdict) = run(exchange, |request| {
        assert_eq!(request.method, Method::Get);
        match request.url.contains("&page=2&per_page=20") {
            true => answer(200, &[], &shown),
            false => answer(200, &[("link", "<https://gitlab.example/x>; rel=\"next\"")], "[]"),
        }
    });
    assert_eq!((sent.len(), verdict), (2, Verdict::Skipped));
}

#[test]
fn the_end_of_a_limit_is_kept() {
    let exchange = at("gitlab", ADDRESS, TOKEN).provider.begin_to_write(&success()).unwrap();
    let (_, verdict) = run(exchange, |_| answer(429, &[("ratelimit-reset", "1786104020")], "Retry later"));
    assert!(matches!(verdict, Verdict::RetryAfter(pause, _) if pause.as_secs() == 20), "{verdict:?}");
}
