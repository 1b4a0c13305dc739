//! A host that keeps the comments of its change requests, and answers as much as fits into an answer.

use std::collections::BTreeMap;

use campanile_domain::{Delivery, Method, Request, Response, Verdict};
use campanile_testkit::noon;
use serde_json::{Value, json};

use crate::testing::answer;
use crate::{Provider, Step};

/// As much of an answer as the transport keeps.
const LONGEST_ANSWER: usize = 64 * 1024;

/// As many requests as the driver allows.
const MOST_STEPS: usize = 64;

/// Whose token the Providers have.
pub(super) const BOT: &str = "flux-bot";

pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) author: String,
    pub(super) body: String,
}

/// Comments in the order of their creation, and what was asked.
#[derive(Default)]
pub(super) struct Host {
    pub(super) comments: Vec<Comment>,
    pub(super) requests: Vec<Request>,
    /// As whom the host shows what the Providers write, if not as their account.
    pub(super) writes_as: Option<&'static str>,
    pub(super) next_id: u64,
}

impl Host {
    pub(super) fn add(&mut self, number: u64, author: &str, body: &str) -> u64 {
        self.next_id += 1;
        let (author, body) = (author.to_owned(), body.to_owned());
        self.comments.push(Comment { id: self.next_id, number, author, body });
        self.next_id
    }

    /// `count` comments of somebody else on change request 42, of some 2 KB each as hosts list them.
    pub(super) fn add_others(&mut self, count: usize) {
        for n in 0..count {
            self.add(42, "somebody", &format!("{n} {}", "words ".repeat(300)));
        }
    }

    /// Delivers, and returns the verdict; what was asked is in `requests` from its beginning.
    pub(super) fn deliver(&mut self, provider: &dyn Provider, delivery: &Delivery) -> Verdict {
        self.requests.clear();
        let mut exchange = provider.begin(delivery).unwrap();
        let mut response = None;
        while self.requests.len() < MOST_STEPS {
            match exchange.next(response.take(), noon()) {
                Step::Done(verdict) => return verdict,
                Step::Publish(publication) => panic!("no HTTP: {publication:?}"),
                Step::Send(request) => {
                    response = Some(self.answer(&request));
                    self.requests.push(request);
                }
            }
        }
        panic!("the exchange has no end");
    }

    /// The bodies of what `author` wrote.
    pub(super) fn by(&self, author: &str) -> Vec<&str> {
        self.comments.iter().filter(|c| c.author == author).map(|c| c.body.as_str()).collect()
    }

    pub(super) fn answer(&mut self, request: &Request) -> Response {
        let (path, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
        let numbers: Vec<u64> = path.split('/').filter_map(|part| part.parse().ok()).collect();
        let mut text = match request.method {
            Method::Get if path.ends_with("/user") => return answer(200, &[], &self.account(path)),
            Method::Get => self.page(numbers[0], path, query),
            Method::Post => {
                let author = self.writes_as.unwrap_or(BOT);
                self.add(numbers[0], author, &body(request));
                let comment = self.comments.last().unwrap();
                return answer(201, &[], &Self::entry(comment, path).to_string());
            }
            _ => return self.update(*numbers.last().unwrap(), body(request)),
        };
        text.truncate(text.floor_char_boundary(LONGEST_ANSWER));
        answer(200, &[], &text)
    }

    fn account(&self, path: &str) -> String {
        let name = if path.contains("/v4/") { "username" } else { "login" };
        json!({ name: BOT }).to_string()
    }

    fn update(&mut self, id: u64, body: String) -> Response {
        match self.comments.iter_mut().find(|comment| comment.id == id) {
            Some(comment) => {
                comment.body = body;
                answer(200, &[], &json!({ "id": id }).to_string())
            }
            None => answer(404, &[], r#"{"message":"Not Found"}"#),
        }
    }

    /// Gitea gives all comments whatever page is asked for, and pages only timelines, in which there are other things.
    fn page(&self, number: u64, path: &str, query: &str) -> String {
        let comments = self.comments.iter().filter(|comment| comment.number == number);
        let entries = comments.map(|comment| Self::entry(comment, path));
        if path.ends_with("/timeline") {
            let other = json!({ "id": 0, "type": "label", "body": "", "user": { "login": BOT } });
            return list(&entries.flat_map(|entry| [other.clone(), entry]).collect::<Vec<_>>(), query);
        }
        let entries: Vec<Value> = entries.collect();
        if path.contains("/v1/") { Value::from(entries).to_string() } else { list(&entries, query) }
    }

    fn entry(comment: &Comment, path: &str) -> Value {
        let Comment { id, author, body, .. } = comment;
        if path.contains("/v4/") {
            return json!({ "id": id, "type": null, "author": { "username": author }, "body": body });
        }
        json!({ "id": id, "user": { "login": author, "username": author }, "body": body })
    }
}

fn list(entries: &[Value], query: &str) -> String {
    let query: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let size: usize = query.get("per_page").or(query.get("limit")).unwrap().parse().unwrap();
    let page: usize = query.get("page").map_or(1, |page| page.parse().unwrap());
    let found: Vec<&Value> = entries.iter().skip((page - 1) * size).take(size).collect();
    serde_json::to_string(&found).unwrap()
}

fn body(request: &Request) -> String {
    let json: Value = serde_json::from_slice(&request.body).unwrap();
    json["body"].as_str().unwrap().to_owned()
}
