//! Allocations of the device: every access is checked against those that are live.
//!
//! Device memory is at addresses no host pointer has, so a host program that follows one faults
//! here as it does with a real device. An address is never used twice, so an access after
//! [`Memory::free`] is always found. Pinned and managed memory has the host's addresses.
//!
//! All bytes are read and written with relaxed atomic accesses: host threads may touch mapped
//! memory while a kernel runs.

mod error;
mod store;
mod view;
mod written;

pub use error::{AccessError, AllocationError, Miss};
pub use store::Store;
pub use view::View;

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The lowest address of device memory: above every address a process has on x86-64 and AArch64
/// with 48-bit addresses.
pub const DEVICE_BASE: u64 = 1 << 48;

/// Device allocations are aligned to this many bytes at least, as the driver documents for 256.
const ALIGNMENT: u64 = 512;

/// Bytes between two device allocations, so that a small overrun hits none.
const GAP: u64 = 4096;

/// How many freed allocations are remembered, to tell a use after free from a wild address.
const FREED_MAX: usize = 4096;

/// Memory that is not initialised reads as this byte.
const PATTERN: u8 = 0xA5;

/// What an allocation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Device memory.
    Device,
    /// Host memory the device can reach; its device address is the host address.
    Pinned,
    /// Memory both sides reach.
    Managed,
    /// The host's own memory, registered.
    Registered,
    /// A variable of a module.
    Module,
}

/// A live allocation.
#[derive(Debug)]
pub struct Allocation {
    /// Its first address.
    pub base: u64,
    /// Its length.
    pub bytes: u64,
    /// What it is for.
    pub kind: Kind,
    /// Its bytes.
    pub store: Store,
}

/// The memory of a device, shared by the driver and the machine.
#[derive(Debug)]
pub struct Memory {
    table: RwLock<Table>,
    /// Counts changes of the table, so that a [`View`] knows that it is stale.
    epoch: AtomicU64,
    capacity: u64,
    /// Whether device memory remembers which bytes were written.
    tracks: bool,
}

#[derive(Debug)]
struct Table {
    live: BTreeMap<u64, Arc<Allocation>>,
    freed: VecDeque<(u64, u64)>,
    next: u64,
    used: u64,
}

