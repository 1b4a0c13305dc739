//! The rules that findings about manifests come from. Their ids are stable: they stand in what `campanile check` prints, and
//! `docs/check.md` has an example of each.

/// Declares the rules with their ids and titles.
macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident: $id:literal, $title:literal;)+) => {
        /// The rules that findings are about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Rule {
            /// All rules, in the order of their ids.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable id of the rule, as findings show it.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id),+ }
            }

            /// The title of the rule: what is wrong where it is broken, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }
        }
    };
}

rules! {
    /// A file or folder that cannot be read.
    Unreadable: "unreadable-file", "a file or folder cannot be read";
    /// Nothing that could be checked.
    NoManifests: "no-manifests", "there is no manifest";
    /// A file or document that is encrypted as a whole.
    EncryptedFile: "encrypted-file", "a file is encrypted, so its objects are not known";
    /// A text that is no YAML.
    Syntax: "yaml-syntax", "a document is not YAML";
    /// A key twice in one mapping.
    DuplicateKey: "duplicate-key", "a key stands twice in one mapping";
    /// A document that is no object of Kubernetes.
    NoObject: "no-object", "a document is no Kubernetes object";
    /// A kind of ours that is misspelt.
    UnknownKind: "unknown-kind", "there is no such kind";
    /// A group of ours that is misspelt.
    UnknownGroup: "unknown-group", "there is no such API group";
    /// A version that a kind does not have.
    UnknownVersion: "unknown-version", "the kind does not have this version";
    /// A version that goes away.
    OldVersion: "old-version", "the version is deprecated or gone";
    /// An object is defined twice.
    DuplicateObject: "duplicate-object", "an object is defined twice";
    /// A field that the kind does not have.
    UnknownField: "unknown-field", "the kind does not have this field";
    /// A field whose value breaks the schema, or that is missing.
    Schema: "schema", "a value breaks the schema";
    /// A field that goes away.
    DeprecatedField: "deprecated-field", "the field is deprecated";
    /// A value that turned into a comment.
    Comment: "comment-for-value", "the value is a comment";
    /// A variable that nobody replaced.
    Variable: "left-variable", "a variable was left in";
    /// A type that this program does not know, or not in this version.
    ProviderType: "provider-type", "the provider type is not supported";
    /// An Alert names no event sources.
    NoSources: "no-event-sources", "the Alert names no event sources";
    /// An event source that no event can match.
    NeverMatches: "never-matches", "no object can have this name";
    /// A pattern that does not compile.
    Pattern: "pattern", "the pattern is not valid";
    /// A pattern that asks for a backslash in the message.
    Backslash: "doubled-backslash", "the pattern looks for a backslash";
    /// A label selector that selects nothing.
    Selector: "selector", "the label selector is not valid";
    /// A Provider that is not among the manifests.
    MissingProvider: "missing-provider", "the Provider is not among the manifests";
    /// A Secret that is not among the manifests.
    MissingSecret: "missing-secret", "the Secret is not among the manifests";
    /// A Secret that holds ciphertext.
    EncryptedSecret: "encrypted-secret", "the Secret holds ciphertext";
    /// The address cannot be used.
    Address: "provider-address", "the address cannot be used";
    /// The channel cannot be used, or is missing.
    Channel: "provider-channel", "the channel cannot be used";
    /// A credential is missing or cannot be used.
    Credentials: "provider-secret", "a key of the Secret is missing or cannot be used";
    /// The certificates of a Provider cannot be used.
    Certificates: "provider-certificates", "the certificates cannot be used";
    /// The proxy cannot be used.
    Proxy: "provider-proxy", "the proxy cannot be used";
    /// The expression of a commit status does not compile.
    Expression: "provider-expression", "the expression is not valid";
    /// A namespace that references may not cross into.
    CrossNamespace: "cross-namespace", "the reference crosses namespaces where that is not allowed";
    /// A Receiver names no resources.
    NoResources: "no-resources", "the Receiver names no resources";
    /// A resource that no webhook can reconcile as it is written.
    Resource: "receiver-resource", "the resource cannot be reconciled as it is written";
    /// A list of events that the type does not look at.
    IgnoredEvents: "ignored-events", "the type does not look at events";
    /// An expression of a Receiver that does not compile.
    Filter: "receiver-filter", "the expression is not valid";
    /// A key of a Receiver's Secret is missing.
    ReceiverSecret: "receiver-secret", "a key of the Secret is missing, so no request verifies";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn item_17_ids_are_unique_and_of_one_form() {
        let ids: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        assert_eq!(ids.len(), Rule::ALL.len());
        assert!(ids.iter().all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')), "{ids:?}");
    }
}
