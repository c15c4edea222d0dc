//! The reserve for pools of buffers: places that come back when both sides of a pool are gone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use isokern_core::ring::LINE_BYTES;

use super::error::ResidentError;

/// The reserve.
#[derive(Debug)]
pub(super) struct Pools {
    /// Pieces that are free, each {offset, bytes}, by offset; no two touch.
    free: Mutex<Vec<(u64, u64)>>,
}

/// A place for a pool, free again when it is dropped.
#[derive(Debug)]
pub(super) struct PoolPlace {
    pools: Arc<Pools>,
    at: u64,
    bytes: u64,
}

impl Pools {
    /// Returns the reserve of so many bytes at an offset.
    pub(super) fn new(start: u64, bytes: u64) -> Self {
        let bytes = bytes.next_multiple_of(LINE_BYTES as u64);
        Self { free: Mutex::new(vec![(start, bytes)]) }
    }

    fn free(&self) -> MutexGuard<'_, Vec<(u64, u64)>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes so many bytes, a multiple of 128, from the first piece that has them.
    pub(super) fn take(self: &Arc<Self>, asked: u64) -> Result<PoolPlace, ResidentError> {
        let mut pieces = self.free();
        let Some((at, bytes)) = pieces.iter_mut().find(|(_, bytes)| *bytes >= asked) else {
            let free = pieces.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0);
            return Err(ResidentError::ReserveFull { what: "pools", asked, free });
        };
        let place = PoolPlace { pools: Arc::clone(self), at: *at, bytes: asked };
        (*at, *bytes) = (*at + asked, *bytes - asked);
        pieces.retain(|(_, bytes)| *bytes > 0);
        Ok(place)
    }

    /// Puts a piece back, and joins those that touch.
    fn put_back(&self, at: u64, bytes: u64) {
        let mut pieces = self.free();
        let index = pieces.partition_point(|(start, _)| *start < at);
        pieces.insert(index, (at, bytes));
        for second in [index + 1, index] {
            let Some(first) = second.checked_sub(1) else { continue };
            if let (Some((start, len)), Some((next, more))) =
                (pieces.get(first).copied(), pieces.get(second).copied())
                && start + len == next
            {
                pieces[first].1 = len + more;
                pieces.remove(second);
            }
        }
    }
}

impl PoolPlace {
    /// Returns where the place is in mapped memory.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }
}

impl Drop for PoolPlace {
    fn drop(&mut self) {
        self.pools.put_back(self.at, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Pools, ResidentError};

    #[test]
    fn places_come_back_and_join_in_any_order() {
        let pools = Arc::new(Pools::new(1024, 3 * 128));
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut places: Vec<_> = (0..3).map(|_| pools.take(128).ok()).collect();
            let at = |place: &Option<super::PoolPlace>| place.as_ref().map(super::PoolPlace::at);
            let offsets: Vec<_> = places.iter().map(at).collect();
            assert_eq!(offsets, [Some(1024), Some(1152), Some(1280)]);
            let full = ResidentError::ReserveFull { what: "pools", asked: 128, free: 0 };
            assert_eq!(pools.take(128).map(|place| place.at()), Err(full));
            for index in order {
                places[index] = None;
            }
            let whole = pools.take(3 * 128).expect("all are back and joined");
            assert_eq!(whole.at(), 1024);
        }
    }

    #[test]
    fn the_largest_piece_is_what_is_said_to_be_left() {
        let pools = Arc::new(Pools::new(0, 1024));
        let [first, _second, third] = [128, 128, 256].map(|bytes| pools.take(bytes));
        drop((first, third));
        let refused = pools.take(1024).map(|place| place.at());
        let full = ResidentError::ReserveFull { what: "pools", asked: 1024, free: 768 };
        assert_eq!(refused, Err(full));
        assert_eq!(pools.take(256).map(|place| place.at()), Ok(256), "the first that has them");
    }
}
