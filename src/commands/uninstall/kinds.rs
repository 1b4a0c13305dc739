//! The kinds: they go only when it is asked for, with the number of objects that go along, and while nobody of Flux runs.

use std::io::{self, BufRead};

use anyhow::{Context, Result, bail, ensure};
use campanile_watcher::{Operator, OperatorError};

use super::told;
use crate::cli::UninstallFlags;
use crate::commands::out::{put, say};
use crate::commands::resources::{ALERT, DEFINITION, DEPLOYMENT, PROVIDER, RECEIVER};
use crate::commands::table::count;
use crate::definitions;
use crate::preflight::{PART_OF, called, is_ours, object_path, text};

/// Refuses while somebody needs the kinds, and asks for the number of objects that would go.
pub(super) async fn agree(operator: &Operator, flags: &UninstallFlags) -> Result<()> {
    let running = running(operator, &flags.namespace).await.map_err(told)?;
    ensure!(
        running.is_empty(),
        "delete the kinds: {} runs and would fail without them; uninstall Flux first, or scale it to 0, or leave --delete-crds out",
        running.join(", ")
    );
    let mut number = 0;
    for resource in [ALERT, PROVIDER, RECEIVER] {
        let objects = operator.list(&resource, None, "").await.map_err(told)?.unwrap_or_default().len();
        put(&format!("{}\n", count(objects, &resource.kind.to_lowercase())))?;
        number += objects;
    }
    if flags.dry_run {
        return Ok(());
    }
    put("Type the number of all objects that go with the kinds: ")?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("read the number from standard input")?;
    if line.trim().parse() != Ok(number) {
        bail!(
            "delete the kinds: {number} objects would go, and that was not the answer; nothing was deleted"
        );
    }
    Ok(())
}

/// Controllers that work with the kinds: those of Flux, and Campanile in other namespaces.
async fn running(operator: &Operator, namespace: &str) -> Result<Vec<String>, OperatorError> {
    let all = operator.list(&DEPLOYMENT, None, PART_OF).await?.unwrap_or_default();
    let runs = all.iter().filter(|one| {
        let goes_along = is_ours(one) && text(one, "/metadata/namespace") == namespace;
        !goes_along && one["spec"]["replicas"].as_u64() != Some(0)
    });
    Ok(runs.map(|one| called(DEPLOYMENT.kind, one)).collect())
}

/// Deletes the kinds, and every object of them.
///
/// # Errors
/// If the API server refuses.
pub(super) async fn delete(operator: &Operator) -> Result<(), OperatorError> {
    for name in definitions::names() {
        if operator.delete(&DEFINITION, None, &name).await? {
            say(format_args!("{} deleted", object_path(DEFINITION.kind, "", &name)));
        }
    }
    Ok(())
}
