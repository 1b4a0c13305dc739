//! Finding the comment, and writing its new text.

use std::sync::Arc;

use bytes::Bytes;
use campanile_domain::{Failure, FailureClass, Response, Verdict};
use jiff::Timestamp;

use super::comment::{Account, Comment};
use super::{CommentHost, CommentPlace, Shared, first_page};
use crate::commit_status::{About, HostAnswer, Listing, StatusPage, object, speaks_of};
use crate::{Exchange, Step};

/// The comment that is to be shown, and where.
pub(super) struct CommentTask {
    /// Number of the change request.
    pub(super) number: u64,
    pub(super) marker: String,
    /// The request's body with the whole comment.
    pub(super) body: Bytes,
}

/// The request that was sent last.
#[derive(Clone, Copy)]
enum Stage {
    /// No request was sent yet.
    Begun,
    /// The question who we are.
    Account,
    /// This page of the thread was asked for.
    Listed(StatusPage),
    /// The new text of a comment that was `remembered`, or else just found.
    Updated { id: u64, remembered: bool },
    /// A new comment was sent last.
    Created,
}

/// One try to have the comment show its newest text.
pub(super) struct CommentExchange<H> {
    shared: Arc<Shared<H>>,
    task: CommentTask,
    reads: bool,
    stage: Stage,
}

impl<H: CommentHost> CommentExchange<H> {
    const ABOUT: About = About { thing: "comment", place: H::RULES.place };

    pub(super) fn new(shared: Arc<Shared<H>>, task: CommentTask, reads: bool) -> Self {
        Self { shared, task, reads, stage: Stage::Begun }
    }

    fn begin(&mut self) -> Step {
        match self.shared.known.get(self.task.number, &self.task.marker) {
            Some(id) => self.update(id, true),
            None if self.reads => self.search(),
            None => self.create(),
        }
    }

    /// Looks for the comment; asks first who we are, where that is not known.
    fn search(&mut self) -> Step {
        match self.shared.host.account_request().filter(|_| self.shared.account.get().is_none()) {
            Some(request) => {
                self.stage = Stage::Account;
                Step::Send(request)
            }
            None => self.list(first_page()),
        }
    }

    fn list(&mut self, page: StatusPage) -> Step {
        self.stage = Stage::Listed(page);
        Step::Send(self.shared.host.list(self.task.number, page))
    }

    fn update(&mut self, id: u64, remembered: bool) -> Step {
        self.stage = Stage::Updated { id, remembered };
        self.write(CommentPlace::Existing { number: self.task.number, id })
    }

    fn create(&mut self) -> Step {
        self.stage = Stage::Created;
        self.write(CommentPlace::New(self.task.number))
    }

    fn write(&self, place: CommentPlace) -> Step {
        Step::Send(self.shared.host.write(place, self.task.body.clone()))
    }

    fn recognised(&mut self, response: &Response, now: Timestamp) -> Step {
        let answer = self.answer("failed to get authenticated user info", response, now);
        if !(H::RULES.succeeds)(response.status) {
            let is_missing = matches!(response.status, 404 | 410);
            // There is no such API: that concerns all deliveries.
            return Step::Done(if is_missing {
                answer.failed_as(FailureClass::Gone)
            } else {
                answer.failed()
            });
        }
        match object::<Account>(&response.body).ok().and_then(Account::name) {
            Some(name) => {
                // Another exchange may have been first, with the same answer.
                self.shared.account.get_or_init(|| name);
                self.list(first_page())
            }
            None => Step::Done(answer.garbled()),
        }
    }

    fn was_listed(&mut self, page: StatusPage, response: &Response, now: Timestamp) -> Step {
        let answer = self.answer(H::RULES.listing, response, now);
        if !(H::RULES.succeeds)(response.status) {
            return Step::Done(answer.failed());
        }
        let Ok(listing) = Listing::<Comment>::read(&response.body) else {
            return Step::Done(answer.garbled());
        };
        let Some(account) = self.account() else { return over() };
        let ours = |comment: &Comment| comment.id.filter(|_| comment.is(&account, &self.task.marker));
        match listing.find_map(ours) {
            Some(id) => self.update(id, false),
            None => match self.shared.host.page_after(page, &listing, response) {
                Some(next) => self.list(next),
                None => self.create(),
            },
        }
    }

    fn was_updated(&mut self, id: u64, remembered: bool, response: &Response, now: Timestamp) -> Step {
        if !matches!(response.status, 404 | 410) {
            return Step::Done(self.written(H::RULES.updating, Some(id), response, now));
        }
        // Somebody deleted it.
        self.shared.known.forget(self.task.number, &self.task.marker);
        match remembered {
            true if self.reads => self.search(),
            _ => self.create(),
        }
    }

    fn written(&self, doing: &'static str, id: Option<u64>, response: &Response, now: Timestamp) -> Verdict {
        let answer = self.answer(doing, response, now);
        if !(H::RULES.succeeds)(response.status) {
            // Of one change request, not of the token.
            let is_locked = response.status == 403 && speaks_of(response, b"locked");
            return if is_locked { answer.failed_as(FailureClass::Rejected) } else { answer.failed() };
        }
        if !H::RULES.written_body.allows(response) {
            return answer.garbled();
        }
        if let Some(id) = id.or_else(|| self.created(response)) {
            self.shared.known.remember(self.task.number, &self.task.marker, id);
        }
        Verdict::Delivered
    }

    /// Number of the comment that was just written, if the host shows it as ours. One that it shows as somebody else's would
    /// not be ours after a restart either.
    fn created(&self, response: &Response) -> Option<u64> {
        let account = self.account()?;
        let comment: Comment = object(&response.body).ok()?;
        comment.id.filter(|_| comment.is(&account, &self.task.marker))
    }

    /// Who we are, as soon as that is known.
    fn account(&self) -> Option<String> {
        self.shared.account.get().cloned().or_else(|| self.shared.host.own_name())
    }

    fn answer<'a>(&'a self, doing: &'static str, response: &'a Response, now: Timestamp) -> HostAnswer<'a> {
        HostAnswer { doing, about: &Self::ABOUT, response, now, masker: self.shared.host.masker() }
    }
}

impl<H: CommentHost> Exchange for CommentExchange<H> {
    fn next(&mut self, response: Option<Response>, now: Timestamp) -> Step {
        match (self.stage, response) {
            (Stage::Begun, None) => self.begin(),
            (Stage::Account, Some(response)) => self.recognised(&response, now),
            (Stage::Listed(page), Some(response)) => self.was_listed(page, &response, now),
            (Stage::Updated { id, remembered }, Some(response)) => {
                self.was_updated(id, remembered, &response, now)
            }
            (Stage::Created, Some(response)) => {
                Step::Done(self.written(H::RULES.creating, None, &response, now))
            }
            _ => over(),
        }
    }
}

fn over() -> Step {
    let text = "the exchange and its answers are out of step; start a new one";
    Step::Done(Verdict::Failed(Failure::new(FailureClass::Garbled, text)))
}
