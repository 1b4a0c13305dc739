//! `POST /v1/send`: a test notification through the real path, and what the destination says.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use campanile_delivery::{SendTest, TestError, Tested};
use campanile_domain::{Disposition, Event, Failure, ObjectKey, ObjectRef, Severity, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::key::object_key;
use super::{View, body};

/// Path of the endpoint that sends a test notification.
pub const SEND: &str = "/v1/send";

/// The test notification that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendRequest {
    /// The Provider to send it through, as `namespace/name`.
    pub provider: String,
    /// How serious the test looks.
    #[serde(default)]
    pub severity: TestSeverity,
    /// The text; none means one that says what it is.
    pub message: Option<String>,
    /// The revision that the test is about; Providers that write commit statuses need it.
    pub revision: Option<String>,
}

/// The severities that controllers post.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum TestSeverity {
    /// The event tells of normal progress.
    #[default]
    Info,
    /// The event tells of a failure.
    Error,
}

/// The result of a test notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendReport {
    /// Namespace and name of the Provider.
    pub provider: ObjectKey,
    /// The end that the test came to.
    pub result: SendResult,
    /// Why it did not arrive, and what a real notification would do next.
    pub failure: Option<SendFailure>,
    /// The last answer of the destination, if there was one.
    pub answer: Option<SendAnswer>,
    /// How many requests were sent.
    pub requests: usize,
}

/// The ways in which a test notification ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendResult {
    /// The destination has taken the notification.
    Delivered,
    /// There was nothing to send: the destination shows it already.
    Skipped,
    /// The notification did not arrive.
    Failed,
}

/// A failure in words, with secrets masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendFailure {
    /// Its class, as in `get dead`.
    pub class: String,
    /// What is wrong and the remedy.
    pub message: String,
    /// What a notification of an event would do now.
    pub then: String,
}

/// An answer of a destination, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendAnswer {
    /// The HTTP status of the answer, 100 to 599.
    pub status: u16,
    /// The beginning of the body.
    pub excerpt: String,
}

pub(super) async fn send(
    request: HttpRequest,
    view: Data<View>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let wanted: SendRequest = body::read_json(&request, payload).await?;
    let provider = object_key("provider", &wanted.provider)?;
    let test = test_of(&provider, wanted, view.clock.now());
    let tested = view.links.send_test.ask(test).await.map_err(|_| {
        ApiError::unavailable("send a test: the dispatcher gave no answer; look at its log and try again")
    })?;
    match tested {
        Ok(tested) => Ok(HttpResponse::Ok().json(report(provider, tested))),
        Err(error) => Err(ApiError::new(status(&error), error)),
    }
}

fn status(error: &TestError) -> StatusCode {
    match error {
        TestError::NotFound(_) => StatusCode::NOT_FOUND,
        TestError::Suspended(_) => StatusCode::CONFLICT,
        TestError::NoRevision(_) => StatusCode::BAD_REQUEST,
        TestError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// An event about the Provider itself.
fn test_of(provider: &ObjectKey, wanted: SendRequest, now: Timestamp) -> SendTest {
    let standard = || format!("Test notification of Provider {provider}: messages get through");
    let event = Event {
        involved_object: ObjectRef {
            kind: "Provider".into(),
            namespace: provider.namespace.to_string(),
            name: provider.name.to_string(),
            api_version: "notification.toolkit.fluxcd.io/v1beta3".into(),
            ..ObjectRef::default()
        },
        severity: match wanted.severity {
            TestSeverity::Info => Severity::Info,
            TestSeverity::Error => Severity::Error,
        },
        timestamp: Some(now),
        message: wanted.message.unwrap_or_else(standard),
        reason: "TestNotification".into(),
        reporting_controller: "campanile".into(),
        ..Event::default()
    };
    let metadata = wanted.revision.map(|revision| ("revision".to_owned(), revision)).into_iter().collect();
    SendTest { provider: provider.clone(), event: Arc::new(event), metadata }
}

fn report(provider: ObjectKey, tested: Tested) -> SendReport {
    let (result, failure) = match tested.verdict {
        Verdict::Delivered => (SendResult::Delivered, None),
        Verdict::Skipped => (SendResult::Skipped, None),
        Verdict::Failed(failure) => (SendResult::Failed, Some(told(failure, None))),
        Verdict::RetryAfter(pause, failure) => (SendResult::Failed, Some(told(failure, Some(pause)))),
    };
    let answer = tested.answer.map(|answer| SendAnswer { status: answer.status, excerpt: answer.excerpt });
    SendReport { provider, result, failure, answer, requests: tested.requests }
}

fn told(failure: Failure, pause: Option<Duration>) -> SendFailure {
    let then = match (pause, failure.class.disposition()) {
        (Some(pause), _) => format!("would be tried again after {} s", pause.as_secs()),
        (None, Disposition::Retry) => {
            "would be tried again within seconds, then every 10 minutes at most, until its deadline"
                .to_owned()
        }
        (None, Disposition::Park) => {
            "would be tried again every 10 minutes, and at once when the Provider or its Secret changes"
                .to_owned()
        }
        (None, Disposition::Dead) => "would become a dead letter".to_owned(),
    };
    SendFailure { class: failure.class.label().to_owned(), message: failure.message, then }
}

#[cfg(test)]
mod tests {
    use super::*;
    use campanile_domain::FailureClass;
    use campanile_testkit::noon;

    fn then(verdict: Verdict) -> String {
        let tested = Tested { verdict, answer: None, requests: 1 };
        report(ObjectKey::new("apps", "chat"), tested).failure.unwrap().then
    }

    #[test]
    fn cli_send_says_what_a_real_notification_would_do_after_such_a_failure() {
        let failure = |class| Failure::new(class, "no");
        assert!(then(Verdict::Failed(failure(FailureClass::Server))).contains("until its deadline"));
        assert!(then(Verdict::Failed(failure(FailureClass::Credentials))).contains("Secret changes"));
        assert!(then(Verdict::Failed(failure(FailureClass::Rejected))).contains("dead letter"));
        let throttled = Verdict::RetryAfter(Duration::from_secs(30), failure(FailureClass::Throttled));
        assert!(then(throttled).contains("after 30 s"));
    }

    #[test]
    fn cli_send_fills_in_what_was_not_asked_for() {
        let provider = ObjectKey::new("apps", "chat");
        let wanted: SendRequest = serde_json::from_str(r#"{"provider": "apps/chat"}"#).unwrap();
        let test = test_of(&provider, wanted, noon());
        assert_eq!(test.event.severity, Severity::Info);
        assert!(test.event.message.contains("apps/chat"));
        assert!(test.metadata.is_empty());
        let text =
            r#"{"provider": "apps/chat", "severity": "error", "message": "boo", "revision": "main@sha1:1"}"#;
        let test = test_of(&provider, serde_json::from_str(text).unwrap(), noon());
        assert_eq!((test.event.severity.as_str(), test.event.message.as_str()), ("error", "boo"));
        assert_eq!(test.metadata["revision"], "main@sha1:1");
    }
}
