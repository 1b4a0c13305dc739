//! `gitlab`: the status of a commit on gitlab.com or a GitLab of one's own (contract, providers 23.28).

#[cfg(test)]
mod tests;

use bytes::Bytes;
use campanile_domain::{Failure, Masker, Method, Request, Response};
use serde::{Deserialize, Serialize};

use crate::commit_status::{
    BodyRule, Listing, States, StatusComparison, StatusHost, StatusPage, StatusRules, Statuses, TokenApi,
    Unreadable, WantedStatus,
};
use crate::encoding::segment;
use crate::sample::{CHOSEN, Limit, Sample, StatusExample, StatusForm};
use crate::webhook::json_body;
use crate::{ConfigError, Provider, Settings};

/// Entries per page where the client does not say (REST API, pagination). The list is filtered by name, so the first
/// page has all that matters, unless the commit belongs to very many pipelines.
const PAGE_SIZE: usize = 20;

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    Ok(Statuses::provider(settings, Gitlab(api(settings)?)))
}

struct Gitlab(TokenApi);

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

/// The API of the Provider's project, also for comments on its merge requests.
///
/// # Errors
/// In the order of the contract: no token, an address that names no project.
pub(super) fn api(settings: &Settings) -> Result<TokenApi, ConfigError> {
    TokenApi::new(settings, "gitlab", headers, |place| {
        // `/-/` begins the pages of a project: no group or project is called so.
        if place.id().is_empty() || place.id().split('/').any(|segment| segment == "-") {
            return Err(place.refusal("https://HOST/GROUP/PROJECT").into());
        }
        // GitLab takes the whole path for one segment, and its routes stop at a dot that is not escaped.
        let id = segment(place.id()).replace('.', "%2E");
        let root = format!("{}/api/v4", place.host()?.origin());
        let project = format!("{root}/projects/{id}");
        Ok((root, project))
    })
}

fn headers(token: &str, method: Method) -> Vec<(String, String)> {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut headers = vec![header("Private-Token", token), header("Accept", "application/json")];
    if method != Method::Get {
        headers.push(header("Content-Type", "application/json"));
    }
    headers
}

impl StatusHost for Gitlab {
    const RULES: StatusRules = StatusRules {
        host: "gitlab",
        states: States { pending: "pending", success: "success", failure: "failed" },
        reading: "unable to list commit status",
        writing: "unable to set commit status",
        // Commits API, "Set commit pipeline status", `description`, <https://docs.gitlab.com/api/commits/>.
        longest_description: 255,
        absent_is_404: false,
        succeeds: |status| matches!(status, 200 | 201 | 202 | 204 | 304),
        written_body: BodyRule::Json,
    };

    fn repository(&self) -> String {
        self.0.repository()
    }

    fn masker(&self) -> &Masker {
        self.0.masker()
    }

    fn first_page(&self) -> StatusPage {
        StatusPage::first(PAGE_SIZE)
    }

    fn read(&self, wanted: &WantedStatus, page: StatusPage) -> Request {
        let (commit, name) = (segment(&wanted.commit), segment(&wanted.context));
        let mut path = format!("repository/commits/{commit}/statuses?name={name}");
        if !page.is_first() {
            path.push_str(&format!("&page={}&per_page={}", page.number(), page.size));
        }
        self.0.request(Method::Get, &path, Bytes::new())
    }

    fn shown(
        &self,
        wanted: &WantedStatus,
        page: StatusPage,
        response: &Response,
    ) -> Result<StatusComparison, Unreadable> {
        let listing: Listing<Entry> = Listing::read(&response.body)?;
        Ok(listing.shown(page, response, |entry| {
            let same = entry.sha.as_deref() == Some(&wanted.commit)
                && entry.status.as_deref() == Some(wanted.state)
                && entry.description.as_deref() == Some(&wanted.description)
                && entry.name.as_deref() == Some(&wanted.context);
            same.then_some(true)
        }))
    }

    fn write(&self, wanted: &WantedStatus) -> Result<Request, Failure> {
        let WantedStatus { context: name, description, .. } = wanted;
        let body = json_body(&Body { state: wanted.state, name, description })?;
        Ok(self.0.request(Method::Post, &format!("statuses/{}", segment(&wanted.commit)), body))
    }

    /// GitLab does not let a status change into what it is already.
    fn refuses_repetition(&self, wanted: &WantedStatus, response: &Response) -> bool {
        let text = String::from_utf8_lossy(&response.body);
        let from = format!("from :{}", wanted.state);
        response.status == 400 && text.contains("Cannot transition status") && text.contains(&from)
    }
}

/// What is sent to a host with example E, and what it may show (contract, providers 25).
const EXAMPLE: StatusExample = StatusExample {
    address: "git@gitlab.example:org/sub.group/repo.git",
    secret: &[("token", b"glpat-token")],
    login: ("private-token", "glpat-token"),
    read: "GET https://gitlab.example/api/v4/projects/org%2Fsub%2Egroup%2Frepo/repository/commits/HASH/statuses\
               ?name=kustomization%2Fpodinfo%2F0c9c2e41",
    write: "POST https://gitlab.example/api/v4/projects/org%2Fsub%2Egroup%2Frepo/statuses/HASH",
    shown: r#"[{"sha":"HASH","status":"success","name":"CONTEXT","description":"x"},
            {"sha":"HASH","status":"failed","name":"CONTEXT","description":"health check failed"}]"#,
    other: r#"[{"sha":"HASH","status":"failed","name":"CONTEXT","description":null}]"#,
};

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample::commit_status(
    StatusForm { name: "/name", states: ["success", "failed"], is_described: false, example: EXAMPLE },
    &[
        Limit::text(
            "description",
            "/description",
            255,
            "[Commits API, Set commit pipeline status](https://docs.gitlab.com/api/commits/)",
        ),
        Limit::text("name", "/name", 255, CHOSEN),
    ],
);
