//! What the lanes of a warp do together.

use super::access::{fence_block, source_values};
use super::atomic::changed;
use super::fault::{Failed, FaultKind};
use super::surroundings::Surroundings;
use super::warp::{Warp, lanes, lanes_where};
use crate::program::operation::Change;
use crate::program::together::{Collective, CollectiveKind, Shuffle, Vote};
use crate::ptx::ast::Type;
use crate::registers::{LANES, Registers, Words};

/// What lanes read from a lane that does not take part.
const UNDEFINED: u32 = 0xA5A5_A5A5;

/// Runs a collective in the lanes of `mask`; `false` when lanes it names have not come yet.
pub(crate) fn run(
    warp: &mut Warp,
    around: &mut Surroundings<'_>,
    index: usize,
    mask: u32,
    collective: &Collective,
) -> Result<bool, Failed> {
    let live = warp.live;
    let Some(frame) = warp.frames.get_mut(warp.fragments[index].frame) else {
        return Ok(true);
    };
    let registers = &mut frame.registers;
    let members = collective.members.map(|members| registers.word(members));
    let Some(groups) = groups(members.as_ref(), mask, live)? else {
        return Ok(false);
    };
    for group in groups {
        run_group(registers, collective.kind, group);
    }
    if collective.kind == CollectiveKind::Synchronize {
        fence_block(around, mask);
        let (serial, first) = (around.serial, around.first_thread);
        if let Some(views) = around.engine.views() {
            views.meet(serial, first, mask);
        }
    }
    Ok(true)
}

/// Returns the lanes in groups with one member mask each; `None` when members are missing.
fn groups(members: Option<&Words>, mask: u32, live: u32) -> Result<Option<Vec<u32>>, Failed> {
    let Some(members) = members else {
        return Ok(Some(vec![mask]));
    };
    let mut groups = Vec::new();
    let mut rest = mask;
    while rest != 0 {
        let named = members[rest.trailing_zeros() as usize];
        let same = lanes_where(rest, |lane| members[lane] == named);
        // A lane that has ended cannot come, and is not waited for.
        let needed = named & live;
        let bad = FaultKind::BadMask { mask: named, running: same };
        if same & !named != 0 {
            return Err((bad, same & !named));
        }
        if needed & !mask != 0 {
            return Ok(None);
        }
        if needed != same {
            // A lane it names is here with another mask.
            return Err((bad, same));
        }
        groups.push(same);
        rest &= !same;
    }
    Ok(Some(groups))
}

fn run_group(registers: &mut Registers, kind: CollectiveKind, group: u32) {
    match kind {
        CollectiveKind::Synchronize => {}
        CollectiveKind::Shuffle { mode, target, in_range, source, lane, control } => {
            let sources = registers.word(source);
            let (selectors, controls) = (registers.word(lane), registers.word(control));
            let mut values = [0; LANES];
            let mut inside = 0;
            for lane in lanes(group) {
                let (from, valid) = shuffle(mode, lane, selectors[lane], controls[lane]);
                let takes_part = group >> from & 1 == 1;
                values[lane] = if takes_part { sources[from] } else { UNDEFINED };
                inside |= u32::from(valid) << lane;
            }
            set_word(registers, target, &values, group);
            set_predicate(registers, in_range, inside, group);
        }
        CollectiveKind::Vote { target, mode, source } => {
            let held = registers.predicate(source) & group;
            let answer = match mode {
                Vote::All => held == group,
                Vote::Any => held != 0,
                Vote::Uniform => held == group || held == 0,
            };
            registers.set_predicate(target, if answer { u32::MAX } else { 0 }, group);
        }
        CollectiveKind::Ballot { target, source } => {
            let held = registers.predicate(source) & group;
            registers.set_word(target, &[held; LANES], group);
        }
        CollectiveKind::Match { all, target, agree, source } => {
            let values = source_values(registers, source);
            let equal = |lane: usize| lanes_where(group, |other| values[other] == values[lane]);
            let mut result = [0; LANES];
            lanes(group).for_each(|lane| result[lane] = equal(lane));
            let agreed = lanes(group).all(|lane| result[lane] == group);
            if all && !agreed {
                result = [0; LANES];
            }
            set_word(registers, target, &result, group);
            set_predicate(registers, agree, if agreed { u32::MAX } else { 0 }, group);
        }
        CollectiveKind::Reduce { change, signed, target, source } => {
            let values = registers.word(source);
            let result = reduce(change, signed, &values, group);
            registers.set_word(target, &[result; LANES], group);
        }
        CollectiveKind::Elect { target, chosen } => {
            let leader = group.trailing_zeros();
            set_word(registers, target, &[leader; LANES], group);
            set_predicate(registers, chosen, 1 << leader, group);
        }
    }
}

/// Returns the lane a lane reads from, and whether it is in range. Source: *PTX ISA*, `shfl.sync`.
fn shuffle(mode: Shuffle, lane: usize, selector: u32, control: u32) -> (usize, bool) {
    let own = lane as u32;
    let (segment, clamp, selector) = (control >> 8 & 31, control & 31, selector & 31);
    let highest = own & segment | clamp & !segment;
    let lowest = own & segment;
    let (from, valid) = match mode {
        Shuffle::Up => {
            let from = own.wrapping_sub(selector);
            // Compared as signed numbers: below lane 0 is below the clamp.
            (from, from.cast_signed() >= highest.cast_signed())
        }
        Shuffle::Down => (own + selector, own + selector <= highest),
        Shuffle::Butterfly => (own ^ selector, own ^ selector <= highest),
        Shuffle::Index => {
            let from = lowest | selector & !segment;
            (from, from <= highest)
        }
    };
    if valid { (from as usize & 31, true) } else { (lane, false) }
}

fn reduce(change: Change, signed: bool, values: &Words, group: u32) -> u32 {
    let ty = if signed { Type::S32 } else { Type::U32 };
    let values = lanes(group).map(|lane| u64::from(values[lane]));
    let result = values.reduce(|a, b| changed(change, ty, a, b, 0, false));
    u32::try_from(result.unwrap_or(0)).unwrap_or(0)
}

fn set_word(registers: &mut Registers, target: Option<u16>, values: &Words, group: u32) {
    if let Some(target) = target {
        registers.set_word(target, values, group);
    }
}

fn set_predicate(registers: &mut Registers, target: Option<u16>, lanes: u32, group: u32) {
    if let Some(target) = target {
        registers.set_predicate(target, lanes, group);
    }
}
