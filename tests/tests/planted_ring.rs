//! The real requester of `isokern-ring` against the shipped PTX of `ring_echo`, seed for seed: what
//! ships is clean in many (`ISOKERN_SEEDS`: how many, 20 by itself), and an order taken out of it,
//! or out of the host's side, is noticed within 40.

use isokern_simcuda::replay::{Verdict, judge};
use isokern_tests::device::{Device, TARGETS, ptx};
use isokern_tests::echo::{Echoes, ring_echo};
use isokern_tests::replay_words::Orders;
use isokern_tests::seeds::{Host, SEEDS, planted, seeds};

const TARGET: u32 = 80;

fn asked(device: &Device, seed: u64, host: Host, orders: Orders) -> Result<(), Box<Verdict>> {
    let replay = || host.replay(&device.memory, seed);
    judge(replay, |replay| ring_echo(device, replay, Echoes { orders, ..Echoes::of_seed(seed) }))
}

/// As [`asked`], with a search for races, which ends the test that finds one.
fn asked_without_races(device: &Device, seed: u64, host: Host) -> Result<(), Box<Verdict>> {
    let replay = || host.replay(&device.memory, seed).watching_races();
    judge(replay, |replay| {
        ring_echo(device, replay, Echoes::of_seed(seed))?;
        replay.take_races().into_iter().next().map_or(Ok(()), |race| Err(race.into()))
    })
}

#[test]
fn a_requester_gets_every_answer_once_in_order_and_right() {
    for target in TARGETS {
        let device = Device::new(&ptx(target), target);
        for seed in 0..seeds(20) {
            for host in [Host::Strong, Host::Weak] {
                let answered = asked(&device, seed, host, Orders::Kept);
                answered.unwrap_or_else(|why| panic!("sm_{target}, {host:?}, seed {seed}: {why}"));
            }
        }
    }
}

#[test]
fn nothing_races_between_a_requester_and_its_echo() {
    let device = Device::new(&ptx(TARGET), TARGET);
    for seed in 0..seeds(20) {
        for host in [Host::Strong, Host::Weak] {
            let answered = asked_without_races(&device, seed, host);
            answered.unwrap_or_else(|why| panic!("{host:?}, seed {seed}: {why}"));
        }
    }
}

/// The shipped text with words of `ring_echo` replaced, and of no other kernel.
fn echo_with(from: &str, to: &str) -> Device {
    planted(TARGET, "isokern_probe_ring_echo", from, to)
}

/// The first seed that notices, and what it says.
fn caught(device: &Device, host: Host, orders: Orders) -> Option<(u64, Box<Verdict>)> {
    (0..SEEDS).find_map(|seed| Some((seed, asked(device, seed, host, orders).err()?)))
}

#[test]
fn orders_taken_out_of_an_echo_are_noticed() {
    for (what, from, to) in [
        ("dropped acquire of a message", "ld.acquire.sys", "ld.relaxed.sys"),
        ("acquire at .gpu where the host wrote", "ld.acquire.sys", "ld.acquire.gpu"),
        ("dropped .sys release of a reply", "st.release.sys", "st.relaxed.sys"),
        ("release at .gpu where the host reads", "st.release.sys", "st.release.gpu"),
        ("wrong stride of slots and payloads", ", 384;", ", 256;"),
    ] {
        let found = caught(&echo_with(from, to), Host::Strong, Orders::Kept);
        let (seed, why) = found.unwrap_or_else(|| panic!("{what} is not noticed"));
        eprintln!("{what}: seed {seed}\n{why}\n");
    }
}

#[test]
fn orders_taken_out_of_a_host_are_noticed_where_the_host_is_weak() {
    let device = Device::new(&ptx(TARGET), TARGET);
    for orders in [Orders::NoRelease, Orders::NoAcquire] {
        let found = caught(&device, Host::Weak, orders);
        let (seed, why) = found.unwrap_or_else(|| panic!("{orders:?} is not noticed"));
        eprintln!("{orders:?}: seed {seed}\n{why}\n");
        assert!(caught(&device, Host::Strong, orders).is_none(), "x86-64 keeps the order anyway");
    }
}

#[test]
fn a_seed_that_fails_tells_what_happened_to_the_word() {
    let device = echo_with("st.release.sys", "st.relaxed.sys");
    let (_, why) = caught(&device, Host::Strong, Orders::Kept).expect("it is noticed");
    let text = why.to_string();
    assert!(text.contains("the last accesses to the word at 0x"), "{text}");
    assert!(text.contains("a load of the host"), "{text}");
    let lines: Vec<_> = why.accesses.iter().filter(|line| line.contains("PTX line")).collect();
    assert!(!lines.is_empty(), "{text}");
}
