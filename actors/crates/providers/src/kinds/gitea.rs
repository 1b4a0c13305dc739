//! `gitea`: the status of a commit on Gitea or Forgejo (contract, providers 23.30).

#[cfg(test)]
mod tests;

use bytes::Bytes;
use campanile_domain::{Failure, Masker, Method, Request, Response};
use serde::{Deserialize, Serialize};

use crate::authorization::header;
use crate::commit_status::{
    BodyRule, Listing, States, StatusComparison, StatusHost, StatusPage, StatusRules, Statuses, TokenApi,
    Unreadable, WantedStatus,
};
use crate::encoding::segment;
use crate::sample::{CHOSEN, Limit, Sample, StatusExample, StatusForm};
use crate::webhook::{json_body, json_headers};
use crate::{ConfigError, Provider, Settings};

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    Ok(Statuses::provider(settings, Gitea(api(settings)?)))
}

struct Gitea(TokenApi);

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

/// The API of the Provider's repository, also for comments on its pull requests.
///
/// # Errors
/// In the order of the contract: no token, an address that names no repository.
pub(super) fn api(settings: &Settings) -> Result<TokenApi, ConfigError> {
    TokenApi::new(settings, "gitea", headers, |place| {
        let [owner, repository] = place.segments("https://HOST/OWNER/REPO")?.map(segment);
        let root = format!("{}/api/v1", place.host()?.origin());
        let repository = format!("{root}/repos/{owner}/{repository}");
        Ok((root, repository))
    })
}

fn headers(token: &str, _: Method) -> Vec<(String, String)> {
    let mut headers = json_headers(1);
    headers.push(header(format!("token {token}")));
    headers
}

impl StatusHost for Gitea {
    const RULES: StatusRules = StatusRules {
        host: "gitea",
        states: States { pending: "pending", success: "success", failure: "failure" },
        reading: "could not list commit statuses",
        writing: "could not create commit status",
        // None is in the documentation, and Gitea's database holds any text; chosen because it is GitLab's, and holds every
        // reason that is words.
        longest_description: 255,
        absent_is_404: false,
        succeeds: |status| matches!(status, 200..=299),
        written_body: BodyRule::Json,
    };

    fn repository(&self) -> String {
        self.0.repository()
    }

    fn masker(&self) -> &Masker {
        self.0.masker()
    }

    fn first_page(&self) -> StatusPage {
        StatusPage::USUAL
    }

    fn read(&self, wanted: &WantedStatus, page: StatusPage) -> Request {
        let (commit, size, number) = (segment(&wanted.commit), page.size, page.number());
        let path = format!("commits/{commit}/statuses?limit={size}&page={number}");
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
            let given =
                |text: &'_ Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
            let (context, shown, description) =
                (given(&entry.context)?, given(&entry.status)?, given(&entry.description)?);
            let same = || shown == wanted.state && description == wanted.description;
            (context == wanted.context).then(same)
        }))
    }

    fn write(&self, wanted: &WantedStatus) -> Result<Request, Failure> {
        let WantedStatus { description, context, .. } = wanted;
        let body = json_body(&Body { state: wanted.state, target_url: "", description, context })?;
        Ok(self.0.request(Method::Post, &format!("statuses/{}", segment(&wanted.commit)), body))
    }
}

/// What is sent to a host with example E, and what it may show (contract, providers 25).
const EXAMPLE: StatusExample = StatusExample {
    address: "https://gitea.example/org/repo/",
    secret: &[("username", b"flux"), ("password", b"gitea-token")],
    login: ("authorization", "token gitea-token"),
    read: "GET https://gitea.example/api/v1/repos/org/repo/commits/HASH/statuses?limit=50&page=1",
    write: "POST https://gitea.example/api/v1/repos/org/repo/statuses/HASH",
    shown: r#"[{"context":"CONTEXT","status":"failure","description":"health check failed"},
            {"context":"CONTEXT","status":"success","description":"older"}]"#,
    other: r#"[{"context":"CONTEXT","status":"success","description":"health check failed"}]"#,
};

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample::commit_status(
    StatusForm { name: "/context", states: ["success", "failure"], is_described: false, example: EXAMPLE },
    &[Limit::text("description", "/description", 255, CHOSEN), Limit::text("name", "/context", 255, CHOSEN)],
);
