//! Read-modify-writes: a lane reads, changes and writes a value in one step.

use super::access::{Place, apply, buffered, flush, outside, place, source_values};
use super::address;
use super::buffers::{Owner, Waiting};
use super::fault::{Failed, FaultKind};
use super::frame::Frame;
use super::lane_bytes::LaneBytes;
use super::special::set;
use super::surroundings::Surroundings;
use super::warp::lanes;
use crate::address_map::{SHARED_BASE, WINDOW_BYTES};
use crate::program::operation::{Atomic, Change, Order, Window};
use crate::ptx::ast::{Space, Type};
use crate::registers::{LANES, Longs};
use crate::views::{Read, Stamp};

/// Runs a read-modify-write in the lanes of `mask`, one lane after the other.
pub(crate) fn run(
    around: &mut Surroundings<'_>,
    frame: &mut Frame,
    locals: &mut LaneBytes,
    atomic: &Atomic,
    mask: u32,
) -> Result<(), Failed> {
    if let Order::Release(reach) | Order::Both(reach) = atomic.order {
        flush(around, reach, mask);
    }
    let addresses = address::values(frame, atomic.address);
    let values = source_values(&frame.registers, atomic.operand);
    let new = atomic.replacement.map(|new| source_values(&frame.registers, new));
    let mut old: Longs = [0; LANES];
    for lane in lanes(mask) {
        let failed = |kind| (kind, 1 << lane);
        let place = place(atomic.window, addresses[lane], atomic.ty.bytes()).map_err(failed)?;
        let (value, new) = (values[lane], new.map_or(0, |new| new[lane]));
        let flush = place.window != Window::Shared;
        let step = |old: u64| changed(atomic.change, atomic.ty, old, value, new, flush);
        settle(around, place, atomic.ty.bytes(), lane);
        old[lane] = update(around, locals, place, atomic.ty.bytes(), lane, step).map_err(failed)?;
        let new = step(old[lane]);
        // A compare-and-swap that found another value stores nothing; one that puts the value back
        // that it found does, and releases.
        let stores =
            atomic.change != Change::CompareAndSwap || is_same(atomic.ty, old[lane], value);
        note(around, atomic, place, lane, old[lane], stores.then_some(new));
        if around.engine.views().is_some() && !matches!(place.window, Window::Local) {
            let owner = Owner { block: around.serial, thread: around.first_thread + lane as u32 };
            let (address, bytes, order) = (buffered(place), atomic.ty.bytes(), atomic.order);
            around.touch(frame.function, Read { owner, address, bytes, order }, new, true);
        }
    }
    if let Some(target) = atomic.target {
        set(&mut frame.registers, target, &old, mask);
    }
    if !matches!(atomic.order, Order::None | Order::Relaxed(_)) {
        core::sync::atomic::fence(core::sync::atomic::Ordering::SeqCst);
    }
    Ok(())
}

/// Returns the value a change makes of `old`. `add.f32` flushes subnormals in global memory, not in
/// shared memory (*PTX ISA*, `atom`).
#[expect(clippy::cast_possible_truncation, reason = "values are cut to the size of their type")]
pub(crate) fn changed(
    change: Change,
    ty: Type,
    old: u64,
    value: u64,
    new: u64,
    flush: bool,
) -> u64 {
    let cut = |value: u64| if ty.bytes() == 8 { value } else { value & low_bytes(ty.bytes()) };
    let (old, value) = (cut(old), cut(value));
    let signed = |value: u64| match ty.bytes() {
        8 => value.cast_signed(),
        _ => i64::from((value as u32).cast_signed()),
    };
    let result = match change {
        Change::Add if ty == Type::F32 => add_f32(old as u32, value as u32, flush).into(),
        Change::Add if ty == Type::F64 => (f64::from_bits(old) + f64::from_bits(value)).to_bits(),
        Change::Add => old.wrapping_add(value),
        Change::And => old & value,
        Change::Or => old | value,
        Change::Xor => old ^ value,
        Change::Min if ty.is_signed() => signed(old).min(signed(value)).cast_unsigned(),
        Change::Min => old.min(value),
        Change::Max if ty.is_signed() => signed(old).max(signed(value)).cast_unsigned(),
        Change::Max => old.max(value),
        Change::Exchange => value,
        Change::Increment => {
            if old >= value {
                0
            } else {
                old + 1
            }
        }
        Change::Decrement => {
            if old == 0 || old > value {
                value
            } else {
                old - 1
            }
        }
        Change::CompareAndSwap => {
            if old == value {
                new
            } else {
                old
            }
        }
    };
    cut(result)
}

