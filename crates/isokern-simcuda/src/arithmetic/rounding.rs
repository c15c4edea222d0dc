//! Directions in which results are rounded.

use rustc_apfloat::Round;

/// The direction in which a result is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    /// To the nearest, ties to even.
    Nearest,
    Zero,
    Down,
    Up,
}

/// The modifiers of rounding to a float.
pub(super) const ROUNDINGS: [(&str, Rounding); 4] = [
    ("rn", Rounding::Nearest),
    ("rz", Rounding::Zero),
    ("rm", Rounding::Down),
    ("rp", Rounding::Up),
];

impl From<Rounding> for Round {
    fn from(rounding: Rounding) -> Self {
        match rounding {
            Rounding::Nearest => Self::NearestTiesToEven,
            Rounding::Zero => Self::TowardZero,
            Rounding::Down => Self::TowardNegative,
            Rounding::Up => Self::TowardPositive,
        }
    }
}
