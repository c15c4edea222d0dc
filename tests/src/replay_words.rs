//! Words and cells of the host side of a replay: code that runs over shared words runs over these,
//! seed for seed, against the PTX of the other side.
//!
//! Every access lets the device run for a while, and has the order that the host's own word or cell
//! has for it (`isokern_core::ring::HostCell`). With a replay whose host is weak a missing order
//! shows; [`Orders`] leaves some out on purpose.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use std::panic::resume_unwind;
use std::sync::Mutex;

use isokern_core::call::{Clock, PollingSleep};
use isokern_core::ring::{AddressSpace, CellValue, SharedCell, SharedRmw, SharedWord};
use isokern_simcuda::machine::Counts;
use isokern_simcuda::replay::Replay;

/// What is left of the accesses of a host that is gone.
const GONE: u64 = u64::MAX;

/// A replay that several words of the host use.
pub type Shared<'r> = Mutex<&'r mut Replay>;

/// Which orders the host's words keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orders {
    /// All that the protocol asks for.
    Kept,
    /// Stores that should release are relaxed.
    NoRelease,
    /// Loads that should acquire are relaxed.
    NoAcquire,
}

/// What a host that stops for good unwinds with.
#[derive(Debug, Clone, Copy)]
pub struct HostGone;

/// The memory of a device as its host reaches it: cells and words at addresses.
#[derive(Clone, Copy)]
pub struct HostSide<'a, 'r> {
    replay: &'a Shared<'r>,
    orders: Orders,
    /// Accesses until the host stops for good.
    left: Option<&'a AtomicU64>,
}

impl<'a, 'r> HostSide<'a, 'r> {
    /// Returns the host's side of a replay.
    pub const fn new(replay: &'a Shared<'r>, orders: Orders) -> Self {
        Self { replay, orders, left: None }
    }

    /// Returns the same for a host that stops for good after so many accesses: the next one unwinds
    /// with [`HostGone`], and what its destructors write goes nowhere.
    #[must_use]
    pub const fn stopping_after(self, left: Option<&'a AtomicU64>) -> Self {
        Self { left, ..self }
    }

    /// Returns whether the host still runs; unwinds when it stops.
    fn is_there(&self) -> bool {
        let Some(left) = self.left else { return true };
        match left.load(Ordering::Relaxed) {
            GONE => return false,
            0 => {
                left.store(GONE, Ordering::Relaxed);
                resume_unwind(Box::new(HostGone))
            }
            accesses => left.store(accesses - 1, Ordering::Relaxed),
        }
        true
    }

    /// Reads plain data of four bytes.
    #[must_use]
    pub fn read(&self, address: u64) -> u32 {
        self.load(address, 4, Ordering::Relaxed) as u32
    }

    /// Writes plain data of four bytes.
    pub fn write(&self, address: u64, value: u32) {
        self.store(address, 4, value.into(), Ordering::Relaxed);
    }

    /// Lets the device take some steps.
    pub fn wait(&self, steps: u32) {
        let mut replay = self.replay.lock().expect("nobody panicked with it");
        (0..steps).for_each(|_| _ = replay.step());
    }

    /// Keeps the device from running while the host makes its accesses, or no more.
    pub fn hold(&self, is_held: bool) {
        self.replay.lock().expect("nobody panicked with it").hold(is_held);
    }

    /// Returns how often the function was entered whose entries the replay marks.
    #[must_use]
    pub fn mark_count(&self) -> usize {
        let replay = self.replay.lock().expect("nobody panicked with it");
        replay.profile().map_or(0, |profile| profile.mark_count())
    }

    /// Returns what each function executed from one of these entries to the next, if both were
    /// noted.
    #[must_use]
    pub fn counts_between(&self, entry: usize) -> Option<Vec<Counts>> {
        let replay = self.replay.lock().expect("nobody panicked with it");
        replay.profile()?.between(entry, entry + 1)
    }

