//! Compatibility with Flux's own notification-controller, where that is less than what Campanile takes.

/// A release of Flux for which manifests are judged beside Campanile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flux {
    /// Flux 2.9, with notification-controller 1.9: Alert and Provider in `v1beta3` alone.
    V2_9,
    /// Flux 2.10, with notification-controller 1.10: `v1`, and `v1beta3` until it goes.
    V2_10,
}

/// Those whom a remark about Flux concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concerns {
    /// Everybody is concerned, whatever they run.
    All,
    /// Everybody; for these releases of Flux it is an error.
    AllAndBreaks(&'static [Flux]),
    /// These releases of Flux alone, for which it is an error.
    Only(&'static [Flux]),
}

impl Concerns {
    /// Whether it is an error for `flux`.
    pub fn breaks(self, flux: Option<Flux>) -> bool {
        match self {
            Self::All => false,
            Self::AllAndBreaks(releases) | Self::Only(releases) => {
                flux.is_some_and(|flux| releases.contains(&flux))
            }
        }
    }

    /// Whether it is to be said where manifests are judged for `flux` too.
    pub fn is_said(self, flux: Option<Flux>) -> bool {
        !matches!(self, Self::Only(_)) || self.breaks(flux)
    }
}
