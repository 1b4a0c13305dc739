//! Answers that quote a secret encoded, as a gateway or a framework does between us and the destination.

use serde_json::{Value, json};

use super::mark::Leaks;
use super::{objects_of_type, places, was_all_tried};
use crate::support::{Authority, Sink, Site, Thought, eventually, failing, secret};

const SECRET: &str = "p@ss/w0rd \"<é>&1'+?~";

/// How it is quoted.
const FORMS: &[&str] = &[
    SECRET,
    "cEBzcy93MHJkICI8w6k+JjEnKz9+",
    "cEBzcy93MHJkICI8w6k-JjEnKz9-",
    // The login `us:…zz`.
    "dXM6cEBzcy93MHJkICI8w6k+JjEnKz9+eno=",
    "704073732f7730726420223cc3a93e2631272b3f7e",
    "704073732F7730726420223CC3A93E2631272B3F7E",
    "p%40ss%2Fw0rd%20%22%3C%C3%A9%3E%261%27%2B%3F~",
    "p%40ss%2Fw0rd+%22%3C%C3%A9%3E%261%27%2B%3F%7E",
    r#"p@ss/w0rd \"<é>&1'+?~"#,
    r#"p@ss\/w0rd \"<\u00e9>&1'+?~"#,
    "p@ss/w0rd &quot;&lt;é&gt;&amp;1&#x27;+?~",
    "p@ss/w0rd &#34;&lt;é&gt;&amp;1&#39;+?~",
];

#[test]
fn issue_15_what_is_quoted_encoded_shows_no_secret() {
    let sink = Sink::start();
    sink.think_of(|arrival| {
        let form = arrival.path.trim_start_matches('/').parse().ok().and_then(|at: usize| FORMS.get(at));
        Thought { status: 401, body: format!("refused: {}.", form.unwrap_or(&"?")), ..Thought::default() }
    });
    let name = |at: usize| format!("quoted-{at}");
    let objects: Vec<Value> = (0..FORMS.len())
        .flat_map(|at| {
            let spec = json!({ "address": sink.url(&format!("/{at}")), "secretRef": { "name": name(at) } });
            objects_of_type(
                &name(at),
                "generic-hmac",
                spec,
                vec![secret(&name(at), json!({ "token": SECRET }))],
            )
        })
        .collect();
    let (site, mut leaks) = (Site::with(&objects), Leaks::of(FORMS));
    let mut watched = places::start(&site, &Authority::named("nobody"));
    watched.instance.accept(&failing());
    eventually("every delivery to be tried", || was_all_tried(&watched.instance, false).then_some(()));
    let told = watched.instance.ask("/v1/deliveries").to_string();
    // Each is quoted for its Provider and for its delivery.
    assert_eq!(told.matches("*****").count(), 2 * FORMS.len(), "{told}");
    places::search(&mut leaks, &site, &watched);
    for at in 0..FORMS.len() {
        places::search_send(&mut leaks, &watched.instance, &name(at));
    }
    places::search_log(&mut leaks, &mut watched.instance);
    places::search_files(&mut leaks, &site);
    leaks.assert_none();
}
