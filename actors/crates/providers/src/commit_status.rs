//! Commit statuses: what all types share that show one on a Git host (contract, providers 17).
//!
//! A type says where statuses are read and written, in which form, and what an answer shows ([`StatusHost`]). The rest is
//! here: which commit and outcome an event stands for, reading before writing, paging, and what failures mean. Nothing
//! is remembered between deliveries. What the host shows is the caller's to remember: [`CommitStatus`] says what a
//! delivery wants to be shown, and [`Provider::write`] does without the reading.
//!
//! A delivery without a commit, or with a severity that no status stands for, fails alone and for good.

mod error;
mod exchange;
mod judge;
mod key;
mod listing;
mod page;
mod place;
#[cfg(test)]
pub(crate) mod script;
#[cfg(test)]
mod tests;
mod token_api;

use std::borrow::Cow;
use std::sync::Arc;

use campanile_domain::{
    Failure, FailureClass, Masker, Notification, ProviderType, Request, Response, Severity, Verdict,
    status_name,
};
use jiff::Timestamp;

use crate::text::{limited, printable};
use crate::{Exchange, Identity, Provider, Settings, Step};
pub use error::GitHostError;
use exchange::StatusExchange;
pub(crate) use judge::{About, BodyRule, HostAnswer, speaks_of};
pub(crate) use key::status_key;
pub(crate) use listing::{Listing, Unreadable, object};
pub(crate) use page::StatusPage;
pub(crate) use place::StatusRepository;
pub(crate) use token_api::TokenApi;

/// The commit status that a delivery wants a Git host to show. Of deliveries with the same repository, commit and context the newest
/// counts; one whose `state` is what was written last has nothing to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitStatus {
    /// The repository, named the same for all Providers of a type that have the same address.
    pub repository: String,
    /// The hash of the commit, in hexadecimal.
    pub commit: String,
    /// What tells this status from others of the same commit.
    pub context: String,
    /// All that would be written.
    pub state: String,
}

/// A status as a notification asks for it.
pub(crate) struct WantedStatus {
    pub(crate) commit: String,
    /// The name of the status (contract, providers 16).
    pub(crate) context: String,
    /// Kind and name of the object.
    pub(crate) name: String,
    /// What became of the object, in the host's word.
    pub(crate) state: &'static str,
    /// The reason in words, within the host's limit.
    pub(crate) description: String,
    pub(crate) summary: Option<String>,
}

/// The rules by which a type of host differs from others.
pub(crate) struct StatusRules {
    /// The name of the host in texts.
    pub(crate) host: &'static str,
    /// The words of the host for states.
    pub(crate) states: States,
    /// What reading is called when it fails.
    pub(crate) reading: &'static str,
    /// What writing is called when it fails.
    pub(crate) writing: &'static str,
    /// The longest description that the host takes, in characters; where its documentation has none, one of our own.
    pub(crate) longest_description: usize,
    /// Whether reading a status that is not there gives 404.
    pub(crate) absent_is_404: bool,
    /// The HTTP statuses of success.
    pub(crate) succeeds: fn(u16) -> bool,
    /// What the body must be when writing succeeded.
    pub(crate) written_body: BodyRule,
}

/// The words of a host for what became of an object.
pub(crate) struct States {
    pub(crate) pending: &'static str,
    pub(crate) success: &'static str,
    pub(crate) failure: &'static str,
}

impl States {
    /// The words of Bitbucket, Cloud and Server.
    pub(crate) const BITBUCKET: Self =
        Self { pending: "INPROGRESS", success: "SUCCESSFUL", failure: "FAILED" };
}

/// The comparison of what a host shows with what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusComparison {
    /// The host shows all of it already.
    Same,
    /// The host shows something else, or nothing.
    Different,
    /// Not known before this page is read.
    Beyond(StatusPage),
}

/// A Git host's API of commit statuses.
pub(crate) trait StatusHost: Send + Sync + 'static {
    /// The rules by which the host differs.
    const RULES: StatusRules;

    /// The repository's name for [`CommitStatus`].
    fn repository(&self) -> String;

    /// Blots this Provider's secrets out of texts.
    fn masker(&self) -> &Masker;

    /// What tells this status from others of its commit.
    fn context(&self, wanted: &WantedStatus) -> String {
        wanted.context.clone()
    }

    /// The page where reading begins.
    fn first_page(&self) -> StatusPage {
        StatusPage::first(1)
    }

    /// The request that reads what is shown.
    fn read(&self, wanted: &WantedStatus, page: StatusPage) -> Request;

    /// What a successful answer to [`StatusHost::read`] says.
    fn shown(
        &self,
        wanted: &WantedStatus,
        page: StatusPage,
        response: &Response,
    ) -> Result<StatusComparison, Unreadable>;

    /// The request that shows the wanted status.
    fn write(&self, wanted: &WantedStatus) -> Result<Request, Failure>;

    /// Whether an answer to [`StatusHost::write`] refuses because there is nothing to change.
    fn refuses_repetition(&self, _wanted: &WantedStatus, _response: &Response) -> bool {
        false
    }

    /// `exchange` with whatever it takes to be let in.
    fn authorized(&self, exchange: Box<dyn Exchange>) -> Box<dyn Exchange> {
        exchange
    }

    /// The answer of the type to [`Provider::public_host`].
    fn public_host(&self) -> bool {
        false
    }

    /// The answer of the type to [`Provider::identity`].
    fn identity(&self) -> Option<&Identity> {
        None
    }
}

