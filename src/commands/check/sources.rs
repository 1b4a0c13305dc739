//! The manifests to check: folders, files and standard input.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use campanile_watcher::{Loaded, load};

/// Largest text that is read from standard input, in bytes.
const MOST_BYTES: u64 = 16 << 20;

/// Standard input among the paths.
const STDIN: &str = "-";

/// Reads all of them as one state. A path below another one, or twice the same, is read once.
pub(super) fn read(sources: &[PathBuf]) -> Result<Loaded> {
    let resolved: Vec<PathBuf> =
        sources.iter().map(|source| source.canonicalize().unwrap_or_else(|_| source.clone())).collect();
    let is_covered = |place: usize| {
        let covers = |other: usize| {
            let (outer, inner) = (&resolved[other], &resolved[place]);
            other != place && inner.starts_with(outer) && (inner != outer || other < place)
        };
        (0..resolved.len()).any(covers)
    };
    let parts = sources.iter().enumerate().filter(|(place, _)| !is_covered(*place));
    Ok(Loaded::together(parts.map(|(_, source)| read_one(source)).collect::<Result<Vec<_>>>()?))
}

fn read_one(source: &Path) -> Result<Loaded> {
    if source == Path::new(STDIN) {
        return stdin();
    }
    load(source).map_err(|error| error.source).with_context(|| {
        format!("read the manifests in {}: name a folder or a file that exists", source.display())
    })
}

fn stdin() -> Result<Loaded> {
    let mut text = String::new();
    let mut input = std::io::stdin().lock().take(MOST_BYTES + 1);
    input.read_to_string(&mut text).context("read manifests from standard input")?;
    ensure!(
        text.len() as u64 <= MOST_BYTES,
        "read manifests from standard input: more than {MOST_BYTES} bytes"
    );
    Ok(Loaded::from_text(Path::new("<stdin>"), &text))
}
