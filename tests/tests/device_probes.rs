//! The probes of the shipped PTX, executed: they measure what they say, and find no violation
//! whatever the order of threads and stores.

use isokern_core::device::ProbeRecord;
use isokern_simcuda::memory::Kind;
use isokern_tests::device::{Device, TARGETS, ptx};
use isokern_tests::probes::{Failed, Order, barrier, cells, chase, ping_pong, shared_chase};

fn devices() -> impl Iterator<Item = Device> {
    TARGETS.into_iter().map(|target| Device::new(&ptx(target), target))
}

fn clean(record: Result<ProbeRecord, Failed>) -> ProbeRecord {
    record.unwrap_or_else(|failed| panic!("{failed}"))
}

#[test]
fn hand_offs_between_blocks_lose_nothing() {
    for device in devices() {
        assert_eq!(clean(ping_pong(&device, 200, Order::Turns)).completed, 200);
        for seed in 0..5 {
            assert_eq!(clean(ping_pong(&device, 20, Order::Seed(seed))).completed, 20);
        }
    }
}

#[test]
fn the_barrier_of_a_block_orders_its_memory() {
    for device in devices() {
        assert_eq!(clean(barrier(&device, 256, 50, Order::Turns)).completed, 50);
        for seed in 0..5 {
            let record = clean(barrier(&device, 96, 5, Order::Seed(seed)));
            assert_eq!((record.completed, record.observed), (5, 5 * 96));
        }
    }
}

#[test]
fn cells_are_never_seen_torn() {
    for device in devices() {
        clean(cells(&device, 64, 100, Order::Turns));
        let raced: u64 =
            (0..5).map(|seed| clean(cells(&device, 8, 20, Order::Seed(seed))).observed).sum();
        assert!(raced > 0, "some reader saw a cell change");
    }
}

#[test]
fn chases_follow_every_link_in_any_memory() {
    // A chain of 64 words, 29 words from link to link: after 100 steps it is at 100 * 29 mod 64.
    let links: Vec<u8> = (0..64_u64).flat_map(|at| ((at + 29) % 64 * 8).to_le_bytes()).collect();
    for device in devices() {
        for kind in [Kind::Device, Kind::Pinned] {
            let chain = device.memory.allocate(512, kind).expect("there is room");
            device.memory.write(chain, &links).expect("it is allocated");
            let record = clean(chase(&device, chain, 100));
            assert_eq!((record.completed, record.last), (100, 100 * 29 % 64 * 8));
            assert!(record.cycles > 0);
        }
        let record = clean(shared_chase(&device, 96, 7, 1000));
        assert_eq!((record.completed, record.last), (1000, 1000 * 7 % 96));
    }
}

#[test]
fn empty_kernels_take_their_parameters() {
    for device in devices() {
        for (name, values) in [("isokern_empty", &[][..]), ("isokern_empty8", &[7; 8])] {
            let entry = device.entry(name);
            let counters = device.run(isokern_simcuda::machine::Launch {
                entry,
                grid: [3, 1, 1],
                block: [64, 1, 1],
                dynamic_shared: 0,
                parameters: device.parameters(entry, values),
                resident_max: 1,
            });
            let counters = counters.unwrap_or_else(|fault| panic!("{fault}"));
            assert!(counters.thread_instructions >= 3 * 64, "every thread ran");
        }
    }
}
