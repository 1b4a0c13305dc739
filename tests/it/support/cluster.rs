//! The real API server of `KUBECONFIG`, through a small client of our own: one request, one connection.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campanile_domain::yaml;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use super::{Answer, Sink, event, eventually, everything_from, provider, read_answer};

/// How one starts a cluster for the tests.
const START: &str = "start one with: export KUBECONFIG=$(tests/cluster/up --parent-pid $$)";

/// A connection to the API server.
pub(crate) type ApiStream = StreamOwned<ClientConnection, TcpStream>;

/// Where the API server is, and who we are: an administrator.
pub(crate) struct Cluster {
    host: String,
    port: u16,
    /// Shows the administrator's certificate, if it has one.
    tls: Arc<ClientConfig>,
    /// Shows none, for requests with a token of their own.
    anonymous: Arc<ClientConfig>,
    pub(crate) token: Option<String>,
}

/// The cluster of the tests, with our definitions in it.
pub(crate) fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let cluster = Cluster::from_environment();
        for kind in ["alerts", "providers", "receivers"] {
            cluster.define(&format!("deploy/crds/{kind}.yaml"));
        }
        cluster
    })
}

impl Cluster {
    fn from_environment() -> Self {
        let file =
            std::env::var("KUBECONFIG").unwrap_or_else(|_| panic!("KUBECONFIG names no cluster; {START}"));
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}; {START}"));
        let config = yaml::parse(&text).expect("the kubeconfig is YAML")[0].to_json();
        let (server, user) = (&config["clusters"][0]["cluster"], &config["users"][0]["user"]);
        let address = server["server"].as_str().expect("a server").trim_start_matches("https://");
        let (host, port) = address.trim_end_matches('/').rsplit_once(':').expect("a port");
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(&pem(server, "certificate-authority").expect("a CA"));
        roots.add(ca.expect("the CA is PEM")).expect("the CA is sound");
        let anonymous = tls(roots.clone(), None);
        let pair = pem(user, "client-certificate").zip(pem(user, "client-key"));
        Self {
            host: host.to_owned(),
            port: port.parse().expect("a port"),
            tls: tls(roots, pair),
            anonymous,
            token: user["token"].as_str().map(str::to_owned),
        }
    }

    /// Opens a connection; one for a request that brings its own token does not show who we are.
    pub(crate) fn connect(&self, own_token: bool) -> io::Result<ApiStream> {
        let config = if own_token { &self.anonymous } else { &self.tls };
        let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(config.clone(), name).map_err(io::Error::other)?;
        let stream = TcpStream::connect((self.host.as_str(), self.port))?;
        stream.set_nodelay(true)?;
        Ok(StreamOwned::new(connection, stream))
    }

    /// One request of the administrator.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let content = match method {
            "PATCH" if path.contains("fieldManager=") => "application/apply-patch+yaml",
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let login =
            self.token.iter().map(|token| format!("Authorization: Bearer {token}\r\n")).collect::<String>();
        // In HTTP/1.0 an answer ends with its connection, and comes in one piece.
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nAccept: application/json\r\nContent-Type: {content}\r\nContent-Length: {}\r\n{login}\r\n",
            self.host,
            body.len()
        );
        let mut stream = self.connect(self.token.is_some()).expect("the API server is up");
        stream.write_all([head, body].concat().as_bytes()).expect("the API server reads");
        read_answer(&mut stream).expect("the API server answers")
    }

    /// One request that must succeed.
    pub(crate) fn must(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.ask(method, path, body);
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.body);
        serde_json::from_str(&answer.body).expect("the API server speaks JSON")
    }

    /// Makes an object, or changes it into this, and returns what is stored.
    pub(crate) fn apply(&self, object: &Value) -> Value {
        self.must("PATCH", &format!("{}?fieldManager=test&force=true", path_of(object)), object)
    }

    /// Applies the definition in a file of the repository, and waits until it is served.
    pub(crate) fn define(&self, file: &str) {
        let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file));
        let definition = yaml::parse(&text.expect("the file is there")).expect("it is YAML")[0].to_json();
        self.apply(&definition);
        let path = path_of(&definition);
        eventually(&format!("{file} to be served"), || {
            let found = self.must("GET", &path, &Value::Null);
            let conditions = found["status"]["conditions"].as_array()?.clone();
            conditions.iter().any(|one| one["type"] == "Established" && one["status"] == "True").then_some(())
        });
    }
}

/// The contents of a certificate or key that is given by value or by file.
fn pem(entry: &Value, field: &str) -> Option<Vec<u8>> {
    if let Some(data) = entry[format!("{field}-data")].as_str() {
        return Some(STANDARD.decode(data).expect("base64"));
    }
    entry[field].as_str().map(|file| std::fs::read(file).expect("the file of the kubeconfig is there"))
}

