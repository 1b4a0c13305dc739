//! Addresses: where they came from, whether a request can be sent to them, and which parts of them are secret.
//!
//! A URL that passes the check keeps its spelling (percent escapes, case, order of the query); only characters that
//! no request line can carry are escaped, as the reference controller escapes them, and a fragment is left out.

use std::fmt;

use campanile_domain::ObjectKey;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::{Host, ParseError, Url};

use crate::ConfigError;

/// The longest address in a Secret, in bytes (contract, providers 24).
pub(crate) const MAX_LENGTH: usize = 2048;

/// A piece of a path or query from this length on, in bytes, is taken for a secret of its own unless it is a [word](is_word):
/// webhooks carry their keys there, and destinations like to quote them alone.
pub(crate) const SECRET_PIECE: usize = 8;

/// The longest word that is none but a word, in letters. Longer ones may be phrases that somebody chose as a secret.
const LONGEST_WORD: usize = 16;

/// The most consonants in a row in such a word.
const CONSONANTS: usize = 4;

/// Words that addresses of webhooks have in common and that do not look like one: Teams, Jenkins, Slack, Mattermost, Azure.
const KNOWN_WORDS: &[&str] = &[
    "chat.postMessage",
    "generic-webhook-trigger",
    "incoming-webhook",
    "incoming-webhooks",
    "incoming_webhook",
    "incoming_webhooks",
    "IncomingWebhook",
    "powerautomate",
    "webhookb2",
    "workflow",
    "workflows",
];

/// What RFC 3986 keeps out of URLs, beyond the controls and what is not ASCII.
const UNSENDABLE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The places where a Provider's address may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressSource {
    /// The address stands in the Provider.
    Spec,
    /// The address stands in this Secret.
    Secret(ObjectKey),
}

impl fmt::Display for AddressSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec => f.write_str("spec.address"),
            Self::Secret(key) => write!(f, "key 'address' of secret '{key}'"),
        }
    }
}

/// Errors of an address in a Provider or its Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressSettingError {
    /// There is nothing in the text.
    #[error("it is empty")]
    Empty,
    /// No `http://` or `https://` at its beginning.
    #[error("it does not begin with http:// or https://")]
    Scheme,
    /// There is a control character in it.
    #[error("it has a control character")]
    Control,
    /// A `%` without two hexadecimal digits.
    #[error("it has a broken percent escape")]
    Escape,
    /// Nothing between `//` and the path.
    #[error("it has no host")]
    NoHost,
    /// The host is no name and no IP address.
    #[error("its host is not valid")]
    Host,
    /// The port is no number from 1 to 65535.
    #[error("its port is not valid")]
    Port,
    /// A template left a variable in it.
    #[error("its host or path has a variable that nothing replaced, of the form ${{NAME}}")]
    Variable,
}

/// An address and where it stands. `Debug` shows no more than scheme, host and port.
#[derive(Clone, PartialEq, Eq)]
pub struct DestinationAddress {
    text: String,
    source: AddressSource,
}

/// An `http` or `https` URL with a host, fit to be sent to.
#[derive(Clone, PartialEq, Eq)]
pub struct HookUrl {
    text: String,
    parsed: Url,
}

impl DestinationAddress {
    pub(crate) fn new(text: String, source: AddressSource) -> Self {
        Self { text, source }
    }

    /// The address as written, a Secret's without the white space around it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address as a URL that requests can be sent to; `what` is the type's name for it in error texts.
    ///
    /// # Errors
    /// [`ConfigError::Address`] by contract, providers 9, with its FIX: `http` or `https` and a host are required.
    pub fn hook_url(&self, what: &'static str) -> Result<HookUrl, ConfigError> {
        HookUrl::parse(&self.text).map_err(|problem| ConfigError::Address {
            what,
            shown: self.shown(),
            problem,
            place: self.source.clone(),
        })
    }

    /// The place where the address stands.
    pub(crate) fn source(&self) -> &AddressSource {
        &self.source
    }

