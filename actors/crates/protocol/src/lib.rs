//! The messages that actors exchange. Actor crates never name each other: they meet here.

mod accounts;
mod announce;
mod changes;
mod keys;
mod labels;
pub mod log_event;
mod objects;
mod outcome;
mod postponed;
mod receivers;
mod reconciles;
mod secrets;
mod specs;
mod submit;
mod token_reviews;
mod unusable;

pub use accounts::{AccountError, ReadServiceAccount, RequestToken};
pub use announce::{Announce, Announcements, Subject, reason};
pub use changes::{Change, Changes, Resync};
pub use keys::GetKeys;
pub use labels::{LabelLookup, Labels};
pub use objects::{
    AlertRow, Condition, GetObjects, LookTimes, ObjectRow, ObjectTable, ProviderRow, ReceiverRow, WebhookRow,
};
pub use outcome::{Backlog, Counts, DeliveryOutcome, DeliveryReport, ProviderState, Report};
pub use postponed::{
    Postpone, PostponeRefusal, PostponedCounts, PostponedReport, PostponedStore, StoreReply,
};
pub use receivers::{
    LastWebhook, ReceiverStanding, ReceiverState, WebhookCounts, WebhookReport, WebhookVerdict,
};
pub use reconciles::{Annotated, EntryOutcome, ReconcileError, RequestReconciles};
pub use secrets::{ReadSecrets, SecretError, Secrets};
pub use specs::{GetSpecs, Specs};
pub use submit::{Submit, SubmitError, SubmitReply};
pub use token_reviews::{ReviewError, ReviewToken, TokenOwner};
pub use unusable::Unusable;
