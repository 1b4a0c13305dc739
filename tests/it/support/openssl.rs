//! An authority by the command `openssl`, for certificates that other tools of the tests cannot make.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::authority::Leaf;

/// Nothing of the machine's own configuration.
const CONFIG: &str = "\
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical,CA:TRUE
";

/// A running `openssl s_server`. It ends with the test.
pub(crate) struct TlsServer {
    child: Child,
    /// `HOST:PORT`.
    pub(crate) address: String,
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).ok();
    }
}

pub(crate) struct OpenSsl {
    folder: TempDir,
}

impl OpenSsl {
    /// An authority with a key on `curve`, and a certificate of its own that is signed with SHA-512.
    pub(crate) fn authority(curve: &str) -> Self {
        Self::with_key(&["ec", "-pkeyopt", &format!("ec_paramgen_curve:{curve}")])
    }

    /// The same with a key of any kind.
    pub(crate) fn with_key(key: &[&str]) -> Self {
        let folder = TempDir::with_prefix("campanile-openssl-").expect("a temporary folder can be made");
        let authority = Self { folder };
        authority.write("config", CONFIG);
        let key = Self::request("authority", key);
        let own = ["-x509", "-extensions", "authority", "-sha512", "-days", "2", "-out", "authority.pem"];
        authority.run(&[&key[..], &own.map(str::to_owned)].concat());
        authority
    }

    /// Its certificate.
    pub(crate) fn pem(&self) -> String {
        self.read("authority.pem")
    }

    /// A certificate for an address, with a key on P-256, signed with SHA-512.
    pub(crate) fn sign_with_sha512(&self, address: &str) -> Leaf {
        self.write("extensions", &format!("subjectAltName = IP:{address}\n"));
        self.sign(
            "server",
            &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            &["-sha512", "-extfile", "extensions"],
        )
    }

    /// A certificate for an address, with a key and a signature of these kinds.
    pub(crate) fn sign_as(&self, address: &str, key: &[&str], digest: &str) -> Leaf {
        self.write("extensions", &format!("subjectAltName = IP:{address}\n"));
        self.sign("server", key, &[digest, "-extfile", "extensions"])
    }

    /// Starts a server on loopback that shows the certificate signed last, and does nothing but TLS.
    pub(crate) fn serve(&self, flags: &[&str]) -> TlsServer {
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-key", "server.key", "-www"])
            .args(flags)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command openssl is there");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let told = lines.find_map(|line| line.ok()?.strip_prefix("ACCEPT ").map(str::to_owned));
        let address = told.unwrap_or_else(|| panic!("openssl s_server {flags:?} does not listen"));
        // Whoever reads no more of its output makes it fail.
        std::thread::spawn(move || lines.for_each(drop));
        TlsServer { child, address }
    }

    /// A certificate of X.509 v1 for a client, with an RSA key.
    pub(crate) fn sign_version_1(&self, name: &str) -> Leaf {
        let leaf = self.sign(name, &["rsa:2048"], &["-sha256"]);
        let shown = self.run(&["x509", "-noout", "-text", "-in", &format!("{name}.pem")].map(str::to_owned));
        assert!(shown.contains("Version: 1 "), "this openssl makes no X.509 v1: {shown}");
        leaf
    }

    fn sign(&self, name: &str, key: &[&str], how: &[&str]) -> Leaf {
        let request = format!("{name}.csr");
        let certificate = format!("{name}.pem");
        self.run(&[&Self::request(name, key)[..], &["-out".to_owned(), request.clone()]].concat());
        let by = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-days", "2"];
        let what = ["x509", "-req", "-in", &request, "-out", &certificate];
        self.run(&[&what[..], &by, how].concat().iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        Leaf { certificate: self.read(&certificate), key: self.read(&format!("{name}.key")) }
    }

    /// How one asks for a certificate of that name, with a new key.
    fn request(name: &str, key: &[&str]) -> Vec<String> {
        let words = ["req", "-new", "-config", "config", "-nodes", "-newkey"];
        let words = words.iter().chain(key).map(|&word| word.to_owned());
        let own = ["-subj".to_owned(), format!("/CN={name}"), "-keyout".to_owned(), format!("{name}.key")];
        words.chain(own).collect()
    }

    /// Runs the command in its folder, and returns what it printed.
    fn run(&self, arguments: &[String]) -> String {
        let output = Command::new("openssl").args(arguments).current_dir(self.folder.path()).output();
        let output = output.expect("the command openssl is there");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {}: {told}", arguments.join(" "));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("the folder is ours");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).expect("openssl wrote it")
    }
}
