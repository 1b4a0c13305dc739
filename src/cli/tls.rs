//! Flags of TLS listeners, and those of Flux's senders that reach this program because somebody gives every controller the same
//! ones (contract, flux-2.10 section 5).

use std::path::PathBuf;

use campanile_tls::SpiffeRule;
use clap::Args;

use super::Refused;
use crate::config::{ListenAddress, TlsFiles, TlsListener};

/// Beginnings of flags that are never unknown: a release of Flux may have more of them.
const FAMILIES: [&str; 2] = ["--authorized-", "--spiffe-"];

const SEE: &str = "see 'TLS for senders' in docs/operations.md";

/// Flags of listeners that speak TLS.
#[derive(Debug, Args)]
pub struct TlsFlags {
    /// Where events come in by TLS, beside `--events-addr`; without it nothing listens for them.
    #[arg(long, value_name = "HOST:PORT", value_parser = ListenAddress::or_off)]
    pub events_tls_addr: Option<ListenAddress>,
    /// Where webhooks come in by TLS, beside `--receiverAddr`, once there is a Receiver; without it nothing listens for them.
    #[arg(long, value_name = "HOST:PORT", value_parser = ListenAddress::or_off)]
    pub receiver_tls_addr: Option<ListenAddress>,
    /// PEM file with the certificate of the TLS listeners, and those between it and its CA. Read again when it changes.
    #[arg(long, value_name = "FILE")]
    pub tls_cert_file: Option<PathBuf>,
    /// PEM file with its private key.
    #[arg(long, value_name = "FILE")]
    pub tls_key_file: Option<PathBuf>,
    /// PEM file with the CAs of clients: only clients with a certificate of one of them are let in.
    #[arg(long, value_name = "FILE")]
    pub tls_client_ca_file: Option<PathBuf>,
    /// Lets only these senders post events: a SPIFFE id, with a slash at its end all below it. May be given several times.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub authorized_event_client_spiffe_id: Vec<SpiffeRule>,
    /// The same for senders of webhooks. Git hosts and registries have no such certificate.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub authorized_receiver_spiffe_id: Vec<SpiffeRule>,
    /// A flag about the senders of events.
    #[arg(long, hide = true, value_name = "ID", value_delimiter = ',')]
    pub authorized_event_server_spiffe_id: Vec<String>,
    /// A flag of senders, by its name in the proposal.
    #[arg(long, hide = true, value_name = "ID", value_delimiter = ',')]
    pub authorized_notifier_spiffe_id: Vec<String>,
    /// Where a SPIFFE broker is; none is asked.
    #[arg(long, hide = true, value_name = "ADDRESS")]
    pub spiffe_broker_endpoint: Option<String>,
    /// The SPIFFE id of the broker.
    #[arg(long, hide = true, value_name = "ID")]
    pub spiffe_broker_id: Option<String>,
}

impl TlsFlags {
    /// Refuses what cannot be meant, and says what has no effect.
    ///
    /// # Errors
    /// The line to log before the process ends.
    pub(super) fn check(&self, events: &ListenAddress) -> Result<(), Refused> {
        let refused = |error: String| Err(Refused { what: "invalid configuration", error });
        let events_tls = self.events_tls_addr.as_ref().is_some_and(|address| !address.is_off());
        let pair = self.tls_cert_file.is_some() && self.tls_key_file.is_some();
        if events.is_off() && !events_tls {
            return refused(
                "--events-addr is empty, so nothing takes events in: give --events-tls-addr too".to_owned(),
            );
        }
        if self.tls_cert_file.is_some() != self.tls_key_file.is_some() {
            return refused("--tls-cert-file and --tls-key-file belong together: give both".to_owned());
        }
        if events_tls && !pair {
            return refused("--events-tls-addr needs --tls-cert-file and --tls-key-file".to_owned());
        }
        let judges = events_tls && self.tls_client_ca_file.is_some();
        if !judges && !self.authorized_event_client_spiffe_id.is_empty() {
            return refused(format!(
                "--authorized-event-client-spiffe-id needs --events-tls-addr and --tls-client-ca-file; {SEE}"
            ));
        }
        self.check_receivers(pair)?;
        self.say(events, events_tls);
        Ok(())
    }

    fn check_receivers(&self, pair: bool) -> Result<(), Refused> {
        let refused = |error: String| Err(Refused { what: "invalid configuration", error });
        let tls = self.receiver_tls_addr.as_ref().is_some_and(|address| !address.is_off());
        if tls && !pair {
            return refused("--receiver-tls-addr needs --tls-cert-file and --tls-key-file".to_owned());
        }
        let authorises = !self.authorized_receiver_spiffe_id.is_empty();
        if tls && authorises && self.tls_client_ca_file.is_none() {
            return refused(format!("--authorized-receiver-spiffe-id needs --tls-client-ca-file; {SEE}"));
        }
        if authorises && !tls {
            tracing::warn!(
                "--authorized-receiver-spiffe-id has no effect without --receiver-tls-addr: {SEE}"
            );
        }
        Ok(())
    }

