//! Loads, stores and fences.

use core::sync::atomic::Ordering;

use super::address;
use super::buffers::{Buffers, Owner, Waiting};
use super::fault::{Failed, FaultKind};
use super::frame::Frame;
use super::lane_bytes::LaneBytes;
use super::special::set;
use super::surroundings::Surroundings;
use super::warp::lanes;
use crate::address_map::{LOCAL_BASE, PARAMETER_BASE, SHARED_BASE, WINDOW_BYTES};
use crate::program::operation::{Load, Order, Reach, Source, Store, Window};
use crate::ptx::ast::{Space, Type};
use crate::registers::{LANES, Longs, Registers};
use crate::views::Read;

/// Runs a load in the lanes of `mask`.
pub(crate) fn load(
    around: &mut Surroundings<'_>,
    frame: &mut Frame,
    locals: &LaneBytes,
    load: &Load,
    mask: u32,
) -> Result<(), Failed> {
    let addresses = address::values(frame, load.address);
    let bytes = load.ty.bytes();
    let whole = bytes * u32::try_from(load.targets.len()).unwrap_or(0);
    let mut values = [[0; LANES]; 4];
    for lane in lanes(mask) {
        let place = place(load.window, addresses[lane], whole).map_err(|kind| (kind, 1 << lane))?;
        let mut at = |part: u64| {
            let used = used_of(load.used, part, bytes);
            let place = Place { offset: place.offset + part * u64::from(bytes), ..place };
            if used != low_bits(bytes) {
                return read_used(around, frame, locals, place, used, lane);
            }
            read(around, frame, locals, place, bytes, lane, load.order)
        };
        for (part, values) in (0_u64..).zip(&mut values[..load.targets.len()]) {
            values[lane] = at(part).map_err(|kind| (kind, 1 << lane))?;
        }
    }
    for (values, target) in values.iter_mut().zip(&load.targets) {
        if let Some(target) = *target {
            if load.ty.is_signed() && target.bytes > bytes {
                extend(values, load.ty);
            }
            set(&mut frame.registers, target, values, mask);
        }
    }
    if let Order::Acquire(_) = load.order {
        core::sync::atomic::fence(Ordering::Acquire);
    }
    Ok(())
}

/// Runs a store in the lanes of `mask`.
pub(crate) fn store(
    around: &mut Surroundings<'_>,
    frame: &mut Frame,
    locals: &mut LaneBytes,
    store: &Store,
    mask: u32,
) -> Result<(), Failed> {
    if let Order::Release(reach) = store.order {
        flush(around, reach, mask);
    }
    let addresses = address::values(frame, store.address);
    let whole = store.bytes * u32::try_from(store.sources.len()).unwrap_or(0);
    for (part, source) in (0_u64..).zip(&store.sources) {
        let values = source_values(&frame.registers, *source);
        for lane in lanes(mask) {
            let place = place(store.window, addresses[lane], whole);
            let place = place.map_err(|kind| (kind, 1 << lane))?;
            let place = Place { offset: place.offset + part * u64::from(store.bytes), ..place };
            let done = write(around, frame, locals, place, store, lane, values[lane]);
            done.map_err(|kind| (kind, 1 << lane))?;
        }
    }
    Ok(())
}

/// Orders what the lanes of `mask` did before with what follows, for all within reach; with
/// `sequential` also with every other such fence.
pub(crate) fn fence(around: &mut Surroundings<'_>, reach: Reach, sequential: bool, mask: u32) {
    flush(around, reach, mask);
    let (block, first) = (around.serial, around.first_thread);
    if let Some(views) = around.engine.views() {
        for lane in lanes(mask) {
            let owner = Owner { block, thread: first + lane as u32 };
            views.fence(owner, reach, sequential);
        }
    }
}

/// Shows what the lanes of `mask` stored to all within reach.
pub(crate) fn flush(around: &mut Surroundings<'_>, reach: Reach, mask: u32) {
    core::sync::atomic::fence(Ordering::SeqCst);
    if around.engine.buffers.is_none() {
        return;
    }
    fence_block(around, mask);
    if let Some(buffers) = &mut around.engine.buffers {
        if reach >= Reach::Device {
            buffers.flush_block(&mut around.engine.view, around.serial);
        }
        if reach == Reach::System {
            buffers.flush_device(&mut around.engine.view);
        }
    }
}

