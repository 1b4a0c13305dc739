//! The kinds of Flux that Alerts name as event sources, and the group of each (contract, control plane 1.3, 11). The API server
//! is asked for the group of any other kind.

const SOURCE: &str = "source.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";

/// The kinds of Flux with their groups.
const FLUX: &[(&str, &str)] = &[
    ("Bucket", SOURCE),
    ("GitRepository", SOURCE),
    ("HelmChart", SOURCE),
    ("HelmRepository", SOURCE),
    ("OCIRepository", SOURCE),
    ("ExternalArtifact", SOURCE),
    ("Kustomization", "kustomize.toolkit.fluxcd.io"),
    ("HelmRelease", "helm.toolkit.fluxcd.io"),
    ("ImageRepository", IMAGE),
    ("ImagePolicy", IMAGE),
    ("ImageUpdateAutomation", IMAGE),
    ("ArtifactGenerator", "source.extensions.fluxcd.io"),
];

/// The group of a kind of Flux; none for kinds of others.
pub(crate) fn group_of(kind: &str) -> Option<&'static str> {
    FLUX.iter().find(|(known, _)| *known == kind).map(|(_, group)| *group)
}
