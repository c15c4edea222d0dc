//! Everything that lives in the driver: tables of objects by handle.
//!
//! Handles are numbers that look like addresses and are never used twice, so a call with the handle
//! of a dead object is always found. Each kind of object has a table of its own, so that a handle
//! of the wrong kind is found too.

use core::cell::RefCell;
use core::mem::ManuallyDrop;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::context::Context;
use super::event::Event;
use super::graph::{Capture, Executable, Graph};
use super::injection::Injector;
use super::ledger::Owned;
use super::module::{Function, Module};
use super::order::Order;
use super::pool::Pool;
use super::profiles::Profiled;
use super::settings::Settings;
use super::status::{Outcome, Status};
use super::stream::Stream;
use crate::machine::Counters;
use crate::memory::Memory;

/// The state of the driver.
#[derive(Debug)]
pub struct World {
    /// The choices of the environment.
    pub settings: Settings,
    /// Whether `cuInit` succeeded.
    pub initialized: bool,
    /// Memory of all devices: addresses are unified.
    pub memory: Arc<Memory>,
    /// The devices.
    pub devices: Vec<Device>,
    /// Contexts.
    pub contexts: BTreeMap<u64, Context>,
    /// Streams, those that only wait for their last work included.
    pub streams: BTreeMap<u64, Stream>,
    /// Events.
    pub events: BTreeMap<u64, Event>,
    /// Modules.
    pub modules: BTreeMap<u64, Module>,
    /// Kernels of modules.
    pub functions: BTreeMap<u64, Function>,
    /// Graphs.
    pub graphs: BTreeMap<u64, Graph>,
    /// Graphs that can be launched.
    pub executables: BTreeMap<u64, Executable>,
    /// Captures that have not ended.
    pub captures: BTreeMap<u64, Capture>,
    /// Pools of stream-ordered memory.
    pub pools: BTreeMap<u64, Pool>,
    /// Who owns which memory.
    pub ledger: BTreeMap<u64, Owned>,
    /// Failures on demand.
    pub injector: Injector,
    /// Which stream comes next.
    pub order: Order,
    /// The last report of a fault.
    pub report: String,
    /// What kernels executed so far.
    pub executed: Counters,
    /// Whether kernels that begin keep a profile.
    pub keeps_profiles: bool,
    /// What kernels that ended have counted.
    pub profiles: Vec<Profiled>,
    /// Notes that were said already.
    pub said: HashSet<String>,
    /// Whether the executor's thread runs.
    pub executor_started: bool,
    next_handle: u64,
}

/// A device.
#[derive(Debug, Default)]
pub struct Device {
    /// Its primary context, while somebody holds it.
    pub primary: Option<u64>,
    /// How many hold it.
    pub primary_count: u64,
    /// Flags of the primary context.
    pub primary_flags: u32,
    /// The pool it was made with.
    pub default_pool: u64,
    /// The pool in use.
    pub pool: u64,
}

/// Live objects, to find what was never freed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct LiveObjects {
    /// Contexts, primary ones included.
    pub contexts: u64,
    /// Streams that were created and not destroyed.
    pub streams: u64,
    /// Events.
    pub events: u64,
    /// Modules.
    pub modules: u64,
    /// Graphs.
    pub graphs: u64,
    /// Instantiated graphs.
    pub executables: u64,
    /// Pools that were created.
    pub pools: u64,
    /// Allocations of device and managed memory.
    pub device_allocations: u64,
    /// Allocations of pinned memory and registered ranges.
    pub host_allocations: u64,
}

thread_local! {
    /// The contexts of this thread; the last one is current.
    ///
    /// Never dropped, so that calls may still be made when the thread ends, and after `main`.
    static CURRENT: ManuallyDrop<RefCell<Vec<u64>>> =
        const { ManuallyDrop::new(RefCell::new(Vec::new())) };
}

/// The number the first handle is made of: no valid pointer, none of the special stream handles.
const FIRST_HANDLE: u64 = 0x5151_0000_0000_0000;

