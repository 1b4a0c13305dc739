//! `bitbucket`: the build status of a commit on Bitbucket Cloud (contract, providers 23.33).

#[cfg(test)]
mod tests;

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
use crate::sample::{CHOSEN, Limit, LoginForm, REFUSED, Sample, StatusExample, StatusForm};
use crate::webhook::json_body;
use crate::{ConfigError, Provider, Settings};

/// Where the API is, unless the [environment](crate::Environment) says otherwise.
const API: &str = "https://api.bitbucket.org/2.0";

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let token = settings.header_token()?.ok_or(GitHostError::Token("bitbucket"))?;
    let (username, password) = token
        .split_once(':')
        .filter(|(_, password)| !password.contains(':'))
        .ok_or(GitHostError::TokenForm)?;
    let place = StatusRepository::of(settings);
    let [owner, repository] = place.segments("https://bitbucket.org/WORKSPACE/REPO")?.map(segment);
    let base = DestinationAddress::new(
        settings.environment.bitbucket_api.clone().unwrap_or_else(|| API.to_owned()),
        AddressSource::Spec,
    );
    let base = base.hook_url("Bitbucket API base URL")?;
    let base = base.as_str().trim_end_matches('/');
    // Without one of the halves the API is used without a login.
    let login = (!username.is_empty() && !password.is_empty()).then(|| basic(username, password));
    let masker =
        Arc::new(settings.masker.with(login.as_deref().and_then(|login| login.strip_prefix("Basic "))));
    Ok(Statuses::provider(
        settings,
        Bitbucket { repository: format!("{base}/repositories/{owner}/{repository}"), login, masker },
    ))
}

struct Bitbucket {
    /// Address of the repository in the API.
    repository: String,
    login: Option<String>,
    masker: Arc<Masker>,
}

#[derive(Serialize)]
struct Body<'a> {
    key: &'a str,
    url: &'static str,
    state: &'static str,
    name: &'a str,
    description: &'a str,
}

#[derive(Deserialize)]
struct Current {
    #[serde(default)]
    state: String,
    #[serde(default)]
    description: Option<String>,
}

impl Bitbucket {
    fn request(&self, method: Method, wanted: &WantedStatus, key: &str, body: Bytes) -> Request {
        let mut headers = Vec::with_capacity(2);
        if let Some(login) = &self.login {
            headers.push(("Authorization".to_owned(), login.clone()));
        }
        if method == Method::Post {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        let url = format!("{}/commit/{}/statuses/build{key}", self.repository, segment(&wanted.commit));
        Request { method, url, headers, body }
    }
}

impl StatusHost for Bitbucket {
    const RULES: StatusRules = StatusRules {
        host: "bitbucket",
        states: States::BITBUCKET,
        reading: "could not get commit status",
        writing: "could not create commit status",
        // None was found in the documentation ("Commit statuses"); chosen because it is GitLab's, and holds every reason that
        // is words.
        longest_description: 255,
        absent_is_404: true,
        succeeds: |status| matches!(status, 200 | 201 | 202 | 204),
        written_body: BodyRule::Json,
    };

    fn repository(&self) -> String {
        self.repository.clone()
    }

    fn masker(&self) -> &Masker {
        &self.masker
    }

    fn read(&self, wanted: &WantedStatus, _: StatusPage) -> Request {
        self.request(Method::Get, wanted, &format!("/{}", status_key(&wanted.context)), Bytes::new())
    }

    fn shown(
        &self,
        wanted: &WantedStatus,
        _: StatusPage,
        response: &Response,
    ) -> Result<StatusComparison, Unreadable> {
        if response.status == 204 {
            return Ok(StatusComparison::Different);
        }
        let current: Current = object(&response.body)?;
        let same =
            current.state == wanted.state && current.description.as_deref() == Some(&wanted.description);
        Ok(if same { StatusComparison::Same } else { StatusComparison::Different })
    }

    fn write(&self, wanted: &WantedStatus) -> Result<Request, Failure> {
        let body = json_body(&Body {
            key: &status_key(&wanted.context),
            url: "https://bitbucket.org",
            state: wanted.state,
            name: &wanted.name,
            description: &wanted.description,
        })?;
        Ok(self.request(Method::Post, wanted, "", body))
    }
}

/// What is sent to a host with example E, and what it may show (contract, providers 25).
const EXAMPLE: StatusExample = StatusExample {
    address: "ssh://git@bitbucket.org/org/repo.git",
    secret: &[("token", b"flux:app-password")],
    login: ("authorization", "Basic Zmx1eDphcHAtcGFzc3dvcmQ="),
    read: "GET https://api.bitbucket.org/2.0/repositories/org/repo/commit/HASH/statuses/build/KEY",
    write: "POST https://api.bitbucket.org/2.0/repositories/org/repo/commit/HASH/statuses/build",
    shown: r#"{"key":"KEY","state":"FAILED","description":"health check failed"}"#,
    other: r#"{"key":"KEY","state":"SUCCESSFUL","description":"health check failed"}"#,
};

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    logins: &[LoginForm::Token("bot:{secret}")],
    fixed_host: Some("api.bitbucket.org"),
    absent: (404, "{}"),
    ..Sample::commit_status(
        StatusForm { name: "/name", states: ["SUCCESSFUL", "FAILED"], is_described: false, example: EXAMPLE },
        &[
            Limit::text("description", "/description", 255, CHOSEN),
            Limit::text("name", "/name", 255, CHOSEN),
            Limit::text("key", "/key", 40, REFUSED),
        ],
    )
};