fn tls(roots: RootCertStore, pair: Option<(Vec<u8>, Vec<u8>)>) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .with_root_certificates(roots);
    Arc::new(match pair {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = CertificateDer::pem_slice_iter(&certificate).collect::<Result<_, _>>().expect("PEM");
            let key = PrivateKeyDer::from_pem_slice(&key).expect("PEM");
            builder.with_client_auth_cert(chain, key).expect("key and certificate fit")
        }
    })
}

/// Where an object is.
pub(crate) fn path_of(object: &Value) -> String {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
    let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
    let plural = match kind.as_str() {
        "GitRepository" => "gitrepositories".to_owned(),
        _ => format!("{}s", kind.to_lowercase()),
    };
    let name = text(&object["metadata"]["name"]);
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("{root}/namespaces/{namespace}/{plural}/{name}"),
        None => format!("{root}/{plural}/{name}"),
    }
}

/// A namespace of its own for a test. What is in it goes when the test ends.
pub(crate) struct Namespace {
    pub(crate) name: String,
}

impl Namespace {
    /// A new one; `name` tells whose it is.
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("it-{name}-{:08x}", fastrand::u32(..));
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        cluster().must("POST", "/api/v1/namespaces", &object);
        Self { name }
    }

    /// `object` in this namespace.
    pub(crate) fn place(&self, mut object: Value) -> Value {
        object["metadata"]["namespace"] = self.name.as_str().into();
        object
    }

    /// Makes or changes an object here, and returns what is stored.
    pub(crate) fn apply(&self, object: Value) -> Value {
        cluster().apply(&self.place(object))
    }

    pub(crate) fn delete(&self, object: Value) {
        cluster().must("DELETE", &path_of(&self.place(object)), &Value::Null);
    }

    /// Provider `chat` with an Alert that takes every Kustomization here to `sink`.
    pub(crate) fn notify(&self, sink: &Sink) {
        self.apply(provider("chat", "generic", json!({"address": sink.url("/hook")})));
        self.apply(everything_from("chat"));
    }

    /// An event about a Kustomization here.
    pub(crate) fn event(&self, name: &str, message: &str) -> Value {
        let mut event = event(name, message);
        event["involvedObject"]["namespace"] = self.name.as_str().into();
        event
    }

    /// The path of everything of a kind here; `group` has its version.
    pub(crate) fn all(&self, group: &str, plural: &str) -> String {
        let root = if group.contains('/') { "apis" } else { "api" };
        format!("/{root}/{group}/namespaces/{}/{plural}", self.name)
    }

    /// Waits until the status of one of our objects is `wanted`.
    pub(crate) fn status(&self, plural: &str, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let path = format!("{}/{name}", self.all("notification.toolkit.fluxcd.io/v1beta3", plural));
        let mut last = Value::Null;
        eventually(&format!("the status of {plural}/{name} to be as wanted"), || {
            let status = cluster().must("GET", &path, &Value::Null)["status"].take();
            if status != last {
                println!("the status of {plural}/{name} is {status}");
                last = status.clone();
            }
            wanted(&status).then_some(status)
        })
    }

    /// The token of a service account here.
    pub(crate) fn token(&self, account: &str) -> String {
        let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
        let path = format!("{}/{account}/token", self.all("v1", "serviceaccounts"));
        let answer = cluster().must("POST", &path, &request);
        answer["status"]["token"].as_str().expect("a token").to_owned()
    }
}

impl Drop for Namespace {
    /// Nobody empties a namespace of the test cluster, so it is done here. What fails is of no interest to the test.
    fn drop(&mut self) {
        for plural in ["alerts", "providers"] {
            let all = self.all("notification.toolkit.fluxcd.io/v1beta3", plural);
            cluster().ask("DELETE", &all, &Value::Null);
        }
        cluster().ask("DELETE", &self.all("v1", "secrets"), &Value::Null);
        cluster().ask("DELETE", &format!("/api/v1/namespaces/{}", self.name), &Value::Null);
    }
}

/// The condition of a type in a status.
pub(crate) fn condition(status: &Value, kind: &str) -> Value {
    let all = status["conditions"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|one| one["type"] == kind).unwrap_or_default()
}

/// Whether a status says that the object is ready.
pub(crate) fn is_ready(status: &Value) -> bool {
    condition(status, "Ready")["status"] == "True"
}

/// Reads what is there without waiting for more than the socket's timeout; none at the end of the stream.
pub(crate) fn read_some(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    match stream.read(buffer) {
        Ok(0) => Ok(None),
        Ok(count) => Ok(Some(count)),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            Ok(Some(0))
        }
        Err(error) => Err(error),
    }
}