/// The Provider of a host.
pub(crate) struct Statuses<H> {
    host: Arc<H>,
    /// Whether `Progressing` is shown as pending; otherwise nothing is written for it.
    shows_progress: bool,
}

impl<H: StatusHost> Statuses<H> {
    /// A Provider with these settings, on this host.
    pub(crate) fn provider(settings: &Settings, host: H) -> Box<dyn Provider> {
        let shows_progress = settings.kind.is_some_and(ProviderType::shows_progress);
        Box::new(Self { host: Arc::new(host), shows_progress })
    }

    /// What `notification` asks for; none if it is not shown.
    fn wanted(&self, notification: &Notification<'_>) -> Result<Option<WantedStatus>, Failure> {
        wanted(notification, &H::RULES, self.shows_progress)
    }

    fn begin(&self, notification: &Notification<'_>, reads: bool) -> Result<Box<dyn Exchange>, Failure> {
        let Some(wanted) = self.wanted(notification)? else { return Ok(Box::new(Skip)) };
        let write = self.host.write(&wanted)?;
        let exchange = StatusExchange::new(self.host.clone(), wanted, write, reads);
        Ok(self.host.authorized(Box::new(exchange)))
    }
}

impl<H: StatusHost> Provider for Statuses<H> {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        self.begin(notification, true)
    }

    fn write(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        self.begin(notification, false)
    }

    fn commit_status(&self, notification: &Notification<'_>) -> Result<Option<CommitStatus>, Failure> {
        let Some(wanted) = self.wanted(notification)? else { return Ok(None) };
        let body = self.host.write(&wanted)?.body;
        Ok(Some(CommitStatus {
            repository: self.host.repository(),
            context: self.host.context(&wanted),
            state: String::from_utf8_lossy(&body).into_owned(),
            commit: wanted.commit,
        }))
    }

    fn public_host(&self) -> bool {
        self.host.public_host()
    }

    fn identity(&self) -> Option<&Identity> {
        self.host.identity()
    }
}

/// There is nothing to write.
pub(crate) struct Skip;

impl Exchange for Skip {
    fn next(&mut self, _: Option<Response>, _: Timestamp) -> Step {
        Step::Done(Verdict::Skipped)
    }
}

/// Longest name of a status, in characters. No host's documentation has one; chosen because it is the usual column of their
/// databases, and GitLab's limit of a description. Two names of Kubernetes and a kind can be longer.
const LONGEST_NAME: usize = 255;

/// Longest summary in a name, in characters.
const LONGEST_SUMMARY: usize = 240;

/// What `notification` asks for; none if it is not shown.
fn wanted(
    notification: &Notification<'_>,
    rules: &StatusRules,
    shows_progress: bool,
) -> Result<Option<WantedStatus>, Failure> {
    let context = notification
        .commit_status()
        .ok_or_else(|| unrenderable("commit status cannot be empty; correct spec.commitStatusExpr"))?;
    let context = key::fitting(printable(context.to_owned()), LONGEST_NAME);
    let progressing = notification.is_progress();
    if progressing && !shows_progress {
        return Ok(None);
    }
    let commit = notification.commit().map_err(|error| unrenderable(&error.to_string()))?.to_owned();
    let state = match notification.severity() {
        _ if progressing => rules.states.pending,
        Severity::Info => rules.states.success,
        Severity::Error => rules.states.failure,
        Severity::Trace | Severity::Other(_) => {
            let host = rules.host;
            let text =
                format!("can't convert to {host} state: the event's severity is neither info nor error");
            return Err(unrenderable(&text));
        }
    };
    let shown = |text: String, longest| limited(Cow::Owned(printable(text)), longest).into_owned();
    let description = shown(notification.reason_in_words(), rules.longest_description);
    let name = shown(status_name(notification.object()), LONGEST_NAME);
    let summary = notification.fact("summary").map(|summary| shown(summary.to_owned(), LONGEST_SUMMARY));
    Ok(Some(WantedStatus { commit, context, name, state, description, summary }))
}

fn unrenderable(text: &str) -> Failure {
    Failure::new(FailureClass::Render, text)
}