    fn say(&self, events: &ListenAddress, events_tls: bool) {
        if !self.authorized_event_client_spiffe_id.is_empty() && !events.is_off() {
            tracing::warn!(
                addr = %events,
                "senders without a certificate are let in where events come in without TLS: switch that off with --events-addr="
            );
        }
        let of_senders = self
            .authorized_event_server_spiffe_id
            .iter()
            .chain(&self.authorized_notifier_spiffe_id)
            .next()
            .is_some();
        if of_senders && !events_tls {
            tracing::warn!(
                "--authorized-event-server-spiffe-id makes senders post by https: give this program --events-tls-addr, \
                 --tls-cert-file, --tls-key-file and --tls-client-ca-file; {SEE}"
            );
        }
        if self.spiffe_broker_endpoint.is_some() || self.spiffe_broker_id.is_some() {
            tracing::warn!(
                "--spiffe-broker-endpoint and --spiffe-broker-id have no effect: certificates come from files, tokens from \
                 service accounts; {SEE}"
            );
        }
    }

    /// The listener of events that these flags describe; none without an address.
    pub(super) fn events(&self) -> Option<TlsListener> {
        let client_ca = self.tls_client_ca_file.clone();
        self.listener(self.events_tls_addr.as_ref(), client_ca, &self.authorized_event_client_spiffe_id)
    }

    /// The same of webhooks. Git hosts have no certificates, so clients are asked for one only where some are authorised.
    pub(super) fn webhooks(&self) -> Option<TlsListener> {
        let clients = &self.authorized_receiver_spiffe_id;
        let client_ca = self.tls_client_ca_file.clone().filter(|_| !clients.is_empty());
        self.listener(self.receiver_tls_addr.as_ref(), client_ca, clients)
    }

    fn listener(
        &self,
        address: Option<&ListenAddress>,
        client_ca: Option<PathBuf>,
        clients: &[SpiffeRule],
    ) -> Option<TlsListener> {
        let address = address.filter(|address| !address.is_off())?.clone();
        let (certificate, key) = self.tls_cert_file.clone().zip(self.tls_key_file.clone())?;
        Some(TlsListener {
            address,
            files: TlsFiles { certificate, key, client_ca },
            clients: clients.to_vec(),
            takes_tokens: false,
        })
    }
}

/// What to do about a flag of a family that this version does not know; none if it is of no such family.
pub(super) fn remedy(flag: &str) -> Option<String> {
    FAMILIES.iter().any(|family| flag.starts_with(family)).then(|| {
        format!(
            "{flag} is not known in this version: remove it; senders are authorised with --authorized-event-client-spiffe-id, and \
             certificates come from files, {SEE}"
        )
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::Cli;
    use super::*;

    fn complaint(arguments: &[String]) -> Option<String> {
        let words = std::iter::once("campanile").chain(arguments.iter().map(String::as_str));
        Cli::try_parse_from(words).err().map(|error| error.to_string())
    }

    #[test]
    fn cli_t12_every_flag_of_the_contract_is_taken() {
        let page = include_str!("../../docs/contract/control-plane.md");
        let mut count = 0;
        for row in page.lines().filter(|line| line.starts_with("| `--")) {
            let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            let [_, flag, kind, default, ..] = cells[..] else { panic!("not a row: {row}") };
            let value = match (kind, default) {
                ("k=bool list", _) => "DisableConfigWatchers=true",
                ("string", "empty") => "text",
                (_, default) => default,
            };
            assert_eq!(complaint(&[format!("{flag}={value}")]), None, "{flag}");
            count += 1;
        }
        assert!(count > 20, "the table was not found: {count}");
    }

    #[test]
    fn cli_t12_every_flag_of_flux_2_10_is_taken() {
        for flag in [
            "--authorized-event-client-spiffe-id",
            "--authorized-event-server-spiffe-id",
            "--authorized-notifier-spiffe-id",
            "--authorized-receiver-spiffe-id",
            "--spiffe-broker-endpoint",
            "--spiffe-broker-id",
        ] {
            let twice = if flag.starts_with("--authorized") { 2 } else { 1 };
            let given = vec![format!("{flag}=spiffe://self/ns/flux-system/sa/any"); twice];
            assert_eq!(complaint(&given), None, "{flag}");
        }
        assert!(remedy("--authorized-anything").is_some() && remedy("--spiffe-anything").is_some());
        assert_eq!(remedy("--authorised-anything"), None);
    }
}
