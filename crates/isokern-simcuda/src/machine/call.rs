//! Calls, returns, tables of branches, and the end of threads.

use super::access::{fence_block, source_values};
use super::fault::{Failed, FaultKind};
use super::special::set;
use super::surroundings::Surroundings;
use super::warp::{Fragment, State, Warp, lanes, lanes_where};
use crate::address_map::FUNCTION_BASE;
use crate::program::Program;
use crate::program::operation::{Call, Callee, Operation, Source, Target, Transfer};
use crate::registers::{File, LANES, Long, Longs, Word};

/// Calls that may nest.
const DEPTH_MAX: u32 = 4096;

/// Local memory of a lane.
const LOCAL_MAX: u64 = 512 << 10;

/// Goes on at an instruction of a table; lanes with different indexes part.
pub(crate) fn branch_table(
    warp: &mut Warp,
    index: usize,
    mask: u32,
    source: Word,
    targets: &[u32],
) -> Result<(), Failed> {
    let Fragment { frame, pc, mask: all, .. } = warp.fragments[index];
    let Some(frame) = warp.frames.get(frame) else {
        return Ok(());
    };
    let choices = frame.registers.word(source);
    let mut rest = mask;
    while rest != 0 {
        let choice = choices[rest.trailing_zeros() as usize];
        let same = lanes_where(rest, |lane| choices[lane] == choice);
        let target = targets.get(choice as usize).copied().ok_or((
            FaultKind::BadTarget { target: choice.into(), what: "entry of the table" },
            same,
        ))?;
        rest &= !same;
        if same == all {
            warp.fragments[index].pc = target;
            return Ok(());
        }
        warp.split(index, same, target);
    }
    warp.fragments[index].pc = pc + 1;
    warp.drop_lanes(index, 0);
    Ok(())
}

/// Starts a function in the lanes of `mask`.
pub(crate) fn call(
    warp: &mut Warp,
    program: &Program,
    index: usize,
    mask: u32,
    call: &Call,
) -> Result<(), Failed> {
    let Fragment { frame: outside, pc, mask: all, .. } = warp.fragments[index];
    let (callee, lanes_called) = callee(warp, program, outside, mask, call.callee)?;
    let inside = warp.frames.push(program, callee, Some((outside, pc)), lanes_called);
    check_stack(warp, program, inside, callee, lanes_called)?;
    for transfer in &call.arguments {
        hand_over(warp, outside, inside, *transfer, lanes_called);
    }
    let fragment = Fragment { pc: 0, mask: lanes_called, frame: inside, state: State::Ready };
    if lanes_called == mask && mask != all {
        // Lanes whose guard does not hold are past the call.
        warp.split(index, all & !mask, pc + 1);
    }
    warp.fragments.push(fragment);
    warp.drop_lanes(index, lanes_called);
    Ok(())
}

/// Goes back to the caller, or ends the lanes where there is none.
pub(crate) fn leave(warp: &mut Warp, around: &mut Surroundings<'_>, index: usize, mask: u32) {
    let Fragment { frame: inside, pc, mask: all, .. } = warp.fragments[index];
    let caller = warp.frames.get(inside).and_then(|frame| frame.caller);
    let Some((outside, call_pc)) = caller else {
        end(warp, around, index, mask);
        return;
    };
    let function = warp.frames.get(outside).map_or(0, |frame| frame.function);
    let function = around.program.function(function);
    let at = function.and_then(|function| function.body.code.get(call_pc as usize));
    if let Some(Operation::Call(call)) = at.map(|at| &at.operation) {
        for transfer in &call.returns {
            take_back(warp, outside, inside, *transfer, mask);
        }
    }
    let back = Fragment { pc: call_pc + 1, mask, frame: outside, state: State::Ready };
    if mask != all {
        warp.fragments[index].pc = pc + 1;
    }
    join_or_push(warp, back);
    warp.frames.leave(inside, mask);
    warp.drop_lanes(index, mask);
}

/// Ends the lanes of `mask`.
pub(crate) fn end(warp: &mut Warp, around: &mut Surroundings<'_>, index: usize, mask: u32) {
    // What a thread stored is seen by its block when it has ended, and a barrier counts the
    // threads that are left.
    fence_block(around, mask);
    warp.fragments[index].pc += u32::from(mask != warp.fragments[index].mask);
    warp.end(index, mask);
}