    fn load(&self, address: u64, bytes: u32, order: Ordering) -> u64 {
        if !self.is_there() {
            return 0;
        }
        let order = if self.orders == Orders::NoAcquire { Ordering::Relaxed } else { order };
        let mut replay = self.replay.lock().expect("nobody panicked with it");
        let value = replay.host_load_as(address, bytes, order);
        value.unwrap_or_else(|error| panic!("the host reads {error}"))
    }

    fn store(&self, address: u64, bytes: u32, value: u64, order: Ordering) {
        if !self.is_there() {
            return;
        }
        let order = if self.orders == Orders::NoRelease { Ordering::Relaxed } else { order };
        let mut replay = self.replay.lock().expect("nobody panicked with it");
        let done = replay.host_store_as(address, bytes, value, order);
        done.unwrap_or_else(|error| panic!("the host writes {error}"));
    }
}

impl<'a, 'r> AddressSpace for HostSide<'a, 'r> {
    type Cell = ReplayCell<'a, 'r>;
    type Word = ReplayWord<'a, 'r>;

    fn cell(&self, address: u64) -> Self::Cell {
        ReplayCell { side: *self, address }
    }

    fn word(&self, address: u64) -> Self::Word {
        ReplayWord { side: *self, address }
    }
}

/// A word of four bytes.
#[derive(Debug, Clone, Copy)]
pub struct ReplayWord<'a, 'r> {
    side: HostSide<'a, 'r>,
    address: u64,
}

impl SharedWord for ReplayWord<'_, '_> {
    fn load_relaxed(&self) -> u32 {
        self.side.load(self.address, 4, Ordering::Relaxed) as u32
    }

    fn load_acquire(&self) -> u32 {
        self.side.load(self.address, 4, Ordering::Acquire) as u32
    }

    fn store_relaxed(&self, value: u32) {
        self.side.store(self.address, 4, value.into(), Ordering::Relaxed);
    }

    fn store_release(&self, value: u32) {
        self.side.store(self.address, 4, value.into(), Ordering::Release);
    }
}

/// For words that only the host's side writes: of the device's accesses none comes between.
impl SharedRmw for ReplayWord<'_, '_> {
    fn compare_exchange(&self, current: u32, new: u32) -> Result<u32, u32> {
        let found = self.load_acquire();
        if found != current {
            return Err(found);
        }
        self.store_release(new);
        Ok(found)
    }
}

/// A cell of eight bytes in one piece.
#[derive(Debug, Clone, Copy)]
pub struct ReplayCell<'a, 'r> {
    side: HostSide<'a, 'r>,
    address: u64,
}

impl ReplayCell<'_, '_> {
    fn load(&self, order: Ordering) -> CellValue {
        let both = self.side.load(self.address, 8, order);
        CellValue { data: both as u32, turn: (both >> 32) as u32 }
    }

    fn store(&self, data: u32, turn: u32, order: Ordering) {
        self.side.store(self.address, 8, u64::from(turn) << 32 | u64::from(data), order);
    }
}

impl SharedCell for ReplayCell<'_, '_> {
    fn poll(&self) -> CellValue {
        self.load(Ordering::Relaxed)
    }

    fn poll_acquire(&self) -> CellValue {
        self.load(Ordering::Acquire)
    }

    fn publish(&self, data: u32, turn: u32) {
        self.store(data, turn, Ordering::Relaxed);
    }

    fn publish_release(&self, data: u32, turn: u32) {
        self.store(data, turn, Ordering::Release);
    }

    fn read(&self) -> Option<CellValue> {
        Some(self.load(Ordering::Acquire))
    }

    fn replace(&self, data: u32, turn: u32) {
        self.store(data, turn, Ordering::Release);
    }
}

/// The time of a replay.
impl Clock for HostSide<'_, '_> {
    fn now_ns(&self) -> u64 {
        self.replay.lock().expect("nobody panicked with it").now_ns()
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}

impl fmt::Debug for HostSide<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostSide").field("orders", &self.orders).finish_non_exhaustive()
    }
}
