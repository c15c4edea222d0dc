//! Rings: cells, slots, tickets, and the steps of push, pop and close.
//!
//! One protocol for every two sides that share memory: two host threads, an interrupt and a
//! loop, a host and a block of a GPU. Its layout and its order of accesses are those that the
//! last of them needs across PCIe, and two blocks of one GPU would. `ring/protocol.md` beside
//! this source has the layout, the states, the order of every access with its reason, and what
//! is not promised.
//!
//! ```
//! use isokern_core::ring::{ConsumerState, HostRing, PopError, ProducerState};
//!
//! let ring = HostRing::<2, 1>::new();
//! let (mut producer, mut consumer) = (ProducerState::new(), ConsumerState::new());
//! assert_eq!(producer.try_push(&ring, 7_u32), Ok(()));
//! producer.close(&ring);
//! assert_eq!(consumer.try_pop::<u32, _>(&ring), Ok(7));
//! assert_eq!(consumer.try_pop::<u32, _>(&ring), Err(PopError::Closed));
//! ```
//!
//! | part | what it is |
//! |---|---|
//! | [`SharedWord`], [`SharedCell`], [`SharedRmw`], [`SharedCounter`] | what the protocol runs on |
//! | [`SharedRing`], [`HostRing`] | where cells are: a layout, and memory in it |
//! | [`AddressSpace`], [`AddressedRing`] | the same layout at an address, for devices |
//! | [`ProducerState`], [`ConsumerState`], [`SharedTail`] | the steps of an end |
//! | [`RequesterState`], [`ReplierState`] | two rings, whose replies are credit |
//! | [`ControlLine`], [`HostControl`], [`DeviceControl`] | what the sides say beside messages |
//! | [`WireHeader`], [`BufferHandle`], [`LendingWords`] | what travels with a message |
//!
//! # For callers
//!
//! Threads and firmware use the ends of `isokern-ring`, which keep a state and its ring
//! together. Code that brings its own memory uses the states: [`ProducerState`],
//! [`ConsumerState`], [`RequesterState`], [`ReplierState`], and [`HostControl`] and
//! [`DeviceControl`] for the control lines.
//!
//! # For authors of memory
//!
//! Implement [`SharedWord`] and [`SharedCell`] for your loads and stores, [`SharedRing`] and
//! [`ControlLine`] for where the cells are. The layout of [`HostRing`] is the wire layout; its
//! asserts are yours too. Where cells are addresses, an [`AddressSpace`] is enough.
//!
//! ```text
//! ticket t  ─▶  slot t mod N,  turn t / N + 1
//!
//!           ┌─────────────── slot of one line, 128 bytes, aligned to 128 ───────────────┐
//!  cell 0   │ data 4 B │ turn 4 B │ data │ turn │ ...                     │ data │ turn │ 15
//!           └───────────────────────────────────────────────────────────────────────────┘
//! ```

mod addressed;
mod addressed_cells;
mod addressed_link;
mod claim;
mod consumer;
mod control;
mod control_value;
mod counts;
mod credit;
mod device_control;
mod error;
mod fit;
mod host;
mod host_control;
mod lending;
mod memory;
mod pool_layout;
mod pool_region;
mod producer;
mod slot;
mod split_cell;
mod status;
mod tickets;
mod wire;
mod words;

#[cfg(test)]
mod control_tests;
#[cfg(test)]
mod tests;

pub use addressed::{AddressSpace, AddressedLine, AddressedRing};
pub use addressed_cells::AddressedCells;
pub use addressed_link::AddressedLinkRing;
pub use claim::SharedTail;
pub use consumer::ConsumerState;
pub use control::{ControlLine, HostLine, LineMemory};
pub use control_value::Timed;
pub use counts::{COUNT_MAX, CountWriter, read_count};
pub use credit::{ReplierState, RequesterState};
pub use device_control::{ActorFault, DeviceControl, DeviceState, DeviceView, ErrorRecord};
pub use error::{Closed, PopError, PushBytesError, PushError};
pub use fit::require_fit;
pub(crate) use host::empty_cell;
pub use host::{HostCell, HostWord};
pub use host_control::{HostControl, HostView};
pub use lending::LendingWords;
pub use memory::{HostRing, LINE_BYTES, LINE_CELLS, LINE_DATA_BYTES, RingMemory, SharedRing};
pub use pool_layout::PoolLayout;
pub use pool_region::PoolRegion;
pub use producer::ProducerState;
pub use slot::{cells_of, lines_of, publish, take};
pub use split_cell::SplitCell;
pub use status::{EndStatus, consumer_closed, consumer_waits, producer_waits};
pub use tickets::{NEVER, SlotCount, next_turn};
pub use wire::{
    BufferHandle, DEADLINE_TICK_NS, WireHeader, link_capacity_bytes, message_capacity_bytes,
    message_lines,
};
pub use words::{CellValue, SharedCell, SharedCounter, SharedRmw, SharedWord};
