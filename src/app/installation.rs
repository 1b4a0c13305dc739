//! The random id of this installation, kept in the state folder from the first start on.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use campanile_domain::Installation;
use uuid::Uuid;

/// The file in the state folder.
const FILE: &str = "installation";
/// Its permissions: whoever knows the id could make events that are refused.
const PERMISSIONS: u32 = 0o600;
/// Bytes that are read of it, more than an id has.
const MOST: u64 = 64;

/// The id in `folder`, which is made where there is none.
///
/// # Errors
/// If it can neither be read nor written.
pub(super) fn open(folder: &Path) -> Result<Installation> {
    let file = folder.join(FILE);
    let opened = read(&file).and_then(|known| known.map_or_else(|| make(&file), Ok));
    opened.with_context(|| format!("keep the id of this installation in {}", file.display()))
}

/// The id that is there; none where there is no file, or another one than was written here.
fn read(file: &Path) -> io::Result<Option<Installation>> {
    match fs::symlink_metadata(file) {
        Ok(found) if found.is_file() => {
            let mut text = String::new();
            File::open(file)?.take(MOST).read_to_string(&mut text)?;
            Ok(Installation::new(text.trim()))
        }
        Ok(_) => Err(io::Error::other("it is a link, a pipe or a folder; remove it")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn make(file: &Path) -> io::Result<Installation> {
    let id = Uuid::new_v4().simple().to_string();
    let mut new = File::options().write(true).create(true).truncate(true).mode(PERMISSIONS).open(file)?;
    writeln!(new, "{id}")?;
    new.sync_all()?;
    Installation::new(&id).ok_or_else(|| io::Error::other("the id is none"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn issue_15_the_id_is_made_once_and_for_this_user_alone() {
        let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let first = open(one.path()).unwrap();
        assert_eq!(open(one.path()).unwrap(), first);
        assert_ne!(open(other.path()).unwrap(), first);
        let mode = fs::metadata(one.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, PERMISSIONS);
    }

    #[test]
    fn a_damaged_id_is_made_anew_and_a_link_is_refused() {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(FILE), "short").unwrap();
        open(folder.path()).unwrap();
        fs::remove_file(folder.path().join(FILE)).unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.path().join(FILE)).unwrap();
        assert!(open(folder.path()).is_err());
    }
}