impl Memory {
    /// Returns memory for at most `capacity` bytes of [`Kind::Device`], [`Kind::Managed`] and
    /// [`Kind::Module`].
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        let table =
            Table { live: BTreeMap::new(), freed: VecDeque::new(), next: DEVICE_BASE, used: 0 };
        Self { table: RwLock::new(table), epoch: AtomicU64::new(1), capacity, tracks: false }
    }

    /// Works as [`new`](Self::new); memory of [`Kind::Device`] remembers which of its bytes were
    /// written, so that a kernel's reads of others can be reported.
    #[must_use]
    pub fn tracking_writes(capacity: u64) -> Self {
        Self { tracks: true, ..Self::new(capacity) }
    }

    /// Returns bytes of device memory in all.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Returns bytes of device memory in use.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.read_table().used
    }

    /// Returns how many allocations are live.
    #[must_use]
    pub fn count(&self) -> usize {
        self.read_table().live.len()
    }

    /// Allocates and gives the first address. Variables of modules start as zeros, other memory
    /// with a pattern.
    ///
    /// # Errors
    ///
    /// [`AllocationError::Empty`] for no bytes, [`AllocationError::OutOfMemory`].
    pub fn allocate(&self, bytes: u64, kind: Kind) -> Result<u64, AllocationError> {
        let have = usize::try_from(bytes).map_err(|_| AllocationError::OutOfMemory { bytes })?;
        if have == 0 {
            return Err(AllocationError::Empty);
        }
        let counted = matches!(kind, Kind::Device | Kind::Managed | Kind::Module);
        let mut table = self.write_table();
        if counted && bytes > self.capacity.saturating_sub(table.used) {
            return Err(AllocationError::OutOfMemory { bytes });
        }
        let pattern = if kind == Kind::Module { 0 } else { PATTERN };
        let store = Store::new(have, pattern).ok_or(AllocationError::OutOfMemory { bytes })?;
        let tracked = self.tracks && kind == Kind::Device;
        let store = if tracked { store.tracked() } else { store };
        let base = match kind {
            Kind::Device | Kind::Module => table.reserve(bytes),
            _ => store.host_address(),
        };
        table.used += if counted { bytes } else { 0 };
        table.live.insert(base, Arc::new(Allocation { base, bytes, kind, store }));
        drop(table);
        self.changed();
        Ok(base)
    }

    /// Makes host memory reachable at its own address.
    ///
    /// # Errors
    ///
    /// [`AllocationError::Empty`] for no bytes, [`AllocationError::Taken`] where it overlaps
    /// memory that is reachable already.
    pub fn register(&self, store: Store) -> Result<u64, AllocationError> {
        let (base, bytes) = (store.host_address(), store.len() as u64);
        if bytes == 0 {
            return Err(AllocationError::Empty);
        }
        let mut table = self.write_table();
        let before = table.live.range(..base + bytes).next_back();
        if before.is_some_and(|(_, allocation)| allocation.base + allocation.bytes > base) {
            return Err(AllocationError::Taken { address: base });
        }
        let allocation = Allocation { base, bytes, kind: Kind::Registered, store };
        table.live.insert(base, Arc::new(allocation));
        drop(table);
        self.changed();
        Ok(base)
    }

    /// Frees what [`allocate`](Self::allocate) or [`register`](Self::register) gave at `address`.
    ///
    /// # Errors
    ///
    /// [`AccessError`] where no allocation of one of `kinds` starts.
    pub fn free(&self, address: u64, kinds: &[Kind]) -> Result<(), AccessError> {
        let mut table = self.write_table();
        let found = table.live.get(&address).filter(|found| kinds.contains(&found.kind));
        let Some((bytes, kind)) = found.map(|found| (found.bytes, found.kind)) else {
            let miss = table.explain(address);
            return Err(AccessError { address, bytes: 0, miss });
        };
        table.live.remove(&address);
        if matches!(kind, Kind::Device | Kind::Managed | Kind::Module) {
            table.used -= bytes;
        }
        if table.freed.len() == FREED_MAX {
            table.freed.pop_front();
        }
        table.freed.push_back((address, bytes));
        drop(table);
        self.changed();
        Ok(())
    }

    /// Returns the live allocation that holds `address`.
    #[must_use]
    pub fn find(&self, address: u64) -> Option<Arc<Allocation>> {
        self.read_table().find(address).cloned()
    }

    /// Copies bytes out.
    ///
    /// # Errors
    ///
    /// [`AccessError`] unless all of them are in one live allocation.
    pub fn read(&self, address: u64, target: &mut [u8]) -> Result<(), AccessError> {
        let (allocation, offset) = self.range(address, target.len())?;
        allocation.store.read(offset, target);
        Ok(())
    }

    /// Copies bytes in.
    ///
    /// # Errors
    ///
    /// [`AccessError`] unless all of them are in one live allocation.
    pub fn write(&self, address: u64, source: &[u8]) -> Result<(), AccessError> {
        let (allocation, offset) = self.range(address, source.len())?;
        allocation.store.write(offset, source);
        Ok(())
    }

    /// Returns the allocation that holds `bytes` from `address`, and where in it they start.
    ///
    /// # Errors
    ///
    /// [`AccessError`] unless all of them are in one live allocation.
    pub fn range(
        &self,
        address: u64,
        bytes: usize,
    ) -> Result<(Arc<Allocation>, usize), AccessError> {
        let table = self.read_table();
        let fits = |allocation: &&Arc<Allocation>| {
            bytes as u64 <= allocation.bytes - (address - allocation.base)
        };
        match table.find(address).filter(fits) {
            Some(found) => Ok((Arc::clone(found), offset_in(found, address))),
            None => Err(AccessError { address, bytes: bytes as u64, miss: table.explain(address) }),
        }
    }

    /// Returns why an access at `address` does not hit a live allocation.
    #[must_use]
    pub fn explain(&self, address: u64) -> Miss {
        self.read_table().explain(address)
    }

    /// Returns the number of changes so far; a [`View`] of an older number is stale.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    fn snapshot(&self) -> Vec<Arc<Allocation>> {
        self.read_table().live.values().cloned().collect()
    }

    fn changed(&self) {
        self.epoch.fetch_add(1, Ordering::Release);
    }

    fn read_table(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_table(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn reserve(&mut self, bytes: u64) -> u64 {
        let base = self.next;
        self.next += (bytes + GAP).next_multiple_of(ALIGNMENT);
        base
    }

    fn find(&self, address: u64) -> Option<&Arc<Allocation>> {
        let (_, before) = self.live.range(..=address).next_back()?;
        (address - before.base < before.bytes).then_some(before)
    }

    fn explain(&self, address: u64) -> Miss {
        if let Some(found) = self.find(address) {
            return Miss::End { base: found.base, bytes: found.bytes };
        }
        let holds = |&&(base, bytes): &&(u64, u64)| address.wrapping_sub(base) < bytes;
        if let Some(&(base, bytes)) = self.freed.iter().rev().find(holds) {
            return Miss::Freed { base, bytes };
        }
        let near = self.live.range(..=address).next_back().map(|(_, allocation)| allocation);
        match near.filter(|near| address - near.base - near.bytes < GAP) {
            Some(near) => Miss::End { base: near.base, bytes: near.bytes },
            None => Miss::Unknown,
        }
    }
}

/// Returns where `address` is in an allocation that holds it.
fn offset_in(allocation: &Allocation, address: u64) -> usize {
    // It is below the length, which was a `usize`.
    usize::try_from(address - allocation.base).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
