//! The values of special registers.

use super::surroundings::Surroundings;
use super::warp::lanes;
use crate::program::operation::{LaneMask, Special, Target};
use crate::registers::{File, LANES, Longs, Registers};

/// Writes a special register's values.
pub(crate) fn read(
    around: &Surroundings<'_>,
    registers: &mut Registers,
    target: Target,
    special: Special,
    mask: u32,
) {
    let mut values: Longs = [0; LANES];
    for lane in lanes(mask) {
        values[lane] = value(around, special, lane);
    }
    set(registers, target, &values, mask);
}

/// Writes values to a register of either file, cut to its size.
#[expect(clippy::cast_possible_truncation, reason = "values are cut to the register's size")]
pub(crate) fn set(registers: &mut Registers, target: Target, values: &Longs, mask: u32) {
    match (target.file, target.bytes) {
        (File::Long, _) => registers.set_long(target.index, values, mask),
        (_, 2) => {
            registers.set_word(target.index, &values.map(|value| value as u32 & 0xFFFF), mask)
        }
        (_, 1) => registers.set_word(target.index, &values.map(|value| value as u32 & 0xFF), mask),
        _ => registers.set_word(target.index, &values.map(|value| value as u32), mask),
    }
}

fn value(around: &Surroundings<'_>, special: Special, lane: usize) -> u64 {
    let thread = around.first_thread + lane as u32;
    let launch = around.launch;
    match special {
        Special::Thread(axis) => thread_index(launch.block, thread)[axis].into(),
        Special::Threads(axis) => launch.block[axis].into(),
        Special::Block(axis) => around.block[axis].into(),
        Special::Blocks(axis) => launch.grid[axis].into(),
        Special::Lane => lane as u64,
        Special::Warp => u64::from(around.first_thread) / LANES as u64,
        Special::Warps => volume(launch.block).div_ceil(LANES as u64),
        Special::Multiprocessor => around.multiprocessor.into(),
        Special::Multiprocessors => around.engine.multiprocessors.into(),
        Special::GridId => around.grid_id,
        Special::LaneMask(which) => lane_mask(which, lane).into(),
        Special::Clock => around.engine.clock_ticks(),
        Special::ClockHigh => around.engine.clock_ticks() >> 32,
        Special::GlobalTimer => around.engine.now_ns(),
        Special::GlobalTimerHigh => around.engine.now_ns() >> 32,
        Special::DynamicShared => launch.dynamic_shared.into(),
        Special::TotalShared => around.shared.len() as u64,
    }
}

/// Returns the index in a block of a thread counted in x, then y, then z.
pub(crate) const fn thread_index([x, y, _]: [u32; 3], thread: u32) -> [u32; 3] {
    [thread % x, thread / x % y, thread / x / y]
}

/// Counts the threads of a block or blocks of a grid.
pub(crate) fn volume(shape: [u32; 3]) -> u64 {
    shape.iter().map(|side| u64::from(*side)).product()
}

const fn lane_mask(which: LaneMask, lane: usize) -> u32 {
    let own = 1_u32 << lane;
    match which {
        LaneMask::Equal => own,
        LaneMask::Below => own - 1,
        LaneMask::UpTo => own | (own - 1),
        LaneMask::Above => !(own | (own - 1)),
        LaneMask::From => !(own - 1),
    }
}
