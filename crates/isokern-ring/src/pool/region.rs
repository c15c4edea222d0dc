//! Buffers in memory that a device reaches: the lender is here, the borrower is the device.
//!
//! This file is a door for `unsafe` (`docs/safety.md`). What it adds to the invariant of
//! `buffers.rs`: addresses are those of [`PoolLayout`] in a [`PoolRegion`], inside its bytes; the
//! borrower's side is the region's maker's.
#![allow(unsafe_code)]

use core::fmt;
use std::boxed::Box;
use std::vec;

use isokern_core::ring::{HostWord, LendingWords, PoolLayout, PoolRegion};

use super::buffers::{LenderSide, PoolMemory, sealed};
use super::lender::Lender;
use super::side_words::SideWords;

/// Makes the lender of a pool whose buffers a device works in.
///
/// The region is a host's of a device, for example that of `CudaHost::pool`. A buffer that the
/// device returns is read here with all that it wrote.
#[must_use]
pub fn region_lender<G: PoolRegion>(region: G) -> Lender<RegionBuffers<G>> {
    let (count, number) = (region.layout().count(), region.number());
    let marks = vec![false; count as usize].into_boxed_slice();
    Lender::new(LenderSide::new(RegionBuffers { region }), number, marks)
}

/// Buffers in a [`PoolRegion`].
pub struct RegionBuffers<G> {
    region: G,
}

impl<G: PoolRegion> RegionBuffers<G> {
    /// Returns the word at an offset that the layout gave.
    fn word(&self, at: u64) -> &HostWord {
        // SAFETY: the layout's offsets are inside the region.
        let word = unsafe { self.region.start().byte_add(at as usize) };
        // SAFETY: the word is there as long as the region, aligned, and an atomic to both sides.
        unsafe { word.cast::<HostWord>().as_ref() }
    }

    fn index(&self, index: usize) -> Option<u32> {
        u32::try_from(index).ok().filter(|index| *index < self.region.layout().count())
    }
}

impl<G: PoolRegion> sealed::Sealed for RegionBuffers<G> {}

impl<G: PoolRegion> PoolMemory for RegionBuffers<G> {
    type Marks = Box<[bool]>;

    fn count(&self) -> usize {
        self.region.layout().count() as usize
    }

    fn buffer_bytes(&self) -> usize {
        self.region.layout().buffer_bytes() as usize
    }

    fn words(&self, index: usize) -> Option<LendingWords<&HostWord>> {
        let (index, layout) = (self.index(index)?, self.region.layout());
        let (lent, returned) = (layout.lent_at(index), layout.returned_at(index));
        Some(LendingWords::new(self.word(lent), self.word(returned)))
    }

    fn sides(&self) -> SideWords<&HostWord> {
        SideWords {
            lender: self.word(PoolLayout::LENDER_GONE_AT),
            borrower: self.word(PoolLayout::BORROWER_GONE_AT),
        }
    }

    fn address(&self, index: usize) -> Option<*mut [u8]> {
        let at = self.region.layout().buffer_at(self.index(index)?);
        // SAFETY: the layout's offsets are inside the region.
        let first = unsafe { self.region.start().byte_add(at as usize) };
        Some(core::ptr::slice_from_raw_parts_mut(first.as_ptr(), self.buffer_bytes()))
    }
}

impl<G: PoolRegion> fmt::Debug for RegionBuffers<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegionBuffers").field("layout", &self.region.layout()).finish()
    }
}

#[cfg(test)]
mod tests {
    use core::ptr::NonNull;
    use std::boxed::Box;
    use std::sync::Arc;
    use std::vec;

    use isokern_core::ring::{PoolLayout, PoolRegion};

    use super::{RegionBuffers, region_lender};
    use crate::PoolError;
    use crate::pool::borrower::Borrower;
    use crate::pool::buffers::BorrowerSide;

    #[repr(C, align(128))]
    #[derive(Clone, Copy)]
    struct Line([u8; 128]);

    /// Lines of the heap, reached by address alone; freed with the last of both sides.
    struct Lines(NonNull<[Line]>);

    // SAFETY: the lines are reached through the two sides.
    unsafe impl Send for Lines {}
    // SAFETY: as above.
    unsafe impl Sync for Lines {}

    impl Drop for Lines {
        fn drop(&mut self) {
            // SAFETY: they came from a box, and both sides are gone.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }

    struct Region(Arc<Lines>, PoolLayout);

    // SAFETY: the lines are as many as the layout needs, zeroed; one region is the lender's, the
    // other the borrower's.
    unsafe impl PoolRegion for Region {
        fn start(&self) -> NonNull<u8> {
            self.0.0.cast()
        }

        fn layout(&self) -> PoolLayout {
            self.1
        }

        fn number(&self) -> u32 {
            9
        }
    }

    #[test]
    fn a_buffer_goes_to_the_other_side_of_a_region_and_back() {
        let layout = PoolLayout::new(3, 200);
        let lines = vec![Line([0; 128]); layout.bytes() as usize / 128].into_boxed_slice();
        let lines = Arc::new(Lines(NonNull::from(Box::leak(lines))));
        let other = RegionBuffers { region: Region(Arc::clone(&lines), layout) };
        let mut borrower = Borrower::new(BorrowerSide::new(other), 9);
        let mut lender = region_lender(Region(lines, layout));
        let mut handles = vec![];
        for number in 0..3_u8 {
            let mut claimed = lender.try_claim().expect("one is free");
            assert_eq!((claimed.len(), claimed.as_ptr().addr() % 128), (200, 0));
            claimed.fill(number);
            handles.push(claimed.lend(200).expect("it fits"));
        }
        assert!(matches!(lender.try_claim(), Err(PoolError::Exhausted { count: 3 })));
        for (number, handle) in handles.iter().enumerate().rev() {
            let bytes = borrower.bytes(*handle).expect("it is lent");
            assert_eq!(bytes, [number as u8; 200]);
            bytes.fill(100 + number as u8);
            borrower.give_back(*handle).expect("it was lent");
        }
        for (number, handle) in handles.iter().enumerate() {
            assert_eq!(lender.bytes(*handle).expect("it is back"), [100 + number as u8; 200]);
            lender.release(*handle).expect("it is back");
        }
        let lent = lender.try_claim().expect("all are free").lend(1).expect("it fits");
        drop(borrower);
        assert!(lender.is_closed());
        lender.bytes(lent).expect("the borrower left it");
    }
}
