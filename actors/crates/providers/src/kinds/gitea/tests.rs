use crate::commit_status::script::{CONTEXT, Data, at, failed, reason, refusal, run, success, with_shown};
use crate::testing::answer;
use campanile_domain::{FailureClass, Verdict};

const TOKEN: Data<'static> = &[("token", b"gitea-token")];
const ADDRESS: &str = "http://gitea.example:3000/org/repo";

#[test]
fn s23_30_refusals_come_in_order() {
    assert!(refusal("gitea", "", &[]).starts_with("gitea token cannot be empty"));
    assert!(refusal("gitea", "http://h/org", TOKEN).starts_with("invalid repository id \"org\""));
}

#[test]
fn s23_30_progressing_is_pending_once() {
    let endpoint = at("gitea", ADDRESS, TOKEN);
    let (sent, _) = with_shown(&endpoint, &reason("Progressing"), "[]");
    assert_eq!(
        str::from_utf8(&sent[1].body).unwrap(),
        format!(r#"{{"state":"pending","target_url":"","description":"progressing","context":"{CONTEXT}"}}"#)
    );
    let shown = format!(r#"[{{"context":"{CONTEXT}","status":"pending","description":"progressing"}}]"#);
    assert_eq!(with_shown(&endpoint, &reason("Progressing"), &shown).1, Verdict::Skipped);
}

#[test]
fn s23_30_an_entry_with_an_empty_field_is_passed_over() {
    let shown = format!(
        r#"[{{"context":"{CONTEXT}","status":"failure","description":""}},
            {{"context":"{CONTEXT}","status":"failure","description":"health check failed"}}]"#
    );
    assert_eq!(with_shown(&at("gitea", ADDRESS, TOKEN), &failed(), &shown).1, Verdict::Skipped);
}

#[test]
fn s23_30_a_write_is_answered_with_json() {
    let exchange = at("gitea", ADDRESS, TOKEN).provider.begin_to_write(&success()).unwrap();
    let (_, verdict) = run(exchange, |_| answer(201, &[], ""));
    assert!(matches!(verdict, Verdict::Failed(f) if f.class == FailureClass::Garbled));
}

#[test]
fn a_server_that_gives_fewer_entries_than_asked_is_followed_by_its_links() {
    let exchange = at("gitea", ADDRESS, TOKEN).provider.begin(&failed()).unwrap();
    let (sent, verdict) =
        run(exchange, |request| match request.url.split_once('?').map(|(_, query)| query) {
            Some("limit=50&page=1") => answer(200, &[("link", "<http://h/?page=2>; rel=\"next\"")], "[{}]"),
            Some(_) => answer(200, &[], "[]"),
            None => answer(201, &[], "{}"),
        });
    assert_eq!((sent.len(), verdict), (3, Verdict::Delivered));
    assert!(sent[1].url.ends_with("limit=50&page=2"));
}