/// Shows the block what the lanes of `mask` stored.
pub(crate) fn fence_block(around: &mut Surroundings<'_>, mask: u32) {
    let Some(buffers) = &mut around.engine.buffers else {
        return;
    };
    for lane in lanes(mask) {
        let owner = Owner { block: around.serial, thread: around.first_thread + lane as u32 };
        for store in buffers.flush_thread(&mut around.engine.view, owner) {
            apply(buffers, around.shared, store);
        }
    }
}

/// Lets a buffered store to shared memory take effect.
pub(crate) fn apply(buffers: &mut Buffers, shared: &mut super::block::Shared, store: Waiting) {
    let offset = store.address.wrapping_sub(SHARED_BASE);
    if let Some(target) = shared.get_mut(offset, store.bytes) {
        if buffers.views.is_some() {
            buffers.note_shared(&store, number(Some(target)).unwrap_or(0));
        }
        target.copy_from_slice(&store.value.to_le_bytes()[..store.bytes as usize]);
    }
}

/// Returns the values of a source as longs.
pub(crate) fn source_values(registers: &Registers, source: Source) -> Longs {
    match source {
        Source::Word(word) => registers.word(word).map(u64::from),
        Source::Long(long) => registers.long(long),
    }
}

/// A place in one kind of memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) window: Window,
    /// The address in global memory, else the offset in the window.
    pub(crate) offset: u64,
}

/// Finds the memory of an address and checks its alignment.
#[inline]
pub(crate) fn place(window: Window, address: u64, bytes: u32) -> Result<Place, FaultKind> {
    if !address.is_multiple_of(bytes.into()) {
        return Err(FaultKind::Misaligned { address, bytes });
    }
    let (window, offset) = match window {
        Window::Generic => match address::window_of(address) {
            Window::Shared => (Window::Shared, address - SHARED_BASE),
            Window::Local => (Window::Local, address - LOCAL_BASE),
            window => (window, address),
        },
        window => (window, address),
    };
    let named = matches!(window, Window::Shared | Window::Local) && offset >= WINDOW_BYTES;
    let global = window == Window::Global && address::window_of(offset) != Window::Global;
    if named || global {
        let address = offset.wrapping_add(address::base(window));
        return Err(FaultKind::WrongSpace { address, space: address::space(window) });
    }
    Ok(Place { window, offset })
}

/// Returns the used bytes of one value of a load, a bit each.
const fn used_of(mask: u32, part: u64, bytes: u32) -> u32 {
    // A vector has at most 32 bytes.
    (mask >> ((part as u32 * bytes) % 32)) & low_bits(bytes)
}

const fn low_bits(count: u32) -> u32 {
    u32::MAX >> (32 - count)
}

/// Reads the bytes of a value that the program uses, one by one; the others are zeros.
fn read_used(
    around: &mut Surroundings<'_>,
    frame: &Frame,
    locals: &LaneBytes,
    place: Place,
    used: u32,
    lane: usize,
) -> Result<u64, FaultKind> {
    let mut value = 0;
    for byte in lanes(used) {
        let place = Place { offset: place.offset + byte as u64, ..place };
        value |= read(around, frame, locals, place, 1, lane, Order::None)? << (8 * byte);
    }
    Ok(value)
}

/// Reads a value of up to eight bytes.
#[inline]
fn read(
    around: &mut Surroundings<'_>,
    frame: &Frame,
    locals: &LaneBytes,
    place: Place,
    bytes: u32,
    lane: usize,
    order: Order,
) -> Result<u64, FaultKind> {
    let Place { window, offset } = place;
    let value = match window {
        Window::Global | Window::Generic => {
            let (allocation, start) = around.engine.view.range(offset, bytes)?;
            // With buffers the store it reads may be on its way.
            if !allocation.store.is_written(start, bytes) && around.engine.buffers.is_none() {
                around.engine.unwritten = Some((offset, bytes, 1 << lane));
            }
            allocation.store.load(start, bytes)
        }
        Window::Shared => number(around.shared.get(offset, bytes))
            .ok_or_else(|| outside(Space::Shared, offset, bytes, around.shared.len()))?,
        Window::Local => number(locals.get(lane, offset, bytes))
            .ok_or_else(|| outside(Space::Local, offset, bytes, locals.len()))?,
        Window::Parameter if offset >= PARAMETER_BASE => {
            let parameters = &around.launch.parameters;
            let start = usize::try_from(offset - PARAMETER_BASE).unwrap_or(usize::MAX);
            let found = parameters.get(start..).and_then(|rest| rest.get(..bytes as usize));
            number(found)
                .ok_or_else(|| outside(Space::Parameter, offset, bytes, parameters.len()))?
        }
        Window::Parameter => number(frame.area.get(lane, offset, bytes))
            .ok_or_else(|| outside(Space::Parameter, offset, bytes, frame.area.len()))?,
    };
    match &mut around.engine.buffers {
        Some(buffers) if !matches!(window, Window::Local | Window::Parameter) => {
            let owner = Owner { block: around.serial, thread: around.first_thread + lane as u32 };
            let access = Read { owner, address: buffered(place), bytes, order };
            let value = buffers.load(access, value);
            around.touch(frame.function, access, value, false);
            Ok(value)
        }
        _ => Ok(value),
    }
}

