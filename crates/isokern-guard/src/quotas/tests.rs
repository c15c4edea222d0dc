//! Rates, places and accounts.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::collections::HashMap;

use isokern_core::call::Quota;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{TenantLimits, TenantQuotas};

fn ns(count: u64) -> Duration {
    Duration::from_nanos(count)
}

fn quotas(tenants_max: usize, limits: TenantLimits) -> TenantQuotas {
    TenantQuotas::new(NonZeroUsize::new(tenants_max).unwrap(), limits)
}

fn retry_after_ns(quotas: &TenantQuotas, tenant: u32, now_ns: u64) -> u64 {
    let refused = quotas.admit(tenant, now_ns).unwrap_err();
    assert_eq!(refused.tenant, tenant);
    refused.retry_after_ns
}

#[test]
fn each_tenant_has_its_own_rate() {
    let limits = TenantLimits::new(2, ns(100));
    let quotas = quotas(8, limits).with_tenant(9, TenantLimits::new(1, ns(5)));
    for tenant in [1, 2] {
        assert!(quotas.admit(tenant, 0).is_ok());
        assert!(quotas.admit(tenant, 0).is_ok());
        assert_eq!(retry_after_ns(&quotas, tenant, 30), 70);
        assert!(quotas.admit(tenant, 100).is_ok());
    }
    assert!(quotas.admit(9, 0).is_ok());
    assert_eq!(retry_after_ns(&quotas, 9, 1), 4);
    assert_eq!(quotas.limits(1), limits);
}

#[test]
fn a_call_in_flight_holds_a_place_and_costs_no_token_when_refused() {
    let quotas = quotas(8, TenantLimits::new(2, ns(1_000)).with_in_flight_max(1));
    let permit = quotas.admit(1, 0).unwrap();
    assert_eq!(retry_after_ns(&quotas, 1, 0), 0);
    assert_eq!(quotas.in_flight_count(1), 1);
    drop(permit);
    assert_eq!(quotas.in_flight_count(1), 0);
    // The refusal took no token: the second one is still there.
    assert!(quotas.admit(1, 0).is_ok());
    assert_eq!(retry_after_ns(&quotas, 1, 0), 1_000);
}

#[test]
fn who_may_never_call_is_told_so_and_gets_no_account() {
    let none = TenantLimits::new(5, ns(1)).with_in_flight_max(0);
    let quotas = quotas(2, TenantLimits::NONE).with_tenant(1, none);
    assert_eq!(retry_after_ns(&quotas, 0, 0), u64::MAX);
    assert_eq!(retry_after_ns(&quotas, 1, 0), u64::MAX);
    assert_eq!(quotas.account_count(), 0);
}

#[test]
fn accounts_in_use_are_not_given_away() {
    let quotas = quotas(2, TenantLimits::new(1, ns(100)));
    let first = quotas.admit(1, 0).unwrap();
    let second = quotas.admit(2, 10).unwrap();
    assert_eq!(retry_after_ns(&quotas, 3, 500), 0);
    drop(first);
    // At 50 the first has no call in flight, but its token is back at 100 only.
    assert_eq!(retry_after_ns(&quotas, 3, 50), 50);
    let third = quotas.admit(3, 100).unwrap();
    assert_eq!(quotas.account_count(), 2);
    assert_eq!(retry_after_ns(&quotas, 1, 500), 0);
    drop((second, third));
    assert!(quotas.admit(1, 500).is_ok());
}

proptest! {
    /// Forgetting accounts is invisible: a table that is nearly always full admits what an
    /// unbounded one does, or refuses for want of an account.
    #[test]
    fn a_small_table_admits_no_more_than_a_large_one(
        steps in proptest::collection::vec((0..5_u32, 0..40_u64, any::<bool>()), 1..200),
    ) {
        let limits = TenantLimits::new(2, ns(25)).with_in_flight_max(2);
        let (small, large) = (quotas(3, limits), quotas(100, limits));
        let (mut now_ns, mut held) = (0, HashMap::new());
        for (tenant, step_ns, keep) in steps {
            now_ns += step_ns;
            match small.admit(tenant, now_ns) {
                Ok(permit) => {
                    let twin = large.admit(tenant, now_ns);
                    prop_assert!(twin.is_ok(), "tenant {} at {}", tenant, now_ns);
                    if keep {
                        held.insert(tenant, (permit, twin));
                    } else {
                        held.remove(&tenant);
                    }
                }
                Err(_) if small.in_flight_count(tenant) == 0 && small.account_count() == 3 => {}
                Err(refused) => {
                    prop_assert_eq!(large.admit(tenant, now_ns).unwrap_err(), refused);
                }
            }
            prop_assert!(small.account_count() <= 3);
        }
    }
}
