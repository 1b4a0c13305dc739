//! `campanile uninstall`: takes an installation out of a cluster, by the label of all that belongs to it.
//!
//! The kinds stay, and with them every Alert, Provider and Receiver, unless that is asked for. Every request has the rights of the
//! caller.

mod kinds;
mod plan;

use std::process::ExitCode;

use anyhow::{Result, bail};
use campanile_watcher::{ClusterConfig, Operator, OperatorError};

use super::out::{put, say};
use super::table::count;
use crate::cli::UninstallFlags;
use plan::Found;

pub(crate) fn uninstall(flags: &UninstallFlags) -> Result<ExitCode> {
    actix_rt::System::new().block_on(async {
        let operator = Operator::connect(&ClusterConfig::default()).await.map_err(told)?;
        let found = plan::find(&operator, &flags.namespace).await.map_err(told)?;
        plan::check_owner(&operator, &flags.namespace).await?;
        if flags.delete_crds {
            kinds::agree(&operator, flags).await?;
        }
        if flags.dry_run {
            return would(&found);
        }
        let left = take_away(&operator, &found).await?;
        if flags.delete_crds {
            kinds::delete(&operator).await.map_err(told)?;
        }
        finish(&found, &left, flags)
    })
}

/// The text of the error holds its causes already.
fn told(error: OperatorError) -> anyhow::Error {
    match error {
        OperatorError::Unanswered(text) => anyhow::Error::msg(text),
        other => anyhow::Error::msg(other.to_string()),
    }
}

fn would(found: &[Found]) -> Result<ExitCode> {
    for one in found {
        put(&format!("{one} would be deleted\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Deletes in order, and returns what a finalizer keeps.
async fn take_away(operator: &Operator, found: &[Found]) -> Result<Vec<Found>> {
    for one in found {
        if operator.delete(&one.resource, one.namespace.as_deref(), &one.name).await.map_err(told)? {
            say(format_args!("{one} deleted"));
        }
    }
    let mut left = Vec::new();
    for one in found {
        let there = operator.get(&one.resource, one.namespace.as_deref(), &one.name).await.map_err(told)?;
        left.extend(there.map(|_| one.clone()));
    }
    Ok(left)
}

fn finish(found: &[Found], left: &[Found], flags: &UninstallFlags) -> Result<ExitCode> {
    let namespace = &flags.namespace;
    if found.is_empty() && !flags.delete_crds {
        bail!(
            "find anything of Campanile in namespace {namespace}: name another with --namespace; where Flux keeps the Deployment, \
             revert the commit that changed it"
        );
    }
    for one in left {
        say(format_args!("{one} still goes: Kubernetes waits until nothing uses it"));
    }
    if !flags.delete_crds {
        say(format_args!("the kinds stay, and every Alert, Provider and Receiver with them"));
    }
    say(format_args!("took {} away", count(found.len(), "object")));
    Ok(ExitCode::SUCCESS)
}