/// Writes a value of up to eight bytes.
#[inline]
fn write(
    around: &mut Surroundings<'_>,
    frame: &mut Frame,
    locals: &mut LaneBytes,
    place: Place,
    what: &Store,
    lane: usize,
    value: u64,
) -> Result<(), FaultKind> {
    let Place { window, offset } = place;
    let bytes = what.bytes;
    let owner = Owner { block: around.serial, thread: around.first_thread + lane as u32 };
    let waiting = || Waiting::new(owner, buffered(place), bytes, value);
    let access = || Read { owner, address: buffered(place), bytes, order: what.order };
    let (target, space, have) = match window {
        Window::Global | Window::Generic => {
            let (allocation, offset) = around.engine.view.range(offset, bytes)?;
            match &mut around.engine.buffers {
                None => allocation.store.store(offset, bytes, value),
                Some(buffers) => {
                    let stamp = buffers.stamp(owner, what.order);
                    buffers.store(waiting(), stamp);
                    around.touch(frame.function, access(), value, true);
                }
            }
            return Ok(());
        }
        Window::Shared => {
            let have = around.shared.len();
            let target = around.shared.get_mut(offset, bytes);
            if let (Some(_), Some(buffers)) = (&target, &mut around.engine.buffers) {
                let stamp = buffers.stamp(owner, what.order);
                buffers.store(waiting(), stamp);
                around.touch(frame.function, access(), value, true);
                return Ok(());
            }
            (target, Space::Shared, have)
        }
        Window::Local => {
            let have = locals.len();
            (locals.get_mut(lane, offset, bytes), Space::Local, have)
        }
        Window::Parameter => {
            let have = frame.area.len();
            (frame.area.get_mut(lane, offset, bytes), Space::Parameter, have)
        }
    };
    let target = target.ok_or_else(|| outside(space, offset, bytes, have))?;
    target.copy_from_slice(&value.to_le_bytes()[..bytes as usize]);
    Ok(())
}

/// Returns the address by which buffers know a place.
pub(crate) const fn buffered(place: Place) -> u64 {
    match place.window {
        Window::Shared => SHARED_BASE + place.offset,
        // Never stored to a buffer; kept apart from what is.
        Window::Local | Window::Parameter => u64::MAX - 16,
        Window::Global | Window::Generic => place.offset,
    }
}

pub(crate) const fn outside(space: Space, offset: u64, bytes: u32, have: usize) -> FaultKind {
    FaultKind::Window { space, offset, bytes, have: have as u64 }
}

/// Returns up to eight bytes as a number.
#[inline]
fn number(bytes: Option<&[u8]>) -> Option<u64> {
    let bytes = bytes?;
    Some(match bytes {
        [a] => (*a).into(),
        [a, b] => u16::from_le_bytes([*a, *b]).into(),
        [a, b, c, d] => u32::from_le_bytes([*a, *b, *c, *d]).into(),
        _ => {
            let mut eight = [0; 8];
            eight.copy_from_slice(bytes.get(..8)?);
            u64::from_le_bytes(eight)
        }
    })
}

/// Extends signed values to 64 bits.
fn extend(values: &mut Longs, ty: Type) {
    let unused = 64 - 8 * ty.bytes();
    for value in values {
        *value = ((*value << unused).cast_signed() >> unused).cast_unsigned();
    }
}
