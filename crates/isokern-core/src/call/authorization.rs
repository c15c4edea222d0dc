//! Principals and permissions: who calls, what they ask to use, and who may.
//!
//! A call carries a [`Principal`]: a name, and the permissions this call asks to use. An
//! [`Authorizer`] says which of them the name holds. A kernel's required permission must
//! be in both, so a caller can lend out less than they hold.

use heapless::{LinearMap, Vec};
use thiserror::Error;

use crate::kernel::Permission;

/// A caller whose name was verified before, and what this call asks to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal<'a> {
    name: &'a str,
    permissions: &'a [Permission],
}

impl<'a> Principal<'a> {
    /// Returns a caller who asks to use these permissions.
    #[must_use]
    pub const fn new(name: &'a str, permissions: &'a [Permission]) -> Self {
        Self { name, permissions }
    }

    /// Returns the verified name.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the permissions the call asks to use.
    #[must_use]
    pub const fn permissions(&self) -> &'a [Permission] {
        self.permissions
    }
}

/// Says which permissions a caller holds.
pub trait Authorizer: Send + Sync {
    /// Says whether this caller holds this permission.
    ///
    /// What the call asks to use has been looked at already.
    fn holds(&self, principal: &Principal<'_>, permission: Permission) -> bool;
}

/// Lets every caller hold every permission.
///
/// For programs with one user, and for tests. It is nobody's default: who wants it
/// writes its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowAll;

impl Authorizer for AllowAll {
    fn holds(&self, _: &Principal<'_>, _: Permission) -> bool {
        true
    }
}

/// A fixed table: up to `N` names, each with up to `P` permissions.
///
/// ```
/// use isokern_core::call::{Authorizer, PermissionTable};
/// use isokern_core::kernel::Permission;
/// use isokern_core::Principal;
///
/// const INFER: Permission = Permission::new("kws.infer");
/// let mut table = PermissionTable::<4, 2>::new();
/// table.try_grant("microphone", INFER)?;
///
/// assert!(table.holds(&Principal::new("microphone", &[INFER]), INFER));
/// assert!(!table.holds(&Principal::new("camera", &[INFER]), INFER));
/// # Ok::<(), isokern_core::call::PermissionTableError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PermissionTable<'a, const N: usize, const P: usize> {
    names: LinearMap<&'a str, Vec<Permission, P>, N>,
}

impl<'a, const N: usize, const P: usize> PermissionTable<'a, N, P> {
    /// Returns the table in which nobody holds anything.
    #[must_use]
    pub const fn new() -> Self {
        Self { names: LinearMap::new() }
    }

    /// Lets a name hold a permission; nothing happens when it does already.
    ///
    /// # Errors
    ///
    /// [`PermissionTableError`] when a column is full. The table is as before.
    pub fn try_grant(
        &mut self,
        name: &'a str,
        permission: Permission,
    ) -> Result<(), PermissionTableError> {
        if let Some(held) = self.names.get_mut(&name) {
            if held.contains(&permission) {
                return Ok(());
            }
            return held.push(permission).map_err(|_| PermissionTableError::Permissions { max: P });
        }
        let mut held = Vec::new();
        held.push(permission).map_err(|_| PermissionTableError::Permissions { max: P })?;
        match self.names.insert(name, held) {
            Ok(_) => Ok(()),
            Err(_) => Err(PermissionTableError::Names { max: N }),
        }
    }

    /// Takes a permission away; says whether the name held it.
    pub fn revoke(&mut self, name: &str, permission: Permission) -> bool {
        let Some((_, held)) = self.names.iter_mut().find(|(known, _)| **known == name) else {
            return false;
        };
        let before = held.len();
        held.retain(|known| *known != permission);
        held.len() < before
    }
}

impl<const N: usize, const P: usize> Default for PermissionTable<'_, N, P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, const P: usize> Authorizer for PermissionTable<'_, N, P> {
    fn holds(&self, principal: &Principal<'_>, permission: Permission) -> bool {
        let known = self.names.iter().find(|(name, _)| **name == principal.name());
        known.is_some_and(|(_, held)| held.contains(&permission))
    }
}

/// A [`PermissionTable`] with no room left.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PermissionTableError {
    /// Another name does not fit.
    #[error("the permission table holds {max} names already. Fix: give it a larger N.")]
    Names {
        /// How many fit.
        max: usize,
    },
    /// Another permission of that name does not fit.
    #[error("a name holds {max} permissions already. Fix: give the table a larger P.")]
    Permissions {
        /// How many fit.
        max: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::{Authorizer, PermissionTable, PermissionTableError, Principal};
    use crate::kernel::Permission;

    const READ: Permission = Permission::new("read");
    const WRITE: Permission = Permission::new("write");

    #[test]
    fn a_full_table_refuses_and_stays_as_it_was() {
        let mut table = PermissionTable::<1, 1>::new();
        assert_eq!(table.try_grant("a", READ), Ok(()));
        assert_eq!(table.try_grant("a", READ), Ok(()));
        assert_eq!(table.try_grant("a", WRITE), Err(PermissionTableError::Permissions { max: 1 }));
        assert_eq!(table.try_grant("b", READ), Err(PermissionTableError::Names { max: 1 }));
        let asks = [READ, WRITE];
        assert!(table.holds(&Principal::new("a", &asks), READ));
        assert!(!table.holds(&Principal::new("a", &asks), WRITE));
        assert!(!table.holds(&Principal::new("b", &asks), READ));
    }

    #[test]
    fn what_is_revoked_is_held_no_longer() {
        let mut table = PermissionTable::<2, 2>::default();
        table.try_grant("a", READ).unwrap();
        table.try_grant("a", WRITE).unwrap();
        assert!(table.revoke("a", READ));
        assert!(!table.revoke("a", READ));
        assert!(!table.revoke("b", READ));
        assert!(!table.holds(&Principal::new("a", &[]), READ));
        assert!(table.holds(&Principal::new("a", &[]), WRITE));
    }
}
