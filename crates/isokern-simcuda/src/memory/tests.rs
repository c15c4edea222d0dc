//! Tests of allocations and of accesses that miss them.

use std::sync::Arc;

use super::{AccessError, AllocationError, DEVICE_BASE, Kind, Memory, Miss, Store, View};

#[test]
fn device_memory_has_addresses_of_its_own_and_starts_with_a_pattern() {
    let memory = Memory::new(1 << 20);
    let first = memory.allocate(100, Kind::Device).unwrap();
    let second = memory.allocate(8, Kind::Module).unwrap();
    assert!(first >= DEVICE_BASE && first.is_multiple_of(256) && second.is_multiple_of(256));
    let mut bytes = [0; 100];
    memory.read(first, &mut bytes).unwrap();
    assert_eq!(bytes, [0xA5; 100]);
    memory.read(second, &mut bytes[..8]).unwrap();
    assert_eq!(bytes[..8], [0; 8]);
    assert_eq!((memory.used(), memory.count()), (108, 2));
}

#[test]
fn pinned_memory_has_the_address_of_the_host() {
    let memory = Memory::new(0);
    let address = memory.allocate(64, Kind::Pinned).unwrap();
    assert!(address < DEVICE_BASE);
    memory.write(address + 8, &[1, 2, 3]).unwrap();
    let allocation = memory.find(address + 63).unwrap();
    assert_eq!(allocation.store.host_address(), address);
    assert_eq!(allocation.store.load(8, 4) & 0xFF_FFFF, 0x03_0201);
    assert_eq!(memory.used(), 0);
}

#[test]
fn what_is_not_there_is_refused() {
    let memory = Memory::new(1000);
    assert_eq!(memory.allocate(0, Kind::Device), Err(AllocationError::Empty));
    let too_many = AllocationError::OutOfMemory { bytes: 1001 };
    assert_eq!(memory.allocate(1001, Kind::Device), Err(too_many));
    let too_many = AllocationError::OutOfMemory { bytes: u64::MAX };
    assert_eq!(memory.allocate(u64::MAX, Kind::Pinned), Err(too_many));
    let base = memory.allocate(1000, Kind::Device).unwrap();
    assert!(memory.allocate(1, Kind::Device).is_err());
    memory.free(base, &[Kind::Device]).unwrap();
    assert!(memory.allocate(1000, Kind::Device).is_ok());
}

#[test]
fn misses_say_what_is_there() {
    let memory = Arc::new(Memory::new(1 << 20));
    let base = memory.allocate(100, Kind::Device).unwrap();
    let mut view = View::new(Arc::clone(&memory));
    let end = Miss::End { base, bytes: 100 };
    assert!(view.range(base + 96, 4).is_ok());
    let over = AccessError { address: base + 97, bytes: 4, miss: end };
    assert_eq!(view.range(base + 97, 4).unwrap_err(), over);
    assert_eq!(view.range(base + 100, 1).unwrap_err().miss, end);
    assert_eq!(view.range(64, 4).unwrap_err().miss, Miss::Unknown);
    assert_eq!(memory.read(base + 97, &mut [0; 4]).unwrap_err(), over);

    memory.free(base, &[Kind::Device]).unwrap();
    assert!(view.range(base, 4).is_ok(), "a view keeps what it knows");
    view.refresh();
    let freed = Miss::Freed { base, bytes: 100 };
    assert_eq!(view.range(base, 4).unwrap_err().miss, freed);
    assert_eq!(memory.free(base, &[Kind::Device]).unwrap_err().miss, freed);
    let again = memory.allocate(100, Kind::Device).unwrap();
    assert_ne!(again, base, "addresses are not used twice");
}

#[test]
fn memory_is_freed_by_the_call_for_its_kind() {
    let memory = Memory::new(1 << 20);
    let pinned = memory.allocate(16, Kind::Pinned).unwrap();
    assert!(memory.free(pinned, &[Kind::Device]).is_err());
    assert!(memory.free(pinned + 1, &[Kind::Pinned]).is_err());
    assert!(memory.free(pinned, &[Kind::Pinned]).is_ok());
    assert_eq!(memory.count(), 0);
}

#[test]
#[expect(unsafe_code, reason = "registering memory is a promise about it")]
fn registered_memory_may_not_overlap() {
    let memory = Memory::new(0);
    let mut bytes = [7_u8; 64];
    let start = bytes.as_mut_ptr();
    // SAFETY: the array outlives the store and is not touched meanwhile.
    let address = memory.register(unsafe { Store::borrowed(start, 64) }).unwrap();
    // SAFETY: as above.
    let again = memory.register(unsafe { Store::borrowed(start.wrapping_add(8), 8) });
    assert!(matches!(again, Err(AllocationError::Taken { .. })));
    memory.write(address, &[1]).unwrap();
    memory.free(address, &[Kind::Registered]).unwrap();
    assert_eq!(bytes[..2], [1, 7]);
}

#[test]
fn accesses_of_a_store_stay_inside_and_aligned() {
    let store = Store::new(12, 0).unwrap();
    store.store(4, 8, u64::MAX);
    assert_eq!(store.load(0, 8), 0, "8 bytes at 4 are not aligned");
    store.store(8, 8, u64::MAX);
    assert_eq!(store.load(8, 4), 0, "8 bytes at 8 are not inside");
    store.store(8, 4, 0x1_2345_6789);
    assert_eq!(store.load(8, 4), 0x2345_6789);
    assert_eq!(store.load(10, 2), 0x2345);
    assert_eq!(store.load(11, 1), 0x23);
    assert_eq!(store.load(3, 3), 0);
    assert_eq!(store.update(8, 4, |old| old + 1), 0x2345_6789);
    assert_eq!(store.update(8, 2, |old| old | 1), 0x678A);
    assert_eq!(store.load(8, 4), 0x2345_678B);
    assert_eq!(store.update(9, 4, |old| old + 1), 0);
}
