//! `campanile check`: what is wrong with manifests, before they run.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use campanile_delivery::resolve_provider;
use campanile_domain::{ObjectKey, ProviderSpec, Secret};
use campanile_transport::{Limits, Transport};
use campanile_watcher::{Finding, Level, Loaded, Located, findings, load};
use serde_json::{Value, json};

use super::out::{put, say};
use super::table::count;
use crate::cli::{CheckFlags, Output};
use crate::config::environment;

/// Largest text that is read from standard input, in bytes.
const MOST_BYTES: u64 = 16 << 20;

pub(crate) fn check(flags: &CheckFlags) -> Result<ExitCode> {
    let loaded = read(&flags.source)?;
    let mut found = findings(&loaded);
    found.extend(unusable_providers(&loaded));
    found.sort_by(|a, b| (&a.file, a.line, a.level).cmp(&(&b.file, b.line, b.level)));
    let failed = found.iter().any(|finding| finding.level == Level::Error);
    match flags.output {
        Output::Json => {
            put(&(serde_json::to_string_pretty(&found.iter().map(as_json).collect::<Vec<_>>())? + "\n"))?;
        }
        Output::Table => print_lines(&found, &loaded),
    }
    Ok(ExitCode::from(u8::from(failed)))
}

fn read(source: &Path) -> Result<Loaded> {
    if source != Path::new("-") {
        return load(source).map_err(|error| error.source).with_context(|| {
            format!("read the manifests in {}: name a folder or a file that exists", source.display())
        });
    }
    let mut text = String::new();
    let mut input = std::io::stdin().lock().take(MOST_BYTES + 1);
    input.read_to_string(&mut text).context("read manifests from standard input")?;
    ensure!(
        text.len() as u64 <= MOST_BYTES,
        "read manifests from standard input: more than {MOST_BYTES} bytes"
    );
    Ok(Loaded::from_text(Path::new("<stdin>"), &text))
}

/// What the types themselves find: addresses, keys, certificates. Missing Secrets were found before.
fn unusable_providers(loaded: &Loaded) -> Vec<Finding> {
    let transport = Transport::new(environment(), Limits::default());
    let environment = Arc::new(environment());
    let usable = |provider: &&Located<ProviderSpec>| {
        provider.value.kind().is_some()
            && provider.value.secret_keys().all(|key| loaded.secrets.contains_key(&key))
    };
    let secret = |key: &ObjectKey| -> Result<Arc<Secret>, String> {
        loaded.secrets.get(key).map(|found| found.value.clone()).ok_or_else(|| "not found".to_owned())
    };
    let judged = loaded.providers.values().filter(usable).map(|provider| {
        let failure = resolve_provider(&provider.value, &secret, &environment, &transport).err()?;
        Some(Finding {
            level: Level::Error,
            file: provider.position.file.clone(),
            line: provider.position.line,
            object: format!("Provider/{}", provider.value.key),
            message: failure.message,
        })
    });
    judged.flatten().collect()
}

fn print_lines(found: &[Finding], loaded: &Loaded) {
    for finding in found {
        say(format_args!("{finding}"));
    }
    let errors = found.iter().filter(|finding| finding.level == Level::Error).count();
    let counted =
        format!("{} and {}", count(loaded.alerts.len(), "alert"), count(loaded.providers.len(), "provider"));
    let judgement = format!("{}, {}", count(errors, "error"), count(found.len() - errors, "warning"));
    say(format_args!("checked {counted}: {judgement}"));
}

fn as_json(finding: &Finding) -> Value {
    let level = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    json!({
        "level": level, "file": finding.file.display().to_string(), "line": finding.line,
        "object": finding.object, "message": finding.message,
    })
}
