//! `gitlab`: the status of a commit on gitlab.com or a GitLab of one's own (contract, providers 23.28).

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
use super::webhook::json_body;
use crate::{ConfigError, Provider, Settings};

/// Entries per page where the client does not say (REST API, pagination). The list is filtered by name, so the first
/// page has all that matters, unless the commit belongs to very many pipelines.
const PAGE_SIZE: usize = 20;

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    Ok(Statuses::provider(Gitlab::new(settings)?))
}

/// The API of a project, also for comments on its merge requests.
pub(super) struct Gitlab {
    /// Address of the API.
    root: String,
    /// Address of the project in the API.
    project: String,
    token: String,
    masker: Arc<Masker>,
}

#[derive(Serialize)]
struct Body<'a> {
    state: &'static str,
    name: &'a str,
    description: &'a str,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    sha: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

fn state(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pending => "pending",
        Outcome::Success => "success",
        Outcome::Failure => "failed",
    }
}

impl Gitlab {
    /// The API of the Provider's project.
    ///
    /// # Errors
    /// In the order of the contract: no token, an address that names no project.
    pub(super) fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let token = token_or_password(settings)?.ok_or(GitProblem::Token("gitlab"))?;
        let place = Place::of(settings);
        if place.id().is_empty() {
            return Err(place.refusal("https://HOST/GROUP/PROJECT").into());
        }
        // GitLab takes the whole path for one segment, and its routes stop at a dot that is not escaped.
        let id = segment(place.id()).replace('.', "%2E");
        let root = format!("{}/api/v4", place.host()?.origin());
        let project = format!("{root}/projects/{id}");
        Ok(Self { root, project, token, masker: settings.masker.clone() })
    }

    pub(super) fn secrets(&self) -> &Masker {
        &self.masker
    }

    /// The question whose token this is.
    pub(super) fn account_request(&self) -> Request {
        self.request_to(Method::Get, format!("{}/user", self.root), Bytes::new())
    }

    /// A request to `path` below the project.
    pub(super) fn request(&self, method: Method, path: &str, body: Bytes) -> Request {
        self.request_to(method, format!("{}/{path}", self.project), body)
    }

    fn request_to(&self, method: Method, url: String, body: Bytes) -> Request {
        let mut headers = vec![
            ("Private-Token".to_owned(), self.token.clone()),
            ("Accept".to_owned(), "application/json".to_owned()),
        ];
        if method != Method::Get {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        Request { method, url, headers, body }
    }
}

impl Host for Gitlab {
    const RULES: Rules = Rules {
        host: "gitlab",
        reading: "unable to list commit status",
        writing: "unable to set commit status",
        // Commits API, "Set commit pipeline status", `description`, <https://docs.gitlab.com/api/commits/>.
        longest_description: 255,
        shows_progress: false,
        absent_is_404: false,
        succeeds: |status| matches!(status, 200 | 201 | 202 | 204 | 304),
        written_body: BodyRule::Json,
    };

    fn repository(&self) -> String {
        self.project.clone()
    }

    fn masker(&self) -> &Masker {
        &self.masker
    }

    fn first_page(&self) -> Page {
        Page::first(PAGE_SIZE)
    }

    fn read(&self, wanted: &Wanted, page: Page) -> Request {
        let (commit, name) = (segment(&wanted.commit), segment(&wanted.context));
        let mut path = format!("repository/commits/{commit}/statuses?name={name}");
        if !page.is_first() {
            path.push_str(&format!("&page={}&per_page={}", page.number(), page.size));
        }
        self.request(Method::Get, &path, Bytes::new())
    }

    fn shown(&self, wanted: &Wanted, page: Page, response: &Response) -> Result<Shown, Unreadable> {
        let listing: Listing<Entry> = Listing::read(&response.body)?;
        Ok(listing.shown(page, response, |entry| {
            let same = entry.sha.as_deref() == Some(&wanted.commit)
                && entry.status.as_deref() == Some(state(wanted.outcome))
                && entry.description.as_deref() == Some(&wanted.description)
                && entry.name.as_deref() == Some(&wanted.context);
            same.then_some(true)
        }))
    }

    fn write(&self, wanted: &Wanted) -> Result<Request, Failure> {
        let Wanted { context: name, description, .. } = wanted;
        let body = json_body(&Body { state: state(wanted.outcome), name, description })?;
        Ok(self.request(Method::Post, &format!("statuses/{}", segment(&wanted.commit)), body))
    }

    /// GitLab does not let a status change into what it is already.
    fn refuses_repetition(&self, wanted: &Wanted, response: &Response) -> bool {
        let text = String::from_utf8_lossy(&response.body);
        let from = format!("from :{}", state(wanted.outcome));
        response.status == 400 && text.contains("Cannot transition status") && text.contains(&from)
    }
}
