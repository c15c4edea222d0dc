//! Numeric profiles: which runtime's bits a model promises.

use core::fmt;

/// A named set of rounding rules.
///
/// A name alone promises nothing: the pair of profile and version does. With
/// both given, the output bytes of a model are a function of model and input,
/// on every target.
///
/// ```
/// use isokern_core::compute::NumericProfile;
///
/// assert_eq!(NumericProfile::Tflm.name(), "tflm");
/// assert_eq!(NumericProfile::from_code(1), Some(NumericProfile::Tflm));
/// assert_eq!(NumericProfile::from_code(0), None);
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[repr(u16)]
pub enum NumericProfile {
    /// What TFLite Micro and CMSIS-NN compute by default: int8, all integer,
    /// rounded twice. Code 1.
    Tflm = 1,
}

impl NumericProfile {
    /// Returns the stable number which model files store; 0 is no profile.
    #[must_use]
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// Returns the profile with this code, `None` for one not known here.
    #[must_use]
    pub const fn from_code(code: u16) -> Option<Self> {
        match code {
            1 => Some(Self::Tflm),
            _ => None,
        }
    }

    /// Returns the name which reports and commands use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tflm => "tflm",
        }
    }
}

impl fmt::Display for NumericProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
