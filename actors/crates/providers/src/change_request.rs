//! Comments on change requests: what all types share that write them at a Git host (contract, providers 18).
//!
//! There is one comment for each Provider, change request and object. It begins with a [marker](marker::of), by which it
//! is found again among the comments of the same account, and every further event replaces its text. Where this process
//! wrote it or found it already, its number is remembered and nothing is read ([`CommentMemory`]); if it is gone by then, it is
//! looked for, and written anew. A type says where comments are read and written ([`CommentHost`]).
//!
//! At most [`MOST_PAGES`] pages are read. On a thread that is longer the comment is written anew, and remembered. A
//! delivery without a usable number of a change request fails alone and for good.

mod comment;
mod exchange;
mod known;
mod marker;
mod mentions;
mod number;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use campanile_domain::{Failure, Masker, Method, Notification, Request, Response};
use serde::Serialize;

use crate::commit_status::{BodyRule, GitHostError, Listing, StatusPage};
use crate::render::markdown_post;
use crate::render::{Style, json_bytes};
use crate::webhook::json_body;
use crate::{ConfigError, Exchange, Provider, Settings};
pub(crate) use comment::Comment;
use exchange::{CommentExchange, CommentTask};
use known::CommentMemory;
pub(crate) use mentions::{mentions, mentions_and_actions};

/// Pages that are read at most. What else an exchange sends fits into the driver's bound with ease.
const MOST_PAGES: usize = 48;

/// Comments per page (contract, providers 18).
const PAGE_SIZE: usize = 100;

/// Longest text below the marker, in bytes of JSON. The hosts take more: GitHub 65,536 characters (not in the documentation,
/// but what the API says when it refuses: `body is too long (maximum is 65536 characters)`), GitLab a million (Notes API,
/// "Create new merge request note", <https://docs.gitlab.com/api/notes/>), Gitea what its database does. But a comment is
/// found again only if an answer that lists it is read to its end, which is done up to 64 KiB.
const LONGEST_POST: usize = 45_000;

/// The rules by which a type of host differs from others.
pub(crate) struct CommentRules {
    /// What a marker begins with.
    pub(crate) prefix: &'static str,
    /// What reading is called when it fails.
    pub(crate) listing: &'static str,
    /// What changing a comment is called when it fails.
    pub(crate) updating: &'static str,
    /// What writing one anew is called when it fails.
    pub(crate) creating: &'static str,
    /// What the host calls a change request.
    pub(crate) place: &'static str,
    /// The style in which it reads text.
    pub(crate) style: Style,
    /// The HTTP statuses of success.
    pub(crate) succeeds: fn(u16) -> bool,
    /// What the body must be when writing succeeded.
    pub(crate) written_body: BodyRule,
}

impl CommentRules {
    /// Those of hosts that call change requests pull requests, but for what makes a success.
    pub(crate) const PULL_REQUESTS: Self = Self {
        prefix: "flux-pr-comment-key",
        listing: "failed to list pull request comments",
        updating: "failed to update pull request comment",
        creating: "failed to create pull request comment",
        place: "repository or pull request",
        style: style(mentions),
        succeeds: |_| false,
        written_body: BodyRule::Json,
    };
}

/// The place where a comment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommentPlace {
    /// A new one, on the change request of this number.
    New(u64),
    /// In place of the comment `id`.
    Existing {
        /// Number of the change request.
        number: u64,
        /// The number of the comment.
        id: u64,
    },
}

impl CommentPlace {
    /// Method and path of the request that writes there, on hosts where a pull request is an issue too.
    pub(crate) fn on_an_issue(self) -> (Method, String) {
        match self {
            Self::New(number) => (Method::Post, format!("issues/{number}/comments")),
            Self::Existing { id, .. } => (Method::Patch, format!("issues/comments/{id}")),
        }
    }
}

