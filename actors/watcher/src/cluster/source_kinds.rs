//! The kinds that an Alert can name as event sources, and the group of each (contract, control plane 1.3, 11).

/// A kind whose labels may be asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SourceKind {
    pub(crate) kind: &'static str,
    pub(crate) group: &'static str,
}

const SOURCE: &str = "source.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";

/// All of them.
pub(crate) const ALL: &[SourceKind] = &[
    SourceKind { kind: "Bucket", group: SOURCE },
    SourceKind { kind: "GitRepository", group: SOURCE },
    SourceKind { kind: "HelmChart", group: SOURCE },
    SourceKind { kind: "HelmRepository", group: SOURCE },
    SourceKind { kind: "OCIRepository", group: SOURCE },
    SourceKind { kind: "ExternalArtifact", group: SOURCE },
    SourceKind { kind: "Kustomization", group: "kustomize.toolkit.fluxcd.io" },
    SourceKind { kind: "HelmRelease", group: "helm.toolkit.fluxcd.io" },
    SourceKind { kind: "ImageRepository", group: IMAGE },
    SourceKind { kind: "ImagePolicy", group: IMAGE },
    SourceKind { kind: "ImageUpdateAutomation", group: IMAGE },
    SourceKind { kind: "ArtifactGenerator", group: "source.extensions.fluxcd.io" },
];

/// The source kind that Alerts call `kind`.
pub(crate) fn named(kind: &str) -> Option<&'static SourceKind> {
    ALL.iter().find(|known| known.kind == kind)
}