fn add_f32(old: u32, value: u32, flush: bool) -> u32 {
    let number = |bits: u32| {
        let number = f32::from_bits(bits);
        if flush && number.is_subnormal() { 0.0_f32.copysign(number) } else { number }
    };
    let sum = number(old) + number(value);
    if sum.is_nan() {
        return 0x7FFF_FFFF;
    }
    number(sum.to_bits()).to_bits()
}

const fn low_bytes(bytes: u32) -> u64 {
    u64::MAX >> (64 - 8 * bytes)
}

/// Lets stores to the place that are on their way take effect.
fn settle(around: &mut Surroundings<'_>, place: Place, bytes: u32, lane: usize) {
    let Some(buffers) = &mut around.engine.buffers else {
        return;
    };
    let owner = Owner { block: around.serial, thread: around.first_thread + lane as u32 };
    let address = match place.window {
        Window::Shared => SHARED_BASE + place.offset.min(WINDOW_BYTES),
        _ => place.offset,
    };
    for store in buffers.settle(&mut around.engine.view, owner, address, bytes) {
        apply(buffers, around.shared, store);
    }
}

/// Returns whether two values are the same in the bytes of their type.
const fn is_same(ty: Type, one: u64, other: u64) -> bool {
    ty.bytes() == 8 || (one ^ other) & low_bytes(ty.bytes()) == 0
}

/// Tells the views of a read-modify-write that has read `old`, and what it stored.
fn note(
    around: &mut Surroundings<'_>,
    atomic: &Atomic,
    place: Place,
    lane: usize,
    old: u64,
    new: Option<u64>,
) {
    let Some(buffers) = &mut around.engine.buffers else { return };
    let Some(views) = &mut buffers.views else { return };
    if matches!(place.window, Window::Local | Window::Parameter) {
        return;
    }
    let owner = Owner { block: around.serial, thread: around.first_thread + lane as u32 };
    let (address, bytes) = (buffered(place), atomic.ty.bytes());
    let own = new.map_or(Stamp::PLAIN, |_| views.stamp(owner, atomic.order));
    let stamp = views.update(Read { owner, address, bytes, order: atomic.order }, own);
    if let Some(new) = new {
        let store = Waiting { stamp, ..Waiting::new(owner, address, bytes, new) };
        match place.window {
            Window::Shared => buffers.note_shared(&store, old),
            _ => buffers.note_update(&store, old),
        }
    }
}

fn update(
    around: &mut Surroundings<'_>,
    locals: &mut LaneBytes,
    place: Place,
    bytes: u32,
    lane: usize,
    step: impl Fn(u64) -> u64,
) -> Result<u64, FaultKind> {
    let Place { window, offset } = place;
    let (target, space, have) = match window {
        Window::Global | Window::Generic => {
            let (allocation, start) = around.engine.view.range(offset, bytes)?;
            if !allocation.store.is_written(start, bytes) {
                around.engine.unwritten = Some((offset, bytes, 1 << lane));
            }
            return Ok(allocation.store.update(start, bytes, step));
        }
        Window::Shared => {
            let have = around.shared.len();
            (around.shared.get_mut(offset, bytes), Space::Shared, have)
        }
        Window::Local => {
            let have = locals.len();
            (locals.get_mut(lane, offset, bytes), Space::Local, have)
        }
        Window::Parameter => (None, Space::Parameter, 0),
    };
    let target = target.ok_or_else(|| outside(space, offset, bytes, have))?;
    let mut eight = [0; 8];
    eight[..bytes as usize].copy_from_slice(target);
    let old = u64::from_le_bytes(eight);
    target.copy_from_slice(&step(old).to_le_bytes()[..bytes as usize]);
    Ok(old)
}