impl World {
    /// Returns a driver before `cuInit`.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let total = settings.memory_bytes.saturating_mul(settings.device_count.max(1) as u64);
        Self {
            initialized: false,
            memory: Arc::new(match settings.init_check {
                true => Memory::tracking_writes(total),
                false => Memory::new(total),
            }),
            devices: Vec::new(),
            contexts: BTreeMap::new(),
            streams: BTreeMap::new(),
            events: BTreeMap::new(),
            modules: BTreeMap::new(),
            functions: BTreeMap::new(),
            graphs: BTreeMap::new(),
            executables: BTreeMap::new(),
            captures: BTreeMap::new(),
            pools: BTreeMap::new(),
            ledger: BTreeMap::new(),
            injector: Injector::new(settings.failures.clone()),
            order: Order::new(settings.seed),
            report: String::new(),
            executed: Counters::default(),
            keeps_profiles: settings.profile_file.is_some(),
            profiles: Vec::new(),
            said: HashSet::new(),
            executor_started: false,
            next_handle: FIRST_HANDLE,
            settings,
        }
    }

    /// Returns what `cuInit` does.
    ///
    /// # Errors
    ///
    /// [`Status::NO_DEVICE`] where the environment asks for none.
    pub fn initialize(&mut self) -> Outcome {
        if self.settings.device_count == 0 {
            return Err(Status::NO_DEVICE);
        }
        if !self.initialized {
            for ordinal in 0..self.settings.device_count {
                let pool = self.new_handle();
                self.pools.insert(pool, Pool::of_device(ordinal));
                self.devices.push(Device { default_pool: pool, pool, ..Device::default() });
            }
            self.initialized = true;
        }
        Ok(())
    }

    /// Returns a handle nobody had.
    pub fn new_handle(&mut self) -> u64 {
        self.next_handle += 0x10;
        self.next_handle
    }

    /// Returns the ordinal of a device as an index.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_DEVICE`].
    pub fn device_index(&self, device: i32) -> Outcome<usize> {
        usize::try_from(device)
            .ok()
            .filter(|index| *index < self.devices.len())
            .ok_or(Status::INVALID_DEVICE)
    }

    /// Returns a device.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_DEVICE`].
    pub fn device(&mut self, device: i32) -> Outcome<&mut Device> {
        let index = self.device_index(device)?;
        self.devices.get_mut(index).ok_or(Status::INVALID_DEVICE)
    }

    /// Returns the current context: alive and without a fault.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_CONTEXT`] without one, [`Status::CONTEXT_IS_DESTROYED`], and the code of
    /// the fault that ended it.
    pub fn context(&self) -> Outcome<u64> {
        let handle = current().ok_or(Status::INVALID_CONTEXT)?;
        let context = self.contexts.get(&handle).ok_or(Status::CONTEXT_IS_DESTROYED)?;
        context.fault.map_or(Ok(handle), Err)
    }

    /// Returns the current context, and the ordinal of its device.
    ///
    /// # Errors
    ///
    /// As [`context`](Self::context).
    pub fn context_and_device(&self) -> Outcome<(u64, usize)> {
        let handle = self.context()?;
        Ok((handle, self.contexts.get(&handle).ok_or(Status::INVALID_CONTEXT)?.device))
    }

    /// Returns the kernel that runs, if any: it is what others wait for.
    #[must_use]
    pub fn running_kernel(&self) -> Option<&str> {
        self.streams.values().find_map(Stream::running_kernel)
    }

    /// Counts what is alive.
    #[must_use]
    pub fn live_objects(&self) -> LiveObjects {
        let defaults: HashSet<u64> = self.devices.iter().map(|d| d.default_pool).collect();
        let count = |length: usize| length as u64;
        let host = self.ledger.values().filter(|owned| owned.on_host()).count();
        LiveObjects {
            contexts: count(self.contexts.len()),
            streams: count(self.streams.values().filter(|stream| stream.is_created()).count()),
            events: count(self.events.len()),
            modules: count(self.modules.len()),
            graphs: count(self.graphs.len()),
            executables: count(self.executables.len()),
            pools: count(self.pools.keys().filter(|pool| !defaults.contains(pool)).count()),
            device_allocations: count(self.ledger.len() - host),
            host_allocations: count(host),
        }
    }
}

/// Returns the handle of this thread's current context.
#[must_use]
pub fn current() -> Option<u64> {
    CURRENT.with(|stack| stack.borrow().last().copied()).filter(|handle| *handle != 0)
}

/// Changes this thread's stack of contexts.
pub fn with_current<T>(change: impl FnOnce(&mut Vec<u64>) -> T) -> T {
    CURRENT.with(|stack| change(&mut stack.borrow_mut()))
}
