//! Which of our rows a row is, told from its columns alone: the schema may be damaged too.

use campanile_domain::{ObjectKey, PostponedReconcile};
use rusqlite::types::Value::{self, Blob, Integer, Null, Text};

use super::row::Row;
use crate::board::timestamp;
use crate::sqlite::schema::{event_checksum, plan_checksum, reconcile_checksum};

/// The table to which a row belongs.
pub(super) enum RowShape {
    /// An event whose checksum holds.
    Event,
    /// An event whose checksum fails.
    DamagedEvent,
    /// A delivery, and whether its plan's checksum holds. The other one is looked at when the file is read.
    Delivery(bool),
    /// A postponed reconcile whose checksum holds.
    Reconcile,
    /// A row of the memo or the schema, which are made anew.
    Needless,
    /// The row is none of ours.
    Unknown,
}

/// Tells a row of a table.
pub(super) fn shape(row: &Row) -> RowShape {
    match row.columns.as_slice() {
        [Null, Integer(accepted), Integer(_), Text(body), Integer(sum), origin @ ..] if is_origin(origin) => {
            let sound = event_checksum(number(origin), row.id, *accepted, body.as_bytes()) == *sum;
            if sound { RowShape::Event } else { RowShape::DamagedEvent }
        }
        [Null, facts @ .., Text(plan), Integer(sum), Null | Text(_)] if is_delivery(facts) => {
            delivery(row.id, 0, facts, plan, *sum)
        }
        [Null, facts @ .., Text(plan), Integer(sum), Null | Text(_), Integer(origin)]
            if is_delivery(facts) =>
        {
            delivery(row.id, origin.cast_unsigned(), facts, plan, *sum)
        }
        [Null, Text(resource), Text(namespace), Text(name), Integer(at), Text(request), Integer(sum)] => {
            let reconcile = PostponedReconcile {
                resource: resource.clone(),
                receiver: ObjectKey::new(namespace.as_str(), name.as_str()),
                accepted_at: timestamp(*at),
                request: request.clone(),
            };
            if reconcile_checksum(row.id, &reconcile) == *sum {
                RowShape::Reconcile
            } else {
                RowShape::Unknown
            }
        }
        [Null, Integer(_), Blob(_), Blob(_), Integer(_)]
        | [Text(_), Text(_), Text(_), Integer(_), Text(_) | Null] => RowShape::Needless,
        _ => RowShape::Unknown,
    }
}

fn delivery(id: i64, origin: u64, facts: &[Value], plan: &str, sum: i64) -> RowShape {
    let Some(Integer(event)) = facts.first() else { return RowShape::Unknown };
    RowShape::Delivery(plan_checksum(origin, id, *event, plan.as_bytes()) == sum)
}

/// Whether the last columns of a row are its origin, or missing as in a row that was written in format 1.
fn is_origin(columns: &[Value]) -> bool {
    matches!(columns, [] | [Integer(_)])
}

fn number(origin: &[Value]) -> u64 {
    if let [Integer(origin)] = origin { origin.cast_unsigned() } else { 0 }
}

/// Whether these are the columns from `event` to `checksum`.
fn is_delivery(facts: &[Value]) -> bool {
    let kinds = |place, value: &Value| match place {
        2 | 3 => matches!(value, Text(_)),
        _ => matches!(value, Integer(_)),
    };
    facts.len() == 10 && facts.iter().enumerate().all(|(place, value)| kinds(place, value))
}

/// The mark of the numbers that were given, if an entry of an index is that.
pub(super) fn numbers(row: &Row) -> Option<i64> {
    match row.columns.as_slice() {
        [Text(name), Integer(value)] if name == "next" => Some(*value),
        _ => None,
    }
}
