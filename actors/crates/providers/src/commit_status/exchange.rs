//! Reading what a host shows, and writing only what differs.

use std::sync::Arc;

use campanile_domain::{Failure, FailureClass, Request, Response, Verdict};
use jiff::Timestamp;

use super::judge::{HostAnswer, STATUS};
use super::{StatusComparison, StatusHost, StatusPage, WantedStatus};
use crate::{Exchange, Step};

/// The step at which an exchange stands.
enum Stage {
    /// Nothing was sent; this page comes first.
    Reading(StatusPage),
    /// A page was asked for.
    Asked(StatusPage),
    /// Nothing was sent, and nothing is to be read.
    Writing,
    /// The status was sent to the host.
    Written,
}

/// One try to have a status shown.
pub(super) struct StatusExchange<H> {
    host: Arc<H>,
    wanted: WantedStatus,
    write: Option<Request>,
    stage: Stage,
}

impl<H: StatusHost> StatusExchange<H> {
    pub(super) fn new(host: Arc<H>, wanted: WantedStatus, write: Request, reads: bool) -> Self {
        let stage = if reads { Stage::Reading(host.first_page()) } else { Stage::Writing };
        Self { host, wanted, write: Some(write), stage }
    }

    fn ask(&mut self, page: StatusPage) -> Step {
        self.stage = Stage::Asked(page);
        Step::Send(self.host.read(&self.wanted, page))
    }

    fn send(&mut self) -> Step {
        self.stage = Stage::Written;
        match self.write.take() {
            Some(request) => Step::Send(request),
            None => over(),
        }
    }

    fn was_read(&mut self, page: StatusPage, response: &Response, now: Timestamp) -> Step {
        let rules = &H::RULES;
        if rules.absent_is_404 && response.status == 404 {
            return self.send();
        }
        let answer =
            HostAnswer { doing: rules.reading, about: &STATUS, response, now, masker: self.host.masker() };
        if !(rules.succeeds)(response.status) {
            return Step::Done(answer.failed());
        }
        match self.host.shown(&self.wanted, page, response) {
            Ok(StatusComparison::Same) => Step::Done(Verdict::Skipped),
            Ok(StatusComparison::Different) => self.send(),
            Ok(StatusComparison::Beyond(page)) => self.ask(page),
            Err(_) => Step::Done(answer.garbled()),
        }
    }

    fn was_written(&self, response: &Response, now: Timestamp) -> Verdict {
        let rules = &H::RULES;
        let answer =
            HostAnswer { doing: rules.writing, about: &STATUS, response, now, masker: self.host.masker() };
        if (rules.succeeds)(response.status) {
            let sound = rules.written_body.allows(response);
            return if sound { Verdict::Delivered } else { answer.garbled() };
        }
        if self.host.refuses_repetition(&self.wanted, response) {
            return Verdict::Skipped;
        }
        answer.failed()
    }
}

impl<H: StatusHost> Exchange for StatusExchange<H> {
    fn next(&mut self, response: Option<Response>, now: Timestamp) -> Step {
        match (&self.stage, response) {
            (Stage::Reading(page), None) => self.ask(*page),
            (Stage::Writing, None) => self.send(),
            (Stage::Asked(page), Some(response)) => self.was_read(*page, &response, now),
            (Stage::Written, Some(response)) => Step::Done(self.was_written(&response, now)),
            _ => over(),
        }
    }
}

fn over() -> Step {
    let text = "the exchange and its answers are out of step; start a new one";
    Step::Done(Verdict::Failed(Failure::new(FailureClass::Garbled, text)))
}
