//! Every folder of `tests/cases`: what is right stands in its `case.json`, and holds, or the case is open.
//!
//! An open case names what deviates today, and fails as soon as anything else does or something no longer does: whoever
//! mends it takes it out of the list, and nothing that is right already gets lost.

mod answers;
mod checked;
mod clustered;
mod evidence;
mod folder;
mod neighbour;
mod pki;
mod ran;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

use folder::{Deviations, Folder};

/// How many cases are tried at the same time. Most of their time they wait for the program.
const WORKERS: usize = 4;

/// How long a case may take to come right.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same for one that is open, and does not come right.
const PATIENCE_WITH_OPEN: Duration = Duration::from_secs(5);

/// Names one folder, to try it alone.
const ONLY: &str = "CAMPANILE_CASE";

/// Tries one case; none if it is as its folder says.
fn complaint(folder: &Folder) -> Option<String> {
    let patience = if folder.case.open.is_some() { PATIENCE_WITH_OPEN } else { PATIENCE };
    let tried = catch_unwind(AssertUnwindSafe(|| {
        let case = &folder.case;
        let mut deviations =
            case.check.iter().flat_map(|check| check.deviations(folder)).collect::<Deviations>();
        deviations.extend(case.run.iter().flat_map(|run| run.deviations(folder, patience)));
        deviations.extend(case.cluster.iter().flat_map(|cluster| cluster.deviations(folder, patience)));
        deviations.extend(case.neighbour.iter().flat_map(|one| one.deviations(folder, patience)));
        deviations
    }));
    match tried {
        Ok(deviations) => folder.judge(&deviations),
        Err(panic) => Some(format!("could not be tried: {}", words(&*panic))),
    }
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked")
}

#[test]
fn every_case_is_right_or_open() {
    let only = std::env::var(ONLY).ok();
    let wanted = |folder: &Folder| only.as_ref().is_none_or(|only| *only == folder.name);
    let waiting = Mutex::new(Folder::all().into_iter().filter(wanted).collect::<Vec<_>>());
    let complaints = Mutex::new(Vec::new());
    let work = || {
        loop {
            let next = waiting.lock().expect("no worker panics").pop();
            let Some(folder) = next else { return };
            let complaint = complaint(&folder).map(|why| format!("{}: {why}", folder.name));
            complaints.lock().expect("no worker panics").extend(complaint);
        }
    };
    std::thread::scope(|scope| (0..WORKERS).for_each(|_| drop(scope.spawn(work))));
    let complaints = complaints.into_inner().expect("no worker panics");
    assert!(complaints.is_empty(), "tests/cases:\n{}", complaints.join("\n"));
}

/// The row of a case in the list of `tests/cases/README.md`.
fn row<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    list.lines().find(|line| line.starts_with(&format!("| `{name}` |")))
}

#[test]
fn every_case_has_its_words_and_its_row_in_the_list() {
    let list = std::fs::read_to_string(folder::root().join("README.md")).expect("the list is there");
    let folders = Folder::all();
    for folder in &folders {
        let words = std::fs::read_to_string(folder.path.join("EXPECTED.txt")).expect("the words are there");
        assert!(!words.trim().is_empty(), "{}: EXPECTED.txt says nothing", folder.name);
        let row = row(&list, &folder.name).unwrap_or_else(|| panic!("{} is not in the list", folder.name));
        let state =
            folder.case.open.as_ref().map_or("holds".to_owned(), |open| format!("open: {}", open.why));
        assert!(row.ends_with(&format!("| {state} |")), "the list says something else than {state:?}: {row}");
    }
    let has_folder =
        |row: &&str| folders.iter().any(|folder| row.starts_with(&format!("| `{}` |", folder.name)));
    let (_, rows) = list.split_once("| case |").expect("the list begins with its head");
    let strays: Vec<&str> =
        rows.lines().filter(|line| line.starts_with("| `")).filter(|row| !has_folder(row)).collect();
    assert!(strays.is_empty(), "the list has rows without a folder: {strays:?}");
}
