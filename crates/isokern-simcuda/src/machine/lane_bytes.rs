//! Bytes that each lane of a warp has of its own: local memory, parameters of calls.

use crate::registers::LANES;

/// The bytes of lane 0, then of lane 1, ...
#[derive(Debug)]
pub(crate) struct LaneBytes {
    bytes: Vec<u8>,
    /// Bytes from one lane's to the next lane's.
    stride: usize,
    /// Bytes a lane may use.
    len: usize,
    /// What new bytes hold.
    pattern: u8,
}

impl LaneBytes {
    /// Returns an empty one; bytes that come hold `pattern`.
    pub(crate) const fn new(pattern: u8) -> Self {
        Self { bytes: Vec::new(), stride: 0, len: 0, pattern }
    }

    /// Makes room for `len` bytes a lane.
    pub(crate) fn grow(&mut self, len: usize) {
        self.len = len.max(self.len);
        if len <= self.stride {
            return;
        }
        // Deep recursion grows it often: twice the room each time.
        let stride = len.next_power_of_two();
        let mut bytes = vec![self.pattern; stride * LANES];
        if self.stride > 0 {
            let old = self.bytes.chunks(self.stride);
            for (new, old) in bytes.chunks_mut(stride).zip(old) {
                new[..old.len()].copy_from_slice(old);
            }
        }
        (self.bytes, self.stride) = (bytes, stride);
    }

    /// Returns the bytes a lane has.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Returns bytes of a lane; `None` unless all are inside.
    pub(crate) fn get(&self, lane: usize, offset: u64, bytes: u32) -> Option<&[u8]> {
        let range = self.range(lane, offset, bytes)?;
        self.bytes.get(range)
    }

    /// Works as [`get`](Self::get), to write.
    pub(crate) fn get_mut(&mut self, lane: usize, offset: u64, bytes: u32) -> Option<&mut [u8]> {
        let range = self.range(lane, offset, bytes)?;
        self.bytes.get_mut(range)
    }

    fn range(&self, lane: usize, offset: u64, bytes: u32) -> Option<core::ops::Range<usize>> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(bytes as usize).filter(|end| *end <= self.len)?;
        let base = lane * self.stride;
        Some(base + start..base + end)
    }
}
