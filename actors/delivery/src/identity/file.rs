//! Files with keys and tokens, read anew each time: whoever puts them there renews them.

use std::io::{Error, ErrorKind, Read, Result as IoResult};
use std::path::{Path, PathBuf};

use actix_rt::task::spawn_blocking;
use campanile_domain::{Failure, FailureClass};

/// Longest file with a token or a key, in bytes.
const LONGEST: u64 = 64 * 1024;

/// What is in a file that must be there.
pub(super) async fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    bytes(path).await?.map_err(|error| failed(path, &error.to_string()))
}

/// What is in a file, if it is there.
pub(super) async fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match bytes(path).await? {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(failed(path, &error.to_string())),
    }
}

/// The text of a file that must be there, without the white space around it.
pub(super) async fn read_text(path: &Path) -> Result<String, Failure> {
    let text = String::from_utf8(read(path).await?).map_err(|_| failed(path, "it is no text"))?;
    Ok(text.trim().to_owned())
}

async fn bytes(path: &Path) -> Result<IoResult<Vec<u8>>, Failure> {
    let file = PathBuf::from(path);
    let read = spawn_blocking(move || {
        let mut bytes = Vec::new();
        // A pipe or a device that a Secret names would hold this thread for ever.
        if !std::fs::metadata(&file)?.is_file() {
            return Err(Error::new(ErrorKind::InvalidInput, "it is no regular file"));
        }
        std::fs::File::open(file)?.take(LONGEST).read_to_end(&mut bytes).map(|_| bytes)
    });
    read.await.map_err(|error| failed(path, &error.to_string()))
}

fn failed(path: &Path, cause: &str) -> Failure {
    let text = format!("failed to get token: read {}: {cause}; mount it", path.display());
    Failure::new(FailureClass::Config, text)
}
