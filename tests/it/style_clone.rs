//! A clone alone is whole: nothing in it names what lies beside it.

use crate::support::files;

#[test]
fn style_nothing_names_a_folder_beside_the_clone() {
    // Not written as it is searched for, since this file is searched too.
    let beside = ["..", "shared"].join("/");
    let names_it = |path: &std::path::Path| {
        let bytes = std::fs::read(path).expect("the file can be read");
        bytes.windows(beside.len()).any(|part| part == beside.as_bytes())
    };
    let found = files().into_iter().filter(|(_, path)| names_it(path)).map(|(below, _)| below);
    let found: Vec<_> = found.collect();
    assert!(found.is_empty(), "these name {beside}: {found:?}");
}
