//! Places in memory: which eight bytes, which of them, and how far apart two threads are.

use core::hash::Hasher;

use crate::address_map::SHARED_BASE;
use crate::machine::buffers::Owner;
use crate::program::operation::Reach;

/// Returns the scope that holds both threads.
pub(crate) const fn distance(one: Owner, other: Owner) -> Reach {
    if one.block == Owner::HOST.block || other.block == Owner::HOST.block {
        Reach::System
    } else if one.block == other.block {
        Reach::Block
    } else {
        Reach::Device
    }
}

/// Returns the number of the eight bytes of shared memory at an address.
pub(crate) fn shared_index(address: u64) -> usize {
    usize::try_from(address.wrapping_sub(SHARED_BASE) >> 3).unwrap_or(usize::MAX)
}

/// Returns which of its eight bytes an access touches.
pub(crate) const fn mask_of(address: u64, bytes: u32) -> u8 {
    (((1_u16 << bytes) - 1) << (address & 7)) as u8
}

/// Returns a byte for each bit of a mask.
pub(crate) fn wide_mask(mask: u8) -> u64 {
    let bytes = [0, 1, 2, 3, 4, 5, 6, 7].map(|bit| if mask >> bit & 1 == 1 { 0xFF } else { 0 });
    u64::from_le_bytes(bytes)
}

/// Returns as many low bytes, all ones.
pub(crate) const fn low_bytes(bytes: u32) -> u64 {
    u64::MAX >> (64 - 8 * bytes)
}

/// Spreads the bits of an address.
#[derive(Debug, Default)]
pub(crate) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ mixed >> 32;
    }
}
