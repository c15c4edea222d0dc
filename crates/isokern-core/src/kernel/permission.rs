//! The right to call a kernel, which its metadata asks for.

use core::fmt;

/// The right to call a kernel: a name both sides agree on.
///
/// ```
/// use isokern_core::kernel::Permission;
///
/// const INFER: Permission = Permission::new("kws.infer");
/// assert_eq!(INFER.as_str(), "kws.infer");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Permission(&'static str);

impl Permission {
    /// Returns the permission of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}
