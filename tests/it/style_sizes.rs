//! Files stay readable: none is longer than 500 lines. Clippy bounds functions and arguments.

use std::path::{Path, PathBuf};

const MOST_LINES: usize = 500;

/// Adds all Rust files below `folder` to `found`.
pub(crate) fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read").flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target" && name != ".git") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Whether this is code that the program runs: no tests, and none of what only tests use.
pub(crate) fn is_shipped(path: &Path) -> bool {
    let for_tests = |part: &std::ffi::OsStr| {
        let name = part.to_str().unwrap_or_default();
        ["tests", "compliance", "testing", "benches"].contains(&name.trim_end_matches(".rs"))
    };
    !path.iter().any(for_tests)
}

#[test]
fn style_pure_crates_touch_neither_environment_nor_files_nor_sockets() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    for krate in ["cel", "pattern", "yaml", "domain", "providers", "protocol"] {
        let mut files = Vec::new();
        sources(&root.join("actors/crates").join(krate).join("src"), &mut files);
        assert!(files.len() > 5, "{krate} was not read");
        for path in files.iter().filter(|path| is_shipped(path.strip_prefix(root).expect("it is below"))) {
            let text = std::fs::read_to_string(path).expect("a source file is text");
            let touched = ["std::env", "env::var", "std::fs", "std::net::Tcp", "std::process"];
            wrong.extend(
                touched.iter().filter(|what| text.contains(**what)).map(|what| (path.clone(), *what)),
            );
        }
    }
    assert!(wrong.is_empty(), "the composition root reads these and hands them on: {wrong:#?}");
}

#[test]
fn style_no_source_file_outgrows_its_room() {
    let mut files = Vec::new();
    sources(Path::new(env!("CARGO_MANIFEST_DIR")), &mut files);
    assert!(files.len() > 50, "the tree was not read");
    let lines = |path: &PathBuf| std::fs::read_to_string(path).map_or(0, |text| text.lines().count());
    let long: Vec<_> = files.iter().filter(|path| lines(path) > MOST_LINES).collect();
    assert!(long.is_empty(), "longer than {MOST_LINES} lines: {long:#?}");
}
