use super::*;

fn at(host: &str, port: u16) -> Endpoint {
    Endpoint::new(host, port)
}

fn judge(guard: &AddressGuard, ip: &str, port: u16) -> Result<(), Closed> {
    guard.judge_address(&at("example.com", port), ip.parse().unwrap())
}

fn destinations(list: &[&str]) -> Vec<Destination> {
    list.iter().map(|text| text.parse().unwrap()).collect()
}

/// The address that the system would send from; that of loopback on a machine that has no other.
fn own_address() -> IpAddr {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let loopback = IpAddr::from([127, 0, 0, 1]);
    socket.connect("192.0.2.1:9").map_or(loopback, |()| socket.local_addr().unwrap().ip())
}

#[test]
fn issue_15_the_machine_and_what_tells_it_about_itself_are_closed_in_every_form() {
    let guard = AddressGuard::of_the_machine();
    let table = [
        (Closed::Loopback, ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]),
        (Closed::Unspecified, ["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"]),
        (Closed::LinkLocal, ["169.254.169.254", "169.254.170.2", "fe80::1", "::ffff:169.254.169.254"]),
        (Closed::Metadata, ["fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16"]),
        // NAT64, 6to4, and IPv4 inside IPv6 as it once was written.
        (
            Closed::LinkLocal,
            ["64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::1", "::a9fe:a9fe"],
        ),
    ];
    for (closed, addresses) in table {
        for ip in addresses {
            assert_eq!(judge(&guard, ip, 80), Err(closed), "{ip}");
        }
    }
    for ip in ["10.0.0.1", "192.168.1.1", "142.250.1.1", "fd00::1", "2001:db8::1", "64:ff9b::808:808"] {
        assert_eq!(judge(&guard, ip, 80), Ok(()), "{ip}");
    }
}

#[test]
fn issue_15_every_spelling_of_an_address_is_that_address() {
    let guard = AddressGuard::of_the_machine();
    for host in
        ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "::1"]
    {
        assert_eq!(guard.judge(&at(host, 80)), Err(Closed::Loopback), "{host}");
    }
    assert_eq!(guard.judge(&at("0", 80)), Err(Closed::Unspecified));
    assert_eq!(guard.judge(&at("example.com", 80)), Ok(()));
}

#[test]
fn issue_15_an_address_of_an_interface_is_closed() {
    let (own, guard) = (own_address(), AddressGuard::of_the_machine());
    let closed = guard.judge_address(&at("example.com", 80), own);
    assert_eq!(closed, Err(if own.is_loopback() { Closed::Loopback } else { Closed::Own }));
    assert!(own::is_own(own) && own::is_own("127.0.0.1".parse().unwrap()));
    assert!(!own::is_own("192.0.2.1".parse().unwrap()));
}

#[test]
fn issue_15_private_networks_are_closed_where_that_is_asked_for() {
    let guard = AddressGuard::of_the_machine().with_private();
    for ip in ["10.1.2.3", "172.31.0.1", "192.168.0.1", "100.64.0.1", "fd12::1", "64:ff9b::a01:203"] {
        assert_eq!(judge(&guard, ip, 443), Err(Closed::Private), "{ip}");
        assert!(is_private(ip.parse().unwrap()), "{ip}");
    }
    for ip in ["172.32.0.1", "8.8.8.8", "2001:4860:4860::8888"] {
        assert_eq!(judge(&guard, ip, 443), Ok(()), "{ip}");
        assert!(!is_private(ip.parse().unwrap()), "{ip}");
    }
}

#[test]
fn issue_15_what_is_allowed_is_open_by_network_name_and_port() {
    let allowed = destinations(&["127.0.0.0/8", "10.0.0.7:4222", "Relay.Tools.svc.", "[::1]:80"]);
    let guard = AddressGuard::of_the_machine().with_private().allowing(allowed);
    assert_eq!(judge(&guard, "127.0.0.1", 1), Ok(()));
    assert_eq!(judge(&guard, "::ffff:127.0.0.1", 1), Ok(()));
    assert_eq!(judge(&guard, "10.0.0.7", 4222), Ok(()));
    assert_eq!(judge(&guard, "10.0.0.7", 80), Err(Closed::Private));
    assert_eq!(judge(&guard, "::1", 80), Ok(()));
    assert_eq!(judge(&guard, "::1", 81), Err(Closed::Loopback));
    let ip = "10.0.0.9".parse().unwrap();
    assert_eq!(guard.judge_address(&at("relay.tools.SVC", 80), ip), Ok(()));
    assert_eq!(guard.judge_address(&at("evil.relay.tools.svc", 80), ip), Err(Closed::Private));
}