fn join_or_push(warp: &mut Warp, back: Fragment) {
    let same = |found: &&mut Fragment| {
        found.frame == back.frame && found.pc == back.pc && found.state == State::Ready
    };
    match warp.fragments.iter_mut().find(same) {
        Some(found) => found.mask |= back.mask,
        None => warp.fragments.push(back),
    }
}

/// Returns who is called, and by which lanes: of lanes with different targets the lowest's go
/// first.
fn callee(
    warp: &Warp,
    program: &Program,
    frame: usize,
    mask: u32,
    callee: Callee,
) -> Result<(usize, u32), Failed> {
    let register = match callee {
        Callee::Function(index) => return Ok((index, mask)),
        Callee::Address(register) => register,
    };
    let Some(frame) = warp.frames.get(frame) else {
        return Ok((0, mask));
    };
    let targets = frame.registers.long(Long::Register(register));
    let target = targets[mask.trailing_zeros() as usize];
    let same = lanes_where(mask, |lane| targets[lane] == target);
    let index = usize::try_from(target.wrapping_sub(FUNCTION_BASE)).unwrap_or(usize::MAX);
    match program.function(index) {
        Some(function) if !function.entry => Ok((index, same)),
        _ => Err((FaultKind::BadTarget { target, what: "device function" }, same)),
    }
}

fn check_stack(
    warp: &mut Warp,
    program: &Program,
    inside: usize,
    callee: usize,
    mask: u32,
) -> Result<(), Failed> {
    let Some(frame) = warp.frames.get(inside) else {
        return Ok(());
    };
    let end = u64::from(frame.local_base) + u64::from(super::frame::local_bytes(program, callee));
    let depth = frame.depth;
    if depth > DEPTH_MAX || end > LOCAL_MAX {
        return Err((FaultKind::StackOverflow { bytes: end, depth }, mask));
    }
    warp.locals.grow(usize::try_from(end).unwrap_or(usize::MAX));
    Ok(())
}

fn hand_over(warp: &mut Warp, outside: usize, inside: usize, transfer: Transfer, mask: u32) {
    for lane in lanes(mask) {
        match transfer {
            Transfer::Bytes { outside: from, inside: to, bytes } => {
                copy(warp, (outside, from), (inside, to), bytes, lane);
            }
            Transfer::Value { outside: source, inside: to, bytes } => {
                let Some(frame) = warp.frames.get(outside) else {
                    continue;
                };
                let value = source_values(&frame.registers, source)[lane];
                let target = warp.frames.get_mut(inside);
                if let Some(area) =
                    target.and_then(|to_frame| to_frame.area.get_mut(lane, to.into(), bytes))
                {
                    area.copy_from_slice(&value.to_le_bytes()[..bytes as usize]);
                }
            }
        }
    }
}

fn take_back(warp: &mut Warp, outside: usize, inside: usize, transfer: Transfer, mask: u32) {
    match transfer {
        Transfer::Bytes { outside: to, inside: from, bytes } => {
            for lane in lanes(mask) {
                copy(warp, (inside, from), (outside, to), bytes, lane);
            }
        }
        Transfer::Value { outside: target, inside: from, bytes } => {
            let mut values: Longs = [0; LANES];
            for lane in lanes(mask) {
                let area = warp.frames.get(inside);
                if let Some(area) = area.and_then(|frame| frame.area.get(lane, from.into(), bytes))
                {
                    let mut eight = [0; 8];
                    eight[..bytes as usize].copy_from_slice(area);
                    values[lane] = u64::from_le_bytes(eight);
                }
            }
            let target = match target {
                Source::Word(Word::Register(index)) => Target { file: File::Word, index, bytes },
                Source::Long(Long::Register(index)) => Target { file: File::Long, index, bytes },
                Source::Word(Word::Constant(_)) | Source::Long(Long::Constant(_)) => return,
            };
            if let Some(frame) = warp.frames.get_mut(outside) {
                set(&mut frame.registers, target, &values, mask);
            }
        }
    }
}

/// Copies bytes of a lane's parameter area from one frame to another.
fn copy(warp: &mut Warp, from: (usize, u32), to: (usize, u32), bytes: u32, lane: usize) {
    let source =
        warp.frames.get(from.0).and_then(|frame| frame.area.get(lane, from.1.into(), bytes));
    let Some(source) = source.map(<[u8]>::to_vec) else {
        return;
    };
    let target = warp.frames.get_mut(to.0);
    if let Some(target) = target.and_then(|frame| frame.area.get_mut(lane, to.1.into(), bytes)) {
        target.copy_from_slice(&source);
    }
}
