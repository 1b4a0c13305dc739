//! Log lines about an event.

/// Logs a line about an event, with its object under `eventInvolvedObject` (contract, control plane 10). Dotted field
/// names become a nested object in the line.
///
/// ```
/// let object = campanile_domain::ObjectRef { kind: "Bucket".into(), ..Default::default() };
/// campanile_protocol::log_event!(INFO, &object, alert.name = "on-call", "dispatching event");
/// ```
#[macro_export]
macro_rules! log_event {
    ($level:ident, $object:expr, $($rest:tt)+) => {{
        let object: &$crate::log_event::ObjectRef = $object;
        $crate::log_event::event!(
            $crate::log_event::Level::$level,
            eventInvolvedObject.kind = object.kind,
            eventInvolvedObject.namespace = object.namespace,
            eventInvolvedObject.name = object.name,
            eventInvolvedObject.uid = $crate::log_event::unless_empty(&object.uid),
            eventInvolvedObject.apiVersion = $crate::log_event::unless_empty(&object.api_version),
            eventInvolvedObject.resourceVersion = $crate::log_event::unless_empty(&object.resource_version),
            $($rest)+
        )
    }};
}

pub use campanile_domain::ObjectRef;
pub use tracing::{Level, event};

/// Fields that the sender left out are left out of the line.
pub fn unless_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