#[test]
fn issue_15_own_services_and_the_api_server_are_closed_by_name_and_by_address() {
    let closed = [
        (Destination::service("notification-controller", "flux-system"), Closed::Service),
        (Destination::host("10.96.0.20", None).unwrap(), Closed::Service),
        (Destination::service("kubernetes", "default"), Closed::ApiServer),
        (Destination::host("10.96.0.1", None).unwrap(), Closed::ApiServer),
    ];
    let guard = AddressGuard::of_the_machine().with(closed);
    for name in [
        "notification-controller",
        "notification-controller.flux-system",
        "Notification-Controller.flux-system.svc",
        "notification-controller.flux-system.svc.cluster.local.",
    ] {
        assert_eq!(guard.judge(&at(name, 80)), Err(Closed::Service), "{name}");
    }
    assert_eq!(guard.judge(&at("kubernetes.default.svc", 443)), Err(Closed::ApiServer));
    // By an alias in a namespace of the tenant's.
    assert_eq!(judge(&guard, "10.96.0.20", 80), Err(Closed::Service));
    assert_eq!(judge(&guard, "10.96.0.1", 443), Err(Closed::ApiServer));
    for name in ["notification-controller.apps.svc", "notification-controller.flux-system2", "kubernetes.io"]
    {
        assert_eq!(guard.judge(&at(name, 80)), Ok(()), "{name}");
    }
}

#[test]
fn issue_15_nothing_opens_own_listeners() {
    let listeners = ["127.0.0.1:9460", "[::]:9090"].map(|text| text.parse().unwrap());
    let guard = AddressGuard::of_the_machine()
        .without_loopback()
        .allowing(destinations(&["0.0.0.0/0", "::/0", "localhost"]))
        .with_listeners(listeners);
    for (ip, port) in [
        ("127.0.0.1", 9460),
        ("::ffff:127.0.0.1", 9460),
        ("0.0.0.0", 9460),
        ("127.0.0.1", 9090),
        ("127.3.2.1", 9090),
        ("::1", 9090),
        ("::", 9090),
    ] {
        assert_eq!(judge(&guard, ip, port), Err(Closed::Listener), "{ip}:{port}");
    }
    let local = guard.judge_address(&at("localhost", 9090), "127.0.0.1".parse().unwrap());
    assert_eq!(local, Err(Closed::Listener));
    assert_eq!(guard.judge_address(&at("example.com", 9090), own_address()), Err(Closed::Listener));
    for (ip, port) in [("127.0.0.1", 9461), ("10.0.0.1", 9090), ("::1", 9460)] {
        assert_eq!(judge(&guard, ip, port), Ok(()), "{ip}:{port}");
    }
}

#[test]
fn with_loopback_open_the_rest_of_the_machine_stays_closed() {
    let guard = AddressGuard::of_the_machine().without_loopback();
    assert_eq!(judge(&guard, "127.0.0.1", 80), Ok(()));
    assert_eq!(judge(&guard, "::1", 80), Ok(()));
    assert_eq!(judge(&guard, "0.0.0.0", 80), Err(Closed::Unspecified));
    assert_eq!(judge(&guard, "169.254.169.254", 80), Err(Closed::LinkLocal));
}

#[test]
fn nothing_is_closed_by_default() {
    assert_eq!(judge(&AddressGuard::default(), "127.0.0.1", 80), Ok(()));
}

#[test]
fn what_is_no_destination_is_refused() {
    for text in ["", "10.0.0.0/33", "host:port", "a b", "http://x", "*.example.com", ":80"] {
        assert_eq!(text.parse::<Destination>(), Err(DestinationError), "{text:?}");
    }
}
