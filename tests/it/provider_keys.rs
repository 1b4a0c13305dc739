//! The key by which a destination knows a delivery again is the same at every try and after a restart, for every type whose
//! API takes one (contract, Flux 2.10, T13 for `mastodon`).

use campanile_domain::ProviderType;
use campanile_providers::sample::{KeyPlace, KeyScope, LoginForm, RepeatKey, Sample};
use serde_json::{Map, Value, json};

use crate::support::{Arrival, Reply, Sink, Site, everything_from, failing, provider, secret};

/// A type with a key of its deliveries, and its destination.
struct Keyed {
    name: String,
    type_name: &'static str,
    sample: &'static Sample,
    key: RepeatKey,
    sink: Sink,
}

/// All types that can be pointed at a loopback address and have a key of a delivery that stands in clear.
fn keyed() -> Vec<Keyed> {
    let of = |kind: ProviderType| {
        let sample = Sample::of(kind);
        let key = sample.key.filter(|key| key.scope == KeyScope::Delivery && key.place != KeyPlace::Span)?;
        let name = kind.name().replace('.', "-");
        sample.is_movable().then(|| Keyed { name, type_name: kind.name(), sample, key, sink: Sink::start() })
    };
    ProviderType::all().filter_map(of).collect()
}

impl Keyed {
    fn objects(&self) -> [Value; 3] {
        let login = self.sample.logins.first().copied().unwrap_or(LoginForm::Address);
        let pairs = self.sample.secret(login, &self.sink.url(""), "x", "");
        let data: Map<_, _> = pairs.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
        let spec = json!({ "channel": self.sample.channel, "secretRef": { "name": self.name } });
        let provider = provider(&self.name, self.type_name, spec);
        [provider, everything_from(&self.name), secret(&self.name, data.into())]
    }

    fn key(&self, arrival: &Arrival) -> String {
        match self.key.place {
            KeyPlace::Header(name) => {
                arrival.header(&name.to_ascii_lowercase()).expect("the header is there").to_owned()
            }
            KeyPlace::Url => arrival.path.clone(),
            KeyPlace::Body(pointer) => {
                let text = arrival.text();
                let message: Value =
                    serde_json::from_str(text.lines().last().expect("a line")).expect("the message is JSON");
                message.pointer(pointer).expect("the key is there").to_string()
            }
            KeyPlace::Span => unreachable!("left out"),
        }
    }
}

#[test]
fn t13_a_delivery_keeps_its_key_over_tries_and_a_restart() {
    let all = keyed();
    assert!(all.len() >= 3, "the table has such types");
    all.iter().for_each(|one| one.sink.answer(Reply::status(503)));
    let objects: Vec<Value> = all.iter().flat_map(Keyed::objects).collect();
    let site = Site::with(&objects);
    let mut instance = site.start(&[]);
    instance.accept(&failing());
    all.iter().for_each(|one| drop(one.sink.wait_for(2)));
    instance.kill();
    for one in &all {
        let (status, body) = one.sample.taken;
        one.sink.answer(Reply { body, ..Reply::status(status) });
    }
    site.start(&[]).settle();
    for one in &all {
        let arrivals = one.sink.arrivals();
        let keys: Vec<String> = arrivals.iter().map(|arrival| one.key(arrival)).collect();
        assert!(keys.len() >= 3, "{}: {keys:?}", one.type_name);
        assert!(keys.iter().all(|key| *key == keys[0]), "{}: {keys:?}", one.type_name);
    }
}
