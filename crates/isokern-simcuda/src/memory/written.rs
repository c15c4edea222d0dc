//! Which bytes of an allocation were written.

use core::sync::atomic::{AtomicU8, Ordering};

/// A bit for each byte.
#[derive(Debug)]
pub(super) struct Written {
    bits: Box<[AtomicU8]>,
}

impl Written {
    /// Returns the map for `len` bytes of which none was written.
    pub(super) fn new(len: usize) -> Self {
        Self { bits: (0..len.div_ceil(8)).map(|_| AtomicU8::new(0)).collect() }
    }

    /// Notes a write.
    pub(super) fn note(&self, offset: usize, bytes: usize) {
        for (group, mask) in groups(offset, bytes) {
            if let Some(bits) = self.bits.get(group) {
                bits.fetch_or(mask, Ordering::Relaxed);
            }
        }
    }

    /// Returns whether all bytes of a range were written.
    pub(super) fn all(&self, offset: usize, bytes: usize) -> bool {
        let is_written = |(group, mask): (usize, u8)| {
            self.bits.get(group).is_some_and(|bits| bits.load(Ordering::Relaxed) & mask == mask)
        };
        groups(offset, bytes).all(is_written)
    }
}

/// Returns the groups of eight that a range touches, and its bits in each.
fn groups(offset: usize, bytes: usize) -> impl Iterator<Item = (usize, u8)> {
    let end = offset.saturating_add(bytes);
    (offset / 8..end.div_ceil(8)).map(move |group| {
        let first = offset.saturating_sub(8 * group).min(8);
        let last = (end - 8 * group).min(8);
        // At most eight bits are set, from `first` to below `last`.
        let mask = (0xFF_u16 << first) & (0xFF_u16 >> (8 - last));
        (group, u8::try_from(mask & 0xFF).unwrap_or(0))
    })
}

#[cfg(test)]
mod tests {
    use super::Written;

    #[test]
    fn every_byte_counts_alone() {
        let written = Written::new(40);
        written.note(5, 14);
        for byte in 0..40 {
            assert_eq!(written.all(byte, 1), (5..19).contains(&byte), "byte {byte}");
        }
        assert!(written.all(5, 14) && !written.all(4, 2) && !written.all(18, 2));
        written.note(0, 40);
        assert!(written.all(0, 40) && !written.all(0, 41));
    }
}
