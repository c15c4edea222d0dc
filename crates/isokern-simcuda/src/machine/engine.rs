//! What runs grids: a view of memory, a clock, an order of accesses.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Counters;
use super::buffers::Buffers;
use super::note::{Note, Notes};
use super::profile::Profile;
use super::random::Random;
use crate::memory::{Memory, View};
use crate::views::Views;

/// Runs grids, a slice at a time, on the calling thread.
#[derive(Debug)]
pub struct Engine {
    pub(crate) view: View,
    pub(crate) clock: Clock,
    /// Multiprocessors the device says it has.
    pub(crate) multiprocessors: u32,
    pub(crate) counters: Counters,
    /// Where stores wait; `None` where they take effect at once.
    pub(crate) buffers: Option<Buffers>,
    /// A read of memory never written: its address, bytes and lane. Noted with its place at once.
    pub(crate) unwritten: Option<(u64, u32, u32)>,
    /// What is to be said of kernels that go on.
    pub(crate) notes: Notes,
    /// The profile of the grid that runs, where one is kept.
    pub(crate) profile: Option<Box<Profile>>,
    /// Whether a run ends where all threads of the grid sleep.
    pub(crate) ends_asleep: bool,
    /// Whether the last turn ended with `nanosleep`.
    pub(crate) slept: bool,
    /// Whether some warp did more than to sleep or wait since this was cleared.
    pub(crate) awake: bool,
    /// What `%clock64` counts beside instructions: time in which all slept.
    idle_ticks: u64,
    /// What chooses the order of warps where stores do not wait; `None` for turns.
    pub(crate) order: Option<Random>,
}

/// The time of `%globaltimer`.
#[derive(Debug)]
pub(crate) enum Clock {
    /// The host's, since 1970.
    Host,
    /// Nanoseconds that pass as instructions run.
    Virtual(u64),
}

impl Engine {
    /// Returns an engine over the memory of a device; blocks and warps take turns in order, and
    /// `%globaltimer` is the host's time.
    #[must_use]
    pub fn new(memory: &Arc<Memory>) -> Self {
        Self {
            view: View::new(Arc::clone(memory)),
            clock: Clock::Host,
            multiprocessors: 1,
            counters: Counters::default(),
            buffers: None,
            unwritten: None,
            notes: Notes::default(),
            profile: None,
            ends_asleep: false,
            slept: false,
            awake: false,
            idle_ticks: 0,
            order: None,
        }
    }

    /// Lets [`run`](Self::run) come back when all threads of a grid sleep
    /// ([`Grid::is_asleep`](super::Grid::is_asleep)), so that its caller need not spin.
    pub const fn end_asleep(&mut self) {
        self.ends_asleep = true;
    }

    /// Tells the engine that nothing ran for some nanoseconds: clocks go on, at one tick each.
    pub const fn idle(&mut self, ns: u64) {
        self.idle_ticks += ns;
        if let Clock::Virtual(time) = &mut self.clock {
            *time += ns;
        }
    }

    /// Takes what is to be said of kernels that go on, since the last time.
    pub fn take_notes(&mut self) -> Vec<Note> {
        self.notes.take()
    }

    /// Chooses the order of blocks and warps by a seed, a few instructions at a time. Stores and
    /// loads take effect at once.
    pub const fn set_order(&mut self, seed: u64) {
        self.order = Some(Random::new(seed));
    }

    /// Works as [`set_order`](Self::set_order); stores wait, and loads may return old values.
    pub fn set_weak(&mut self, seed: u64) {
        self.buffers = Some(Buffers::weak(seed));
    }

    /// Lets `%globaltimer` count instructions of warps, from 0.
    pub const fn set_virtual_clock(&mut self) {
        self.clock = Clock::Virtual(0);
    }

    /// Returns an engine with a virtual clock in which stores wait in buffers, in an order that
    /// follows from `seed`.
    pub(crate) fn with_buffers(memory: &Arc<Memory>, seed: u64) -> Self {
        let mut engine = Self::new(memory);
        engine.clock = Clock::Virtual(0);
        engine.buffers = Some(Buffers::new(seed));
        engine
    }

    /// Works as [`with_buffers`](Self::with_buffers), and loads may return old values.
    pub(crate) fn weak(memory: &Arc<Memory>, seed: u64) -> Self {
        Self { buffers: Some(Buffers::weak(seed)), ..Self::with_buffers(memory, seed) }
    }

    /// Sets how many multiprocessors `%nsmid` and `%smid` tell of; at least 1.
    pub fn set_multiprocessors(&mut self, count: u32) {
        self.multiprocessors = count.max(1);
    }

    /// Returns what was executed so far, over all grids.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Returns the memory it works on.
    pub(crate) const fn memory(&self) -> &Arc<Memory> {
        self.view.memory()
    }

    /// Returns a number below `bound` that follows from the seed; 0 without one.
    pub(crate) fn choose(&mut self, bound: usize) -> usize {
        let random = match &mut self.buffers {
            Some(buffers) => Some(&mut buffers.random),
            None => self.order.as_mut(),
        };
        random.map_or(0, |random| random.below(bound as u64) as usize)
    }

    /// Returns what loads may return, where that is asked for.
    #[inline]
    pub(crate) fn views(&mut self) -> Option<&mut Views> {
        self.buffers.as_mut()?.views.as_mut()
    }

    /// Returns the nanoseconds of its clock.
    pub(crate) fn now_ns(&self) -> u64 {
        self.clock.now_ns()
    }

    /// Returns the value of `%clock64`: instructions of warps so far, and time in which none ran.
    pub(crate) const fn clock_ticks(&self) -> u64 {
        self.counters.warp_instructions + self.idle_ticks
    }
}

impl Clock {
    /// Returns the nanoseconds of the clock.
    pub(crate) fn now_ns(&self) -> u64 {
        match self {
            Self::Host => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
            }
            Self::Virtual(time) => *time,
        }
    }
}
