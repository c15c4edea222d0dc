//! Runs a warp for a while: the loop over instructions.

use super::barrier::Arrival;
use super::chains::At;
use super::fault::{Failed, FaultKind};
use super::surroundings::Surroundings;
use super::warp::{Fragment, State, Warp};
use super::{access, address, atomic, call, collective, special};
use crate::program::operation::{Instruction, Operation};
use crate::program::together::{Barrier, BarrierKind};

/// A fault, and where in the warp.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) kind: FaultKind,
    pub(crate) lanes: u32,
    pub(crate) function: usize,
    pub(crate) pc: u32,
}

/// How a fragment goes on after an instruction.
enum Flow {
    /// With the next one.
    Next,
    /// It, or another one, has to be picked again.
    Pick,
    /// With the next one, but others should run first.
    Yield,
}

/// Runs at most `budget` instructions of a warp and gives how many it were: 0 when all wait.
pub(crate) fn run(
    warp: &mut Warp,
    around: &mut Surroundings<'_>,
    budget: u64,
) -> Result<u64, Trouble> {
    let mut left = budget;
    while left > 0 {
        let Some(mut index) = warp.pick() else {
            break;
        };
        let frame = warp.frames.get(warp.fragments[index].frame);
        let function = frame.map_or(0, |frame| frame.function);
        let program = around.program;
        let Some(body) = program.function(function).map(|function| &function.body) else {
            break;
        };
        loop {
            if left == 0 {
                break;
            }
            left -= 1;
            around.engine.counters.warp_instructions += 1;
            let pc = warp.fragments[index].pc;
            let Some(instruction) = body.code.get(pc as usize) else {
                // Labels are within the body and it ends with a return.
                return Ok(budget - left);
            };
            let flow = step(warp, around, index, instruction);
            let flow = flow.map_err(|(kind, lanes)| Trouble { kind, lanes, function, pc })?;
            match flow {
                Flow::Next if warp.fragments.len() == 1 => {}
                Flow::Next => {
                    if warp.meet(&mut index) {
                        break;
                    }
                }
                Flow::Pick => break,
                Flow::Yield => return Ok(budget - left),
            }
        }
    }
    Ok(budget - left)
}

/// Runs one instruction of a fragment.
#[inline]
fn step(
    warp: &mut Warp,
    around: &mut Surroundings<'_>,
    index: usize,
    instruction: &Instruction,
) -> Result<Flow, Failed> {
    let Fragment { mask: all, frame, pc, .. } = warp.fragments[index];
    let number = frame;
    let Some(frame) = warp.frames.get_mut(frame) else {
        return Ok(Flow::Pick);
    };
    let mask = match instruction.guard {
        None => all,
        Some(guard) => all & frame.registers.predicate(guard),
    };
    if let Some(profile) = &mut around.engine.profile {
        let warp = (around.serial, around.first_thread);
        let at = At { warp, frame: number, pc, mask };
        profile.note(around.program, frame, at, instruction);
    }
    around.engine.counters.thread_instructions += u64::from(mask.count_ones());
    if mask == 0 {
        warp.fragments[index].pc = pc + 1;
        return Ok(Flow::Next);
    }
    match &instruction.operation {
        Operation::Arithmetic(arithmetic) => arithmetic.execute(&mut frame.registers, mask),
        Operation::Load(load) => {
            let function = frame.function;
            around.pc = pc;
            access::load(around, frame, &warp.locals, load, mask)?;
            if around.engine.unwritten.is_some() {
                around.note_unwritten(function, pc);
            }
        }
        Operation::Store(store) => {
            around.pc = pc;
            access::store(around, frame, &mut warp.locals, store, mask)?;
        }
        Operation::Branch(target) => return Ok(branch(warp, index, mask, *target)),
        other => return rare(warp, around, index, mask, other),
    }
    warp.fragments[index].pc = pc + 1;
    Ok(Flow::Next)
}

fn branch(warp: &mut Warp, index: usize, mask: u32, target: u32) -> Flow {
    let fragment = &mut warp.fragments[index];
    if mask == fragment.mask {
        fragment.pc = target;
        return Flow::Next;
    }
    fragment.pc += 1;
    warp.split(index, mask, target);
    Flow::Pick
}

