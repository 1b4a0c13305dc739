//! What is published where, as whom, and what is refused.

use campanile_domain::{Event, NatsLogin, NatsScheme, ProviderSpec, Publication, Severity};
use campanile_testkit::{event, noon};

use crate::testing::{credentials, delivery, info, spec};
use crate::{BuiltProvider, Step};

const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
const PUBLIC: &str = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

fn nats(address: &str, channel: &str) -> ProviderSpec {
    ProviderSpec { address: address.into(), channel: channel.into(), ..spec("nats") }
}

fn built(address: &str, data: &[(&str, &[u8])]) -> BuiltProvider {
    credentials(data).build(&nats(address, "flux.events")).unwrap()
}

fn publication(endpoint: &BuiltProvider, of: &campanile_domain::Delivery) -> Publication {
    match endpoint.provider.begin(of).unwrap().next(None, noon()) {
        Step::Publish(publication) => publication,
        other => panic!("nothing was published: {other:?}"),
    }
}

fn login(data: &[(&str, &[u8])]) -> NatsLogin {
    publication(&built("nats://h", data), &info()).servers.login.clone()
}

fn refusal(address: &str, channel: &str, data: &[(&str, &[u8])]) -> String {
    credentials(data).build(&nats(address, channel)).unwrap_err().to_string()
}

#[test]
fn s23_20_the_address_is_a_list_of_servers() {
    let address = "h, tls://u:p%40ss@[::1]:1 ,ws://w,wss://t0ken@w/path?q=1,10.0.0.1:4223";
    let servers = publication(&built(address, &[]), &info()).servers.servers.clone();
    let shown: Vec<_> =
        servers.iter().map(|s| (s.scheme, s.host.as_str(), s.port, s.path.as_str())).collect();
    assert_eq!(
        shown,
        [
            (NatsScheme::Nats, "h", 4222, "/"),
            (NatsScheme::Tls, "::1", 1, "/"),
            (NatsScheme::Ws, "w", 80, "/"),
            (NatsScheme::Wss, "w", 443, "/path?q=1"),
            (NatsScheme::Nats, "10.0.0.1", 4223, "/"),
        ]
    );
    let logins: Vec<_> = servers.into_iter().map(|server| server.login).collect();
    assert!(
        logins
            == [
                None,
                Some(NatsLogin::Password("u".into(), "p@ss".into())),
                None,
                Some(NatsLogin::Token("t0ken".into())),
                None
            ],
        "a user without a password is a token"
    );
}

#[test]
fn s23_20_the_first_of_creds_nkey_and_pair_is_who_one_is() {
    let creds = format!(
        "-----BEGIN NATS USER JWT-----\neyJ0.eyJq.c2ln\n------END NATS USER JWT------\n\n*** IMPORTANT ***\nkeep it\n\n\
         -----BEGIN USER NKEY SEED-----\n{SEED}\n------END USER NKEY SEED------\n"
    );
    let nkey: (&str, &[u8]) = ("nkey", SEED.as_bytes());
    let pair: [(&str, &[u8]); 2] = [("username", b"flux"), ("password", b"secret")];
    match login(&[("creds", creds.as_bytes()), nkey, pair[0], pair[1]]) {
        NatsLogin::Description(jwt, key) => {
            assert_eq!((jwt.as_str(), key.public.as_str()), ("eyJ0.eyJq.c2ln", PUBLIC));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(login(&[nkey, pair[0], pair[1]]), NatsLogin::Key(key) if key.public == PUBLIC));
    assert!(login(&pair) == NatsLogin::Password("flux".into(), "secret".into()));
    assert!(login(&[("username", b"flux"), ("password", b"")]) == NatsLogin::Anonymous);
    assert!(login(&[("username", b"flux")]) == NatsLogin::Anonymous, "a name alone has no effect");
}

#[test]
fn s23_20_what_can_not_be_published_is_refused_with_the_remedy() {
    assert!(refusal("", "s", &[]).starts_with("NATS server (address) cannot be empty"));
    assert!(refusal("nats://h", "", &[]).starts_with("NATS subject (channel) cannot be empty"));
    for subject in ["a b", "a..b", ".a", "a.", "a.*", ">", "a\tb", "a\nPUB x 1"] {
        assert!(refusal("nats://h", subject, &[]).starts_with("invalid NATS subject"), "{subject:?}");
    }
    for (address, text) in [
        ("https://h", "number 1 of the list does not begin with nats://"),
        ("nats://h,nats://a b", "number 2 of the list"),
        ("nats://h,nats:///x", "number 2 of the list has no valid host"),
        ("nats://h:99999", "number 1 of the list is no URL"),
        (",", "number 1 of the list has no valid host"),
        (&vec!["h"; 17].join(","), "more than 16 servers"),
    ] {
        assert!(refusal(address, "s", &[]).contains(text), "{address}: {}", refusal(address, "s", &[]));
    }
    assert!(refusal("nats://h", "s", &[("nkey", b"SUAC")]).starts_with("error parsing nkey seed"));
    assert!(refusal("nats://h", "s", &[("creds", b"eyJ0")]).starts_with("error parsing credentials"));
}

#[test]
fn s22_no_part_of_a_login_is_shown() {
    let endpoint = built("nats://h,nats://u:hunter22@i,nats://tok3n@j", &[("nkey", SEED.as_bytes())]);
    let publication = publication(&endpoint, &info());
    let shown = format!("{endpoint:?} {publication:?} {:?}", publication.servers);
    for secret in ["hunter22", "tok3n", SEED, PUBLIC] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert_eq!(endpoint.masker.mask("at u:hunter22 and tok3n"), "at u:***** and *****");
}

#[test]
fn s24_an_event_that_is_too_long_is_cut_to_what_servers_take() {
    let long = Event { message: "timeout; ".repeat(200_000), severity: Severity::Error, ..event() };
    let payload = publication(&built("nats://h", &[]), &delivery(long, &[])).payload;
    assert!((1_000_000..=1024 * 1024).contains(&payload.len()), "{}", payload.len());
    let json: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert!(json["message"].as_str().unwrap().ends_with("more characters)"));
}

#[test]
fn an_exchange_publishes_once() {
    let mut exchange = built("nats://h", &[]).provider.begin(&info()).unwrap();
    assert!(matches!(exchange.next(None, noon()), Step::Publish(_)));
    assert!(matches!(exchange.next(None, noon()), Step::Done(_)));
}
