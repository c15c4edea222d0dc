//! Litmus tests of the device's memory order: what PTX allows is seen, what it forbids never is.
//!
//! `ISOKERN_LITMUS=long` tries 3000 seeds for every outcome that must not be seen, in place of 60.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the answer")]

mod host;
mod kernels;
mod page;
mod run;
mod table;

use kernels::{Placement, Scope, Strength, Test};
use run::Cell;
use table::Mark;

/// Seeds within which an allowed outcome is seen.
const SEEDS_ALLOWED: u64 = 300;

fn seeds_forbidden() -> u64 {
    let is_long = std::env::var("ISOKERN_LITMUS").is_ok_and(|value| value == "long");
    if is_long { 3000 } else { 60 }
}

fn check(test: Test) {
    let mut worst = 0;
    for placement in Placement::ALL {
        for scope in Scope::ALL {
            for strength in Strength::ALL {
                let name = format!("{test:?} {placement:?} {scope:?} {strength:?}");
                let cell = Cell::new(test, placement, scope, strength);
                if table::mark(test, placement, scope, strength) == Mark::Allowed {
                    let first = (0..SEEDS_ALLOWED).find(|seed| cell.seen(*seed) > 0);
                    let first = first.unwrap_or_else(|| panic!("{name}: allowed and never seen"));
                    worst = first.max(worst);
                } else {
                    let first = (0..seeds_forbidden()).find(|seed| cell.seen(*seed) > 0);
                    assert_eq!(first, None, "{name}: a seed sees what must not be seen");
                }
            }
        }
    }
    eprintln!("{test:?}: every allowed outcome is seen by seed {worst}");
}

#[test]
fn message_passing() {
    check(Test::MP);
}

#[test]
fn store_buffering() {
    check(Test::SB);
}

#[test]
fn load_buffering() {
    check(Test::LB);
}

#[test]
fn reads_of_one_word() {
    check(Test::CoRR);
}

#[test]
fn independent_reads_of_independent_writes() {
    check(Test::IRIW);
}

#[test]
fn writes_to_reads_to_writes() {
    check(Test::WRC);
}

#[test]
fn acquiring_an_unrelated_word_orders_nothing() {
    let seen = (0..SEEDS_ALLOWED).filter(|seed| run::unrelated(*seed)).count();
    assert!(seen >= 10, "{seen} of {SEEDS_ALLOWED} seeds see stale data after an acquire");
}

#[test]
fn an_address_a_vote_and_a_shuffle_order_nothing() {
    for between in ["address", "vote", "shuffle"] {
        let seen = (0..SEEDS_ALLOWED).filter(|seed| run::dependent(between, *seed)).count();
        assert!(seen >= 10, "{between}: {seen} of {SEEDS_ALLOWED} seeds see stale data");
    }
}

#[test]
fn an_acquire_for_the_device_does_not_reach_the_host() {
    let stale = |scope: &str| {
        (0..100).filter(|seed| run::from_host(&format!("ld.acquire.{scope}.u32"), *seed)).count()
    };
    assert_eq!(stale("sys"), 0);
    assert!(stale("gpu") >= 10, "{} of 100 seeds", stale("gpu"));
}

/// Message passing between the host and a block, for each order of its two sides.
fn check_host(direction: host::Direction) {
    for (strength, weak_mark, strong_mark) in host::ROWS {
        for (is_weak, marks) in [(true, weak_mark), (false, strong_mark)] {
            let name = format!("{direction:?}, {strength:?}, weak host {is_weak}");
            let is_allowed = marks[direction as usize] == Mark::Allowed;
            let seeds = if is_allowed { SEEDS_ALLOWED } else { seeds_forbidden() };
            let pair = host::Pair::new(direction, strength, is_weak);
            let first = (0..seeds).find(|seed| pair.is_stale(*seed));
            assert_eq!(first.is_some(), is_allowed, "{name}: {first:?}");
            eprintln!("{name}: {first:?}");
        }
    }
}

#[test]
fn messages_from_the_host() {
    check_host(host::Direction::FromHost);
}

#[test]
fn messages_to_the_host() {
    check_host(host::Direction::ToHost);
}

#[test]
fn a_weak_host_reads_no_word_backwards_and_sees_its_own_stores() {
    for seed in 0..200 {
        assert_eq!(host::backwards(seed), None, "seed {seed}");
    }
}

#[test]
fn what_a_block_was_told_may_be_handed_on_in_a_narrower_scope() {
    let wrong = (0..200).filter(|seed| run::handed_on(*seed)).count();
    assert_eq!(wrong, 0);
}
