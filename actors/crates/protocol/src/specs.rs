//! Operations API to watcher: the objects as they are in force, for looking at what they do.

use std::fmt;
use std::sync::Arc;

use actix::Message;
use campanile_domain::{Alert, ProviderSpec};

use crate::LabelLookup;

/// Asks for all Alerts and Providers; none before they are known.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Option<Specs>")]
pub struct GetSpecs;

/// Every Alert and Provider that is in force.
#[derive(Clone)]
pub struct Specs {
    /// The Alerts that are in force.
    pub alerts: Vec<Arc<Alert>>,
    /// The Providers that are in force.
    pub providers: Vec<Arc<ProviderSpec>>,
    /// The labels of the objects that Alerts ask for.
    pub labels: Arc<dyn LabelLookup>,
    /// What cannot be used, one line each.
    pub problems: Vec<String>,
}

impl fmt::Debug for Specs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { alerts, providers, problems, .. } = self;
        f.debug_struct("Specs")
            .field("alerts", &alerts.len())
            .field("providers", &providers.len())
            .field("problems", problems)
            .finish_non_exhaustive()
    }
}