/// The body of a request that writes a comment.
#[derive(Serialize)]
pub(crate) struct CommentBody<'a> {
    body: &'a str,
}

/// A Git host's API of comments on change requests.
pub(crate) trait CommentHost: Send + Sync + 'static {
    /// The rules by which the host differs.
    const RULES: CommentRules;

    /// Blots this Provider's secrets out of texts.
    fn masker(&self) -> &Masker;

    /// Asks whose login this is; none if [`CommentHost::own_name`] tells.
    fn account_request(&self) -> Option<Request>;

    /// The account that comments are written as, if nobody has to be asked.
    fn own_name(&self) -> Option<String> {
        None
    }

    /// Asks for comments, oldest first.
    fn list(&self, number: u64, page: StatusPage) -> Request;

    /// The page after `page`, which `listing` is, if there is one.
    fn page_after(
        &self,
        page: StatusPage,
        listing: &Listing<Comment>,
        response: &Response,
    ) -> Option<StatusPage> {
        listing.page_after(page, response)
    }

    /// `text` in the form in which the host takes it.
    fn body(&self, text: &CommentBody<'_>) -> Result<Bytes, Failure> {
        json_body(text)
    }

    /// The request that writes a comment.
    fn write(&self, place: CommentPlace, body: Bytes) -> Request;

    /// `exchange` with whatever it takes to be let in and to know [`CommentHost::own_name`].
    fn authorized(&self, exchange: Box<dyn Exchange>) -> Box<dyn Exchange> {
        exchange
    }

    /// The answer of the type to [`Provider::public_host`].
    fn public_host(&self) -> bool {
        false
    }
}

/// A host, and what all exchanges of its Provider learn of it.
struct Shared<H> {
    host: H,
    account: OnceLock<String>,
    known: CommentMemory,
}

/// The Provider of a host.
pub(crate) struct Comments<H> {
    shared: Arc<Shared<H>>,
    provider_uid: String,
}

impl<H: CommentHost> Comments<H> {
    /// A Provider with the uid of `settings`, on the host that `host` makes of them.
    ///
    /// # Errors
    /// In the order of the contract: a Provider without uid, and what `host` refuses.
    pub(crate) fn provider(
        settings: &Settings,
        host: impl FnOnce(&Settings) -> Result<H, ConfigError>,
    ) -> Result<Box<dyn Provider>, ConfigError> {
        let provider_uid = settings.provider_uid.clone();
        if provider_uid.is_empty() {
            return Err(GitHostError::Uid.into());
        }
        let shared =
            Shared { host: host(settings)?, account: OnceLock::new(), known: CommentMemory::default() };
        Ok(Box::new(Self { shared: Arc::new(shared), provider_uid }))
    }

    fn begin(&self, notification: &Notification<'_>, reads: bool) -> Result<Box<dyn Exchange>, Failure> {
        let number = number::of(notification.fact("change_request"))?;
        let marker = marker::of(H::RULES.prefix, &self.provider_uid, notification.object());
        let post = markdown_post::render(notification, &H::RULES.style, LONGEST_POST);
        let body = self.shared.host.body(&CommentBody { body: &format!("{marker}\n\n{post}") })?;
        let exchange = CommentExchange::new(self.shared.clone(), CommentTask { number, marker, body }, reads);
        Ok(self.shared.host.authorized(Box::new(exchange)))
    }
}

impl<H: CommentHost> Provider for Comments<H> {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        self.begin(notification, true)
    }

    fn write(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        self.begin(notification, false)
    }

    fn public_host(&self) -> bool {
        self.shared.host.public_host()
    }
}

/// A style of Markdown that counts as [`LONGEST_POST`] does.
pub(crate) const fn style(escape: crate::render::Escape) -> Style {
    Style { escape, width: json_bytes }
}

/// The beginning of a thread.
pub(crate) const fn first_page() -> StatusPage {
    StatusPage::of_many(PAGE_SIZE, MOST_PAGES)
}
