//! Quotas of tenants: a rate, and a number of calls at a time.
//!
//! [`TenantQuotas`] keeps an account for a bounded number of tenants. An account that is
//! as good as new (no call in flight, every token back) is forgotten when another tenant
//! needs its place, which changes nothing for its owner. When every account is in use, a
//! tenant without one is refused.

use core::fmt;
use core::num::NonZeroUsize;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::Mutex;

use isokern_core::call::{Quota, TokenBucket};
use isokern_core::kernel::{QuotaExceeded, whole_ns};

use crate::lock::locked;

/// The limits of one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantLimits {
    burst_count: u32,
    interval_ns: u64,
    in_flight_max: u32,
}

impl TenantLimits {
    /// No calls at all.
    pub const NONE: Self = Self { burst_count: 0, interval_ns: 0, in_flight_max: 0 };

    /// Returns a rate: `burst_count` calls at once, one more every `interval`.
    ///
    /// See [`TokenBucket::new`] for bursts and intervals of 0.
    #[must_use]
    pub fn new(burst_count: u32, interval: Duration) -> Self {
        Self { burst_count, interval_ns: whole_ns(interval), in_flight_max: u32::MAX }
    }

    /// Returns the limits with so many calls in flight at most.
    #[must_use]
    pub const fn with_in_flight_max(self, in_flight_max: u32) -> Self {
        Self { in_flight_max, ..self }
    }
}

/// A [`Quota`] with a rate and a number of calls in flight for each tenant.
///
/// Refusals say how long to wait: until the rate allows a call; 0 when one of the tenant's
/// calls must end first; `u64::MAX` for tenants who may never call. When the table is full
/// they say when the next account becomes free by time alone, 0 when a call of somebody
/// must end first.
///
/// The table grows to `tenants_max` accounts and is then allocated no more.
///
/// ```
/// use core::num::NonZeroUsize;
/// use core::time::Duration;
/// use isokern_core::call::Quota;
/// use isokern_guard::{TenantLimits, TenantQuotas};
///
/// let default = TenantLimits::new(2, Duration::from_nanos(1_000));
/// let large = TenantLimits::new(100, Duration::from_nanos(10)).with_in_flight_max(1);
/// let quotas = TenantQuotas::new(NonZeroUsize::MIN, default).with_tenant(7, large);
///
/// let permit = quotas.admit(7, 0)?;
/// assert_eq!(quotas.admit(7, 0).unwrap_err().retry_after_ns, 0); // one at a time
/// assert_eq!(quotas.admit(8, 0).unwrap_err().retry_after_ns, 0); // one account in all
/// drop(permit);
/// assert_eq!(quotas.admit(8, 0).unwrap_err().retry_after_ns, 10);
/// assert!(quotas.admit(8, 10).is_ok()); // tenant 7 has every token back
/// # Ok::<(), isokern_core::kernel::QuotaExceeded>(())
/// ```
pub struct TenantQuotas {
    default: TenantLimits,
    tenants: HashMap<u32, TenantLimits>,
    tenants_max: usize,
    table: Mutex<Table>,
}

impl TenantQuotas {
    /// Returns the quota that gives every tenant these limits, for up to `tenants_max`
    /// tenants who call in the time that a bucket takes to fill.
    #[must_use]
    pub fn new(tenants_max: NonZeroUsize, default: TenantLimits) -> Self {
        let table = Mutex::new(Table::default());
        Self { default, tenants: HashMap::new(), tenants_max: tenants_max.get(), table }
    }

    /// Returns the quota with other limits for one tenant.
    ///
    /// To be called before the first call is admitted: accounts keep the limits they were
    /// opened with.
    #[must_use]
    pub fn with_tenant(mut self, tenant: u32, limits: TenantLimits) -> Self {
        self.tenants.insert(tenant, limits);
        self
    }

    /// Returns the limits of a tenant.
    #[must_use]
    pub fn limits(&self, tenant: u32) -> TenantLimits {
        self.tenants.get(&tenant).copied().unwrap_or(self.default)
    }

    /// Returns how many accounts there are.
    #[must_use]
    pub fn account_count(&self) -> usize {
        locked(&self.table).accounts.len()
    }

