//! The API of a repository on a host that lets in whoever has a token: for statuses, and for comments.

use std::sync::Arc;

use bytes::Bytes;
use campanile_domain::{Masker, Method, Request};

use super::{GitHostError, StatusRepository};
use crate::authorization::token_or_password;
use crate::{ConfigError, Settings};

/// The headers of a request of this method, with the token.
type Headers = fn(&str, Method) -> Vec<(String, String)>;

/// The address of an API, and the login there.
pub(crate) struct TokenApi {
    /// The root of the API's addresses.
    root: String,
    /// Address of the repository in the API.
    repository: String,
    token: String,
    headers: Headers,
    masker: Arc<Masker>,
}

impl TokenApi {
    /// The API of the Provider's repository on a host of this `name`. `addresses` finds the API's and the repository's.
    ///
    /// # Errors
    /// In the order of the contract: no token, and what `addresses` refuses.
    pub(crate) fn new(
        settings: &Settings,
        name: &'static str,
        headers: Headers,
        addresses: impl FnOnce(&StatusRepository) -> Result<(String, String), ConfigError>,
    ) -> Result<Self, ConfigError> {
        let token = token_or_password(settings)?.ok_or(GitHostError::Token(name))?;
        let (root, repository) = addresses(&StatusRepository::of(settings))?;
        Ok(Self { root, repository, token, headers, masker: settings.masker.clone() })
    }

    pub(crate) fn repository(&self) -> String {
        self.repository.clone()
    }

    pub(crate) fn masker(&self) -> &Masker {
        &self.masker
    }

    /// The question whose token this is.
    pub(crate) fn account_request(&self) -> Request {
        self.request_to(Method::Get, format!("{}/user", self.root), Bytes::new())
    }

    /// A request to `path` below the repository.
    pub(crate) fn request(&self, method: Method, path: &str, body: Bytes) -> Request {
        self.request_to(method, format!("{}/{path}", self.repository), body)
    }

    fn request_to(&self, method: Method, url: String, body: Bytes) -> Request {
        Request { method, url, headers: (self.headers)(&self.token, method), body }
    }
}
