//! The files of the project.

use std::path::{Path, PathBuf};

/// What is made by tools, and belongs to nobody's change.
const MADE: [&str; 4] = ["target", ".git", "__pycache__", ".venv"];

/// Every file of the project, with its path below the root.
pub(crate) fn files() -> Vec<(PathBuf, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut found) = (vec![root.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder can be read").flatten() {
            let path = entry.path();
            match path.strip_prefix(root) {
                _ if MADE.iter().any(|made| entry.file_name() == *made) => {}
                _ if path.is_dir() => folders.push(path),
                Ok(below) => found.push((below.to_owned(), path)),
                Err(_) => {}
            }
        }
    }
    assert!(found.len() > 500, "the tree was not read");
    found
}
