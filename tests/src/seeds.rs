//! What suites of replays share: how many seeds they try, hosts, and PTX with something taken out.

use std::sync::Arc;

use isokern_simcuda::memory::Memory;
use isokern_simcuda::replay::Replay;

use crate::device::{Device, ptx};

/// Seeds after which a planted bug counts as missed.
pub const SEEDS: u64 = 40;

/// Returns how many seeds are tried: `few` unless `ISOKERN_SEEDS` says otherwise.
#[must_use]
pub fn seeds(few: u64) -> u64 {
    let wanted = std::env::var("ISOKERN_SEEDS").ok().and_then(|text| text.parse().ok());
    wanted.unwrap_or(few)
}

/// What a host does to the order of its accesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// Nothing, as x86-64.
    Strong,
    /// Whatever they do not forbid, as ARM.
    Weak,
}

impl Host {
    /// Returns a weak replay in which this is the host.
    #[must_use]
    pub fn replay(self, memory: &Arc<Memory>, seed: u64) -> Replay {
        let replay = Replay::weak(memory, seed);
        if self == Self::Weak { replay.with_weak_host() } else { replay }
    }
}

/// Returns a device with the shipped text, in which words are replaced in the functions and entries
/// whose names have a piece, and in no others.
///
/// # Panics
///
/// When none of them has such words.
#[must_use]
pub fn planted(target: u32, name: &str, from: &str, to: &str) -> Device {
    planted_by(target, name, |part| part.replace(from, to))
}

/// Returns a device with the shipped text, in which the functions and entries whose names have a
/// piece are changed, and no others.
///
/// # Panics
///
/// When nothing changes.
#[must_use]
pub fn planted_by(target: u32, name: &str, change: impl Fn(&str) -> String) -> Device {
    Device::new(&planted_in(&ptx(target), name, change), target)
}

/// Returns a text of PTX, in which the functions and entries whose names have a piece are changed,
/// and no others.
///
/// # Panics
///
/// When nothing changes.
#[must_use]
pub fn planted_in(text: &str, name: &str, change: impl Fn(&str) -> String) -> String {
    let mut planted = String::with_capacity(text.len());
    for part in text.split_inclusive("\n}\n") {
        // What is only declared comes before what is defined.
        let mut heads =
            part.lines().filter(|line| line.contains(".func ") || line.contains(".entry "));
        if heads.next_back().is_some_and(|head| head.contains(name)) {
            planted.push_str(&change(part));
        } else {
            planted.push_str(part);
        }
    }
    assert_ne!(planted, text, "nothing changes in {name}");
    planted
}
