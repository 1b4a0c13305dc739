//! The end: in order, and by itself whatever hangs.

use std::fs;
use std::net::TcpListener;

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Authority, Site, event, everything_from, provider};

/// A destination that takes a connection and never answers, and a pipe in the place of a file, on whose reader the runtime
/// would wait for ever.
#[test]
fn issue_15_the_program_ends_by_itself_whatever_hangs() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/", silent.local_addr().expect("an address"));
    let mut hook = provider("hook", "generic", json!({ "address": address }));
    hook["spec"]["timeout"] = "10m".into();
    let site = Site::with(&[hook, everything_from("hook")]);
    let files = TempDir::with_prefix("campanile-end-").expect("a folder");
    let leaf = Authority::named("own").sign("127.0.0.1");
    let (certificate, key) = (files.path().join("tls.crt"), files.path().join("tls.key"));
    fs::write(&certificate, &leaf.certificate).expect("the folder is ours");
    fs::write(&key, &leaf.key).expect("the folder is ours");
    let mut instance = site.start(&[
        "--events-tls-addr=127.0.0.1:0",
        &format!("--tls-cert-file={}", certificate.display()),
        &format!("--tls-key-file={}", key.display()),
    ]);
    instance.accept(&event("web", "on its way for ever"));
    let (_delivery, _) = silent.accept().expect("a delivery is under way");
    let pipe = files.path().join("pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
    fs::rename(&pipe, &key).expect("the folder is ours");
    // Opened as soon as the program reads it; what it reads never comes.
    let _never_writes = fs::File::options().write(true).open(&key).expect("the program opens the other end");
    assert_eq!(instance.stop(), Some(0));
    assert!(instance.logged("stopped, everything is written"), "it ended in order");
}
