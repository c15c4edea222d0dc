//! Finds how deep the stack has been, by painting what is below it.
#![allow(unsafe_code)]

use core::ptr;

use crate::{ending, processor};

/// Bytes that are painted, where there is room for them.
const DEPTH_MAX: usize = 12 * 1024;

/// Bytes below the stack pointer that stay as they are.
const MARGIN: usize = 256;

const COLOUR: u32 = 0x5AC3_96A5;

/// A painted stack.
#[derive(Debug)]
pub struct Gauge {
    bottom: usize,
    top: usize,
}

impl Gauge {
    /// Paints the memory below the frames in use.
    #[inline(never)]
    #[must_use]
    pub fn paint() -> Self {
        let [end, pointer, top] = processor::stack();
        let bottom = end.max(top.saturating_sub(DEPTH_MAX));
        let in_use = pointer.saturating_sub(MARGIN);
        for address in (bottom..in_use).step_by(4) {
            // SAFETY: the address is a multiple of four between the end of the statics
            // and the frames in use: memory that nothing refers to.
            unsafe { ptr::with_exposed_provenance_mut::<u32>(address).write_volatile(COLOUR) };
        }
        Self { bottom, top }
    }

    /// Returns the most bytes the stack has had since, counted from its start. Ends the program
    /// when it has been below all that was painted.
    #[must_use]
    pub fn peak(&self) -> usize {
        let untouched = |address: &usize| {
            // SAFETY: as in `paint`; what is read there is what frames left there.
            let word = unsafe { ptr::with_exposed_provenance::<u32>(*address).read_volatile() };
            word == COLOUR
        };
        let free = (self.bottom..self.top).step_by(4).take_while(untouched).count();
        if free == 0 {
            ending::fail("the stack was deeper than what was painted");
        }
        self.top - self.bottom - 4 * free
    }
}
