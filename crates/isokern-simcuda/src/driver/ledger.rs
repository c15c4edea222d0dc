//! Who owns which memory: contexts, pools and kinds of allocations.

use super::status::{Outcome, Status};
use super::world::World;
use crate::memory::{AllocationError, Kind};

/// The driver's record of an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned {
    /// The context that frees it when it ends.
    pub context: u64,
    /// The ordinal of its device.
    pub device: usize,
    /// Its size.
    pub bytes: u64,
    /// What it is for.
    pub kind: Kind,
    /// Flags of pinned memory.
    pub flags: u32,
    /// The pool it came from.
    pub pool: Option<u64>,
    /// Whether a stream will free it.
    pub leaving: bool,
}

impl Owned {
    /// Returns whether it is pinned or registered memory of the host.
    #[must_use]
    pub fn on_host(&self) -> bool {
        matches!(self.kind, Kind::Pinned | Kind::Registered)
    }
}

impl World {
    /// Returns bytes of a device that are in use.
    #[must_use]
    pub fn used_bytes(&self, device: usize) -> u64 {
        let owned = self.ledger.values().filter(|o| o.device == device && !o.on_host());
        let modules = self.modules.values().filter(|module| module.device == device);
        owned.map(|o| o.bytes).sum::<u64>() + modules.map(|module| module.bytes).sum::<u64>()
    }

    /// Allocates memory of the current context.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for no bytes, [`Status::OUT_OF_MEMORY`].
    pub fn allocate(&mut self, bytes: usize, kind: Kind, flags: u32) -> Outcome<u64> {
        let (context, device) = self.context_and_device()?;
        let bytes = bytes as u64;
        let owned = Owned { context, device, bytes, kind, flags, pool: None, leaving: false };
        if !owned.on_host() {
            let free = self.settings.memory_bytes.saturating_sub(self.used_bytes(device));
            if bytes > free {
                return Err(Status::OUT_OF_MEMORY);
            }
        }
        let address = self.memory.allocate(bytes, kind).map_err(of_allocation)?;
        self.ledger.insert(address, owned);
        Ok(address)
    }

    /// Returns the allocation an address is in.
    #[must_use]
    pub fn owned_at(&self, address: u64) -> Option<(u64, Owned)> {
        let (base, owned) = self.ledger.range(..=address).next_back()?;
        (address - base < owned.bytes).then_some((*base, *owned))
    }

    /// Returns the allocation that starts at an address and is of one of some kinds.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] where there is none, or a stream frees it already.
    pub fn owned(&self, address: u64, kinds: &[Kind]) -> Outcome<Owned> {
        let owned = self.ledger.get(&address).filter(|owned| kinds.contains(&owned.kind));
        owned.filter(|owned| !owned.leaving).copied().ok_or(Status::INVALID_VALUE)
    }

    /// Refuses a range that is not inside one live allocation.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`].
    pub fn check_range(&self, address: u64, bytes: usize) -> Outcome {
        if bytes == 0 {
            return Ok(());
        }
        self.memory.range(address, bytes).map(drop).map_err(|_| Status::INVALID_VALUE)
    }
}

/// Frees an allocation and what is known of it. Nothing happens where there is none.
pub fn release(world: &mut World, address: u64) {
    if let Some(owned) = world.ledger.remove(&address) {
        let freed = world.memory.free(address, &[owned.kind]);
        if let Err(error) = freed {
            eprintln!("isokern-simcuda: {error}; this is a defect of the stand-in");
        }
        if let Some(pool) = owned.pool.and_then(|pool| world.pools.get_mut(&pool)) {
            pool.used = pool.used.saturating_sub(owned.bytes);
        }
    }
}

/// Returns the code for memory that could not be had.
#[must_use]
pub fn of_allocation(error: AllocationError) -> Status {
    match error {
        AllocationError::Empty => Status::INVALID_VALUE,
        AllocationError::OutOfMemory { .. } => Status::OUT_OF_MEMORY,
        AllocationError::Taken { .. } => Status::HOST_MEMORY_ALREADY_REGISTERED,
    }
}
