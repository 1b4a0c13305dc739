//! `azuredevops`: the status of a commit in Azure Repos (contract, providers 23.34).
//!
//! The path of the API is written out here; the reference controller asks the server for it, with the same result.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use campanile_domain::{Failure, Masker, Method, Request, Response};
use serde::{Deserialize, Serialize};

use crate::authorization::basic;
use crate::commit_status::{
    BodyRule, Listing, States, StatusComparison, StatusHost, StatusPage, StatusRepository, StatusRules,
    Statuses, Unreadable, WantedStatus,
};
use crate::encoding::segment;
use crate::identity::azure;
use crate::sample::{CHOSEN, Limit, Sample, StatusExample, StatusForm};
use crate::webhook::json_body;
use crate::{Cloud, ConfigError, Identity, Provider, Settings, TokenForm};

const ACCEPT: &str = "application/json;api-version=6.0";

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let login = settings.header_token()?.map(|token| basic("", token));
    let identity = login.is_none().then(|| {
        let cloud = Cloud::Azure { scope: azure::DEVOPS };
        settings.identity(cloud, TokenForm::Password)
    });
    let place = StatusRepository::of(settings);
    let [organisation, project, _, repository] =
        place.segments("https://dev.azure.com/ORG/PROJECT/_git/REPO")?.map(segment);
    let organisation = format!("{}/{organisation}", place.host()?.origin()).to_lowercase();
    let repository = format!("{organisation}/{project}/_apis/git/repositories/{repository}");
    let masker =
        Arc::new(settings.masker.with(login.as_deref().and_then(|login| login.strip_prefix("Basic "))));
    Ok(Statuses::provider(settings, AzureDevops { repository, login, identity, masker }))
}

struct AzureDevops {
    /// Address of the repository in the API.
    repository: String,
    /// None where an identity gives the token.
    login: Option<String>,
    identity: Option<Identity>,
    masker: Arc<Masker>,
}

#[derive(Serialize)]
struct Body<'a> {
    context: Context<'a>,
    description: &'a str,
    state: &'static str,
}

#[derive(Serialize)]
struct Context<'a> {
    genre: String,
    name: &'a str,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    context: Option<EntryContext>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    state: Option<String>,
}

#[derive(Deserialize)]
struct EntryContext {
    #[serde(default)]
    genre: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

/// The second part of a status's name: one for each summary.
fn genre(wanted: &WantedStatus) -> String {
    match &wanted.summary {
        Some(summary) => format!("fluxcd:{summary}"),
        None => "fluxcd".to_owned(),
    }
}

impl AzureDevops {
    fn request(&self, method: Method, wanted: &WantedStatus, query: &str, body: Bytes) -> Request {
        let mut headers = vec![
            ("X-TFS-FedAuthRedirect".to_owned(), "Suppress".to_owned()),
            ("Accept".to_owned(), ACCEPT.to_owned()),
        ];
        headers.extend(self.login.iter().map(|login| ("Authorization".to_owned(), login.clone())));
        if method == Method::Post {
            headers.push(("Content-Type".to_owned(), "application/json;charset=utf-8".to_owned()));
        }
        let url = format!("{}/commits/{}/statuses{query}", self.repository, segment(&wanted.commit));
        Request { method, url, headers, body }
    }
}

impl StatusHost for AzureDevops {
    const RULES: StatusRules = StatusRules {
        host: "azure devops",
        states: States { pending: "pending", success: "succeeded", failure: "error" },
        reading: "could not list commit statuses",
        writing: "could not create commit status",
        // None was found in the documentation ("Git, Statuses, Create"); chosen because it is GitLab's, and holds every reason
        // that is words.
        longest_description: 255,
        absent_is_404: false,
        succeeds: |status| matches!(status, 200..=299) && status != 203,
        written_body: BodyRule::Json,
    };

    fn repository(&self) -> String {
        self.repository.clone()
    }

    fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    fn masker(&self) -> &Masker {
        &self.masker
    }

    fn context(&self, wanted: &WantedStatus) -> String {
        format!("{}/{}", genre(wanted), wanted.context)
    }

    fn first_page(&self) -> StatusPage {
        StatusPage::USUAL
    }

    /// The newest of each name is enough, and keeps the list short.
    fn read(&self, wanted: &WantedStatus, page: StatusPage) -> Request {
        let query = format!("?latestOnly=true&top={}&skip={}", page.size, page.offset);
        self.request(Method::Get, wanted, &query, Bytes::new())
    }

    fn shown(
        &self,
        wanted: &WantedStatus,
        page: StatusPage,
        response: &Response,
    ) -> Result<StatusComparison, Unreadable> {
        let listing: Listing<Entry> = Listing::read(&response.body)?;
        let genre = genre(wanted);
        Ok(listing.shown(page, response, |entry| {
            let context = entry.context.as_ref()?;
            let (own, name) = (context.genre.as_ref()?, context.name.as_ref()?);
            let (shown, description) = (entry.state.as_ref()?, entry.description.as_ref()?);
            let same = || shown == wanted.state && *description == wanted.description;
            (*own == genre && *name == wanted.context).then(same)
        }))
    }

    fn write(&self, wanted: &WantedStatus) -> Result<Request, Failure> {
        let body = json_body(&Body {
            context: Context { genre: genre(wanted), name: &wanted.context },
            description: &wanted.description,
            state: wanted.state,
        })?;
        Ok(self.request(Method::Post, wanted, "", body))
    }
}

/// What is sent to a host with example E, and what it may show (contract, providers 25).
const EXAMPLE: StatusExample = StatusExample {
    address: "https://dev.azure.com/Org/My%20Project/_git/My.Repo",
    secret: &[("token", b"azure-pat")],
    login: ("authorization", "Basic OmF6dXJlLXBhdA=="),
    read: "GET https://dev.azure.com/org/My%20Project/_apis/git/repositories/My.Repo/commits/HASH/statuses\
               ?latestOnly=true&top=50&skip=0",
    write: "POST https://dev.azure.com/org/My%20Project/_apis/git/repositories/My.Repo/commits/HASH/statuses",
    shown: r#"{"count":2,"value":[
            {"context":{"genre":"fluxcd","name":"CONTEXT"},"state":"succeeded","description":"x"},
            {"context":{"genre":"fluxcd:podinfo impacted","name":"CONTEXT"},"state":"error",
             "description":"health check failed"}]}"#,
    other: r#"{"count":1,"value":[{"context":{"genre":"fluxcd","name":"CONTEXT"},"state":"error",
            "description":"health check failed"}]}"#,
};

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    address: "{scheme}://{host}/{secret}/project/_git/repo",
    absent: (200, r#"{"count":0,"value":[]}"#),
    ..Sample::commit_status(
        StatusForm {
            name: "/context/name",
            states: ["succeeded", "error"],
            is_described: false,
            example: EXAMPLE,
        },
        &[
            Limit::text("description", "/description", 255, CHOSEN),
            Limit::text("name", "/context/name", 255, CHOSEN),
        ],
    )
};
