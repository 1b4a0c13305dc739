//! `gitlabmergerequestcomment`: a note on a merge request of gitlab.com or a GitLab of one's own (contract, providers
//! 23.29).

use bytes::Bytes;
use campanile_domain::{Masker, Method, Request};

use super::gitlab;
use crate::change_request::{CommentHost, CommentPlace, CommentRules, Comments, mentions_and_actions, style};
use crate::commit_status::{BodyRule, StatusPage, TokenApi};
use crate::sample::{CommentExample, Limit, Markup, Sample};
use crate::{ConfigError, Provider, Settings};

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    Comments::provider(settings, |settings| gitlab::api(settings).map(MergeRequests))
}

struct MergeRequests(TokenApi);

impl CommentHost for MergeRequests {
    const RULES: CommentRules = CommentRules {
        prefix: "flux-mr-comment-key",
        listing: "failed to list merge request notes",
        updating: "failed to update merge request note",
        creating: "failed to create merge request note",
        place: "project or merge request",
        style: style(mentions_and_actions),
        succeeds: |status| matches!(status, 200 | 201 | 202 | 204 | 304),
        written_body: BodyRule::Json,
    };

    fn masker(&self) -> &Masker {
        self.0.masker()
    }

    fn account_request(&self) -> Option<Request> {
        Some(self.0.account_request())
    }

    fn list(&self, number: u64, page: StatusPage) -> Request {
        let size = page.size;
        let mut path = format!("merge_requests/{number}/notes?order_by=created_at&per_page={size}&sort=asc");
        if !page.is_first() {
            path.push_str(&format!("&page={}", page.number()));
        }
        self.0.request(Method::Get, &path, Bytes::new())
    }

    fn write(&self, place: CommentPlace, body: Bytes) -> Request {
        match place {
            CommentPlace::New(number) => {
                self.0.request(Method::Post, &format!("merge_requests/{number}/notes"), body)
            }
            CommentPlace::Existing { number, id } => {
                self.0.request(Method::Put, &format!("merge_requests/{number}/notes/{id}"), body)
            }
        }
    }
}

/// What is sent to a host for a comment.
const EXAMPLE: CommentExample = CommentExample {
    address: "ssh://git@gitlab.example/org/sub.group/repo.git",
    secret: &[("username", b"flux"), ("password", b"glpat-token")],
    login: ("private-token", "glpat-token"),
    account: "GET https://gitlab.example/api/v4/user",
    list: "GET https://gitlab.example/api/v4/projects/org%2Fsub%2Egroup%2Frepo/merge_requests/NUMBER/notes\
               ?order_by=created_at&per_page=100&sort=asc",
    create: "POST https://gitlab.example/api/v4/projects/org%2Fsub%2Egroup%2Frepo/merge_requests/NUMBER/notes",
    update: "PUT https://gitlab.example/api/v4/projects/org%2Fsub%2Egroup%2Frepo/merge_requests/NUMBER/notes/ID",
    update_method: Method::Put,
    prefix: "flux-mr-comment-key",
};

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    comment: Some(EXAMPLE),
    ..Sample::repository(
        Markup::Forbids(&[" @channel", " @acme/ops", "<!-- flux-pr-comment-key:x", "\n/merge", "\n/close"]),
        &[Limit::text("note", "/body", 1_000_000, "[Notes API](https://docs.gitlab.com/api/notes/)")],
    )
};

#[cfg(test)]
mod tests {
    use crate::commit_status::script::{at, lines, run};
    use crate::testing::{answer, delivery};
    use campanile_testkit::event;

    #[test]
    fn s23_29_a_project_may_be_a_number_and_a_thread_may_have_pages() {
        let endpoint = at("gitlabmergerequestcomment", "https://gitlab.example/1234", &[("token", b"t")]);
        let exchange = endpoint.provider.begin(&delivery(event(), &[("change_request", "7")])).unwrap();
        let next = [("link", "<https://gitlab.example/x>; rel=\"next\"")];
        let (sent, _) = run(exchange, |request| match request.url.as_str() {
            url if url.ends_with("/user") => answer(200, &[], r#"{"username":"flux"}"#),
            url if url.contains("&page=2") => answer(200, &[], "[]"),
            url if url.contains("/notes?") => answer(200, &next, "[]"),
            _ => answer(201, &[], "{}"),
        });
        let notes = "https://gitlab.example/api/v4/projects/1234/merge_requests/7/notes";
        let query = "?order_by=created_at&per_page=100&sort=asc";
        let expected =
            [format!("GET {notes}{query}"), format!("GET {notes}{query}&page=2"), format!("POST {notes}")];
        assert_eq!(lines(&sent)[1..], expected);
    }
}
