//! The real API server of `KUBECONFIG`, through a small client of our own: one request, one connection.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campanile_yaml as yaml;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use super::{Answer, eventually, read_answer};

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
    /// The file that leads here.
    pub(crate) kubeconfig: PathBuf,
    pub(crate) token: Option<String>,
}

/// The cluster of the tests, with our definitions in it.
pub(crate) fn cluster() -> Arc<Cluster> {
    static CLUSTER: OnceLock<Arc<Cluster>> = OnceLock::new();
    let shared = CLUSTER.get_or_init(|| {
        let file =
            std::env::var("KUBECONFIG").unwrap_or_else(|_| panic!("KUBECONFIG names no cluster; {START}"));
        let cluster = Cluster::of(&file);
        cluster.define_ours();
        Arc::new(cluster)
    });
    shared.clone()
}

impl Cluster {
    /// One more cluster, for a test that looks at all namespaces. It is empty, and ends with the tests.
    pub(crate) fn another() -> Arc<Self> {
        let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/up"))
            .args(["--parent-pid", &std::process::id().to_string()])
            .env_remove("KUBECONFIG")
            .output()
            .expect("tests/cluster/up can be started");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "no test cluster: {told}; see tests/cluster/README.md");
        Arc::new(Self::of(String::from_utf8_lossy(&output.stdout).trim()))
    }

    /// Applies our definitions.
    pub(crate) fn define_ours(&self) {
        for kind in ["alerts", "providers", "receivers"] {
            self.define(&yaml_file(&format!("deploy/crds/{kind}.yaml")));
        }
    }

    fn of(file: &str) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}; {START}"));
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
            kubeconfig: file.into(),
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

    /// Applies a definition, and waits until it is served.
    pub(crate) fn define(&self, definition: &Value) {
        self.apply(definition);
        let path = path_of(definition);
        eventually(&format!("{path} to be served"), || {
            let found = self.must("GET", &path, &Value::Null);
            let conditions = found["status"]["conditions"].as_array()?.clone();
            conditions.iter().any(|one| one["type"] == "Established" && one["status"] == "True").then_some(())
        });
    }
}

/// The first document of a file of the repository.
pub(crate) fn yaml_file(file: &str) -> Value {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file));
    yaml::parse(&text.expect("the file is there")).expect("it is YAML")[0].to_json()
}

/// The contents of a certificate or key that is given by value or by file.
fn pem(entry: &Value, field: &str) -> Option<Vec<u8>> {
    if let Some(data) = entry[format!("{field}-data")].as_str() {
        return Some(STANDARD.decode(data).expect("base64"));
    }
    entry[field].as_str().map(|file| std::fs::read(file).expect("the file of the kubeconfig is there"))
}

fn tls(roots: RootCertStore, pair: Option<(Vec<u8>, Vec<u8>)>) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
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
