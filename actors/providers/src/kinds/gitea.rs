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
    let token = token_or_password(settings)?.ok_or(GitProblem::Token("gitea"))?;
    let place = Place::of(settings);
    let [owner, repository] = place.segments("https://HOST/OWNER/REPO")?.map(segment);
    let repository = format!("{}/api/v1/repos/{owner}/{repository}", place.host()?.origin());
    Ok(Statuses::provider(Gitea { repository, token, masker: settings.masker.clone() }))
}

struct Gitea {
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
    fn request(&self, method: Method, path: &str, body: Bytes) -> Request {
        let mut headers = json_headers(1);
        headers.push(("Authorization".to_owned(), format!("token {}", self.token)));
        Request { method, url: format!("{}/{path}", self.repository), headers, body }
    }
}

impl Host for Gitea {
    const RULES: Rules = Rules {
        host: "gitea",
        reading: "could not list commit statuses",
        writing: "could not create commit status",
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
