//! The state folder is this process' own: messages lie in it, and whoever can put a link there has us write elsewhere.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::process::geteuid;

/// Permissions of a folder that is made here.
const FOLDER: u32 = 0o700;
/// Permissions of files.
const FILE: u32 = 0o600;
/// The permission of everybody to write.
const EVERYBODY_WRITES: u32 = 0o002;

/// Makes the folder, for this user alone. One that is there keeps its permissions, since an operator chose them; but below
/// a folder that everybody can write, as `/tmp`, it must belong to this user or to root.
///
/// # Errors
/// It cannot be made, or another user made it.
pub(super) fn folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(folder)?;
    let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
    let is_open = fs::metadata(parent)?.mode() & EVERYBODY_WRITES != 0;
    let owner = fs::symlink_metadata(folder)?.uid();
    if is_open && ![geteuid().as_raw(), 0].contains(&owner) {
        let cause = format!("it belongs to user {owner}, and everybody can write the folder above it");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, cause));
    }
    Ok(())
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
