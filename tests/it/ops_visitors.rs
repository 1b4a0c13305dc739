//! Who may speak to the listeners from a browser, and by which names.

use std::net::SocketAddr;

use crate::support::{Answer, Site, event, exchange};

fn ask(at: SocketAddr, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let request = format!("{line} HTTP/1.1\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    exchange(at, request.as_bytes()).expect("an answer")
}

#[test]
fn issue_17_the_operations_api_answers_to_names_of_this_machine_and_to_no_page_of_others() {
    let site = Site::new();
    let instance = site.start(&["--admin-addr=0.0.0.0:0", "--admin-hosts=ops.example,other.example"]);
    instance.wait_for_log("the operations API can be reached from other machines");
    let admin = SocketAddr::from(([127, 0, 0, 1], instance.admin.port()));
    for host in
        ["localhost:9460", "LOCALHOST", "127.0.0.1:9460", "[::1]:9460", "ops.example", "Other.Example:80"]
    {
        assert_eq!(ask(admin, "GET /v1/objects", &[("Host", host)], "").status, 200, "{host}");
    }
    // A page whose name was made to lead here.
    for host in ["evil.example", "localhost.evil.example:9460", "127.0.0.1.evil.example", "10.99.99.99", ""] {
        let answer = ask(admin, "GET /v1/objects", &[("Host", host)], "");
        assert_eq!(answer.status, 403, "{host}");
        assert!(answer.body.contains("allow it with --admin-hosts"), "{}", answer.body);
    }
    for origin in ["http://evil.example", "https://evil.example:9460", "null", "http://127.0.0.1:8000"] {
        let headers = [("Host", "127.0.0.1:9460"), ("Origin", origin), ("Content-Type", "application/json")];
        assert_eq!(ask(admin, "POST /v1/drop", &headers, r#"{"all": true}"#).status, 403, "{origin}");
    }
}

#[test]
fn issue_17_the_event_endpoint_takes_nothing_from_a_page_and_answers_a_connect() {
    let site = Site::new();
    let instance = site.start(&[]);
    let body = event("web", "from a page").to_string();
    for origin in ["http://evil.example", "null"] {
        let headers = [("Host", "127.0.0.1:9090"), ("Origin", origin), ("Content-Type", "text/plain")];
        let answer = ask(instance.events, "POST /", &headers, &body);
        assert_eq!((answer.status, answer.body.as_str()), (403, ""), "{origin}");
    }
    assert_eq!(ask(instance.events, "POST /", &[("Host", "campanile.example")], &body).status, 202);
    let connect = b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n";
    assert_eq!(exchange(instance.events, connect).expect("an answer").status, 400);
    assert_eq!(instance.settle()["intake"]["refused"]["foreign"], 2);
}
