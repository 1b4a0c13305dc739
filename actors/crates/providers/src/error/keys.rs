//! The commonest mistake: a Secret without the key that its type needs.

use campanile_domain::Secret;

use super::ConfigError;
use crate::address::{AddressSettingError, AddressSource};
use crate::commit_status::GitHostError;

/// How many keys of a Secret are named.
const MOST: usize = 10;

impl ConfigError {
    /// The same error, saying of a key that is missing which keys the credentials Secret has.
    pub fn with_keys(self, secret: Option<&Secret>) -> Self {
        let Some(secret) = secret.filter(|_| self.is_about_a_missing_key()) else { return self };
        let names: Vec<String> = secret.data.keys().take(MOST).map(|key| format!("'{key}'")).collect();
        let more = secret.data.len().saturating_sub(MOST);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let lacks = if matches!(self, Self::Address { .. }) { "no key 'address', but " } else { "" };
        let there = match names.len() {
            0 => "no keys at all".to_owned(),
            1 => format!("the key {} alone", names.concat()),
            _ => format!("the keys {}{more}", names.join(", ")),
        };
        let there = format!("{lacks}{there}");
        Self::MissingKey { problem: Box::new(self), secret: secret.key.clone(), there }
    }

    fn is_about_a_missing_key(&self) -> bool {
        match self {
            Self::HmacKey | Self::NoToken(_) => true,
            Self::Git(problem) => {
                matches!(
                    problem,
                    GitHostError::Token(_) | GitHostError::GithubLogin | GitHostError::ServerLogin
                )
            }
            Self::Address { problem, place, .. } => {
                *problem == AddressSettingError::Empty && *place == AddressSource::Spec
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BlamedPart;
    use crate::testing::{credentials, spec};
    use campanile_domain::ProviderSpec;

    /// What a Provider of a type says whose Secret has these keys, as it is said when it is resolved.
    fn said(kind: &str, address: &str, keys: &[&str]) -> ConfigError {
        let data: Vec<(&str, &[u8])> = keys.iter().map(|key| (*key, &b"value"[..])).collect();
        let secrets = credentials(&data);
        let spec = ProviderSpec { address: address.into(), channel: "c".into(), ..spec(kind) };
        let settings = secrets.resolve(&spec).unwrap();
        let secret = settings.secret.clone();
        crate::build(&spec, settings).unwrap_err().with_keys(secret.as_deref())
    }

    #[test]
    fn item_14_a_secret_without_the_needed_key_says_which_are_there() {
        for (kind, address, keys, key, there) in [
            ("datadog", "https://h", &["apikey"][..], "'token'", "has the key 'apikey' alone"),
            ("opsgenie", "https://h", &[][..], "'token'", "has no keys at all"),
            ("generic-hmac", "https://h", &["key", "secret"][..], "'token'", "has the keys 'key', 'secret'"),
            ("gitlab", "https://h/g/p", &["pat"][..], "'token'", "has the key 'pat' alone"),
            ("github", "https://github.com/o/r", &["pat"][..], "'token'", "has the key 'pat' alone"),
            ("slack", "", &["url"][..], "'address'", "has no key 'address', but the key 'url' alone"),
        ] {
            let error = said(kind, address, keys);
            let text = error.to_string();
            assert!(text.contains(key), "{kind}: {text}");
            assert!(text.ends_with(&format!("; secret 'apps/credentials' {there}")), "{kind}: {text}");
            let blame = error.blame();
            assert_eq!((blame.subject, blame.field), (BlamedPart::Credentials, "secretRef"), "{kind}");
        }
    }

    #[test]
    fn item_14_many_keys_are_bounded_and_no_value_is_shown() {
        let many: Vec<String> = (0..30).map(|n| format!("k{n:02}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let text = said("datadog", "https://h", &many).to_string();
        assert!(text.ends_with("'k09' and 20 more") && !text.contains("value"), "{text}");
    }
}
