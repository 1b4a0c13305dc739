//! `bitbucketserver`: the build status of a commit on Bitbucket Server or Data Center (contract, providers 23.32).

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use campanile_domain::{Failure, Masker, Method, Request, Response};
use serde::{Deserialize, Serialize};

use crate::address::{AddressSource, DestinationAddress};
use crate::authorization::basic;
use crate::commit_status::{
    BodyRule, GitHostError, States, StatusComparison, StatusHost, StatusPage, StatusRepository, StatusRules,
    Statuses, Unreadable, WantedStatus, object, status_key,
};
use crate::encoding::segment;
use crate::headers::is_value;
use crate::sample::{CHOSEN, Limit, LoginForm, Sample, StatusExample, StatusForm};
use crate::text::limited;
use crate::webhook::json_body;
use crate::{ConfigError, Provider, Settings};

/// The longest name and description, in characters. None was found in the documentation ("Builds and Deployments"); chosen
/// because it is GitLab's, and holds every reason that is words.
const LONGEST: usize = 255;

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let clone_url = CloneUrl::read(&settings.address)?;
    let login = login(settings)?;
    let masker = Arc::new(settings.masker.with(login.strip_prefix("Basic ")));
    Ok(Statuses::provider(settings, BitbucketServer { clone_url, login, masker }))
}

/// The value of the header `Authorization`.
fn login(settings: &Settings) -> Result<String, ConfigError> {
    if let Some(token) = settings.header_token()? {
        return Ok(format!("Bearer {token}"));
    }
    let username = Some(settings.username.as_str()).filter(|name| !name.is_empty() && is_value(name));
    let password =
        settings.password.as_deref().map(str::trim_ascii_end).filter(|password| !password.is_empty());
    let (Some(username), Some(password)) = (username, password) else {
        return Err(GitHostError::ServerLogin.into());
    };
    Ok(basic(username, password))
}

struct BitbucketServer {
    clone_url: CloneUrl,
    login: String,
    masker: Arc<Masker>,
}

#[derive(Serialize)]
struct Body<'a> {
    description: &'a str,
    key: &'a str,
    name: &'a str,
    state: &'static str,
    url: &'a str,
}

#[derive(Deserialize)]
struct Current {
    #[serde(default)]
    key: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

/// Name and reason in one, as the server shows no description beside the name.
fn name(wanted: &WantedStatus) -> String {
    limited(Cow::Owned(format!("{} [{}]", wanted.name, wanted.description)), LONGEST).into_owned()
}

impl BitbucketServer {
    fn request(&self, method: Method, wanted: &WantedStatus, query: &str, body: Bytes) -> Request {
        let mut headers = vec![
            ("Authorization".to_owned(), self.login.clone()),
            ("X-Atlassian-Token".to_owned(), "no-check".to_owned()),
            ("X-Requested-With".to_owned(), "XMLHttpRequest".to_owned()),
        ];
        if method == Method::Post {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        let url = format!("{}/commits/{}/builds{query}", self.clone_url.api, segment(&wanted.commit));
        Request { method, url, headers, body }
    }
}

impl StatusHost for BitbucketServer {
    const RULES: StatusRules = StatusRules {
        host: "bitbucket server",
        states: States::BITBUCKET,
        reading: "could not get existing commit status",
        writing: "could not post build status",
        longest_description: LONGEST,
        absent_is_404: true,
        succeeds: |status| matches!(status, 200..=299),
        written_body: BodyRule::Any,
    };

    fn repository(&self) -> String {
        self.clone_url.api.clone()
    }

    fn masker(&self) -> &Masker {
        &self.masker
    }

    fn read(&self, wanted: &WantedStatus, _: StatusPage) -> Request {
        self.request(Method::Get, wanted, &format!("?key={}", status_key(&wanted.context)), Bytes::new())
    }

    fn shown(
        &self,
        wanted: &WantedStatus,
        _: StatusPage,
        response: &Response,
    ) -> Result<StatusComparison, Unreadable> {
        let current: Current = object(&response.body)?;
        let same = current.key == status_key(&wanted.context)
            && current.state == wanted.state
            && current.description.as_deref() == Some(&wanted.description)
            && current.name == Some(name(wanted));
        Ok(if same { StatusComparison::Same } else { StatusComparison::Different })
    }

