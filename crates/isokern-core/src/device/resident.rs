//! The resident kernel: one cooperative grid whose blocks run actors, started and stopped by writes
//! to mapped memory.
//!
//! The host writes two lines of orders a block, the order and its links, and one grid line for all;
//! the device writes one line of reports a block. A line is 16 cells of 8 bytes, as a control line
//! of a ring. Cell 0 of an order is {key, epoch} and is published last; cell 0 of a report is
//! {phase, epoch} likewise. So who sees an epoch sees the rest of its lines.
//!
//! ```text
//!  host                                   device, leader of the block
//!  links, order: cells 1.., {key, n} ──▶  sees epoch n, runs what the key names
//!                                   ◀───  {Running, n}
//!  the actor's own lines and rings  ◀──▶
//!                                   ◀───  {Idle, n}: the next order may be written
//! ```

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

/// The version of [`ResidentParameters`] and of the lines that this build writes and reads.
pub const RESIDENT_VERSION: u32 = 2;

/// The entry name of the model actor of the shipped device code, whose key is
/// [`resident_key`](super::resident_key) of it.
pub const MODEL_ENTRY: &str = "isokern_model";

/// Fault code of an actor whose block is [`Spent`](super::BlockPhase::Spent), written by the host
/// on the block's behalf. The record's detail has the [`FaultCode`](super::FaultCode) in its lower
/// half and, for a panic, the line in its upper.
pub const FAULT_BLOCK: u32 = 5;

/// The parameters of a resident kernel: 40 bytes, passed by value as the one parameter.
///
/// Addresses are the device's, of mapped memory, multiples of 128.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ResidentParameters {
    /// [`RESIDENT_VERSION`].
    pub version: u32,
    /// How many blocks the tables have lines for.
    pub block_count: u32,
    /// Address of the grid line, which the host writes
    /// ([`HostControl`](crate::ring::HostControl)): a stop is for all blocks, and its lease keeps
    /// the kernel running.
    pub grid_line: u64,
    /// Address of the orders, two lines of 128 bytes a block: [`BlockOrder`](super::BlockOrder) and
    /// [`OrderLinks`](super::OrderLinks).
    pub orders: u64,
    /// Address of the reports: two lines a block, [`BlockReport`](super::BlockReport) and the fault
    /// record.
    pub reports: u64,
    /// How long the kernel runs on without a renewed lease on the grid line, in ns.
    pub lease_ns: u64,
}

const _: () = {
    assert!(size_of::<ResidentParameters>() == 40);
    assert!(align_of::<ResidentParameters>() == 8);
    assert!(offset_of!(ResidentParameters, block_count) == 4);
    assert!(offset_of!(ResidentParameters, grid_line) == 8);
    assert!(offset_of!(ResidentParameters, orders) == 16);
    assert!(offset_of!(ResidentParameters, reports) == 24);
    assert!(offset_of!(ResidentParameters, lease_ns) == 32);
};

/// The threads of a block that are in control of it: one warp. The others are its crew, at least a
/// warp.
pub const CONTROL_THREADS: u32 = 32;

/// Bytes of a block's orders: the order's line, then that of its links.
pub const ORDER_BYTES: u64 = 256;
/// Where the links of an order are in a block's orders.
pub const ORDER_LINKS_AT: u64 = 128;
/// Bytes of a block's reports: the line, then the [`FaultRecord`](super::FaultRecord) at its start.
pub const REPORT_BYTES: u64 = 256;
/// Where the fault record of a block is in its reports.
pub const FAULT_AT: u64 = 128;
