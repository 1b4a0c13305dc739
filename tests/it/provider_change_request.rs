//! One comment per Provider and object on three hosts: found and edited in place after a restart and past the first
//! page, and written anew when somebody deleted it (contract, providers 18).

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Arrival, Sink, Site, Thought, event, everything_from, provider, secret};

/// Comments of others that come before ours: more than a page.
const OTHERS: usize = 130;

/// Comments per page of a host.
const PAGE: usize = 100;

/// A host, as far as its API differs.
struct Host {
    type_name: &'static str,
    /// What an account's name is called where it is asked for, and where a comment's author stands.
    login: &'static str,
    author: &'static str,
    /// Whether it gives all comments at once.
    has_pages: bool,
    /// The method that changes a comment.
    edits: &'static str,
}

const HOSTS: &[Host] = &[
    Host {
        type_name: "githubpullrequestcomment",
        login: "login",
        author: "user",
        has_pages: true,
        edits: "PATCH",
    },
    Host {
        type_name: "gitlabmergerequestcomment",
        login: "username",
        author: "author",
        has_pages: true,
        edits: "PUT",
    },
    Host {
        type_name: "giteapullrequestcomment",
        login: "login",
        author: "user",
        has_pages: false,
        edits: "PATCH",
    },
];

/// Number, author and text of each comment.
type Thread = Arc<Mutex<Vec<(u64, String, String)>>>;

impl Host {
    fn start(&'static self) -> (Sink, Thread) {
        let others = (0..OTHERS).map(|n| (n as u64 + 1, "somebody".to_owned(), "I like it".to_owned()));
        let thread: Thread = Arc::new(Mutex::new(others.collect()));
        let (sink, kept) = (Sink::start(), thread.clone());
        sink.think_of(move |arrival| self.answer(arrival, &mut kept.lock().expect("no thread panicked")));
        (sink, thread)
    }

    fn answer(&self, arrival: &Arrival, thread: &mut Vec<(u64, String, String)>) -> Thought {
        let (path, query) = arrival.path.split_once('?').unwrap_or((&arrival.path, ""));
        let told =
            |status: u16, body: Value| Thought { status, body: body.to_string(), ..Thought::default() };
        let text = || arrival.json()["body"].as_str().expect("a comment has a text").to_owned();
        let last = path.rsplit('/').next().and_then(|id| id.parse::<u64>().ok());
        match arrival.method.as_str() {
            "GET" if path.ends_with("/user") => told(200, json!({ self.login: "flux" })),
            "GET" => self.list(thread, query),
            "POST" => {
                let id = thread.iter().map(|(id, _, _)| *id).max().unwrap_or_default() + 1000;
                thread.push((id, "flux".to_owned(), text()));
                told(201, self.comment(&thread[thread.len() - 1]))
            }
            method => {
                assert_eq!(method, self.edits, "{}", arrival.path);
                match thread.iter_mut().find(|(id, _, _)| Some(*id) == last) {
                    Some(comment) => {
                        comment.2 = text();
                        told(200, self.comment(comment))
                    }
                    None => told(404, json!({ "message": "Not Found" })),
                }
            }
        }
    }

    fn list(&self, thread: &[(u64, String, String)], query: &str) -> Thought {
        let page: usize = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("page="))
            .map_or(1, |page| page.parse().expect("a page is a number"));
        let size = if self.has_pages { PAGE } else { usize::MAX };
        let shown = thread.iter().skip((page - 1) * size.min(thread.len())).take(size);
        let has_more = self.has_pages && thread.len() > page * PAGE;
        let headers =
            if has_more { "Link: <http://host/next>; rel=\"next\"\r\n".to_owned() } else { String::new() };
        let body = Value::Array(shown.map(|comment| self.comment(comment)).collect()).to_string();
        Thought { status: 200, headers, body, raw: None }
    }

    fn comment(&self, (id, author, body): &(u64, String, String)) -> Value {
        json!({ "id": id, self.author: { self.login: author }, "body": body })
    }
}

fn about_change(message: &str) -> Value {
    let mut event = event("web", message);
    event["metadata"]["event.toolkit.fluxcd.io/change_request"] = "7".into();
    event
}

/// Number and text of our comments.
fn ours(thread: &Thread) -> Vec<(u64, String)> {
    let thread = thread.lock().expect("no thread panicked");
    thread.iter().filter(|(_, author, _)| author == "flux").map(|(id, _, body)| (*id, body.clone())).collect()
}

#[test]
fn s18_one_comment_is_edited_in_place_after_a_restart_and_written_anew_when_it_is_gone() {
    for host in HOSTS {
        let (sink, thread) = host.start();
        let spec = json!({ "address": sink.url("/org/repo"), "secretRef": { "name": "token" } });
        let mut comments = provider("comments", host.type_name, spec);
        comments["metadata"]["uid"] = "0c9c2e41-d2f9-4f9b-9c41-bebc1984d67a".into();
        let token = secret("token", json!({ "token": "t0ken" }));
        let site = Site::with(&[comments, everything_from("comments"), token]);
        let mut instance = site.start(&[]);
        let deliver = |instance: &crate::support::Instance, message: &str| {
            instance.accept(&about_change(message));
            let state = instance.settle();
            assert_eq!(state["outbox"]["total"]["dead"], 0, "{}: {message}", host.type_name);
            ours(&thread)
        };
        let first = deliver(&instance, "first");
        assert_eq!(first.len(), 1, "{}: {first:?}", host.type_name);
        instance.stop();
        drop(instance);
        let instance = site.start(&[]);
        let second = deliver(&instance, "second");
        assert_eq!((second.len(), second[0].0), (1, first[0].0), "{}: edited in place", host.type_name);
        assert!(second[0].1.contains("second") && !second[0].1.contains("first"), "{second:?}");
        thread.lock().expect("no thread panicked").retain(|(_, author, _)| author != "flux");
        let third = deliver(&instance, "third");
        assert_eq!(third.len(), 1, "{}: written anew: {third:?}", host.type_name);
        assert!(third[0].1.contains("third"), "{third:?}");
    }
}
