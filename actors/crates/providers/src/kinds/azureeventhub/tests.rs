//! Where events go, as whom, and what is refused.

use super::EventHub;
use crate::testing::{answer, credentials, delivery, error, header, info, json, request, spec, verdict};
use crate::{BuiltProvider, Cloud, Provider, SettingsWarning, TokenForm};
use campanile_domain::{Event, FailureClass, ProviderSpec, Verdict};
use campanile_testkit::event;

const SAS: &[u8] = b"Endpoint=sb://My-NS.servicebus.windows.net/;SharedAccessKeyName=send er;SharedAccessKey=c2Vj=cmV0;EntityPath=Hub-One";

fn provider(address: &str, channel: &str, account: &str) -> ProviderSpec {
    ProviderSpec {
        address: address.into(),
        channel: channel.into(),
        service_account: account.into(),
        ..spec("azureeventhub")
    }
}

fn built(address: &str, channel: &str, account: &str, data: &[(&str, &[u8])]) -> BuiltProvider {
    credentials(data).build(&provider(address, channel, account)).unwrap()
}

fn refusal(address: &str, channel: &str, account: &str, data: &[(&str, &[u8])]) -> String {
    credentials(data).build(&provider(address, channel, account)).unwrap_err().to_string()
}

fn url(endpoint: &BuiltProvider) -> String {
    request(endpoint, &info()).url
}

#[test]
fn s23_11_a_connection_string_signs_for_two_hours() {
    let endpoint = built("", "ignored", "", &[("address", SAS)]);
    let request = request(&endpoint, &error());
    // The host is in lower case, as hosts are; the hub is spelt as written.
    assert_eq!(request.url, "https://my-ns.servicebus.windows.net/Hub-One/messages?api-version=2014-01");
    assert_eq!(
        str::from_utf8(&request.body).unwrap(),
        include_str!("../../../fixtures/generic/error.json").trim_end()
    );
    assert_eq!(header(&request, "content-type"), Some("application/json"));
    // Noon and two hours. The signature was computed apart: by Python's hmac.
    assert_eq!(
        header(&request, "authorization"),
        Some(concat!(
            "SharedAccessSignature sr=https%3A%2F%2Fmy-ns.servicebus.windows.net%2Fhub-one&sig=",
            "i3A1WNgyBie9yCJ80pkTgmWs3SnQ6g521JU5RImACLM%3D",
            "&se=1786111200&skn=send+er"
        ))
    );
    assert!(endpoint.connection.tls.is_none() && endpoint.provider.identity().is_none());
}

#[test]
fn s23_11_a_token_goes_to_the_hub_of_that_name() {
    let endpoint = built("hub-1", "my-ns", "", &[("token", b"eyJ.eyJ.sig\n")]);
    let request = request(&endpoint, &info());
    assert_eq!(request.url, "https://my-ns.servicebus.windows.net/hub-1/messages?api-version=2014-01");
    assert_eq!(header(&request, "authorization"), Some("Bearer eyJ.eyJ.sig"));
    assert_eq!(endpoint.notices, [SettingsWarning::StaticToken]);
    let whole = built("hub-1", "ns.servicebus.example", "", &[("token", b"t0k")]);
    assert!(url(&whole).starts_with("https://ns.servicebus.example/hub-1/"));
}

#[test]
fn s23_11_the_authority_tells_the_cloud_of_a_namespace() {
    for (authority, host) in [
        ("", "ns.servicebus.windows.net"),
        ("https://login.chinacloudapi.cn/", "ns.servicebus.chinacloudapi.cn"),
        ("https://login.microsoftonline.us/", "ns.servicebus.usgovcloudapi.net"),
    ] {
        let mut settings = credentials(&[]).resolve(&provider("hub", "ns", "")).unwrap();
        std::sync::Arc::make_mut(&mut settings.environment).azure_authority = Some(authority.to_owned());
        let hub = EventHub::new(&settings).unwrap();
        assert_eq!(hub.hub.name, format!("{host}/hub"));
        assert!(hub.public_host());
    }
}

