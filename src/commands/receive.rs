//! `campanile receive`: what becomes of a captured webhook, and where a host is to send them. Nothing is dialled.

mod captured;

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use campanile_domain::{ReceiverSpec, Secret};
use campanile_receivers::{
    KeyError, KeySet, Receiver, Selection, Tokens, Verification, Verified, VerifyError, curl, verify,
};
use campanile_watcher::Loaded;
use jiff::Timestamp;
use serde::Serialize;

use super::out::put;
use super::table::printable;
use crate::cli::{Output, ReceiveFlags};
use captured::Captured;

/// What stands for a path that is not shown.
const MASK: &str = "/hook/*****";

pub(crate) fn receive(flags: &ReceiveFlags) -> Result<ExitCode> {
    let loaded = load(&flags.manifests)?;
    let key = &flags.receiver;
    let found = loaded.receivers.get(key);
    let spec = found.with_context(|| {
        format!("find Receiver {key} among the manifests; check them with 'campanile check'")
    })?;
    let spec = spec.value.clone();
    let secret = spec.secret_key().map(|key| loaded.secret(key)).transpose()?;
    match &flags.file {
        Some(file) => replay(flags, &spec, secret.as_deref(), &read(file)?),
        None => address(flags, &spec, secret.as_deref()),
    }
}

fn load(manifests: &Path) -> Result<Loaded> {
    if manifests != Path::new("-") {
        return Ok(campanile_watcher::load(manifests)?);
    }
    let mut text = String::new();
    std::io::stdin().lock().take(LONGEST).read_to_string(&mut text).context("read standard input")?;
    Ok(Loaded::from_text(Path::new("<stdin>"), &text))
}

/// Bytes of a file that are read: more than any request may have.
const LONGEST: u64 = 16 << 20;

fn read(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file);
    let result = opened.and_then(|opened| opened.take(LONGEST).read_to_end(&mut bytes));
    result.with_context(|| format!("read {}", file.display()))?;
    Ok(bytes)
}

/// The verdict on a request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    receiver: String,
    #[serde(rename = "type")]
    type_name: String,
    verified: bool,
    /// The status that its sender gets, as far as the resources do not decide about it.
    status: u16,
    /// The check that stopped it.
    check: Option<String>,
    /// The cause why it was refused.
    error: Option<String>,
    event: Option<String>,
    revision: Option<String>,
    /// What it asks to reconcile, if it is verified.
    resources: Vec<String>,
}

/// The point at which a request goes no further, and why.
struct Stop {
    status: u16,
    check: &'static str,
    error: String,
}

impl From<VerifyError> for Stop {
    fn from(error: VerifyError) -> Self {
        Self { status: 400, check: error.check().name(), error: error.to_string() }
    }
}

fn replay(
    flags: &ReceiveFlags,
    spec: &Arc<ReceiverSpec>,
    secret: Option<&Secret>,
    file: &[u8],
) -> Result<ExitCode> {
    let captured = Captured::parse(file).context("read the captured request")?;
    let keys = match &flags.jwks {
        Some(file) => Some(KeySet::parse(&read(file)?, ALGORITHMS.map(str::to_owned).to_vec())?),
        None => None,
    };
    let at = flags.at.unwrap_or_else(Timestamp::now);
    let verdict = match judge(spec, secret, captured, keys.as_ref(), at) {
        Ok((event, revision, selection)) => Verdict {
            verified: true,
            status: 200,
            event: Some(event).filter(|event| !event.is_empty()),
            revision,
            resources: resources(selection.receiver()),
            ..verdict(spec)
        },
        Err(Stop { status, check, error }) => {
            Verdict { status, check: Some(check.to_owned()), error: Some(error), ..verdict(spec) }
        }
    };
    match flags.output {
        Output::Json => put(&(serde_json::to_string_pretty(&verdict)? + "\n"))?,
        Output::Table => put(&printable(&text(&verdict)))?,
    }
    Ok(ExitCode::from(u8::from(!verdict.verified)))
}

/// All algorithms that are taken: what the issuer advertises is not known here.
const ALGORITHMS: [&str; 10] =
    ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA"];

fn verdict(spec: &ReceiverSpec) -> Verdict {
    Verdict {
        receiver: spec.key.to_string(),
        type_name: spec.type_name.clone(),
        verified: false,
        status: 200,
        check: None,
        error: None,
        event: None,
        revision: None,
        resources: Vec::new(),
    }
}

