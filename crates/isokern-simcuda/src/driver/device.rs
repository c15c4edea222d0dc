//! What a simulated device says of itself.
//!
//! Sizes are those of the CUDA programming guide's table of compute capabilities. The number of
//! multiprocessors, clocks and widths are made up: small, so that a grid that is larger than the
//! device is easily had.

use super::settings::Settings;
use super::status::{Outcome, Status};

/// Threads a block may have.
pub const THREADS_PER_BLOCK: u32 = 1024;
/// Threads a block may have in x, y and z.
pub const BLOCK_MAX: [u32; 3] = [1024, 1024, 64];
/// Blocks a grid may have in x, y and z.
pub const GRID_MAX: [u32; 3] = [0x7FFF_FFFF, 65535, 65535];
/// Shared memory of a block that did not ask for more, static and dynamic, in bytes.
pub const SHARED_PER_BLOCK: u32 = 48 << 10;
/// Registers of a multiprocessor, all of which a block may have.
pub const REGISTERS: u32 = 65536;

/// The sizes of a device that depend on its compute capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Threads of a multiprocessor.
    pub threads: u32,
    /// Blocks of a multiprocessor.
    pub blocks: u32,
    /// Shared memory of a multiprocessor in bytes.
    pub shared: u32,
    /// Shared memory of a block that asked for more, in bytes.
    pub shared_optin: u32,
    /// Shared memory of a block that the system keeps, in bytes.
    pub shared_reserved: u32,
    /// L2 cache in bytes.
    pub l2: u32,
}

/// Returns the sizes of a compute capability.
#[must_use]
pub const fn sizes(sm: u32) -> Sizes {
    match sm {
        75 => Sizes {
            threads: 1024,
            blocks: 16,
            shared: 64 << 10,
            shared_optin: 64 << 10,
            shared_reserved: 0,
            l2: 4 << 20,
        },
        80 => Sizes {
            threads: 2048,
            blocks: 32,
            shared: 164 << 10,
            shared_optin: 163 << 10,
            shared_reserved: 1 << 10,
            l2: 40 << 20,
        },
        _ => Sizes {
            threads: 2048,
            blocks: 32,
            shared: 228 << 10,
            shared_optin: 227 << 10,
            shared_reserved: 1 << 10,
            l2: 50 << 20,
        },
    }
}

/// Returns the device's name, which says that it is none.
#[must_use]
pub fn name(settings: &Settings) -> String {
    format!("Isokern simulated device sm_{} (no GPU)", settings.sm)
}

/// Returns the device's UUID.
#[must_use]
pub fn uuid(ordinal: usize) -> [u8; 16] {
    let mut uuid = *b"isokern-sim-gpu\0";
    uuid[15] = u8::try_from(ordinal).unwrap_or(u8::MAX);
    uuid
}

/// Returns the device's place on a bus that is not there.
#[must_use]
pub fn pci_bus_id(ordinal: usize) -> String {
    format!("0000:{:02X}:00.0", ordinal + 1)
}

/// Returns an attribute by its number in `CUdevice_attribute`.
///
/// # Errors
///
/// [`Status::INVALID_VALUE`] for a number that has no meaning here.
#[expect(clippy::match_same_arms, reason = "one line an attribute")]
pub fn attribute(settings: &Settings, ordinal: usize, attribute: u32) -> Outcome<i32> {
    let sizes = sizes(settings.sm);
    let value = match attribute {
        1 => THREADS_PER_BLOCK,
        2..=4 => BLOCK_MAX[attribute as usize - 2],
        5..=7 => GRID_MAX[attribute as usize - 5],
        8 => SHARED_PER_BLOCK,
        // Constant memory, threads of a warp, largest pitch.
        9 => 64 << 10,
        10 => 32,
        11 => 0x7FFF_FFFF,
        12 | 82 => REGISTERS,
        // Clock of multiprocessors and of memory in kHz, width of the memory's bus in bits.
        13 => 1_000_000,
        36 => 1_000_000,
        37 => 64,
        // Alignment of textures and surfaces, which it has none of otherwise.
        14 | 30 => 512,
        51 => 32,
        // Copies beside kernels, kernels beside each other, copy engines.
        15 | 31 => 1,
        16 => settings.multiprocessors,
        40 => 1,
        // A watchdog, a device on the board, ECC, a driver for compute alone.
        17 | 18 | 32 | 35 => 0,
        // Mapped host memory, unified addresses.
        19 | 41 => 1,
        // Compute mode: anybody may use it.
        20 => 0,
        // Textures and surfaces: none.
        21..=29 | 42..=49 | 52..=74 | 77 => 0,
        33 => u32::try_from(ordinal + 1).unwrap_or(u32::MAX),
        34 | 50 => 0,
        38 => sizes.l2,
        39 => sizes.threads,
        75 => settings.sm / 10,
        76 => settings.sm % 10,
        // Priorities are accepted; caches in L1; managed memory.
        78..=80 | 83 => 1,
        81 => sizes.shared,
        // Boards with several devices: this is none.
        84 => 0,
        85 => u32::try_from(ordinal).unwrap_or(u32::MAX),
        // Atomics of the device on host memory are not one with those of the host.
        86 => 0,
        87 => 2,
        // Pageable memory is not reached by kernels.
        88 | 100 => 0,
        // Host and device use managed memory at the same time; preemption; registered memory has
        // the host's address.
        89..=91 => 1,
        // Waits and writes of 32-bit words in streams, as flags of version 2 of those calls.
        92 | 122 => 1,
        93 | 94 => 0,
        95 => 1,
        96 => 0,
        97 => sizes.shared_optin,
        98 => 0,
        99 => 1,
        101 => 0,
        // Virtual memory management and handles of it.
        102..=105 => 0,
        106 => sizes.blocks,
        107..=110 => 0,
        111 => sizes.shared_reserved,
        112..=114 => 0,
        // Pools of stream-ordered memory, without handles for other processes.
        115 => 1,
        116..=121 => 0,
        123..=140 => 0,
        _ => return Err(Status::INVALID_VALUE),
    };
    i32::try_from(value).map_err(|_| Status::INVALID_VALUE)
}
