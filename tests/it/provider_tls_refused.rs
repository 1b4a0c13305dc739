//! TLS servers that are refused, each for its real cause (issue 16, 1.3). The servers are openssl's: rustls does not make
//! what it does not take.

use serde_json::{Value, json};

use crate::support::{OpenSsl, Site, TlsServer, event, everything_from, provider, secret};

const HOST: &str = "127.0.0.1";
const RSA: &[&str] = &["rsa:2048"];
const ELLIPTIC: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const BRAINPOOL: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"];
/// What openssl itself finds too weak.
const WEAK: &[&str] = &["-cipher", "DEFAULT@SECLEVEL=0"];

/// A destination, and what is to be said about it.
struct Refused {
    name: &'static str,
    server: TlsServer,
    /// What the Provider trusts.
    ca: String,
    says: &'static [&'static str],
}

impl Refused {
    fn new(
        name: &'static str,
        authority: &[&str],
        (key, digest): (&[&str], &str),
        flags: &[&str],
        says: &'static [&'static str],
    ) -> Self {
        let authority = OpenSsl::with_key(authority);
        authority.sign_as(HOST, key, digest);
        Self { name, server: authority.serve(flags), ca: authority.pem(), says }
    }

    fn objects(&self) -> [Value; 3] {
        let spec = json!({
            "address": format!("https://{}/secret-path", self.server.address),
            "certSecretRef": { "name": self.name },
        });
        let secret = secret(self.name, json!({ "ca.crt": self.ca }));
        [provider(self.name, "generic", spec), everything_from(self.name), secret]
    }
}

fn all() -> Vec<Refused> {
    const NOTHING_IN_COMMON: &[&str] =
        &["it takes none of the combinations that are offered here", "CBC", "P-521"];
    let sound = (RSA, "-sha256");
    vec![
        Refused::new(
            "short-key",
            RSA,
            (&["rsa:1024"], "-sha256"),
            WEAK,
            &["RSA key of its certificate has 1024 bits"],
        ),
        Refused::new(
            "short-authority",
            &["rsa:1024"],
            sound,
            WEAK,
            &["RSA key of an authority of its certificate has 1024 bits"],
        ),
        Refused::new(
            "sha1",
            RSA,
            (RSA, "-sha1"),
            WEAK,
            &["an algorithm that is not accepted: RSA with SHA-1"],
        ),
        Refused::new("brainpool", BRAINPOOL, sound, &[], &["ECDSA on the curve brainpoolP256r1"]),
        Refused::new(
            "tls-1-1",
            RSA,
            sound,
            &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
            &["it speaks only versions older than TLS 1.2; enable TLS 1.2 or 1.3 at the server"],
        ),
        Refused::new(
            "cbc",
            RSA,
            (ELLIPTIC, "-sha256"),
            &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA"],
            NOTHING_IN_COMMON,
        ),
        Refused::new("p521-1-2", RSA, sound, &["-tls1_2", "-groups", "P-521"], NOTHING_IN_COMMON),
        Refused::new("p521-1-3", RSA, sound, &["-tls1_3", "-groups", "P-521"], NOTHING_IN_COMMON),
    ]
}

#[test]
fn i16_3_what_is_refused_is_told_by_its_cause() {
    let refused = all();
    let objects: Vec<Value> = refused.iter().flat_map(Refused::objects).collect();
    let site = Site::with(&objects);
    let instance = site.start(&[]);
    instance.accept(&event("web", "waits"));
    for Refused { name, says, .. } in &refused {
        let row = instance.row("providers", name, |row| row["conditions"][1]["status"] == "False");
        let message = row["conditions"][1]["message"].as_str().expect("a text");
        for part in *says {
            assert!(message.contains(part), "{name}: no {part:?} in {message:?}");
        }
        assert!(!message.contains("client certificate"), "{name}: a guess in {message:?}");
        assert!(!message.contains(['[', '{', '(']), "{name}: debug text in {message:?}");
        assert!(!message.contains("secret-path"), "{name}: {message:?}");
    }
}
