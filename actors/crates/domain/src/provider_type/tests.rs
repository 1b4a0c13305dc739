use super::*;
use std::path::PathBuf;

#[test]
fn every_window_of_a_limit_stays_below_it() {
    for kind in ProviderType::all() {
        let Some(rate) = kind.rate() else { continue };
        let most_in_a_window = 1 + rate.per.as_nanos() / rate.spacing().as_nanos();
        assert!(most_in_a_window <= u128::from(rate.messages), "{kind:?}: {most_in_a_window}");
    }
}

#[test]
fn every_limit_says_where_it_is_published() {
    for kind in ProviderType::all() {
        let is_cited = kind.rate_source().contains("<https://");
        assert_eq!(kind.rate().is_some(), is_cited, "{kind:?}: {}", kind.rate_source());
    }
}

#[test]
fn slack_gets_less_than_a_message_a_second_and_a_webhook_of_ones_own_what_it_can_take() {
    let rate = |name| ProviderType::named(name).and_then(ProviderType::rate).map(Rate::spacing);
    assert_eq!(rate("slack"), Some(Duration::from_millis(1100)));
    assert_eq!(rate("generic"), None);
}

/// The module of a type in the crate of the providers.
fn module(kind: ProviderType) -> String {
    kind.name().replace('-', "_").replace('.', "")
}

/// The file that names the module of each type.
fn modules() -> String {
    let mut sorted: Vec<String> = ProviderType::all().map(module).collect();
    sorted.sort_unstable();
    let declared: String = sorted.iter().map(|module| format!("pub(crate) mod {module};\n")).collect();
    let listed = |what: &dyn Fn(&str) -> String| -> String {
        let line = |kind| format!("    (\"{}\", {}),\n", ProviderType::name(kind), what(&module(kind)));
        ProviderType::all().map(line).collect()
    };
    let built = listed(&|module| format!("{module}::build"));
    let sampled = listed(&|module| format!("&{module}::SAMPLE"));
    format!(
        "//! The types, one file each. A test writes this file from the table of types:\n\
         //! `CAMPANILE_WRITE_PAGES=1 cargo test -p campanile-domain provider_type`.\n\
         \n\
         use crate::provider::Build;\n\
         use crate::sample::Sample;\n\
         \n\
         {declared}\n\
         /// How the Providers of each type are built, in the order of the table.\n\
         pub(crate) static BUILDS: &[(&str, Build)] = &[\n{built}];\n\
         \n\
         /// A Provider of each type, in the same order.\n\
         pub(crate) static SAMPLES: &[(&str, &Sample)] = &[\n{sampled}];\n"
    )
}

#[test]
fn provider_type_the_list_of_modules_is_that_of_the_table() {
    let place: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "providers", "src", "kinds.rs"].iter().collect();
    let (written, right) = (std::fs::read_to_string(&place).unwrap(), modules());
    if std::env::var("CAMPANILE_WRITE_PAGES").is_ok_and(|value| value == "1") {
        std::fs::write(&place, right).unwrap();
    } else {
        assert!(
            written == right,
            "write actors/crates/providers/src/kinds.rs anew with CAMPANILE_WRITE_PAGES=1"
        );
    }
}
