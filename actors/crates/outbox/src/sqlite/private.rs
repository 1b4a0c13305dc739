//! The state folder is this process' own: messages lie in it, and whoever can put a link there has us write elsewhere.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::process::geteuid;

/// Permissions of a folder that is made here.
const FOLDER: u32 = 0o700;
/// The permissions of files: the owner alone.
const FILE: u32 = 0o600;
/// The permission of everybody to write.
const EVERYBODY_WRITES: u32 = 0o002;

/// Makes the folder, for this user alone. One that is there keeps its permissions, since an operator chose them; but what is
/// below a folder that everybody can write, as `/tmp`, must belong to this user or to root: whoever owns it can put
/// another folder in its place.
///
/// # Errors
/// It cannot be made, or another user made it or a folder above it.
pub(super) fn folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(folder)?;
    // A link in the path counts as well as what it leads to.
    for path in [std::path::absolute(folder)?, fs::canonicalize(folder)?] {
        path.ancestors().try_for_each(|path| owned(path, &[geteuid().as_raw(), 0]))?;
    }
    Ok(())
}

/// Refuses a path that belongs to none of `users` where everybody may write the folder above it.
fn owned(path: &Path, users: &[u32]) -> io::Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    let owner = fs::symlink_metadata(path)?.uid();
    if users.contains(&owner) || fs::metadata(parent)?.mode() & EVERYBODY_WRITES == 0 {
        return Ok(());
    }
    let (path, parent) = (path.display(), parent.display());
    let cause = format!("{path} belongs to user {owner}, and everybody can write {parent} above it");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, cause))
}

/// Opens a file to write, which is made if it is missing, and takes the permissions of others away.
///
/// # Errors
/// It cannot be opened, or something else has its name: a link or a pipe.
pub(super) fn file(path: &Path) -> io::Result<File> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => {
            let name = path.file_name().unwrap_or_default().display();
            return Err(io::Error::other(format!("'{name}' is a link, a pipe or a folder; remove it")));
        }
        _ => {}
    }
    let file = File::options().write(true).create(true).truncate(false).mode(FILE).open(path)?;
    let mut permissions = file.metadata()?.permissions();
    if permissions.mode() & 0o777 != FILE {
        permissions.set_mode(FILE);
        // One of another user that we may write stays as that user wants it.
        file.set_permissions(permissions).or_else(|error| {
            if error.kind() == io::ErrorKind::PermissionDenied { Ok(()) } else { Err(error) }
        })?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn issue_15_what_another_user_owns_below_a_folder_of_everybody_is_refused() {
        let above = TempDir::new().unwrap();
        let set_mode = |mode| fs::set_permissions(above.path(), fs::Permissions::from_mode(mode)).unwrap();
        let below = above.path().join("state");
        fs::create_dir(&below).unwrap();
        let link = above.path().join("link");
        std::os::unix::fs::symlink(&below, &link).unwrap();
        let owner = fs::metadata(&below).unwrap().uid();
        // Sticky, as `/tmp` is: others cannot remove what is ours, but they can come first.
        set_mode(0o1777);
        for path in [&below, &link] {
            owned(path, &[owner]).unwrap();
            let error = owned(path, &[owner + 1]).unwrap_err().to_string();
            assert!(error.contains(&format!("belongs to user {owner}, and everybody can write")), "{error}");
            assert!(error.starts_with(path.to_str().unwrap()), "{error}");
        }
        set_mode(0o755);
        owned(&below, &[owner + 1]).unwrap();
    }
}
