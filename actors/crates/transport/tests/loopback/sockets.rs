//! The bound on the sockets of all clients together.

use std::time::Duration;

use actix_rt::time::timeout;
use campanile_domain::{Connection, FailureClass};
use campanile_transport::{BodyUse, Client, Environment, Limits, Transport};
use futures_util::future::{Either, join, join_all, select};

use crate::support::{Reply, Server, connection, post};

fn narrow(total_sockets: usize) -> Transport {
    Transport::new(Environment::default(), Limits { total_sockets, ..Limits::default() })
}

fn client(transport: &Transport) -> Client {
    transport.client(&connection()).unwrap()
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let waited = async {
        while !condition() {
            actix_rt::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), waited).await.unwrap_or_else(|_| panic!("never: {what}"));
}

#[actix_rt::test]
async fn an_idle_connection_makes_room_for_another_clients() {
    let transport = narrow(2);
    let servers = [
        Server::start(|_| Reply::ok("fine")).await,
        Server::start(|_| Reply::ok("fine")).await,
        Server::start(|_| Reply::ok("fine")).await,
    ];
    let clients = [client(&transport), client(&transport), client(&transport)];
    for (client, server) in clients.iter().zip(&servers) {
        client.send(&post(server.url("/")), BodyUse::Body).await.unwrap();
    }
    let counts = transport.sockets();
    assert_eq!((counts.busy, counts.resting, counts.closed, counts.waited), (0, 2, 1, 0));
    until("the first server sees the end of its connection", || servers[0].open_connections() == 0).await;
    clients[2].send(&post(servers[2].url("/")), BodyUse::Body).await.unwrap();
    clients[0].send(&post(servers[0].url("/")), BodyUse::Body).await.unwrap();
    let connections: Vec<_> = servers.iter().map(Server::connections).collect();
    assert_eq!(connections, [2, 1, 1], "what was closed is opened anew, what was kept is used again");
    drop(clients);
    until("all are closed", || transport.sockets().resting == 0).await;
}

#[actix_rt::test]
async fn a_connection_in_use_is_not_closed_for_another_which_waits_its_turn() {
    let transport = narrow(1);
    let (silent, sound) =
        (Server::start(|_| Reply::Silence).await, Server::start(|_| Reply::ok("fine")).await);
    let impatient = Connection { timeout: Duration::from_millis(300), ..connection() };
    let (hanging, waiting) = (transport.client(&impatient).unwrap(), client(&transport));
    let hang = post(silent.url("/"));
    let other = async {
        until("the first hangs", || silent.seen().len() == 1).await;
        waiting.send(&post(sound.url("/")), BodyUse::Body).await
    };
    let (hung, answered) = join(hanging.send(&hang, BodyUse::Body), other).await;
    assert_eq!(hung.unwrap_err().class(), FailureClass::Timeout);
    assert_eq!(answered.unwrap().status, 200);
    assert_eq!((transport.sockets().waited, silent.connections(), sound.connections()), (1, 1, 1));
}

#[actix_rt::test]
async fn destinations_that_hang_leave_others_their_turn() {
    let transport = narrow(24);
    let (silent, sound) =
        (Server::start(|_| Reply::Silence).await, Server::start(|_| Reply::ok("fine")).await);
    let hanging: Vec<Client> = (0..6).map(|_| client(&transport)).collect();
    let hang = post(silent.url("/"));
    let all_hang =
        join_all(hanging.iter().flat_map(|client| (0..16).map(|_| client.send(&hang, BodyUse::Body))));
    let others: Vec<Client> = (0..6).map(|_| client(&transport)).collect();
    let request = post(sound.url("/"));
    let served = async {
        until("they hang", || silent.seen().len() >= 12).await;
        join_all(others.iter().map(|client| client.send(&request, BodyUse::Body))).await
    };
    let Either::Right((answers, _)) = select(Box::pin(all_hang), Box::pin(served)).await else {
        panic!("nobody answers these")
    };
    assert!(answers.iter().all(Result::is_ok));
    let counts = transport.sockets();
    assert!(silent.connections() + counts.resting <= 24, "{counts:?}");
    assert!(silent.connections() <= 18, "half is for those who have none: {}", silent.connections());
}

#[actix_rt::test]
async fn issue_22_clients_that_work_and_fit_in_keep_their_connections() {
    let transport = narrow(40);
    let server = Server::start(|_| Reply::ok("fine")).await;
    let clients: Vec<Client> = (0..18).map(|_| client(&transport)).collect();
    let request = post(server.url("/"));
    let round = async || {
        let all = clients.iter().flat_map(|client| (0..8).map(|_| client.send(&request, BodyUse::Body)));
        assert!(join_all(all).await.iter().all(Result::is_ok));
    };
    for _ in 0..10 {
        round().await;
    }
    let warm = (server.connections(), transport.sockets().closed);
    for _ in 0..30 {
        round().await;
    }
    assert_eq!((server.connections(), transport.sockets().closed), warm, "{:?}", transport.sockets());
    assert!(transport.sockets().resting >= 36, "two for each: {:?}", transport.sockets());
}

#[actix_rt::test]
async fn issue_22_one_client_that_works_has_more_than_its_part_of_what_idle_ones_leave() {
    let transport = narrow(40);
    let server = Server::start(|_| Reply::ok("fine")).await;
    let idle: Vec<Client> = (0..20).map(|_| client(&transport)).collect();
    let request = post(server.url("/"));
    join_all(idle.iter().map(|client| client.send(&request, BodyUse::Body))).await;
    let busy = client(&transport);
    join_all((0..16).map(|_| busy.send(&request, BodyUse::Body))).await;
    // Half of seven eighths are for those that have none, so it is not all sixteen.
    let counts = transport.sockets();
    assert!(counts.resting >= 28 && counts.closed == 0, "{counts:?}");
}

#[actix_rt::test]
async fn who_gets_no_turn_in_time_is_told_the_remedy() {
    let limits = Limits { total_sockets: 1, turn: Duration::from_millis(50), ..Limits::default() };
    let transport = Transport::new(Environment::default(), limits);
    let silent = Server::start(|_| Reply::Silence).await;
    let (first, second) = (client(&transport), client(&transport));
    let hang = post(silent.url("/"));
    let refused = async {
        until("the first hangs", || silent.seen().len() == 1).await;
        second.send(&hang, BodyUse::Body).await.unwrap_err()
    };
    let Either::Right((error, _)) =
        select(Box::pin(first.send(&hang, BodyUse::Body)), Box::pin(refused)).await
    else {
        panic!("nobody answers")
    };
    assert_eq!(error.class(), FailureClass::Timeout);
    assert_eq!(
        error.to_string(),
        "get a socket within 50ms: all 1 of this process are in use; raise its limit of open files, or mend the \
         destinations that hang"
    );
}