/// Returns the instructions that are not in the inner loops of a kernel.
fn rare(
    warp: &mut Warp,
    around: &mut Surroundings<'_>,
    index: usize,
    mask: u32,
    operation: &Operation,
) -> Result<Flow, Failed> {
    match operation {
        Operation::Barrier(barrier) => return arrive(warp, around, index, mask, barrier),
        Operation::Collective(what) => {
            if !collective::run(warp, around, index, mask, what)? {
                return wait_for_lanes(warp, index, mask);
            }
        }
        Operation::BranchTable(source, targets) => {
            return call::branch_table(warp, index, mask, *source, targets).map(|()| Flow::Pick);
        }
        Operation::Call(what) => {
            return call::call(warp, around.program, index, mask, what).map(|()| Flow::Pick);
        }
        Operation::Return => {
            call::leave(warp, around, index, mask);
            return Ok(Flow::Pick);
        }
        Operation::Exit => {
            call::end(warp, around, index, mask);
            return Ok(Flow::Pick);
        }
        Operation::Trap => return Err((FaultKind::Trap, mask)),
        Operation::Breakpoint => return Err((FaultKind::Breakpoint, mask)),
        Operation::Sleep => {
            warp.fragments[index].pc += 1;
            around.engine.slept = true;
            return Ok(Flow::Yield);
        }
        _ => in_frame(warp, around, index, mask, operation)?,
    }
    warp.fragments[index].pc += 1;
    Ok(Flow::Next)
}

/// Runs the rare instructions that change registers or memory alone.
fn in_frame(
    warp: &mut Warp,
    around: &mut Surroundings<'_>,
    index: usize,
    mask: u32,
    operation: &Operation,
) -> Result<(), Failed> {
    let Some(frame) = warp.frames.get_mut(warp.fragments[index].frame) else {
        return Ok(());
    };
    match operation {
        Operation::Special(target, which) => {
            special::read(around, &mut frame.registers, *target, *which, mask);
        }
        Operation::AddressOf(target, what) => {
            let values = address::values(frame, *what);
            special::set(&mut frame.registers, *target, &values, mask);
        }
        Operation::ConvertAddress(target, what, window, to) => {
            let values = address::convert(frame, *what, *window, *to);
            special::set(&mut frame.registers, *target, &values, mask);
        }
        Operation::IsSpace(target, what, window) => {
            let lanes = address::in_window(frame, *what, *window);
            frame.registers.set_predicate(*target, lanes, mask);
        }
        Operation::Atomic(what) => {
            let function = frame.function;
            around.pc = warp.fragments[index].pc;
            atomic::run(around, frame, &mut warp.locals, what, mask)?;
            if around.engine.unwritten.is_some() {
                around.note_unwritten(function, warp.fragments[index].pc);
            }
        }
        Operation::Fence(reach, sequential) => access::fence(around, *reach, *sequential, mask),
        Operation::ActiveMask(target) => {
            frame.registers.set_word(*target, &[mask; 32], mask);
        }
        _ => {}
    }
    Ok(())
}

/// Lets the lanes of a fragment wait at this instruction until others of the warp reach it.
fn wait_for_lanes(warp: &mut Warp, index: usize, mask: u32) -> Result<Flow, Failed> {
    let Fragment { mask: all, pc, .. } = warp.fragments[index];
    warp.fragments[index].state = State::Gather;
    if mask != all {
        // Lanes whose guard does not hold are past this instruction.
        warp.split(index, all & !mask, pc + 1);
    }
    Ok(Flow::Pick)
}

fn arrive(
    warp: &mut Warp,
    around: &mut Surroundings<'_>,
    index: usize,
    mask: u32,
    barrier: &Barrier,
) -> Result<Flow, Failed> {
    if barrier.aligned && mask != warp.live {
        return wait_for_lanes(warp, index, mask);
    }
    access::fence_block(around, mask);
    let Fragment { mask: all, frame, pc, .. } = warp.fragments[index];
    let Some(frame) = warp.frames.get_mut(frame) else {
        return Ok(Flow::Pick);
    };
    let lane = mask.trailing_zeros() as usize;
    let held = match barrier.kind {
        BarrierKind::Reduce(_, predicate, _) => Some(frame.registers.predicate(predicate)),
        _ => None,
    };
    let arrival = Arrival {
        barrier: frame.registers.word(barrier.barrier)[lane],
        expected: barrier.threads.map(|threads| frame.registers.word(threads)[lane]),
        lanes: mask,
        held,
    };
    around.barriers.arrive(arrival, barrier.aligned).map_err(|kind| (kind, mask))?;
    let (serial, first) = (around.serial, around.first_thread);
    if let Some(views) = around.engine.views() {
        views.arrive(serial, arrival.barrier, first, mask);
    }
    if barrier.kind == BarrierKind::Arrive {
        warp.fragments[index].pc = pc + 1;
        return Ok(Flow::Next);
    }
    warp.fragments[index].state = State::Barrier(arrival.barrier);
    if mask != all {
        warp.split(index, all & !mask, pc + 1);
    }
    Ok(Flow::Pick)
}
