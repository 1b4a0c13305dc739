//! `gitea`: the status of a commit on Gitea or Forgejo (contract, providers 23.30).

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use campanile_domain::{Failure, Masker, Method, Request, Response};
use serde::{Deserialize, Serialize};

use super::commit_status::{
    BodyRule, GitProblem, Host, Listing, Outcome, Page, Place, Rules, Shown, Statuses, Unreadable, Wanted,
    segment, token_or_password,
};
use super::webhook::{json_body, json_headers};
use crate::{ConfigError, Provider, Settings};

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    Ok(Statuses::provider(Gitea::new(settings)?))
}

/// The API of a repository, also for comments on its pull requests.
pub(super) struct Gitea {
    /// Address of the API.
    root: String,
    /// Address of the repository in the API.
    repository: String,
    token: String,
    masker: Arc<Masker>,
}

#[derive(Serialize)]
struct Body<'a> {
    state: &'static str,
    target_url: &'static str,
    description: &'a str,
    context: &'a str,
}

/// A status as Gitea lists it; what is written as `state` comes back as `status`.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    context: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

fn state(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pending => "pending",
        Outcome::Success => "success",
        Outcome::Failure => "failure",
    }
}

impl Gitea {
    /// The API of the Provider's repository.
    ///
    /// # Errors
    /// In the order of the contract: no token, an address that names no repository.
    pub(super) fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let token = token_or_password(settings)?.ok_or(GitProblem::Token("gitea"))?;
        let place = Place::of(settings);
        let [owner, repository] = place.segments("https://HOST/OWNER/REPO")?.map(segment);
        let root = format!("{}/api/v1", place.host()?.origin());
        let repository = format!("{root}/repos/{owner}/{repository}");
        Ok(Self { root, repository, token, masker: settings.masker.clone() })
    }

    pub(super) fn secrets(&self) -> &Masker {
        &self.masker
    }

    /// The question whose token this is.
    pub(super) fn account_request(&self) -> Request {
        self.request_to(Method::Get, format!("{}/user", self.root), Bytes::new())
    }

    /// A request to `path` below the repository.
    pub(super) fn request(&self, method: Method, path: &str, body: Bytes) -> Request {
        self.request_to(method, format!("{}/{path}", self.repository), body)
    }

    fn request_to(&self, method: Method, url: String, body: Bytes) -> Request {
        let mut headers = json_headers(1);
        headers.push(("Authorization".to_owned(), format!("token {}", self.token)));
        Request { method, url, headers, body }
    }
}

impl Host for Gitea {
    const RULES: Rules = Rules {
        host: "gitea",
        reading: "could not list commit statuses",
        writing: "could not create commit status",
        // None is in the documentation, and Gitea's database holds any text; chosen because it is GitLab's, and holds every
        // reason that is words.
        longest_description: 255,
        shows_progress: true,
        absent_is_404: false,
        succeeds: |status| matches!(status, 200..=299),
        written_body: BodyRule::Json,
    };

    fn repository(&self) -> String {
        self.repository.clone()
    }

    fn masker(&self) -> &Masker {
        &self.masker
    }

    fn first_page(&self) -> Page {
        Page::USUAL
    }

    fn read(&self, wanted: &Wanted, page: Page) -> Request {
        let (commit, size, number) = (segment(&wanted.commit), page.size, page.number());
        let path = format!("commits/{commit}/statuses?limit={size}&page={number}");
        self.request(Method::Get, &path, Bytes::new())
    }

    fn shown(&self, wanted: &Wanted, page: Page, response: &Response) -> Result<Shown, Unreadable> {
        let listing: Listing<Entry> = Listing::read(&response.body)?;
        Ok(listing.shown(page, response, |entry| {
            let given =
                |text: &'_ Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
            let (context, shown, description) =
                (given(&entry.context)?, given(&entry.status)?, given(&entry.description)?);
            let same = || shown == state(wanted.outcome) && description == wanted.description;
            (context == wanted.context).then(same)
        }))
    }

    fn write(&self, wanted: &Wanted) -> Result<Request, Failure> {
        let Wanted { description, context, .. } = wanted;
        let body = json_body(&Body { state: state(wanted.outcome), target_url: "", description, context })?;
        Ok(self.request(Method::Post, &format!("statuses/{}", segment(&wanted.commit)), body))
    }
}
