//! `generic`: the event itself, posted to a URL (contract, providers 23.1).

use bytes::Bytes;
use campanile_domain::{Failure, Notification};

use crate::render::event_body;
use crate::sample::{Markup, Sample};
use crate::text::header_value;
use crate::webhook::{WebhookTarget, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings, judge};

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    Ok(Box::new(Generic::new(settings)?))
}

/// Also the foundation of `generic-hmac`.
pub(super) struct Generic {
    target: WebhookTarget,
    custom_headers: Vec<(String, String)>,
}

impl Generic {
    pub(super) fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let url = settings.address.hook_url("hook URL")?;
        let custom_headers = settings.http_headers()?;
        Ok(Self { target: WebhookTarget { url, judge, masker: settings.masker.clone() }, custom_headers })
    }

    pub(super) fn body(notification: &Notification<'_>) -> Result<Bytes, Failure> {
        event_body::whole(notification)
    }

    /// The user's headers come after ours, so that they win; `last` comes after both.
    pub(super) fn post(
        &self,
        notification: &Notification<'_>,
        body: Bytes,
        last: Option<(String, String)>,
    ) -> Box<dyn Exchange> {
        let mut headers = json_headers(2 + self.custom_headers.len());
        headers.push(("Gotk-Component".to_owned(), header_value(notification.controller())));
        headers.extend_from_slice(&self.custom_headers);
        headers.extend(last);
        self.target.post(headers, body)
    }
}

impl Provider for Generic {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        Ok(self.post(notification, Self::body(notification)?, None))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample::webhook(Markup::Verbatim, &[]);

#[cfg(test)]
mod tests {
    use crate::Step;
    use crate::testing::{answer, credentials, delivery, header, info, request, spec};
    use campanile_domain::{Event, Method, ProviderSpec, Verdict};
    use campanile_testkit::{event, noon};

    #[test]
    fn s23_1_an_event_is_posted_to_the_address_as_it_is_spelt() {
        let address = "http://127.0.0.1:9/hook/a%20b?x=1&y=%C3%BC";
        let endpoint = credentials(&[]).build(&ProviderSpec { address: address.into(), ..spec("generic") });
        let request = request(&endpoint.unwrap(), &info());
        assert_eq!(request.method, Method::Post);
        assert_eq!(request.url, address);
        assert_eq!(header(&request, "content-type"), Some("application/json"));
        assert_eq!(header(&request, "gotk-component"), Some("kustomize-controller"));
        assert_eq!(header(&request, "authorization"), None);
        assert_eq!(request.headers.len(), 2);
    }

    #[test]
    fn s23_1_the_users_headers_replace_ours() {
        let headers = b"content-type: application/cloudevents+json\nX-Signature: mine\nGotk-Component: me\n";
        let endpoint = credentials(&[("headers", headers)]).build(&spec("generic")).unwrap();
        let request = request(&endpoint, &info());
        assert_eq!(header(&request, "Content-Type"), Some("application/cloudevents+json"));
        assert_eq!(header(&request, "Gotk-Component"), Some("me"));
        assert_eq!(header(&request, "X-Signature"), Some("mine"));
    }

    #[test]
    fn s23_1_username_password_and_token_do_not_concern_this_type() {
        let data: &[(&str, &[u8])] = &[("username", b"user"), ("password", b"pass"), ("token", b"token")];
        let endpoint = credentials(data).build(&spec("generic")).unwrap();
        assert_eq!(header(&request(&endpoint, &info()), "authorization"), None);
    }

    #[test]
    fn s23_1_an_address_that_fails_the_check_is_refused() {
        let refuse = |address: &str| {
            let spec = ProviderSpec { address: address.into(), ..spec("generic") };
            credentials(&[]).build(&spec).unwrap_err().to_string()
        };
        assert_eq!(refuse(""), "invalid hook URL '': it is empty; correct spec.address");
        assert_eq!(
            refuse("not a url"),
            "invalid hook URL *****: it does not begin with http:// or https://; correct spec.address"
        );
    }

    #[test]
    fn a_header_that_no_request_can_carry_is_refused_before_anything_is_sent() {
        let error = credentials(&[("headers", b"\"X Y\": 1")]).build(&spec("generic")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "failed to read headers from secret: name number 1 in alphabetical order cannot be the name of a header; \
             correct key 'headers' of secret 'apps/credentials'"
        );
    }

    #[test]
    fn an_event_can_not_inject_a_header() {
        let event = Event { reporting_controller: "x\r\nAuthorization: evil".into(), ..event() };
        let endpoint = credentials(&[]).build(&spec("generic")).unwrap();
        let request = request(&endpoint, &delivery(event, &[]));
        assert_eq!(header(&request, "gotk-component"), Some("x??Authorization: evil"));
    }

    #[test]
    fn s23_1_any_2xx_is_success_whatever_the_body_says() {
        let endpoint = credentials(&[]).build(&spec("generic")).unwrap();
        let mut exchange = endpoint.provider.begin(&info()).unwrap();
        exchange.next(None, noon());
        let step = exchange.next(Some(answer(202, &[], "<html>")), noon());
        assert_eq!(step, Step::Done(Verdict::Delivered));
    }
}
