//! The shipped PTX with an order taken out of its text: each is noticed within 40 seeds, and what
//! ships is clean in many (`ISOKERN_SEEDS`: how many, 20 by itself).

use isokern_model::layout::Layout;
use isokern_simcuda::replay::{Replay, judge};
use isokern_tests::device::{Device, ptx};
use isokern_tests::probes::{Order, barrier, cells, ping_pong};
use isokern_tests::seeds::{SEEDS, seeds};
use isokern_tests::vectors::{cases, own_folder};

const TARGET: u32 = 80;

/// Returns the first seed that shows stale words in the hand-offs between two blocks.
fn hand_off_caught(from: &str, to: &str) -> Option<u64> {
    let text = ptx(TARGET);
    let planted = text.replace(from, to);
    assert_ne!(planted, text, "there is no {from}");
    let device = Device::new(&planted, TARGET);
    (0..SEEDS).find(|seed| {
        ping_pong(&device, 20, Order::Seed(*seed)).is_err_and(|failed| failed.violations > 0)
    })
}

#[test]
fn orders_taken_out_of_a_hand_off_are_noticed() {
    for (what, from, to) in [
        ("dropped acquire", "ld.acquire.gpu", "ld.relaxed.gpu"),
        ("acquire too narrow", "ld.acquire.gpu", "ld.acquire.cta"),
        ("dropped release", "st.release.gpu", "st.relaxed.gpu"),
        ("release too narrow", "st.release.gpu", "st.release.cta"),
    ] {
        let seed = hand_off_caught(from, to);
        eprintln!("{what}: seed {seed:?}");
        assert!(seed.is_some(), "{what} is not noticed within {SEEDS} seeds");
    }
}

#[test]
fn a_barrier_taken_out_is_noticed() {
    let text = ptx(TARGET);
    let planted: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("bar"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(planted.lines().count() < text.lines().count(), "there are no barriers");
    let device = Device::new(&planted, TARGET);
    let seed = (0..SEEDS).find(|seed| {
        barrier(&device, 64, 4, Order::Seed(*seed)).is_err_and(|failed| failed.violations > 0)
    });
    eprintln!("barrier: seed {seed:?}");
    assert!(seed.is_some());
}

#[test]
fn what_ships_is_clean() {
    let device = Device::new(&ptx(TARGET), TARGET);
    for seed in 0..seeds(20) {
        for record in [
            ping_pong(&device, 6, Order::Seed(seed)),
            barrier(&device, 65, 3, Order::Seed(seed)),
            cells(&device, 4, 6, Order::Seed(seed)),
        ] {
            record.unwrap_or_else(|failed| panic!("{failed}"));
        }
    }
}

#[test]
fn small_models_give_the_same_bytes_whatever_loads_return_and_do_not_race() {
    let device = Device::new(&ptx(TARGET), TARGET);
    let cases = cases(&own_folder());
    let small = cases.iter().filter(|case| case.inputs.len() <= 2048 && !case.inputs.is_empty());
    let small: Vec<_> = small.collect();
    assert!(small.len() >= 6, "{} models", small.len());
    for (seed, case) in (0..seeds(12)).zip(small.iter().cycle()) {
        let artifact = case.convert(Layout::Packed);
        let replay = || Replay::weak(&device.memory, seed).watching_races();
        let judged = judge(replay, |replay| {
            device.batch_gives(replay, &artifact, &case.inputs, &case.outputs)?;
            replay.take_races().into_iter().next().map_or(Ok(()), |race| Err(race.into()))
        });
        judged.unwrap_or_else(|why| panic!("{} under seed {seed}: {why}", case.name));
    }
}

#[test]
fn a_probe_that_fails_tells_what_happened_to_its_memory() {
    let planted = ptx(TARGET).replace("st.release.gpu", "st.relaxed.gpu");
    let device = Device::new(&planted, TARGET);
    let failed = (0..SEEDS).find_map(|seed| ping_pong(&device, 20, Order::Seed(seed)).err());
    let text = failed.expect("it is noticed").to_string();
    for part in ["violations: ", "the last accesses to the word at 0x", "race at 0x", "PTX line"] {
        assert!(text.contains(part), "there is no {part:?} in {text}");
    }
}