    /// Scheme, host and port; nothing else of a URL may be shown.
    pub(crate) fn shown(&self) -> String {
        if self.text.is_empty() {
            return "''".to_owned();
        }
        HookUrl::parse(&self.text).map_or_else(|_| "*****".to_owned(), |url| url.origin())
    }

    /// The texts that must not appear in anything that leaves the program.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut found = Vec::new();
        if matches!(self.source, AddressSource::Secret(_)) {
            found.push(self.text.clone());
        }
        let Some((_, rest)) = self.text.split_once("://") else { return found };
        let (authority, tail) = split_authority(rest);
        if let Some((user_info, _)) = authority.rsplit_once('@') {
            let (user, password) = user_info.split_once(':').unwrap_or(("", user_info));
            found.extend([user_info.to_owned(), password.to_owned(), decoded(password)]);
            // A short one is a name; a long one may be a key, as in a DSN of Sentry.
            found.extend((user.len() >= SECRET_PIECE).then(|| user.to_owned()));
        }
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        found.extend([tail, path, query].map(str::to_owned));
        found.push(decoded(path));
        // The name in a pair says what its value is for.
        let values =
            query.split(['&', '#']).map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
        let places: Vec<&str> = values.chain([path]).collect();
        found.extend(places.iter().flat_map(|place| beginnings(place)).map(str::to_owned));
        let pieces = places.iter().flat_map(|place| place.split(['/', '?', '=', '#']).chain([*place]));
        // Git hosts know a repository without the end that its address may have.
        let named = |piece: &str| piece.strip_suffix(".git").unwrap_or(piece).to_owned();
        let forms = pieces.flat_map(|piece| [piece.to_owned(), decoded(piece), named(piece)]);
        found.extend(forms.filter(|piece| piece.len() >= SECRET_PIECE && !is_word(piece)));
        found
    }
}

impl fmt::Debug for DestinationAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({} from {})", self.shown(), self.source)
    }
}

impl HookUrl {
    fn parse(text: &str) -> Result<Self, AddressSettingError> {
        if text.is_empty() {
            return Err(AddressSettingError::Empty);
        }
        if text.chars().any(|c| c.is_ascii_control()) {
            return Err(AddressSettingError::Control);
        }
        let (scheme, rest) = text.split_once("://").ok_or(AddressSettingError::Scheme)?;
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(AddressSettingError::Scheme);
        }
        let (authority, tail) = split_authority(rest);
        if authority.contains('\\') {
            // Some parsers end the host here, others at the next slash: nobody means that.
            return Err(AddressSettingError::Host);
        }
        let tail = tail.split_once('#').map_or(tail, |(before, _)| before);
        let path = tail.split_once('?').map_or(tail, |(path, _)| path);
        let (user_info, host) = match authority.rsplit_once('@') {
            Some((user_info, host)) => (Some(user_info), host),
            None => (None, authority),
        };
        check_escapes(user_info.unwrap_or(""))?;
        check_escapes(path)?;
        let parsed = parse_host(scheme, host)?;
        Ok(Self::assemble(parsed, user_info, tail))
    }

    fn assemble(mut parsed: Url, user_info: Option<&str>, tail: &str) -> Self {
        let mut text = format!("{}://", parsed.scheme());
        if let Some(user_info) = user_info {
            text.extend(utf8_percent_encode(user_info, UNSENDABLE));
            text.push('@');
        }
        text.push_str(parsed.authority());
        text.extend(utf8_percent_encode(tail, UNSENDABLE));
        parsed.set_path(tail.split_once('?').map_or(tail, |(path, _)| path));
        Self { text, parsed }
    }

    /// The URL to send to.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Another place at the same host, user-info included: `path`, which begins with a slash, and `query`, both as they
    /// are to be sent.
    pub(crate) fn moved(&self, path: &str, query: Option<&str>) -> Self {
        let (base, _, _) = self.parts();
        let (mark, query) = query.map_or(("", ""), |query| ("?", query));
        let mut parsed = self.parsed.clone();
        parsed.set_path(path);
        Self { text: format!("{base}{path}{mark}{query}"), parsed }
    }

    /// The same URL without its user-info.
    pub(crate) fn without_login(&self) -> Self {
        let (base, _, _) = self.parts();
        let (_, tail) = self.text.split_at(base.len());
        Self { text: format!("{}{tail}", self.origin()), parsed: self.parsed.clone() }
    }

    /// What stands before the path, the path, and the query where there is one.
    pub(crate) fn parts(&self) -> (&str, &str, Option<&str>) {
        let (_, rest) = self.text.split_once("://").unwrap_or_default();
        let (_, tail) = split_authority(rest);
        let (base, _) = self.text.split_at(self.text.len() - tail.len());
        let (path, query) = tail.split_once('?').map_or((tail, None), |(path, query)| (path, Some(query)));
        (base, path, query)
    }

    /// Scheme, host, and the port where one is given.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.parsed.scheme(), self.parsed.authority())
    }

    /// The host in lower case, without the port.
    pub(crate) fn host(&self) -> &str {
        self.parsed.host_str().unwrap_or_default()
    }

    /// Whether this is `https://<host><path>`, with or without a final slash, a query or a port of 443.
    pub(crate) fn is_https(&self, host: &str, path: &str) -> bool {
        self.parsed.scheme() == "https"
            && self.parsed.host_str() == Some(host)
            && self.parsed.port().is_none()
            && self.parsed.path().trim_end_matches('/') == path
    }
}

