//! Flags that say who may post events.

use campanile_domain::ObjectKey;
use campanile_intake::SenderMode;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::{Refused, object_key};
use crate::config::{EventAuth, ListenAddress, TlsListener};

/// Whom senders' tokens are for unless told otherwise.
const AUDIENCE: &str = "campanile";

const SEE: &str = "see 'Who may post events' in docs/operations.md";

/// The mode in which senders of events are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum EventAuthMode {
    /// Whoever reaches the endpoint may post.
    Disabled,
    /// Everybody may post; who could not under `enforced` is told in the log and in metrics.
    Audit,
    /// Only senders that are known may post, and of what they may speak.
    Enforced,
}

/// The worth of a sender's token in a mode of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenTrust {
    /// The API server says whose it is.
    Reviewed,
    /// There is no API server.
    Worthless,
}

/// Flags about senders of events.
#[derive(Debug, Args)]
pub struct EventAuthFlags {
    /// Who may post events: `disabled` lets everybody, `enforced` those with an authorised certificate or a token of a service
    /// account, `audit` everybody, and tells whom `enforced` would refuse.
    #[arg(long, value_enum, value_name = "MODE", default_value = "disabled")]
    pub event_auth: EventAuthMode,
    /// Let `--event-auth=enforced` start without CAs of clients (`--tls-client-ca-file`). No release of Flux sends tokens, so
    /// its controllers are refused then.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true")]
    pub event_auth_tokens_only: bool,
    /// Audience that tokens of senders have to be for; never the API server's own. [default: campanile]
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub event_auth_audience: Option<String>,
    /// Service accounts that may speak of objects in all namespaces, comma separated; others speak of their own namespace.
    #[arg(long, value_name = "NAMESPACE/NAME", value_delimiter = ',', value_parser = object_key::parse)]
    pub event_auth_controllers: Vec<ObjectKey>,
}

impl EventAuthFlags {
    /// Refuses what cannot be meant, and says what has no effect. `events` is the listener without TLS, `tls` the other one.
    ///
    /// # Errors
    /// The line to log before the process ends.
    pub(super) fn check(
        &self,
        events: &ListenAddress,
        tls: Option<&TlsListener>,
        tokens: TokenTrust,
    ) -> Result<(), Refused> {
        let judges = tls.is_some_and(|tls| tls.files.client_ca.is_some());
        let enforced = self.event_auth == EventAuthMode::Enforced;
        let tokens_only = self.event_auth_tokens_only;
        let error = match tokens {
            TokenTrust::Worthless if tokens_only => {
                "--event-auth-tokens-only needs a cluster: in standalone mode nobody reviews tokens; let senders post with \
                 certificates (--events-tls-addr, --tls-client-ca-file)"
            }
            TokenTrust::Worthless if enforced && !judges => {
                "--event-auth=enforced needs --events-tls-addr and --tls-client-ca-file: in standalone mode nobody reviews tokens, \
                 so that certificates alone say who a sender is"
            }
            TokenTrust::Reviewed if enforced && !judges && !tokens_only => {
                "--event-auth=enforced without --events-tls-addr and --tls-client-ca-file would refuse Flux's controllers, since no \
                 release of Flux sends tokens: give both, or --event-auth-tokens-only if all senders have tokens"
            }
            TokenTrust::Reviewed if tokens_only && judges => {
                "--event-auth-tokens-only and --tls-client-ca-file with --events-tls-addr contradict each other: leave one out"
            }
            _ => {
                self.say(events, enforced, tokens);
                return Ok(());
            }
        };
        Err(Refused { what: "invalid configuration", error: format!("{error}; {SEE}") })
    }

    fn say(&self, events: &ListenAddress, enforced: bool, tokens: TokenTrust) {
        let about_tokens = self.event_auth_audience.is_some() || !self.event_auth_controllers.is_empty();
        if self.event_auth == EventAuthMode::Disabled && (about_tokens || self.event_auth_tokens_only) {
            tracing::warn!(
                "--event-auth-audience, --event-auth-controllers and --event-auth-tokens-only have no effect without --event-auth: \
                 {SEE}"
            );
        } else if tokens == TokenTrust::Worthless && about_tokens {
            tracing::warn!(
                "--event-auth-audience and --event-auth-controllers have no effect in standalone mode, where nobody reviews tokens: \
                 {SEE}"
            );
        }
        if enforced && tokens == TokenTrust::Worthless && !events.is_off() {
            tracing::warn!(
                addr = %events,
                "every event is refused where they come in without TLS: switch that off with --events-addr="
            );
        }
    }

    /// Whether clients without a certificate are let in by TLS, since they may have a token.
    pub(super) fn takes_tokens(&self, tokens: TokenTrust) -> bool {
        self.event_auth == EventAuthMode::Enforced && tokens == TokenTrust::Reviewed
    }

    /// The configuration that these flags describe; none lets everybody post.
    pub(super) fn config(&self, tokens: TokenTrust) -> Option<EventAuth> {
        let mode = match self.event_auth {
            EventAuthMode::Disabled => return None,
            EventAuthMode::Audit => SenderMode::Audit,
            EventAuthMode::Enforced => SenderMode::Enforced,
        };
        let audience = self.event_auth_audience.clone().unwrap_or_else(|| AUDIENCE.to_owned());
        let audience = (tokens == TokenTrust::Reviewed).then_some(audience);
        Some(EventAuth { mode, audience, controllers: self.event_auth_controllers.clone() })
    }
}
