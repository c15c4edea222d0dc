//! The placement table, row by row, and the algebra of the sets.

use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::strategy::Just;
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::{MemoryClass, PlacementAcceptance, PlacementDecision, decide_placement};

#[test]
fn each_class_owns_the_bit_of_the_table() {
    let rows = [
        (MemoryClass::Host, 0),
        (MemoryClass::PinnedHost, 1),
        (MemoryClass::Device(0), 2),
        (MemoryClass::Device(15), 17),
        (MemoryClass::Shared, 18),
    ];
    for (class, bit) in rows {
        assert_eq!(PlacementAcceptance::exactly(class).bits(), 1 << bit, "{class}");
    }
    let named = PlacementAcceptance::empty().with_host().with_pinned_host().with_shared();
    assert_eq!(named.bits(), 1 | 2 | 1 << 18);
}

#[test]
fn device_16_is_never_device_0_nor_any_other() {
    let devices =
        (0..16).try_fold(PlacementAcceptance::empty(), |set, ordinal| set.try_with_device(ordinal));
    let everything = devices.unwrap().with_host().with_pinned_host().with_shared();
    for ordinal in 16..=u8::MAX {
        let class = MemoryClass::Device(ordinal);
        assert!(!everything.accepts(class), "{class}");
        assert!(PlacementAcceptance::exactly(class).is_empty(), "{class}");
        assert_eq!(PlacementAcceptance::empty().try_with_device(ordinal), None);
        assert_eq!(decide_placement(class, everything), PlacementDecision::AdaptRequired);
    }
}

#[test]
fn bits_without_a_class_are_refused() {
    assert_eq!(PlacementAcceptance::from_bits(1 << 19), None);
    assert!(PlacementAcceptance::try_from(u32::MAX).is_err());
    assert!(PlacementAcceptance::from_bits((1 << 19) - 1).is_some());
}

fn class() -> impl Strategy<Value = MemoryClass> {
    prop_oneof![
        Just(MemoryClass::Host),
        Just(MemoryClass::PinnedHost),
        Just(MemoryClass::Shared),
        any::<u8>().prop_map(MemoryClass::Device),
    ]
}

fn set() -> impl Strategy<Value = PlacementAcceptance> {
    (0_u32..1 << 19).prop_map(|bits| PlacementAcceptance::from_bits(bits).unwrap())
}

proptest! {
    #[test]
    fn union_and_intersect_are_or_and_and(a in set(), b in set(), class in class()) {
        prop_assert_eq!(a.union(b).accepts(class), a.accepts(class) || b.accepts(class));
        prop_assert_eq!(a.intersect(b).accepts(class), a.accepts(class) && b.accepts(class));
        prop_assert!(a.union(b).contains(a) && a.contains(a.intersect(b)));
        prop_assert_eq!(a.contains(b), a.union(b) == a);
    }

    #[test]
    fn a_set_is_the_number_it_prints(a in set()) {
        prop_assert_eq!(PlacementAcceptance::try_from(u32::from(a)), Ok(a));
    }

    #[test]
    fn exactly_accepts_one_class_only(a in class(), b in class()) {
        let taken = PlacementAcceptance::exactly(a).accepts(b);
        prop_assert_eq!(taken, a == b && a.code().is_some());
    }
}
