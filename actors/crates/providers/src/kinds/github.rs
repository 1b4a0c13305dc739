//! `github`: the status of a commit on github.com or GitHub Enterprise (contract, providers 23.25).

#[cfg(test)]
mod tests;

use campanile_domain::{Failure, Masker, Method, Request, Response};
use serde::{Deserialize, Serialize};

use crate::commit_status::{
    BodyRule, Listing, States, StatusComparison, StatusHost, StatusPage, StatusRules, Statuses, Unreadable,
    WantedStatus,
};
use crate::encoding::segment;
use crate::github::{Api, json};
use crate::sample::{CHOSEN, Limit, LoginForm, REFUSED, Sample, StatusExample, StatusForm};
use crate::{ConfigError, Exchange, Provider, Settings};

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    Ok(Statuses::provider(settings, Github(Api::new(settings)?)))
}

struct Github(Api);

#[derive(Serialize)]
struct Body<'a> {
    state: &'static str,
    description: &'a str,
    context: &'a str,
}

/// A status as GitHub lists it, newest first.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    context: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

impl StatusHost for Github {
    const RULES: StatusRules = StatusRules {
        host: "github",
        states: States { pending: "pending", success: "success", failure: "failure" },
        reading: "could not list commit statuses",
        writing: "could not create commit status",
        // Not in the documentation ("Create a commit status"), but what the API says when it refuses: `description is too
        // long (maximum is 140 characters)`.
        longest_description: 140,
        absent_is_404: false,
        succeeds: |status| matches!(status, 200..=299) && status != 202,
        written_body: BodyRule::JsonOrNothing,
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
        let mut path = format!("commits/{}/statuses?per_page={}", segment(&wanted.commit), page.size);
        if !page.is_first() {
            path.push_str(&format!("&page={}", page.number()));
        }
        self.0.request(Method::Get, &path, None)
    }

    fn shown(
        &self,
        wanted: &WantedStatus,
        page: StatusPage,
        response: &Response,
    ) -> Result<StatusComparison, Unreadable> {
        if response.body.is_empty() {
            return Ok(StatusComparison::Different);
        }
        let listing: Listing<Entry> = Listing::read(&response.body)?;
        Ok(listing.shown(page, response, |entry| {
            let (context, shown, description) =
                (entry.context.as_ref()?, entry.state.as_ref()?, entry.description.as_ref()?);
            let same = || shown == wanted.state && *description == wanted.description;
            (*context == wanted.context).then(same)
        }))
    }

    fn write(&self, wanted: &WantedStatus) -> Result<Request, Failure> {
        let WantedStatus { description, context, .. } = wanted;
        let body = json(&Body { state: wanted.state, description, context })?;
        Ok(self.0.request(Method::Post, &format!("statuses/{}", segment(&wanted.commit)), Some(body)))
    }

    fn authorized(&self, exchange: Box<dyn Exchange>) -> Box<dyn Exchange> {
        self.0.authorized(exchange)
    }

    fn public_host(&self) -> bool {
        self.0.public_host()
    }
}

/// What is sent to a host with example E, and what it may show (contract, providers 25).
const EXAMPLE: StatusExample = StatusExample {
    address: "http://u:p@ghe.example:8080/org/repo.git",
    secret: &[("token", b"ghp_token\n")],
    login: ("authorization", "Bearer ghp_token"),
    read: "GET http://ghe.example:8080/api/v3/repos/org/repo/commits/HASH/statuses?per_page=50",
    write: "POST http://ghe.example:8080/api/v3/repos/org/repo/statuses/HASH",
    shown: r#"[{"context":"other","state":"success","description":"x"},
            {"context":"CONTEXT","state":"failure","description":"health check failed"}]"#,
    other: r#"[{"context":"CONTEXT","state":"success","description":"health check failed"}]"#,
};

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    logins: &[LoginForm::Token("{secret}"), LoginForm::App],
    ..Sample::commit_status(
        StatusForm {
            name: "/context",
            states: ["success", "failure"],
            is_described: false,
            example: EXAMPLE,
        },
        &[
            Limit::text("description", "/description", 140, REFUSED),
            Limit::text("name", "/context", 255, CHOSEN),
        ],
    )
};
