//! Message passing between the host and a block: with the host of x86-64, and with one that only
//! acquires and releases order.

use core::sync::atomic::Ordering;

use isokern_simcuda::memory::Kind;
use isokern_simcuda::replay::Replay;

use super::kernels::{Strength, kernel};
use super::run::Loaded;
use super::table::Mark::{self, Allowed, Forbidden};

/// Who stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    FromHost,
    ToHost,
}

/// What is said of stale data, by direction: with a weak host, and with a strong one, which keeps
/// its side of the order anyway.
pub(crate) const ROWS: [(Strength, [Mark; 2], [Mark; 2]); 4] = [
    (Strength::None, [Allowed, Allowed], [Allowed, Allowed]),
    (Strength::Release, [Allowed, Allowed], [Allowed, Forbidden]),
    (Strength::Acquire, [Allowed, Allowed], [Forbidden, Allowed]),
    (Strength::Both, [Forbidden, Forbidden], [Forbidden, Forbidden]),
];

/// Words of data before the flag.
const WORDS: u64 = 4;
const FLAG: u64 = 0;
const DATA: u64 = 64;
const READ: u64 = 128;

/// One direction with its orders.
pub(crate) struct Pair {
    loaded: Loaded,
    direction: Direction,
    order: Ordering,
    is_weak: bool,
}

impl Pair {
    pub(crate) fn new(direction: Direction, strength: Strength, is_weak: bool) -> Self {
        let releases = matches!(strength, Strength::Release | Strength::Both);
        let acquires = matches!(strength, Strength::Acquire | Strength::Both);
        let (body, order) = match direction {
            Direction::FromHost => (reader(acquires), releases.then_some(Ordering::Release)),
            Direction::ToHost => (writer(releases), acquires.then_some(Ordering::Acquire)),
        };
        let loaded = Loaded::new(&kernel(&body), 256, Kind::Pinned);
        Self { loaded, direction, order: order.unwrap_or(Ordering::Relaxed), is_weak }
    }

    /// Whether the data that a seen flag guards is older than the flag.
    pub(crate) fn is_stale(&self, seed: u64) -> bool {
        let replay = self.loaded.begin(seed, 1, 1);
        let mut replay = if self.is_weak { replay.with_weak_host() } else { replay };
        let data = (0..WORDS).map(|word| self.loaded.address(DATA + 4 * word));
        let flag = self.loaded.address(FLAG);
        match self.direction {
            Direction::FromHost => {
                data.for_each(|word| replay.host_store(word, 4, 1).unwrap());
                replay.host_store_as(flag, 4, 1, self.order).unwrap();
                assert!(replay.finish(1_000_000).unwrap());
                self.loaded.word(READ) != u32::try_from(WORDS).unwrap()
            }
            Direction::ToHost => {
                while replay.host_load_as(flag, 4, self.order).unwrap() == 0 {}
                let seen = data.map(|word| replay.host_load(word, 4).unwrap()).sum::<u64>();
                assert!(replay.finish(1_000_000).unwrap());
                seen != WORDS
            }
        }
    }
}

/// Waits for the flag and adds up the data.
fn reader(acquires: bool) -> String {
    let order = if acquires { "acquire" } else { "relaxed" };
    let mut body = format!(
        "WAIT:\nld.{order}.sys.global.u32 %r2, [%rd0];\nsetp.eq.u32 %p1, %r2, 0;\n\
         @%p1 bra WAIT;\nmov.u32 %r4, 0;\n"
    );
    for word in 0..WORDS {
        let place = DATA + 4 * word;
        body += &format!("ld.global.u32 %r3, [%rd0+{place}];\nadd.u32 %r4, %r4, %r3;\n");
    }
    body + &format!("st.global.u32 [%rd0+{READ}], %r4;")
}

/// Stores the data, then the flag, and stays for a while: at its end everything has to be seen.
fn writer(releases: bool) -> String {
    let order = if releases { "release" } else { "relaxed" };
    let data = (0..WORDS).map(|word| format!("st.global.u32 [%rd0+{}], 1;\n", DATA + 4 * word));
    format!(
        "{}st.{order}.sys.global.u32 [%rd0], 1;\nmov.u32 %r3, 2000;\n\
         STAY:\nsub.u32 %r3, %r3, 1;\nsetp.ne.u32 %p1, %r3, 0;\n@%p1 bra STAY;",
        data.collect::<String>()
    )
}

/// A block counts upwards in one word, and so does a weak host in another: a value that the host
/// reads after a larger one, or one of its own that is not the last.
pub(crate) fn backwards(seed: u64) -> Option<(u64, u64)> {
    let body = "mov.u32 %r3, 0;\nCOUNT:\nadd.u32 %r3, %r3, 1;\n\
        st.relaxed.sys.global.u32 [%rd0], %r3;\nsetp.ne.u32 %p1, %r3, 40;\n@%p1 bra COUNT;";
    let loaded = Loaded::new(&kernel(body), 256, Kind::Pinned);
    let mut replay: Replay = loaded.begin(seed, 1, 1).with_weak_host();
    let (mut last, own) = (0, loaded.address(64));
    for count in 0..200 {
        let found = replay.host_load(loaded.address(0), 4).unwrap();
        replay.host_store(own, 4, count).unwrap();
        let mine = replay.host_load(own, 4).unwrap();
        if found < last || mine != count {
            return Some((found, mine));
        }
        last = found;
    }
    assert!(last > 0, "the host saw nothing of it");
    None
}
