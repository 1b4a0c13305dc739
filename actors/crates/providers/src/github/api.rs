//! GitHub's REST API, as all types use it that talk to GitHub (contract, providers 21 and 23.25).

use std::sync::Arc;

use bytes::Bytes;
use campanile_domain::{Failure, FailureClass, Masker, Method, Request};
use serde::Serialize;

use super::app::GithubApp;
use super::headers::headers;
use crate::authorization::token_or_password;
use crate::commit_status::{GitHostError, StatusRepository};
use crate::encoding::segment;
use crate::{ConfigError, Exchange, Settings};

/// The end of hosts of GitHub Enterprise Cloud with data residency.
const DATA_RESIDENCY: &str = ".ghe.com";

/// The address of an API, its repository and the login.
pub(crate) struct Api {
    /// The root of the API's addresses.
    root: String,
    /// Of the repository, with a slash at its end.
    base: String,
    login: Login,
    public: bool,
    masker: Arc<Masker>,
}

enum Login {
    Token(String),
    App(Arc<GithubApp>),
}

impl Api {
    /// The API of the Provider's repository.
    ///
    /// # Errors
    /// In the order of the contract: no login, an incomplete App, an address that names no repository.
    pub(crate) fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let login = match token_or_password(settings)? {
            Some(token) => Login::Token(token),
            None => Login::App(GithubApp::read(settings)?.ok_or(GitHostError::GithubLogin)?),
        };
        let place = StatusRepository::of(settings);
        let [owner, repository] = place.segments("https://HOST/OWNER/REPO")?.map(segment);
        let url = place.host()?;
        let host = url.host();
        let api = match host {
            "github.com" => "https://api.github.com".to_owned(),
            // GitHub Enterprise Cloud with data residency ("Resources in the REST API": `https://api.SUBDOMAIN.ghe.com`).
            _ if host.ends_with(DATA_RESIDENCY) && !host.starts_with("api.") => format!("https://api.{host}"),
            _ if host.starts_with("api.") || host.contains(".api.") => url.origin(),
            _ => format!("{}/api/v3", url.origin()),
        };
        let public = host == "github.com" && login.is_public();
        let base = format!("{api}/repos/{owner}/{repository}/");
        Ok(Self { root: api, base, login, public, masker: settings.masker.clone() })
    }

    /// The address of the repository itself.
    pub(crate) fn repository(&self) -> String {
        self.base.clone()
    }

    pub(crate) fn masker(&self) -> &Masker {
        &self.masker
    }

    /// Whether all requests go to github.com, which no private trust store must break (contract, providers 7, note 1).
    pub(crate) fn public_host(&self) -> bool {
        self.public
    }

    /// A request to `path` below the repository.
    pub(crate) fn request(&self, method: Method, path: &str, body: Option<Bytes>) -> Request {
        self.request_to(method, format!("{}{path}", self.base), body)
    }

    /// The question whose token this is; none if the login is an App, which has [`app_login`](Self::app_login).
    pub(crate) fn account_request(&self) -> Option<Request> {
        let url = format!("{}/user", self.root);
        matches!(self.login, Login::Token(_)).then(|| self.request_to(Method::Get, url, None))
    }

    /// The account that an App writes as; known from the first answer on to an exchange that is
    /// [`authorized_named`](Self::authorized_named).
    pub(crate) fn app_login(&self) -> Option<String> {
        match &self.login {
            Login::Token(_) => None,
            Login::App(app) => app.login(),
        }
    }

    fn request_to(&self, method: Method, url: String, body: Option<Bytes>) -> Request {
        let mut headers = headers();
        if let Login::Token(token) = &self.login {
            headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        }
        if body.is_some() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        Request { method, url, headers, body: body.unwrap_or_default() }
    }

    /// `exchange`, with the token of an App where that is the login.
    pub(crate) fn authorized(&self, exchange: Box<dyn Exchange>) -> Box<dyn Exchange> {
        match &self.login {
            Login::Token(_) => exchange,
            Login::App(app) => app.authorize(exchange),
        }
    }

    /// As [`authorized`](Self::authorized), for an exchange that needs [`app_login`](Self::app_login).
    pub(crate) fn authorized_named(&self, exchange: Box<dyn Exchange>) -> Box<dyn Exchange> {
        match &self.login {
            Login::Token(_) => exchange,
            Login::App(app) => app.authorize_named(exchange),
        }
    }
}

impl Login {
    fn is_public(&self) -> bool {
        match self {
            Self::Token(_) => true,
            Self::App(app) => app.is_public(),
        }
    }
}

/// `value` as GitHub's bodies are written: without HTML escapes, and with a line break at the end.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<Bytes, Failure> {
    let mut body = serde_json::to_vec(value).map_err(|error| {
        Failure::new(FailureClass::Render, format!("render the notification as JSON: {error}"))
    })?;
    body.push(b'\n');
    Ok(body.into())
}
