//! Addresses of Git repositories: which host's API to talk to, and what it calls the repository (contract, providers
//! 15, with its FIXes).

use percent_encoding::percent_decode_str;

/// Schemes of addresses that are URLs.
const SCHEMES: [&str; 9] = ["ssh", "git", "git+ssh", "http", "https", "ftp", "ftps", "rsync", "file"];

/// Schemes whose hosts have their API on https, at the port of https.
const BESIDE_HTTPS: [&str; 3] = ["ssh", "git", "git+ssh"];

/// Hosts that speak ssh only, and the host of their API.
const SSH_HOSTS: [(&str, &str); 4] = [
    ("ssh.dev.azure.com", AZURE),
    ("vs-ssh.visualstudio.com", AZURE),
    ("ssh.github.com", "github.com"),
    ("altssh.gitlab.com", "gitlab.com"),
];

const AZURE: &str = "dev.azure.com";

/// The longest address that is read as `host:path`, in bytes.
const LONGEST_SCP: usize = 2048;

/// A repository as an address names it. Reading an address never fails: one that is no URL and not of the form
/// `host:path` is a local path, on the host `file://`, which no API can be had from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Scheme, host and port of where its API is, for example `https://github.com`, without user-info.
    pub host_url: String,
    /// The decoded path without slashes at its ends and without `.git`, for example `org/repo`.
    pub id: String,
}

impl Repository {
    /// Reads the parts of a repository's address.
    pub fn parse(address: &str) -> Self {
        if let Some((scheme, rest)) = address.split_once("://") {
            let scheme = scheme.to_ascii_lowercase();
            if SCHEMES.contains(&scheme.as_str()) {
                return Self::from_url(&scheme, rest);
            }
        }
        match scp(address) {
            Some((host, path)) => Self::new("https", host, path),
            None => Self::new("file", "", address),
        }
    }

    /// `rest` is what follows `://` (RFC 3986, 3).
    fn from_url(scheme: &str, rest: &str) -> Self {
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = authority.rsplit('@').next().unwrap_or_default();
        if BESIDE_HTTPS.contains(&scheme) {
            Self::new("https", without_port(host), path)
        } else {
            Self::new(scheme, host, path)
        }
    }

    fn new(scheme: &str, host: &str, path: &str) -> Self {
        let path = percent_decode_str(path).decode_utf8_lossy();
        let path = path.trim_matches('/');
        let id = path.strip_suffix(".git").unwrap_or(path).to_owned();
        let lower = host.to_ascii_lowercase();
        match SSH_HOSTS.iter().find(|(ssh, _)| *ssh == lower) {
            Some((_, AZURE)) => {
                Self { host_url: format!("https://{AZURE}"), id: azure_id(&id).unwrap_or(id) }
            }
            Some((_, api)) => Self { host_url: format!("https://{api}"), id },
            None => Self { host_url: format!("{scheme}://{host}"), id },
        }
    }
}

/// Host and path of `[user@]host:path`, with the query left out.
fn scp(address: &str) -> Option<(&str, &str)> {
    if address.len() > LONGEST_SCP || address.contains("://") {
        return None;
    }
    let (authority, path) = address.split_once(':')?;
    let path = path.split('?').next().unwrap_or_default();
    let (user, host) = authority.split_once('@').unwrap_or(("_", authority));
    let consists_of = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    // Percent escapes and `~` are no more than the contract allows, and no local path looks like this.
    (consists_of(user, "._-") && consists_of(host, "._-") && consists_of(path, "./_-%~"))
        .then_some((host, path))
}

/// An IPv6 literal keeps its colons.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Azure DevOps writes `v3/ORG/PROJECT/REPO` for ssh where the API's address has `ORG/PROJECT/_git/REPO`.
fn azure_id(id: &str) -> Option<String> {
    match id.split('/').collect::<Vec<_>>().as_slice() {
        ["v3", organisation, project, repository] => {
            Some(format!("{organisation}/{project}/_git/{repository}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(address: &str) -> (String, String) {
        let Repository { host_url, id } = Repository::parse(address);
        (host_url, id)
    }

    #[test]
    fn s15_every_form_of_address() {
        let table = [
            ("https://github.com/org/repo.git", "https://github.com", "org/repo"),
            ("git@gitlab.com:org/sub/repo.git", "https://gitlab.com", "org/sub/repo"),
            ("gitlab.com:org/repo", "https://gitlab.com", "org/repo"),
            ("ssh://git@github.com/org/repo", "https://github.com", "org/repo"),
            ("https://gitlab.com/1234", "https://gitlab.com", "1234"),
            ("https://dev.azure.com/o/p/_git/r", "https://dev.azure.com", "o/p/_git/r"),
            ("https://dev.azure.com/o/My%20Project/_git/r", "https://dev.azure.com", "o/My Project/_git/r"),
            ("HTTPS://u:p@host:8443/org/repo?x=1#y", "https://host:8443", "org/repo"),
            ("http://[::1]:3000/org/repo", "http://[::1]:3000", "org/repo"),
            ("ftp://host/org/repo", "ftp://host", "org/repo"),
            ("https://host", "https://host", ""),
            ("", "file://", ""),
            ("file:///srv/repo.git", "file://", "srv/repo"),
            ("org/repo", "file://", "org/repo"),
        ];
        for (address, host, id) in table {
            assert_eq!(parts(address), (host.to_owned(), id.to_owned()), "{address}");
        }
    }

    #[test]
    fn s15_fix_the_port_of_ssh_is_no_port_of_the_api() {
        for scheme in ["ssh", "git", "git+ssh"] {
            assert_eq!(
                parts(&format!("{scheme}://git@host:2222/org/repo")),
                ("https://host".to_owned(), "org/repo".to_owned()),
                "{scheme}"
            );
        }
        assert_eq!(parts("ssh://git@[::1]:22/org/repo").0, "https://[::1]");
        assert_eq!(parts("ssh://git@[fe80::1]/org/repo").0, "https://[fe80::1]");
    }

    #[test]
    fn s15_fix_slashes_at_the_end_do_not_count() {
        for address in ["https://h/org/repo/", "https://h/org/repo.git//", "git@h:/org/repo/"] {
            assert_eq!(parts(address), ("https://h".to_owned(), "org/repo".to_owned()), "{address}");
        }
    }

    #[test]
    fn s15_fix_azures_ssh_form_names_the_same_repository() {
        let expected = ("https://dev.azure.com".to_owned(), "o/p/_git/r".to_owned());
        for address in [
            "git@ssh.dev.azure.com:v3/o/p/r",
            "ssh://git@ssh.dev.azure.com/v3/o/p/r",
            "ssh://git@ssh.dev.azure.com:22/v3/o/p/r",
            "o@vs-ssh.visualstudio.com:v3/o/p/r",
        ] {
            assert_eq!(parts(address), expected, "{address}");
        }
        assert_eq!(parts("git@ssh.dev.azure.com:v3/o/My%20Project/r").1, "o/My Project/_git/r");
    }

    #[test]
    fn hosts_for_ssh_alone_have_their_api_elsewhere() {
        assert_eq!(parts("ssh://git@ssh.github.com:443/org/repo").0, "https://github.com");
        assert_eq!(parts("ssh://git@altssh.gitlab.com:443/org/repo").0, "https://gitlab.com");
    }

    #[test]
    fn s15_what_does_not_look_like_host_and_path_is_a_local_path() {
        let long = format!("host:{}", "a".repeat(2048));
        for address in ["C:\\repo", "svn://host/org/repo", "a b:c", "host:", "host:o r", &long] {
            assert_eq!(parts(address).0, "file://", "{address}");
        }
    }
}
