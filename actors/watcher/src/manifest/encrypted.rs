//! Files that are encrypted as a whole: whatever is in them is not known.

use std::path::Path;
use std::sync::Arc;

use campanile_crds::Rule;

use super::{Content, ManifestObject};
use crate::finding::{FilePlace, Finding};

/// The tools, and the bytes with which their files begin.
const TOOLS: [(&str, &[u8]); 5] = [
    ("git-crypt", b"\0GITCRYPT\0"),
    ("age", b"age-encryption.org/v1"),
    ("age", b"-----BEGIN AGE ENCRYPTED FILE-----"),
    ("PGP", b"-----BEGIN PGP MESSAGE-----"),
    ("Ansible Vault", b"$ANSIBLE_VAULT;"),
];

/// The tool that encrypted a file with these bytes at its beginning.
pub(crate) fn by(bytes: &[u8]) -> Option<&'static str> {
    TOOLS.iter().find(|(_, begin)| bytes.starts_with(begin)).map(|(tool, _)| *tool)
}

/// What is known of such a file: what it said before.
pub(crate) fn content(file: &Arc<Path>, tool: &str, last_good: &[ManifestObject]) -> Content {
    let message =
        format!("is encrypted with {tool}, so what it holds is not known; decrypt it before it is read");
    let finding = Finding::warning(Rule::EncryptedFile, FilePlace::whole(file), "", message);
    Content { entries: last_good.to_vec(), remarks: vec![finding], documents: 1, ..Content::default() }
}
