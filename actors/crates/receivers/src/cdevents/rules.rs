//! The types of CDEvents 0.4.1, and what the content of each must hold (contract, receivers 9).

/// The need of a field of `subject.content`: what it must be.
#[derive(Clone, Copy)]
pub(super) enum Need {
    /// A text that is not empty.
    Text(&'static str),
    /// A text, which may be empty.
    TextOrEmpty(&'static str),
    /// A reference to another object: an id that is not empty, and perhaps a source. The second is its path.
    Reference(&'static str, &'static str),
    /// A text that is one of these words.
    OneOf(&'static str, &'static [&'static str]),
    /// A package URL, as `pkg:` text.
    PackageUrl(&'static str),
}

/// One of the types of CDEvents.
pub(super) struct CdEventType {
    pub(super) subject: &'static str,
    /// The subject as `subject.type` writes it.
    pub(super) camel: &'static str,
    predicate: &'static str,
    version: &'static str,
    pub(super) needs: &'static [Need],
}

const ENVIRONMENT: Need = Need::Reference("environment", "subject.content.environment");
const CHANGE: Need = Need::Reference("change", "subject.content.change");
const OUTCOME: Need = Need::OneOf("outcome", &["pass", "fail", "cancel", "error"]);
const OUTPUT: Need = Need::OneOf("outputType", &["report", "video", "image", "log", "other"]);
const PACKAGE: Need = Need::PackageUrl("artifactId");

/// Subject, the same as `subject.type` writes it, and predicates with their needs.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static [Need])]);

/// The predicates of each subject.
const ROWS: &[Row] = &[
    (
        "artifact",
        "artifact",
        &[
            ("deleted", &[]),
            ("downloaded", &[]),
            ("packaged", &[CHANGE]),
            ("published", &[]),
            ("signed", &[Need::Text("signature")]),
        ],
    ),
    ("branch", "branch", &[("created", &[]), ("deleted", &[])]),
    ("build", "build", &[("finished", &[PACKAGE]), ("queued", &[]), ("started", &[])]),
    (
        "change",
        "change",
        &[("abandoned", &[]), ("created", &[]), ("merged", &[]), ("reviewed", &[]), ("updated", &[])],
    ),
    ("environment", "environment", &[("created", &[]), ("deleted", &[]), ("modified", &[])]),
    (
        "incident",
        "incident",
        &[
            ("detected", &[ENVIRONMENT, PACKAGE]),
            ("reported", &[ENVIRONMENT, PACKAGE, Need::Text("ticketURI")]),
            ("resolved", &[ENVIRONMENT, PACKAGE]),
        ],
    ),
    (
        "pipelinerun",
        "pipelineRun",
        &[
            ("finished", &[]),
            ("queued", &[]),
            ("started", &[Need::TextOrEmpty("pipelineName"), Need::TextOrEmpty("url")]),
        ],
    ),
    (
        "repository",
        "repository",
        &[("created", &[Need::Text("name"), Need::Text("url")]), ("deleted", &[]), ("modified", &[])],
    ),
    (
        "service",
        "service",
        &[
            ("deployed", &[ENVIRONMENT, PACKAGE]),
            ("published", &[]),
            ("removed", &[]),
            ("rolledback", &[ENVIRONMENT, PACKAGE]),
            ("upgraded", &[ENVIRONMENT, PACKAGE]),
        ],
    ),
    ("taskrun", "taskRun", &[("finished", &[]), ("started", &[])]),
    (
        "testcaserun",
        "testCaseRun",
        &[
            ("finished", &[OUTCOME, ENVIRONMENT]),
            ("queued", &[ENVIRONMENT]),
            ("skipped", &[]),
            ("started", &[ENVIRONMENT]),
        ],
    ),
    ("testoutput", "testOutput", &[("published", &[OUTPUT, Need::Text("format")])]),
    (
        "testsuiterun",
        "testSuiteRun",
        &[("finished", &[OUTCOME, ENVIRONMENT]), ("queued", &[ENVIRONMENT]), ("started", &[ENVIRONMENT])],
    ),
    (
        "ticket",
        "ticket",
        &[
            ("closed", &[Need::Text("uri"), Need::Text("resolution")]),
            ("created", &[Need::Text("summary"), Need::Text("creator"), Need::Text("uri")]),
            ("updated", &[Need::Text("uri")]),
        ],
    ),
];

/// The version of nearly all types.
const USUAL: &str = "0.2.0";

/// The types of another version.
const OTHERS: &[(&str, &str, &str)] = &[
    ("artifact", "deleted", "0.1.0"),
    ("artifact", "downloaded", "0.1.0"),
    ("testcaserun", "skipped", "0.1.0"),
    ("ticket", "closed", "0.1.0"),
    ("ticket", "created", "0.1.0"),
    ("ticket", "updated", "0.1.0"),
    ("change", "created", "0.3.0"),
];

/// Iterates over all types of CDEvents.
pub(super) fn all() -> impl Iterator<Item = CdEventType> {
    ROWS.iter().flat_map(|(subject, camel, predicates)| {
        predicates.iter().map(move |(predicate, needs)| {
            let other = OTHERS.iter().find(|(other, its, _)| other == subject && its == predicate);
            CdEventType {
                subject,
                camel,
                predicate,
                version: other.map_or(USUAL, |(_, _, version)| version),
                needs,
            }
        })
    })
}

impl CdEventType {
    /// The exact name, for example `dev.cdevents.change.merged.0.2.0`.
    pub(super) fn name(&self) -> String {
        format!("dev.cdevents.{}.{}.{}", self.subject, self.predicate, self.version)
    }
}

/// The rule of the type that is written so.
pub(super) fn find(written: &str) -> Option<CdEventType> {
    let name = written.strip_prefix("dev.cdevents.")?;
    let (subject, rest) = name.split_once('.')?;
    all().find(|rule| rule.subject == subject && rest.starts_with(rule.predicate) && rule.name() == written)
}

/// A type of somebody's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Custom<'t> {
    pub(super) subject: &'t str,
    /// The tool, a hyphen and the subject.
    pub(super) with_tool: &'t str,
}

/// Reads the custom type `dev.cdeventsx.<tool>-<subject>.<predicate>.<version>`.
pub(super) fn custom(written: &str) -> Option<Custom<'_>> {
    let parts: Vec<&str> = written.strip_prefix("dev.cdeventsx.")?.split('.').collect();
    let [with_tool, predicate, version @ ..] = &parts[..] else { return None };
    let (tool, subject) = with_tool.split_once('-')?;
    let is = |text: &str, fits: fn(&u8) -> bool| !text.is_empty() && text.as_bytes().iter().all(fits);
    let is_digit = |text: &&str| text.len() == 1 && is(text, u8::is_ascii_digit);
    let fits = is(tool, u8::is_ascii_alphanumeric)
        && is(subject, u8::is_ascii_alphabetic)
        && is(predicate, u8::is_ascii_alphabetic)
        && version.len() == 3
        && version.iter().all(is_digit);
    fits.then_some(Custom { subject, with_tool })
}
