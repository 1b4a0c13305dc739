//! Taking over what can be read of a damaged file into a new one.

use std::io;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::image::{Image, Use};
use super::row::{PageType, Row, entry, look, row};
use super::shape::{RowShape, numbers, shape};
use crate::journal::Micros;
use crate::sqlite::{private, schema};

/// Rows that are written in one transaction.
const GROUP: usize = 1024;

const EVENT: &str = "INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const DELIVERY: &str =
    "INTO deliveries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

const RECONCILE: &str = "INTO reconciles VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// The number of columns of each table.
const EVENT_COLUMNS: usize = 6;
const DELIVERY_COLUMNS: usize = 15;
const RECONCILE_COLUMNS: usize = 7;

/// An event whose deliveries are all lost is planned again: to notify twice is better than not at all.
const PLAN_AGAIN: &str =
    "UPDATE events SET planned = 0 WHERE planned = 1 AND id NOT IN (SELECT event FROM deliveries)";

/// The rows that were taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::sqlite) struct Salvaged {
    /// Deliveries in the new file. Whether each is whole is told when it is read.
    pub(in crate::sqlite) deliveries: usize,
    /// Events that lost their deliveries and are planned again.
    pub(in crate::sqlite) planned_again: usize,
    /// Rows, and pages of an unknown number of rows, that cannot be read.
    pub(in crate::sqlite) unreadable: u64,
}

/// Errors for which nothing could be taken over.
#[derive(Debug, thiserror::Error)]
pub(in crate::sqlite) enum SalvageError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
}

/// Makes a file at `target` from what can be read in `folder`, and closes it.
pub(super) fn salvage(folder: &Path, target: &Path, now: Micros) -> Result<Salvaged, SalvageError> {
    let image = Image::open(folder)?;
    private::file(target)?;
    let connection = Connection::open(target)?;
    schema::prepare(&connection)?;
    let mut work = Work { connection: &connection, salvaged: Salvaged::default(), next: None, open: 0 };
    work.all(image)?;
    let planned_again = connection.execute(PLAN_AGAIN, [])?;
    let highest: i64 = connection.query_row(
        "SELECT max(ifnull((SELECT max(id) FROM events), 0), ifnull((SELECT max(id) FROM deliveries), 0))",
        [],
        |row| row.get(0),
    )?;
    // Destinations tell repetitions by these numbers, so none is given twice: without the mark, count on from the time.
    let next = work.next.unwrap_or(now).max(highest + 1);
    connection.execute("UPDATE numbers SET value = ?1 WHERE name = 'next'", [next])?;
    let salvaged = Salvaged { planned_again, ..work.salvaged };
    connection.close().map_err(|(_, error)| error)?;
    Ok(salvaged)
}

struct Work<'a> {
    connection: &'a Connection,
    salvaged: Salvaged,
    next: Option<i64>,
    /// Rows in the open transaction.
    open: usize,
}

impl Work<'_> {
    fn all(&mut self, mut image: Image) -> rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        for number in 1..=image.pages {
            let usage = image.usage(number);
            if usage == Use::Free {
                continue;
            }
            match image.page(number) {
                Some(page) => self.page(&image, &page, number, usage)?,
                None => self.salvaged.unreadable += 1,
            }
        }
        self.connection.execute_batch("COMMIT")
    }

    fn page(&mut self, image: &Image, page: &[u8], number: u32, usage: Use) -> rusqlite::Result<()> {
        match look(page, number) {
            PageType::Rows(places) => {
                for place in places {
                    self.row(row(image, page, place))?;
                }
            }
            PageType::Entries(places) => {
                let mark = places.into_iter().filter_map(|place| numbers(&entry(image, page, place)?)).max();
                self.next = self.next.max(mark);
            }
            PageType::Unreadable if usage == Use::Tree => self.salvaged.unreadable += 1,
            PageType::Inner | PageType::Unreadable => {}
        }
        Ok(())
    }

    fn row(&mut self, row: Option<Row>) -> rusqlite::Result<()> {
        let Some(row) = row else {
            self.salvaged.unreadable += 1;
            return Ok(());
        };
        // Of two rows of one number, the sound one stays.
        match shape(&row) {
            RowShape::Event => self.insert("REPLACE", EVENT, EVENT_COLUMNS, row),
            RowShape::Delivery(sound) => {
                self.salvaged.deliveries += 1;
                self.insert(
                    if sound { "REPLACE" } else { "INSERT OR IGNORE" },
                    DELIVERY,
                    DELIVERY_COLUMNS,
                    row,
                )
            }
            RowShape::Reconcile => self.insert("REPLACE", RECONCILE, RECONCILE_COLUMNS, row),
            // Its deliveries say so, one by one.
            RowShape::DamagedEvent | RowShape::Needless => Ok(()),
            RowShape::Unknown => {
                self.salvaged.unreadable += 1;
                Ok(())
            }
        }
    }

    fn insert(&mut self, verb: &str, into: &str, width: usize, row: Row) -> rusqlite::Result<()> {
        let Row { id, mut columns } = row;
        // A row that was written in format 1 has no origin.
        columns.resize(width, Value::Integer(0));
        if let Some(first) = columns.first_mut() {
            *first = Value::Integer(id);
        }
        self.connection.prepare_cached(&format!("{verb} {into}"))?.execute(params_from_iter(columns))?;
        self.open += 1;
        if self.open >= GROUP {
            self.open = 0;
            self.connection.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
        }
        Ok(())
    }
}
