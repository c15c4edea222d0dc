//! Numeric profiles: which runtime's bits a model promises.

use crate::numbered;
use core::fmt;

numbered! {
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
    pub enum NumericProfile: u16, code, from_code {
        /// What TFLite Micro and CMSIS-NN compute by default: int8, all integer,
        /// rounded twice. Code 1.
        #[cfg_attr(feature = "serde", serde(alias = "Tflm"))]
        Tflm = 1,
    }
}

impl NumericProfile {
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
