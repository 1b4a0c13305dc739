//! Kinds that are known as event sources. An Alert may name any other: the list is for finding slips of the pen.

use crate::nearest::distance;

/// The kinds of Flux and of the Flux Operator, which the definitions in `deploy/crds` list, too.
const KNOWN: &[&str] = &[
    "Bucket",
    "GitRepository",
    "Kustomization",
    "HelmRelease",
    "HelmChart",
    "HelmRepository",
    "ImageRepository",
    "ImagePolicy",
    "ImageUpdateAutomation",
    "OCIRepository",
    "ArtifactGenerator",
    "ExternalArtifact",
    "Receiver",
    "FluxInstance",
    "ResourceSet",
    "ResourceSetInputProvider",
];

/// Whether a Receiver can reconcile objects of a kind without an addition to its definition in the cluster.
pub(crate) fn is_reconciled(kind: &str) -> bool {
    kind != "Receiver" && KNOWN.contains(&kind)
}

/// How many letters may differ for a kind to be taken for a misspelt one.
const SLIPS: usize = 2;

/// The longest kind that is compared, in bytes. None of [`KNOWN`] comes near it.
const LONGEST: usize = 64;

/// The known kind that is probably meant by `kind`; none if it is known, or like none of them.
pub(crate) fn meant_by(kind: &str) -> Option<&'static str> {
    if kind.len() > LONGEST || KNOWN.contains(&kind) {
        return None;
    }
    let (slips, nearest) = KNOWN.iter().map(|known| (distance(kind, known, 2), *known)).min()?;
    (slips <= SLIPS).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_within_two_letters_of_a_known_one_is_a_slip_and_any_other_is_somebody_elses() {
        for (written, meant) in [
            ("Kustomisation", Some("Kustomization")),
            ("kustomization", Some("Kustomization")),
            ("HelmReleases", Some("HelmRelease")),
            ("OCIRepo", None),
            ("GitRepositroy", Some("GitRepository")),
            ("Kustomization", None),
            ("Terraform", None),
            ("Pod", None),
            ("", None),
        ] {
            assert_eq!(meant_by(written), meant, "{written}");
        }
        assert_eq!(meant_by(&"Kustomization".repeat(10_000)), None);
    }
}
