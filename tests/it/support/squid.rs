//! squid, the real proxy. Where it is missing a test fails and says how to get it.

use std::fs::{self, Permissions};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::eventually;

/// A name that only the proxy can resolve: what arrives under it went through the proxy.
const HOST: &str = "hooks.campanile.test";

/// `bob` with the password `s3cr3t`, as `openssl passwd -apr1` writes it.
const PASSWORDS: &str = "bob:$apr1$PN1JDqIF$eu6JFmjGjoPnULN5V0mm9/\n";

/// A running squid on a free loopback port.
pub(crate) struct Squid {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Squid {
    pub(crate) const HOST: &'static str = HOST;

    /// Lets everybody through.
    pub(crate) fn open() -> Self {
        Self::start("http_access allow all")
    }

    /// Lets `bob` through, whose password is `s3cr3t`.
    pub(crate) fn with_login() -> Self {
        let helper = installed(&["/usr/lib/squid/basic_ncsa_auth", "/usr/lib64/squid/basic_ncsa_auth"]);
        let program = format!("auth_param basic program {} FOLDER/passwords", helper.display());
        Self::start(&format!(
            "{program}\nacl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all"
        ))
    }

    fn start(access: &str) -> Self {
        let squid = installed(&["/usr/sbin/squid", "/usr/bin/squid", "/usr/local/sbin/squid"]);
        let folder = TempDir::with_prefix("campanile-squid-").expect("a temporary folder can be made");
        // squid gives up root and must still read and write here.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("the folder is ours");
        // squid cannot choose a free port itself; the gap is short, and another run of the test takes another one.
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .expect("a port is free")
            .port();
        let write =
            |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("the folder is ours");
        write("hosts", &format!("127.0.0.1 {HOST}\n"));
        write("passwords", PASSWORDS);
        write("squid.conf", &configuration(folder.path(), port, access));
        let child = Command::new(squid)
            .args(["-N", "-n", &format!("campanile{port}"), "-f"])
            .arg(folder.path().join("squid.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("squid can be started");
        let mut running = Self { child, folder, port };
        eventually("squid to listen", || running.listens().then_some(()));
        running
    }

    fn listens(&mut self) -> bool {
        let ended = self.child.try_wait().expect("a child can be asked").is_some();
        let log = || fs::read_to_string(self.folder.path().join("cache.log")).unwrap_or_default();
        assert!(!ended, "squid ended at once:\n{}", log());
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn url_as(&self, login: &str) -> String {
        format!("http://{login}@127.0.0.1:{}", self.port)
    }
}

impl Drop for Squid {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn configuration(folder: &Path, port: u16, access: &str) -> String {
    let text = format!(
        "http_port 127.0.0.1:{port}\nvisible_hostname localhost\nhosts_file FOLDER/hosts\npid_filename FOLDER/squid.pid\n\
         access_log stdio:FOLDER/access.log\ncache_log FOLDER/cache.log\ncoredump_dir FOLDER\ncache deny all\n\
         cache_mem 0\nshutdown_lifetime 0 seconds\n{access}\n"
    );
    text.replace("FOLDER", &folder.display().to_string())
}

fn installed(places: &[&str]) -> PathBuf {
    let found = places.iter().map(PathBuf::from).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("none of {places:?} is there, install squid with: apt-get install squid"))
}
