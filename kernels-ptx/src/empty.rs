//! Entries that do nothing: what a launch costs, and what parameters add.
#![allow(unsafe_code)]

/// Does nothing, without parameters.
// SAFETY: the name is this crate's; it touches nothing.
#[unsafe(no_mangle)]
pub extern "ptx-kernel" fn isokern_empty() {}

/// Does nothing, with eight 64-bit parameters.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "ptx-kernel" fn isokern_empty8(
    _a: u64,
    _b: u64,
    _c: u64,
    _d: u64,
    _e: u64,
    _f: u64,
    _g: u64,
    _h: u64,
) {
}
