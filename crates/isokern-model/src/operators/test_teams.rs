//! What tests of copies by teams need: ranks and numbers.

use isokern_core::Team;

/// A rank of a team whose ranks run one after the other.
pub(super) struct Rank(pub(super) usize, pub(super) usize);

impl Team for Rank {
    fn rank(&self) -> usize {
        self.0
    }

    fn size(&self) -> usize {
        self.1
    }

    fn sync(&self) {}
}

/// xorshift32.
pub(super) struct Numbers(pub(super) u32);

impl Numbers {
    pub(super) fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 8) % end
    }
}
