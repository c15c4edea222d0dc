//! The table of models that tasks run, as a block knows it, and the marks of places and streams.
#![allow(unsafe_code)]

use core::ptr;

use isokern_core::device::{TaskModel, TaskModels, TaskStream};
use isokern_core::ring::SharedWord;

use super::shared::{HELD, MODEL, PAYLOAD, TABLE, load, load_halves, store, store_halves};
use crate::words::GpuWord;

/// Where models are in the table's words.
const MODELS: u32 = TABLE + 8;

/// Bytes of a mark, which is before an arena or a state, on the device.
const MARK_BYTES: u64 = TaskModels::MARK_BYTES;
/// The mark of what no block has. Of a place whose task has given way it is the operator at which
/// that goes on, which is not 0.
pub(super) const FREE: u32 = 0;
/// The mark of what a block has.
pub(super) const TAKEN: u32 = u32::MAX;

/// Notes the table at an address for the block, and returns how many models it has; makes marks
/// free where a megakernel begins. The leader calls it.
#[inline(never)] // The lanes come together after it.
pub(super) fn note_table(address: u64, begins: bool) -> u32 {
    let table = ptr::with_exposed_provenance::<TaskModels>(address as usize);
    // SAFETY: the host has written it before the order, and writes nothing there while the block
    // has the order.
    let table = unsafe { &*table };
    store_halves(TABLE, table.model_count, table.place_count);
    store_halves(TABLE + 1, table.stream_count, 0);
    let places = [table.payload, table.payload_stride, table.arena, table.arena_stride];
    let states = [table.state, table.state_stride];
    (TABLE + 2..).zip(places.into_iter().chain(states)).for_each(|(word, part)| store(word, part));
    for (word, model) in (MODELS..).step_by(3).zip(&table.models) {
        let TaskModel { address, bytes, staging } = *model;
        store(word, address);
        store(word + 1, bytes);
        store(word + 2, staging);
    }
    store(HELD, 0);
    if begins {
        let arenas = (0..table.place_count).map(arena_of);
        let states = (0..table.stream_count).map(state_of);
        arenas.chain(states).for_each(|at| mark(at).store_relaxed(FREE));
    }
    table.model_count
}

/// Returns where the arena of a place is, after its mark.
fn arena_of(place: u32) -> u64 {
    load(TABLE + 4) + u64::from(place) * load(TABLE + 5) + MARK_BYTES
}

/// Returns where the state of a stream is, after its mark.
fn state_of(stream: u32) -> u64 {
    load(TABLE + 6) + u64::from(stream) * load(TABLE + 7) + MARK_BYTES
}

/// Returns the mark before an arena or a state.
pub(super) fn mark(start: u64) -> GpuWord {
    // SAFETY: the host owes these bytes before each arena and each state.
    unsafe { GpuWord::at(start - MARK_BYTES) }
}

/// Lets the block work with a model, in a place, on a stream.
pub(super) fn name(index: u32, place: u32, stream: TaskStream) {
    let word = MODELS + 3 * index;
    store(MODEL, load(word));
    store(MODEL + 1, load(word + 1));
    store(MODEL + 2, arena_of(place));
    let (stream_count, _) = load_halves(TABLE + 1);
    store(MODEL + 3, if stream_count == 0 { 0 } else { state_of(stream.stream) });
    store(MODEL + 4, load(word + 2));
    let payload = load(TABLE + 2) + u64::from(place) * load(TABLE + 3);
    store(PAYLOAD, payload + TaskModels::PORTS_AT);
}

/// Gives place and stream back, and says where a task in the place goes on.
pub(super) fn give_back(place: u32) {
    store(HELD, 0);
    if load(MODEL + 3) != 0 {
        mark(load(MODEL + 3)).store_release(FREE);
    }
    mark(load(MODEL + 2)).store_release(place);
}