type Judged = (String, Option<String>, Selection);

/// The way of a request through the endpoint, in its order (contract, receivers 4.2).
fn judge(
    spec: &Arc<ReceiverSpec>,
    secret: Option<&Secret>,
    captured: Captured,
    keys: Option<&KeySet>,
    at: Timestamp,
) -> Result<Judged, Stop> {
    let stop = |status, check, error: String| Stop { status, check, error };
    let receiver = Receiver::compile(spec.clone()).map_err(|error| stop(503, "spec", error.to_string()))?;
    let tokens = Tokens::of(spec, secret).map_err(|error| stop(404, "secret", error.to_string()))?;
    if let Some(target) = &captured.target
        && !tokens.paths(&spec.key).contains(target)
    {
        let why = "the path of the request is not one of this Receiver's: they depend on token, name and namespace, and a query \
                   or a slash at the end makes another path; 'campanile receive --url' prints the right one";
        return Err(stop(404, "path", why.to_owned()));
    }
    if spec.suspend {
        return Err(stop(503, "suspend", "the Receiver is suspended".to_owned()));
    }
    let verified: Verified = match verify(&Arc::new(receiver), secret, captured.request) {
        Verification::Verified(verified) => verified,
        Verification::Refused(error) => return Err(error.into()),
        Verification::NeedsKeys(needs) => {
            let missing =
                || KeyError::Fetch("nobody is asked for keys here; give them with --jwks".to_owned());
            needs.verify(keys.ok_or_else(missing), at)?
        }
    };
    let (event, revision) = (verified.event(), verified.revision());
    let selection = verified.select().map_err(|error| stop(500, "filter", error.to_string()))?;
    Ok((event, revision, selection))
}

/// The entries of a Receiver, as people name them.
fn resources(spec: &ReceiverSpec) -> Vec<String> {
    let entries = spec.resources.iter().map(|entry| {
        let namespace = entry.namespace.as_deref().unwrap_or(&spec.key.namespace);
        let filtered = entry.filter.is_some() || spec.resource_filter.is_some();
        let filter = if filtered { ", if the filters accept it" } else { "" };
        format!("{}/{namespace}/{}{filter}", entry.kind, entry.name)
    });
    entries.collect()
}

fn text(verdict: &Verdict) -> String {
    let Verdict { receiver, type_name, status, check, error, event, revision, resources, .. } = verdict;
    let mut out = format!("receiver {receiver}, type '{type_name}'\n\n");
    if let (Some(check), Some(error)) = (check, error) {
        out.push_str(&format!("refused with status {status} by check '{check}':\n  {error}\n"));
        return out;
    }
    out.push_str("verified");
    out.extend(event.iter().map(|event| format!(", event '{event}'")));
    out.extend(revision.iter().map(|revision| format!(", revision '{revision}'")));
    out.push_str(if resources.is_empty() {
        "; it names no resources\n"
    } else {
        "; it asks to reconcile:\n"
    });
    out.extend(resources.iter().map(|resource| format!("  {resource}\n")));
    out
}

/// The address to which a host is to send webhooks.
#[derive(Serialize)]
struct Address {
    url: String,
    curl: String,
}

fn address(flags: &ReceiveFlags, spec: &ReceiverSpec, secret: Option<&Secret>) -> Result<ExitCode> {
    let kind = spec.kind().with_context(|| format!("find the type '{}'", spec.type_name))?;
    let tokens = Tokens::of(spec, secret)?;
    let path = if flags.show_secrets { tokens.path(&spec.key) } else { MASK.to_owned() };
    let url = format!("{}{path}", flags.base.trim_end_matches('/'));
    let curl = format!("curl -i '{url}' {}", curl(kind));
    match flags.output {
        Output::Json => put(&(serde_json::to_string_pretty(&Address { url, curl })? + "\n"))?,
        Output::Table => {
            let mut out = format!("{url}\n\n{curl}\n");
            if !flags.show_secrets {
                out.push_str("\nThe path is a credential: --show-secrets prints it.\n");
            }
            if curl_reads_token(&curl) {
                out.push_str("TOKEN is the value of key 'token' in the Secret, BODY any text.\n");
            }
            put(&printable(&out))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn curl_reads_token(curl: &str) -> bool {
    curl.contains("$TOKEN")
}
