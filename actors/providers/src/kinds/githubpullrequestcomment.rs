//! `githubpullrequestcomment`: a comment on a pull request of github.com or GitHub Enterprise (contract, providers 23.27).

#[cfg(test)]
mod tests;

use bytes::Bytes;
use campanile_domain::{Failure, Masker, Method, Request};

use crate::change_request::{Comments, Host, Place, Rules, Text};
use crate::commit_status::{BodyRule, Page};
use crate::github::{Api, json};
use crate::{ConfigError, Exchange, Provider, Settings};

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    Comments::provider(settings, |settings| Api::new(settings).map(PullRequests))
}

struct PullRequests(Api);

impl Host for PullRequests {
    const RULES: Rules = Rules {
        succeeds: |status| matches!(status, 200..=299) && status != 202,
        written_body: BodyRule::JsonOrNothing,
        ..Rules::PULL_REQUESTS
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

    fn list(&self, number: u64, page: Page) -> Request {
        let size = page.size;
        let mut path = format!("issues/{number}/comments?direction=asc&per_page={size}&sort=created");
        if !page.is_first() {
            path.push_str(&format!("&page={}", page.number()));
        }
        self.0.request(Method::Get, &path, None)
    }

    fn body(&self, text: &Text<'_>) -> Result<Bytes, Failure> {
        json(text)
    }

    fn write(&self, place: Place, body: Bytes) -> Request {
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