#[test]
fn s20_without_a_credential_an_identity_gives_the_token() {
    for account in ["", "flux"] {
        let endpoint = built("hub", "ns", account, &[]);
        let identity = endpoint.provider.identity().unwrap();
        assert_eq!(identity.service_account, account);
        assert_eq!(identity.cloud, Cloud::Azure { scope: "https://eventhubs.azure.net//.default" });
        assert_eq!(identity.form, TokenForm::Bearer);
        assert_eq!(header(&request(&endpoint, &info()), "authorization"), None);
    }
}

#[test]
fn s23_11_what_can_not_work_is_refused_with_the_remedy() {
    let options = |text: &str| text.starts_with("invalid authentication options: ");
    let sas: &[(&str, &[u8])] = &[("address", SAS)];
    assert!(options(&refusal("", "ns", "", &[])) && refusal("", "ns", "", &[]).contains("cannot be empty"));
    assert!(refusal("", "", "sa", sas).contains("serviceAccountName and SAS authentication"));
    assert!(refusal("", "", "", &[sas[0], ("token", b"t0k")]).contains("jwt token and SAS authentication"));
    assert!(refusal("hub", "ns", "sa", &[("token", b"t0k")]).contains("serviceAccountName and jwt token"));
    assert!(refusal("hub", "", "", &[]).contains("spec.channel"));
    assert!(refusal("hub", "n s", "", &[]).contains("spec.channel is no Event Hubs namespace"));
    assert!(refusal("hub/x", "ns", "", &[]).contains("neither an event hub's name"));
    for (text, part) in [
        ("Endpoint=sb://ns/;SharedAccessKeyName=n;SharedAccessKey=hush", "does not contain an EntityPath"),
        ("Endpoint=sb://ns/;SharedAccessKey=hush;EntityPath=h", "SharedAccessKeyName"),
        ("Endpoint=sb://ns/;SharedAccessKeyName=n;SharedAccessKey=;EntityPath=h", "SharedAccessKey;"),
        ("Endpoint=http://hush/;SharedAccessKeyName=n;SharedAccessKey=k;EntityPath=h", "Endpoint"),
        ("Endpoint=sb://ns/;SharedAccessKeyName=n;SharedAccessKey=k;EntityPath=hush/x", "EntityPath"),
    ] {
        let text = refusal("", "", "", &[("address", text.as_bytes())]);
        assert!(text.starts_with("failed to create a eventhub using SAS: "), "{text}");
        assert!(text.contains(part) && !text.contains("hush"), "{text}");
    }
}

#[test]
fn s23_11_only_201_is_a_delivery() {
    let endpoint = built("", "", "", &[("address", SAS)]);
    assert_eq!(verdict(&endpoint, answer(201, &[], "")), Verdict::Delivered);
    use FailureClass as C;
    for (status, class) in [
        (200, C::Garbled),
        (302, C::Redirected),
        (401, C::Credentials),
        (404, C::Gone),
        (413, C::Rejected),
        (429, C::Throttled),
        (503, C::Server),
    ] {
        let failure = match verdict(&endpoint, answer(status, &[], "c2Vj=cmV0")) {
            Verdict::Failed(failure) | Verdict::RetryAfter(_, failure) => failure,
            other => panic!("{status}: {other:?}"),
        };
        assert_eq!(failure.class, class, "{status}");
        assert!(!failure.message.contains("c2Vj"), "{}", failure.message);
    }
}

#[test]
fn s24_an_event_keeps_within_the_smallest_tier() {
    let long = Event { message: "timeout; ".repeat(100_000), ..event() };
    let endpoint = built("", "", "", &[("address", SAS)]);
    assert!(request(&endpoint, &delivery(long.clone(), &[])).body.len() <= 256 * 1024);
    let text = json(&endpoint, &delivery(long, &[]))["message"].to_string();
    assert!(text.ends_with("more characters)\""), "{text}");
}
