//! `githubpullrequestcomment`: a comment on a pull request of github.com or GitHub Enterprise (contract, providers 23.27).

#[cfg(test)]
mod tests;

use bytes::Bytes;
use campanile_domain::{Failure, Masker, Method, Request};

use crate::change_request::{CommentBody, CommentHost, CommentPlace, CommentRules, Comments};
use crate::commit_status::{BodyRule, StatusPage};
use crate::github::{Api, json};
use crate::sample::{CommentExample, Limit, LoginForm, Markup, REFUSED, Sample};
use crate::{ConfigError, Exchange, Provider, Settings};

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    Comments::provider(settings, |settings| Api::new(settings).map(PullRequests))
}

struct PullRequests(Api);

impl CommentHost for PullRequests {
    const RULES: CommentRules = CommentRules {
        succeeds: |status| matches!(status, 200..=299) && status != 202,
        written_body: BodyRule::JsonOrNothing,
        ..CommentRules::PULL_REQUESTS
    };

    fn masker(&self) -> &Masker {
        self.0.masker()
    }

    fn account_request(&self) -> Option<Request> {
        self.0.account_request()
    }

    fn own_name(&self) -> Option<String> {
        self.0.app_login()
    }

    fn list(&self, number: u64, page: StatusPage) -> Request {
        let size = page.size;
        let mut path = format!("issues/{number}/comments?direction=asc&per_page={size}&sort=created");
        if !page.is_first() {
            path.push_str(&format!("&page={}", page.number()));
        }
        self.0.request(Method::Get, &path, None)
    }

    fn body(&self, text: &CommentBody<'_>) -> Result<Bytes, Failure> {
        json(text)
    }

    fn write(&self, place: CommentPlace, body: Bytes) -> Request {
        let (method, path) = place.on_an_issue();
        self.0.request(method, &path, Some(body))
    }

    fn authorized(&self, exchange: Box<dyn Exchange>) -> Box<dyn Exchange> {
        self.0.authorized_named(exchange)
    }

    fn public_host(&self) -> bool {
        self.0.public_host()
    }
}

/// What is sent to a host for a comment.
const EXAMPLE: CommentExample = CommentExample {
    address: "https://ghe.example:8443/org/repo.git",
    secret: &[("token", b"ghp_token\n")],
    login: ("authorization", "Bearer ghp_token"),
    account: "GET https://ghe.example:8443/api/v3/user",
    list: "GET https://ghe.example:8443/api/v3/repos/org/repo/issues/NUMBER/comments?direction=asc&per_page=100&sort=created",
    create: "POST https://ghe.example:8443/api/v3/repos/org/repo/issues/NUMBER/comments",
    update: "PATCH https://ghe.example:8443/api/v3/repos/org/repo/issues/comments/ID",
    update_method: Method::Patch,
    prefix: "flux-pr-comment-key",
};

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    logins: &[LoginForm::Token("{secret}"), LoginForm::App],
    comment: Some(EXAMPLE),
    ..Sample::repository(
        Markup::Forbids(&[" @channel", " @acme/ops", "<!-- flux-pr-comment-key:x"]),
        &[Limit::text("comment", "/body", 65_536, REFUSED)],
    )
};
