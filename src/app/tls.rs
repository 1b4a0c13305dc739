//! Certificates of TLS listeners: read at the start, and again when their files change.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use campanile_intake::EventTls;
use campanile_tls::{ClientCertificates, ServerMaterial, ServerTls, SpiffeRule};
use tokio::time::MissedTickBehavior;

use crate::config::{TlsFiles, TlsListener};

/// How often the files are looked at. Kubernetes changes a mounted Secret within about a minute anyway.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// The TLS of a listener. A task of the current arbiter follows the files.
///
/// # Errors
/// If a file cannot be read, or does not hold what its flag says.
pub(super) fn start(listener: &TlsListener) -> Result<EventTls> {
    let files = listener.files.clone();
    let material = read(&files)?;
    let needs_own_domain = listener.clients.iter().any(SpiffeRule::needs_own_domain);
    let tls = ServerTls::new(&material, needs_own_domain)?;
    let certificates = match listener.takes_tokens {
        true => ClientCertificates::Optional,
        false => ClientCertificates::Required,
    };
    let config = tls.config(listener.clients.clone(), certificates)?;
    actix_rt::spawn(follow(files, material, tls));
    Ok(config.into())
}

/// Looks at the files for ever.
async fn follow(files: TlsFiles, mut known: ServerMaterial, tls: ServerTls) {
    let mut ticks = tokio::time::interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut problem = None;
    loop {
        ticks.tick().await;
        let files = files.clone();
        let Ok(found) = actix_rt::task::spawn_blocking(move || read(&files)).await else { return };
        let error = match found {
            Ok(found) if found == known => None,
            Ok(found) => match tls.replace(&found) {
                Ok(()) => {
                    known = found;
                    tracing::info!(
                        "the certificates of TLS listeners changed, new connections get the new ones"
                    );
                    None
                }
                Err(error) => Some(error.to_string()),
            },
            Err(error) => Some(format!("{error:#}")),
        };
        if error != problem {
            if let Some(error) = &error {
                tracing::error!(
                    error,
                    "failed to read the changed certificates of TLS listeners, the former ones stay"
                );
            }
            problem = error;
        }
    }
}

fn read(TlsFiles { certificate, key, client_ca }: &TlsFiles) -> Result<ServerMaterial> {
    Ok(ServerMaterial {
        certificate: bytes(certificate, "--tls-cert-file")?,
        key: bytes(key, "--tls-key-file")?,
        client_ca: client_ca.as_deref().map(|file| bytes(file, "--tls-client-ca-file")).transpose()?,
    })
}

fn bytes(file: &Path, flag: &str) -> Result<Vec<u8>> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        std::fs::File::open(file)?.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().with_context(|| format!("read {} of {flag}", file.display()))
}
