//! The kinds of GPU that device code is built for.

use clap::ValueEnum;
use core::fmt;

/// A kind of GPU to build for. PTX for one runs on all later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// Turing.
    #[value(name = "sm_75")]
    Sm75,
    /// Ampere.
    #[value(name = "sm_80")]
    Sm80,
    /// Hopper.
    #[value(name = "sm_90")]
    Sm90,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sm75 => "sm_75",
            Self::Sm80 => "sm_80",
            Self::Sm90 => "sm_90",
        })
    }
}