impl fmt::Debug for HookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HookUrl({})", self.origin())
    }
}

/// The beginnings of `path` that have several segments: to be quoted, a path needs not be whole.
fn beginnings(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at);
    ends.filter_map(|at| path.split_at_checked(at))
        .map(|(before, _)| before)
        .filter(|before| before.split('/').filter(|segment| !segment.is_empty()).nth(1).is_some())
}

/// Whether `piece` is vocabulary, which lets nobody in and which destinations need to tell what is the matter: a word that one
/// can pronounce, in small letters, with a capital at its beginning or not; or one of those that are known. Keys that are
/// drawn at random have digits or capitals.
fn is_word(piece: &str) -> bool {
    let (first, rest) = piece.split_at_checked(1).unwrap_or_default();
    let is_plain = piece.len() <= LONGEST_WORD
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && rest.bytes().all(|b| b.is_ascii_lowercase());
    is_plain && is_pronounceable(piece) || KNOWN_WORDS.iter().any(|word| word.eq_ignore_ascii_case(piece))
}

/// Whether a quarter of `word` at least are vowels, and no more than [`CONSONANTS`] others stand in a row.
fn is_pronounceable(word: &str) -> bool {
    let is_vowel = |c: char| matches!(c.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    4 * word.chars().filter(|c| is_vowel(*c)).count() >= word.len()
        && word.split(is_vowel).all(|others| others.len() <= CONSONANTS)
}

/// What stands before and after the end of the authority (RFC 3986, 3.2).
fn split_authority(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()))
}

/// The URL of the host alone. `url` forgives some characters that are no part of any host, so these are looked for first.
fn parse_host(scheme: &str, host: &str) -> Result<Url, AddressSettingError> {
    if host.contains([' ', '%']) {
        return Err(AddressSettingError::Host);
    }
    let url = Url::parse(&format!("{scheme}://{host}")).map_err(|error| match error {
        ParseError::EmptyHost => AddressSettingError::NoHost,
        ParseError::InvalidPort => AddressSettingError::Port,
        _ => AddressSettingError::Host,
    })?;
    match (url.host(), url.port()) {
        (Some(Host::Domain(name)), _) if !is_host_name(name) => Err(AddressSettingError::Host),
        (_, Some(0)) => Err(AddressSettingError::Port),
        _ => Ok(url),
    }
}

/// Whether a name can be asked for: labels of 1 to 63 letters, digits, hyphens and underscores, 253 characters in all
/// (RFC 1035, 2.3.4; underscores by use). `url` takes more, such as braces.
fn is_host_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

fn check_escapes(text: &str) -> Result<(), AddressSettingError> {
    let sound = text.split('%').skip(1).all(|after| {
        matches!(after.as_bytes(), [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
    });
    if sound { Ok(()) } else { Err(AddressSettingError::Escape) }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