    /// Returns how many calls of a tenant are in flight.
    #[must_use]
    pub fn in_flight_count(&self, tenant: u32) -> u32 {
        let table = locked(&self.table);
        table.accounts.get(&tenant).map_or(0, |account| account.in_flight_count)
    }
}

impl Quota for TenantQuotas {
    type Permit<'q> = TenantPermit<'q>;

    fn admit(&self, tenant: u32, now_ns: u64) -> Result<TenantPermit<'_>, QuotaExceeded> {
        let refused = |retry_after_ns| QuotaExceeded::new(tenant, retry_after_ns);
        let mut table = locked(&self.table);
        if let Some(account) = table.accounts.get_mut(&tenant) {
            account.try_take(now_ns).map_err(refused)?;
        } else {
            let mut account = Account::new(self.limits(tenant));
            account.try_take(now_ns).map_err(refused)?;
            table.make_room(self.tenants_max, now_ns).map_err(refused)?;
            table.accounts.insert(tenant, account);
        }
        Ok(TenantPermit { quotas: self, tenant })
    }
}

impl fmt::Debug for TenantQuotas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("TenantQuotas");
        fields.field("default", &self.default).field("tenants_max", &self.tenants_max);
        fields.field("account_count", &self.account_count()).finish_non_exhaustive()
    }
}

/// A call in flight of one tenant; its drop ends it.
#[derive(Debug)]
#[must_use = "the call is in flight for as long as its permit lives"]
pub struct TenantPermit<'q> {
    quotas: &'q TenantQuotas,
    tenant: u32,
}

impl Drop for TenantPermit<'_> {
    fn drop(&mut self) {
        let mut table = locked(&self.quotas.table);
        // Accounts with calls in flight stay, so it is there.
        if let Some(account) = table.accounts.get_mut(&self.tenant) {
            account.in_flight_count -= 1;
            if account.in_flight_count == 0 {
                let full_at_ns = account.bucket.full_at_ns();
                table.none_idle_before_ns = table.none_idle_before_ns.min(full_at_ns);
            }
        }
    }
}

#[derive(Debug, Default)]
struct Table {
    accounts: HashMap<u32, Account>,
    /// No account is as good as new before this moment: a table full of busy accounts is
    /// searched once, not at every refusal.
    none_idle_before_ns: u64,
}

impl Table {
    /// Forgets an account that is as good as new if the table is full; says how long until
    /// there is one if there is none.
    fn make_room(&mut self, accounts_max: usize, now_ns: u64) -> Result<(), u64> {
        if self.accounts.len() < accounts_max {
            return Ok(());
        }
        if self.none_idle_before_ns <= now_ns {
            let idle = self.accounts.iter().find(|(_, account)| account.is_as_new(now_ns));
            if let Some(tenant) = idle.map(|(&tenant, _)| tenant) {
                self.accounts.remove(&tenant);
                return Ok(());
            }
            let resting = self.accounts.values().filter(|account| account.in_flight_count == 0);
            let full_at_ns = resting.map(|account| account.bucket.full_at_ns()).min();
            self.none_idle_before_ns = full_at_ns.unwrap_or(u64::MAX);
        }
        let all_in_flight = self.none_idle_before_ns == u64::MAX;
        Err(if all_in_flight { 0 } else { self.none_idle_before_ns - now_ns })
    }
}

#[derive(Debug)]
struct Account {
    bucket: TokenBucket,
    in_flight_max: u32,
    in_flight_count: u32,
}

impl Account {
    const fn new(limits: TenantLimits) -> Self {
        let bucket = TokenBucket::new(limits.burst_count, limits.interval_ns);
        Self { bucket, in_flight_max: limits.in_flight_max, in_flight_count: 0 }
    }

    const fn is_as_new(&self, now_ns: u64) -> bool {
        self.in_flight_count == 0 && self.bucket.is_full(now_ns)
    }

    /// Charges one call, or nothing and says how long to wait.
    fn try_take(&mut self, now_ns: u64) -> Result<(), u64> {
        if self.in_flight_max == 0 {
            return Err(u64::MAX);
        }
        if self.in_flight_count >= self.in_flight_max {
            return Err(0);
        }
        self.bucket.try_take(now_ns)?;
        self.in_flight_count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
