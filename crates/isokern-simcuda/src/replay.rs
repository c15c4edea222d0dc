//! Runs kernels in an order that follows from a seed, with the host as one more participant.
//!
//! Everything happens on the calling thread: warps of all blocks take turns of a few instructions,
//! stores wait in buffers until something orders them, and time is a count of instructions. The
//! host's accesses go through [`Replay`] too, and let the device run before each. The same seed and
//! the same calls give the same run, to the instruction.

use core::sync::atomic::Ordering;
use std::sync::Arc;

use crate::machine::{Counters, Engine, Fault, Grid, Launch, Profile, Progress};
use crate::memory::{AccessError, Memory};
use crate::program::Program;
pub use crate::verdict::{Verdict, Wrong, judge};
use crate::views::{HostRead, Views};
pub use crate::views::{Race, Side};

/// A device whose every choice follows from a seed.
///
/// ```
/// use std::sync::Arc;
/// use isokern_simcuda::machine::Launch;
/// use isokern_simcuda::memory::{Kind, Memory};
/// use isokern_simcuda::program::{Limits, Program};
/// use isokern_simcuda::replay::Replay;
///
/// let text = "
/// .version 7.0
/// .target sm_75
/// .address_size 64
/// .visible .entry answer(.param .u64 word) {
///     .reg .b64 %rd<2>;
///     ld.param.u64 %rd1, [word];
///     st.release.sys.global.u32 [%rd1], 42;
///     ret;
/// }";
/// let memory = Arc::new(Memory::new(1 << 20));
/// let program = Arc::new(Program::load(text, &memory, Limits { isa: (8, 0), sm: 90 })?);
/// let word = memory.allocate(4, Kind::Pinned)?;
/// let mut replay = Replay::new(&memory, 7);
/// replay.host_store(word, 4, 0)?;
/// replay.launch(&program, Launch {
///     entry: program.entry("answer").expect("it is in the text"),
///     grid: [1, 1, 1],
///     block: [1, 1, 1],
///     dynamic_shared: 0,
///     parameters: word.to_le_bytes().to_vec(),
///     resident_max: 1,
/// });
/// while replay.host_load(word, 4)? != 42 {}
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Replay {
    engine: Engine,
    grids: Vec<Grid>,
    fault: Option<Box<Fault>>,
    /// The function whose entries are noted in the profiles of kernels, or the barriers after them.
    marked: Option<(usize, bool)>,
    /// Whether the device waits while the host makes its accesses.
    is_held: bool,
}

impl Replay {
    /// Returns a device without work.
    #[must_use]
    pub fn new(memory: &Arc<Memory>, seed: u64) -> Self {
        Self::of_engine(Engine::with_buffers(memory, seed))
    }

    /// Returns a device without work whose loads may return old values: what a missing acquire lets
    /// it do is done, for some seeds.
    #[must_use]
    pub fn weak(memory: &Arc<Memory>, seed: u64) -> Self {
        Self::of_engine(Engine::weak(memory, seed))
    }

    const fn of_engine(engine: Engine) -> Self {
        Self { engine, grids: Vec::new(), fault: None, marked: None, is_held: false }
    }

    /// Adds a kernel; it runs beside those that are there. It sees whatever has arrived by now.
    pub fn launch(&mut self, program: &Arc<Program>, launch: Launch) {
        let moment = self.engine.views().map_or(0, Views::launch);
        let mut grid = Grid::new(program, launch).launched_at(moment);
        match self.marked {
            Some((function, false)) => grid.profile_mut().mark_entries(function),
            Some((function, true)) => grid.profile_mut().mark_barriers_after(function),
            None => {}
        }
        self.grids.push(grid);
    }

    /// Lets the device take one step; says whether it has anything to do.
    pub fn step(&mut self) -> bool {
        if self.fault.is_some() || self.grids.is_empty() {
            return false;
        }
        let chosen = self.engine.choose(self.grids.len());
        match self.engine.run_by_seed(&mut self.grids[chosen]) {
            Ok(Progress::Running) => {}
            Ok(Progress::Finished) => {
                self.grids.remove(chosen);
                if let Some(views) = self.engine.views() {
                    views.grid_ended();
                }
                if let (true, Some(views)) = (self.grids.is_empty(), self.engine.views()) {
                    views.forget();
                }
            }
            Err(fault) => self.fault = Some(fault),
        }
        true
    }

    /// Runs until every kernel has ended; gives `false` after `steps` steps.
    ///
    /// # Errors
    ///
    /// The fault that ended a kernel.
    pub fn finish(&mut self, steps: u64) -> Result<bool, Box<Fault>> {
        for _ in 0..steps {
            if !self.step() {
                return self.fault.take().map_or(Ok(true), Err);
            }
        }
        Ok(false)
    }

    /// Reads 1, 2, 4 or 8 bytes as the host, after the device has run for a while.
    ///
    /// # Errors
    ///
    /// [`AccessError`] outside live memory.
    pub fn host_load(&mut self, address: u64, bytes: u32) -> Result<u64, AccessError> {
        self.host_load_as(address, bytes, Ordering::Relaxed)
    }

