//! An allocator that counts, for tests of what allocates nothing.
//!
//! A test makes it its own: `#[global_allocator] static ALLOCATOR: Counting = Counting;`.
#![allow(unsafe_code)]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use std::alloc::System;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting per thread.
#[derive(Debug)]
pub struct Counting;

// SAFETY: every method hands its arguments to `System` unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's contract is the one of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the one of `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Returns the allocations of this thread so far.
#[must_use]
pub fn allocation_count() -> usize {
    COUNT.with(Cell::get)
}

/// Returns the allocations of this thread in `work`, and what it gave.
pub fn allocations<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = allocation_count();
    let value = work();
    (allocation_count() - before, value)
}