    fn write(&self, wanted: &WantedStatus) -> Result<Request, Failure> {
        let body = json_body(&Body {
            description: &wanted.description,
            key: &status_key(&wanted.context),
            name: &name(wanted),
            state: wanted.state,
            url: &self.clone_url.shown,
        })?;
        Ok(self.request(Method::Post, wanted, "", body))
    }
}

/// What stands between the server's own path and the repository.
const MARK: &str = "/scm/";

/// A clone address, and the repository's place in the API.
struct CloneUrl {
    /// Address of the repository in the API.
    api: String,
    /// The address itself as a status may publish it: without user-info.
    shown: String,
}

impl CloneUrl {
    /// Reads an address. The last `/scm/` counts: the path under which the server runs may have the word as well.
    ///
    /// # Errors
    /// In the order of the contract (providers 23.32): scheme, form, number of segments; and a host that cannot be
    /// dialled.
    fn read(address: &DestinationAddress) -> Result<Self, ConfigError> {
        let text = address.as_str();
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(foreign_scheme(scheme, address).into());
        }
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let refuse = || GitHostError::NoCloneUrl(address.source().clone());
        let (server, repository) = rest.rsplit_once(MARK).ok_or_else(refuse)?;
        let place = StatusRepository::at(&format!("https://host/{repository}"), address.source());
        let [project, repository] = place.segments("https://HOST/scm/PROJECT/REPO.git")?.map(segment);
        let server = server.rsplit_once('@').map_or(server, |(_, server)| server);
        let own = |tail: &str| {
            DestinationAddress::new(format!("{scheme}://{server}{tail}"), address.source().clone())
        };
        let api = own(&format!("/rest/api/latest/projects/{project}/repos/{repository}"));
        let api = api.hook_url("repository address")?.as_str().to_owned();
        let shown = text.split_once("://").map_or(text, |(_, rest)| rest);
        let shown = format!("{scheme}://{}", without_user_info(shown));
        Ok(Self { api, shown })
    }
}

fn without_user_info(rest: &str) -> String {
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{host}{path}")
}

/// The scheme of a secret address is not shown: it may be no scheme at all.
fn foreign_scheme(scheme: &str, address: &DestinationAddress) -> GitHostError {
    let place = address.source().clone();
    let scheme = match place {
        AddressSource::Spec => scheme.to_owned(),
        AddressSource::Secret(_) => "*****".to_owned(),
    };
    GitHostError::Scheme { scheme, place }
}

/// What is sent to a host with example E, and what it may show (contract, providers 25).
const EXAMPLE: StatusExample = StatusExample {
    address: "https://bitbucket.example.com/scm/fleet/infra.git",
    secret: &[("username", b"flux"), ("password", b"bitbucket-password")],
    login: ("authorization", "Basic Zmx1eDpiaXRidWNrZXQtcGFzc3dvcmQ="),
    read: "GET https://bitbucket.example.com/rest/api/latest/projects/fleet/repos/infra/commits/HASH/builds?key=KEY",
    write: "POST https://bitbucket.example.com/rest/api/latest/projects/fleet/repos/infra/commits/HASH/builds",
    shown: r#"{"key":"KEY","state":"FAILED","description":"health check failed",
            "name":"kustomization/podinfo [health check failed]"}"#,
    other: r#"{"key":"KEY","state":"FAILED","description":"health check failed","name":"else"}"#,
};

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    address: "{scheme}://{host}/scm/{secret}/repo.git",
    logins: &[LoginForm::Pair],
    absent: (404, "{}"),
    ..Sample::commit_status(
        StatusForm { name: "/name", states: ["SUCCESSFUL", "FAILED"], is_described: true, example: EXAMPLE },
        &[
            Limit::text("description", "/description", 255, CHOSEN),
            Limit::text("name", "/name", 255, CHOSEN),
            Limit::text("key", "/key", 40, CHOSEN),
        ],
    )
};
