//! `giteapullrequestcomment`: a comment on a pull request of Gitea or Forgejo (contract, providers 23.31).

#[cfg(test)]
mod tests;

use bytes::Bytes;
use campanile_domain::{Masker, Method, Request, Response};

use super::gitea;
use crate::change_request::{Comment, CommentHost, CommentPlace, CommentRules, Comments};
use crate::commit_status::{BodyRule, Listing, StatusPage, TokenApi};
use crate::sample::{CHOSEN, CommentExample, Limit, Markup, Sample};
use crate::{ConfigError, Provider, Settings};

/// Entries per page of a timeline: what servers give at most, unless their administrator says otherwise.
const TIMELINE_PAGE: usize = 50;

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    Comments::provider(settings, |settings| gitea::api(settings).map(PullRequests))
}

struct PullRequests(TokenApi);

impl CommentHost for PullRequests {
    const RULES: CommentRules = CommentRules {
        succeeds: |status| matches!(status, 200..=299),
        written_body: BodyRule::Json,
        ..CommentRules::PULL_REQUESTS
    };

    fn masker(&self) -> &Masker {
        self.0.masker()
    }

    fn account_request(&self) -> Option<Request> {
        Some(self.0.account_request())
    }

    /// Servers give all comments at once, whatever page is asked for; only timelines, which have the comments among other
    /// entries, come in pages (API of Gitea 1.27, `issueGetComments` and `issueGetCommentsAndTimeline`). So the first
    /// answer is everything, and where it is too long to be read, the timeline is.
    fn list(&self, number: u64, page: StatusPage) -> Request {
        let (size, at) = (page.size, page.number());
        let list = if page.is_first() { "comments" } else { "timeline" };
        let path = format!("issues/{number}/{list}?limit={size}&page={at}");
        self.0.request(Method::Get, &path, Bytes::new())
    }

    /// Timelines leave out entries that the account may not see, so that a page with fewer entries than asked for need not
    /// be the last one.
    fn page_after(
        &self,
        page: StatusPage,
        listing: &Listing<Comment>,
        response: &Response,
    ) -> Option<StatusPage> {
        if page.is_first() {
            let is_part = listing.is_cut() || is_paged(listing.count(), response);
            return is_part.then(|| page.anew(TIMELINE_PAGE)).flatten();
        }
        match (listing.is_cut(), listing.count()) {
            (true, _) => listing.page_after(page, response),
            (false, 0) => None,
            (false, _) => page.next(),
        }
    }

    fn write(&self, place: CommentPlace, body: Bytes) -> Request {
        let (method, path) = place.on_an_issue();
        self.0.request(method, &path, body)
    }
}

/// Whether a list of `count` comments is not all, on a server that has learned to page them.
fn is_paged(count: usize, response: &Response) -> bool {
    let total = response.header("x-total-count").and_then(|total| total.trim().parse::<usize>().ok());
    total.is_some_and(|total| total > count)
        || response.header("link").is_some_and(|links| links.contains("rel=\"next\""))
}

/// What is sent to a host for a comment.
const EXAMPLE: CommentExample = CommentExample {
    address: "http://gitea.example:3000/org/repo",
    secret: &[("token", b"gitea-token")],
    login: ("authorization", "token gitea-token"),
    account: "GET http://gitea.example:3000/api/v1/user",
    list: "GET http://gitea.example:3000/api/v1/repos/org/repo/issues/NUMBER/comments?limit=100&page=1",
    create: "POST http://gitea.example:3000/api/v1/repos/org/repo/issues/NUMBER/comments",
    update: "PATCH http://gitea.example:3000/api/v1/repos/org/repo/issues/comments/ID",
    update_method: Method::Patch,
    prefix: "flux-pr-comment-key",
};

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    comment: Some(EXAMPLE),
    ..Sample::repository(
        Markup::Forbids(&[" @channel", " @acme/ops", "<!-- flux-pr-comment-key:x"]),
        &[Limit::text("comment", "/body", 65_536, CHOSEN)],
    )
};