    /// Loads as [`host_load`](Self::host_load), from an atomic that is read with this order. It
    /// makes a difference [`with_weak_host`](Self::with_weak_host): all but `Relaxed` acquires
    /// there.
    ///
    /// # Errors
    ///
    /// As [`host_load`](Self::host_load).
    pub fn host_load_as(
        &mut self,
        address: u64,
        bytes: u32,
        order: Ordering,
    ) -> Result<u64, AccessError> {
        self.let_device_run();
        let (allocation, offset) = self.engine.memory().range(address, bytes as usize)?;
        let mut value = allocation.store.load(offset, bytes);
        if let Some(buffers) = &mut self.engine.buffers {
            let acquires = order != Ordering::Relaxed;
            value = buffers.host_reads(HostRead { address, bytes, acquires }, value);
        }
        if let Some(views) = self.engine.views() {
            views.touch_host(address, bytes, value, false);
        }
        Ok(value)
    }

    /// Writes 1, 2, 4 or 8 bytes as the host, after the device has run for a while. The host's
    /// stores take effect in order, as those of x86-64 do.
    ///
    /// # Errors
    ///
    /// [`AccessError`] outside live memory.
    pub fn host_store(&mut self, address: u64, bytes: u32, value: u64) -> Result<(), AccessError> {
        self.host_store_as(address, bytes, value, Ordering::Relaxed)
    }

    /// Stores as [`host_store`](Self::host_store), to an atomic that is written with this order. It
    /// makes a difference [`with_weak_host`](Self::with_weak_host): all but `Relaxed` releases
    /// there.
    ///
    /// # Errors
    ///
    /// As [`host_store`](Self::host_store).
    pub fn host_store_as(
        &mut self,
        address: u64,
        bytes: u32,
        value: u64,
        order: Ordering,
    ) -> Result<(), AccessError> {
        self.let_device_run();
        let (allocation, offset) = self.engine.memory().range(address, bytes as usize)?;
        if let Some(buffers) = &mut self.engine.buffers {
            let releases = order != Ordering::Relaxed;
            buffers.note_host(&mut self.engine.view, address, bytes, releases);
        }
        allocation.store.store(offset, bytes, value);
        if let Some(views) = self.engine.views() {
            views.touch_host(address, bytes, value, true);
        }
        Ok(())
    }

    /// Lets nothing order the host's accesses but their own acquires and releases, in a replay that
    /// is [`weak`](Self::weak): what Rust allows a program, and an ARM core does. Without it they
    /// take effect in order, as those of x86-64 do.
    #[must_use]
    pub fn with_weak_host(mut self) -> Self {
        if let Some(views) = self.engine.views() {
            views.weaken_host();
        }
        self
    }

    /// Returns the time in nanoseconds, the value of `%globaltimer`.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.engine.now_ns()
    }

    /// Looks for races from now on, in a replay that is [`weak`](Self::weak): accesses of which one
    /// stores, that nothing orders, and of which one is plain or in a scope without the other's
    /// thread. They are found in any run that makes both.
    #[must_use]
    pub fn watching_races(mut self) -> Self {
        if let Some(views) = self.engine.views() {
            views.watch();
        }
        self
    }

    /// Takes the races found so far, each pair of instructions once.
    pub fn take_races(&mut self) -> Vec<Race> {
        self.engine.views().map(Views::take_races).unwrap_or_default()
    }

    /// Returns the last accesses to the eight bytes around an address, oldest first, a line of text
    /// each with its line of PTX. Empty unless races are looked for; [`judge`] asks by itself.
    #[must_use]
    pub fn recent_accesses(&mut self, address: u64, count: usize) -> Vec<String> {
        self.engine.views().map(|views| views.recent(address, count)).unwrap_or_default()
    }

    /// Returns how many loads returned an old value so far.
    #[must_use]
    pub fn stale_loads(&mut self) -> u64 {
        self.engine.views().map_or(0, |views| views.stale())
    }

    /// Returns what was executed so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.engine.counters()
    }

    /// Keeps profiles of the kernels that are launched from now on, with the entries of a function,
    /// by its index in the program ([`Profile::mark_entries`]).
    #[must_use]
    pub const fn marking_entries(mut self, function: usize) -> Self {
        self.marked = Some((function, false));
        self
    }

    /// Works as [`marking_entries`](Self::marking_entries), with the barriers after them in their
    /// place ([`Profile::mark_barriers_after`]).
    #[must_use]
    pub const fn marking_barriers_after(mut self, function: usize) -> Self {
        self.marked = Some((function, true));
        self
    }

    /// Returns the profile of the kernel that runs longest, where one is kept.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.grids.first()?.profile()
    }

    /// Lets the device wait while the host makes its accesses, or no longer: what the host wrote
    /// meanwhile is there all at once.
    pub const fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    fn let_device_run(&mut self) {
        if self.is_held {
            return;
        }
        for _ in 0..self.engine.choose(8) {
            self.step();
        }
    }
}
