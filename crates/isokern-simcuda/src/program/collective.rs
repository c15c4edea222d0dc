//! Decodes barriers and what lanes do together.

use super::operand::source;
use super::operation::{Change, Operation, Target};
use super::scope::{Scope, operands};
use super::together::{Barrier, BarrierKind, Collective, CollectiveKind, Reduction, Shuffle, Vote};
use crate::error::PtxError;
use crate::ptx::ast::{Instruction, Operand, Type};
use crate::registers::{File, Predicate, Word};

/// Decodes `bar` and `barrier`.
pub(crate) fn barrier(at: &Instruction, scope: &Scope) -> Result<Operation, PtxError> {
    let words: Vec<&str> = at.modifiers.iter().map(String::as_str).collect();
    if words.first() == Some(&"warp") {
        return warp_barrier(at, scope);
    }
    let words = words.strip_prefix(&["cta"]).unwrap_or(&words);
    let (words, aligned) = match words.strip_suffix(&["aligned"]) {
        Some(words) => (words, true),
        None => (words, at.opcode == "bar"),
    };
    match words {
        ["sync"] => plain_barrier(at, scope, aligned, BarrierKind::Wait),
        ["arrive"] => plain_barrier(at, scope, aligned, BarrierKind::Arrive),
        ["red", operation, ty] => reducing_barrier(at, scope, aligned, (operation, ty)),
        // `bar.red.popc.aligned.u32` and the like: the word may precede the type.
        ["red", operation, "aligned", ty] => reducing_barrier(at, scope, true, (operation, ty)),
        _ => Err(PtxError::unsupported(at.line, at.mnemonic())),
    }
}

/// Refuses a collective without `.sync`, which texts for sm_70 and newer must have since ISA 6.4
/// (*PTX ISA*, `shfl`, `vote`).
pub(crate) fn check_sync(at: &Instruction) -> Result<(), PtxError> {
    if at.modifiers.first().is_some_and(|word| word == "sync") {
        return Ok(());
    }
    Err(operands(at, "without .sync there is none for sm_70 and newer. Fix: add .sync and a mask"))
}

/// Decodes `shfl`.
pub(crate) fn shuffle(at: &Instruction, scope: &Scope) -> Result<Operation, PtxError> {
    let (sync, words) = synchronized(at);
    let mode = match words.as_slice() {
        ["up", "b32"] => Shuffle::Up,
        ["down", "b32"] => Shuffle::Down,
        ["bfly", "b32"] => Shuffle::Butterfly,
        ["idx", "b32"] => Shuffle::Index,
        _ => return Err(PtxError::unsupported(at.line, at.mnemonic())),
    };
    let (inner, members) = with_members(at, scope, sync)?;
    let [result, value, lane, control] = inner else {
        return Err(operands(at, "wrong number of operands"));
    };
    let (target, in_range) = pair(at, scope, result, File::Word)?;
    let (source, lane) = (scope.word(at, value)?, scope.word(at, lane)?);
    let control = scope.word(at, control)?;
    let kind = CollectiveKind::Shuffle { mode, target, in_range, source, lane, control };
    Ok(Operation::Collective(Collective { members, kind }))
}

/// Decodes `vote`.
pub(crate) fn vote(at: &Instruction, scope: &Scope) -> Result<Operation, PtxError> {
    let (sync, words) = synchronized(at);
    let (inner, members) = with_members(at, scope, sync)?;
    let [result, predicate] = inner else {
        return Err(operands(at, "wrong number of operands"));
    };
    let source = scope.predicate(at, predicate)?;
    let mode = match words.as_slice() {
        ["ballot", "b32"] => {
            let target = required(at, scope.target(at, result, File::Word)?)?;
            let kind = CollectiveKind::Ballot { target, source };
            return Ok(Operation::Collective(Collective { members, kind }));
        }
        ["all", "pred"] => Vote::All,
        ["any", "pred"] => Vote::Any,
        ["uni", "pred"] => Vote::Uniform,
        _ => return Err(PtxError::unsupported(at.line, at.mnemonic())),
    };
    let target = required(at, scope.target(at, result, File::Predicate)?)?;
    let kind = CollectiveKind::Vote { target, mode, source };
    Ok(Operation::Collective(Collective { members, kind }))
}

/// Decodes `match`.
pub(crate) fn match_lanes(at: &Instruction, scope: &Scope) -> Result<Operation, PtxError> {
    let words: Vec<&str> = at.modifiers.iter().map(String::as_str).collect();
    let (all, ty) = match words.as_slice() {
        ["any", "sync", ty] => (false, Type::from_modifier(ty)),
        ["all", "sync", ty] => (true, Type::from_modifier(ty)),
        _ => (false, None),
    };
    let Some(ty) = ty.filter(|ty| matches!(ty, Type::B32 | Type::B64)) else {
        return Err(PtxError::unsupported(at.line, at.mnemonic()));
    };
    let (inner, members) = with_members(at, scope, true)?;
    let [result, value] = inner else {
        return Err(operands(at, "wrong number of operands"));
    };
    let (target, agree) = pair(at, scope, result, File::Word)?;
    let source = source(at, scope, value, ty)?;
    let kind = CollectiveKind::Match { all, target, agree, source };
    Ok(Operation::Collective(Collective { members, kind }))
}

/// Decodes `redux`.
pub(crate) fn reduce(at: &Instruction, scope: &Scope) -> Result<Operation, PtxError> {
    let words: Vec<&str> = at.modifiers.iter().map(String::as_str).collect();
    let (change, signed) = match words.as_slice() {
        ["sync", "add", "u32" | "s32"] => (Change::Add, false),
        ["sync", "min", ty @ ("u32" | "s32")] => (Change::Min, *ty == "s32"),
        ["sync", "max", ty @ ("u32" | "s32")] => (Change::Max, *ty == "s32"),
        ["sync", "and", "b32"] => (Change::And, false),
        ["sync", "or", "b32"] => (Change::Or, false),
        ["sync", "xor", "b32"] => (Change::Xor, false),
        _ => return Err(PtxError::unsupported(at.line, at.mnemonic())),
    };
    let (inner, members) = with_members(at, scope, true)?;
    let [result, value] = inner else {
        return Err(operands(at, "wrong number of operands"));
    };
    let target = required(at, scope.target(at, result, File::Word)?)?;
    let kind = CollectiveKind::Reduce { change, signed, target, source: scope.word(at, value)? };
    Ok(Operation::Collective(Collective { members, kind }))
}

/// Decodes `elect`.
pub(crate) fn elect(at: &Instruction, scope: &Scope) -> Result<Operation, PtxError> {
    if at.modifiers != ["sync"] {
        return Err(PtxError::unsupported(at.line, at.mnemonic()));
    }
    let (inner, members) = with_members(at, scope, true)?;
    let [result] = inner else {
        return Err(operands(at, "wrong number of operands"));
    };
    let (target, chosen) = pair(at, scope, result, File::Word)?;
    let kind = CollectiveKind::Elect { target, chosen };
    Ok(Operation::Collective(Collective { members, kind }))
}

fn warp_barrier(at: &Instruction, scope: &Scope) -> Result<Operation, PtxError> {
    match (at.modifiers.as_slice(), at.operands.as_slice()) {
        ([_, sync], [mask]) if sync == "sync" => {
            let members = Some(scope.word(at, mask)?);
            Ok(Operation::Collective(Collective { members, kind: CollectiveKind::Synchronize }))
        }
        _ => Err(PtxError::unsupported(at.line, at.mnemonic())),
    }
}

fn plain_barrier(
    at: &Instruction,
    scope: &Scope,
    aligned: bool,
    kind: BarrierKind,
) -> Result<Operation, PtxError> {
    let (barrier, threads) = match at.operands.as_slice() {
        [] if at.opcode == "bar" => (Word::Constant(0), None),
        [barrier] => (scope.word(at, barrier)?, None),
        [barrier, threads] => (scope.word(at, barrier)?, Some(scope.word(at, threads)?)),
        _ => return Err(operands(at, "wrong number of operands")),
    };
    if kind == BarrierKind::Arrive && threads.is_none() {
        return Err(operands(at, "to arrive takes a number of threads"));
    }
    Ok(Operation::Barrier(Barrier { barrier, threads, aligned, kind }))
}

fn reducing_barrier(
    at: &Instruction,
    scope: &Scope,
    aligned: bool,
    (operation, ty): (&str, &str),
) -> Result<Operation, PtxError> {
    let (reduction, file, bytes) = match (operation, ty) {
        ("popc", "u32") => (Reduction::Count, File::Word, 4),
        ("and", "pred") => (Reduction::All, File::Predicate, 1),
        ("or", "pred") => (Reduction::Any, File::Predicate, 1),
        _ => return Err(PtxError::unsupported(at.line, at.mnemonic())),
    };
    let (result, barrier, threads, predicate) = match at.operands.as_slice() {
        [result, barrier, predicate] => (result, barrier, None, predicate),
        [result, barrier, threads, predicate] => (result, barrier, Some(threads), predicate),
        _ => return Err(operands(at, "wrong number of operands")),
    };
    let index = required(at, scope.target(at, result, file)?)?;
    let predicate = scope.predicate(at, predicate)?;
    let target = Target { file, index, bytes };
    Ok(Operation::Barrier(Barrier {
        barrier: scope.word(at, barrier)?,
        threads: threads.map(|threads| scope.word(at, threads)).transpose()?,
        aligned,
        kind: BarrierKind::Reduce(reduction, predicate, target),
    }))
}

/// Returns whether the first word is `sync`, and the others.
fn synchronized(at: &Instruction) -> (bool, Vec<&str>) {
    let words: Vec<&str> = at.modifiers.iter().map(String::as_str).collect();
    match words.split_first() {
        Some((&"sync", rest)) => (true, rest.to_vec()),
        _ => (false, words),
    }
}

/// Returns the operands before the member mask, and the mask.
fn with_members<'a>(
    at: &'a Instruction,
    scope: &Scope,
    sync: bool,
) -> Result<(&'a [Operand], Option<Word>), PtxError> {
    if !sync {
        return Ok((&at.operands, None));
    }
    let Some((mask, inner)) = at.operands.split_last() else {
        return Err(operands(at, "names no member mask"));
    };
    Ok((inner, Some(scope.word(at, mask)?)))
}

/// Reads `d` or `d|p`, either of which may be `_`.
fn pair(
    at: &Instruction,
    scope: &Scope,
    operand: &Operand,
    file: File,
) -> Result<(Option<u16>, Option<u16>), PtxError> {
    let named = |name: &str| match name {
        "_" => Operand::Sink,
        _ => Operand::Name(name.to_owned()),
    };
    match operand {
        Operand::Pair(first, second) => {
            let first = scope.target(at, &named(first), file)?;
            Ok((first, scope.target(at, &named(second), File::Predicate)?))
        }
        single => Ok((scope.target(at, single, file)?, None)),
    }
}

fn required(at: &Instruction, target: Option<u16>) -> Result<u16, PtxError> {
    target.ok_or_else(|| operands(at, "the result cannot be dropped"))
}

/// Returns a guard as the machine evaluates it.
pub(crate) fn guard(at: &Instruction, scope: &Scope) -> Result<Option<Predicate>, PtxError> {
    let Some(guard) = &at.guard else {
        return Ok(None);
    };
    let operand = match guard.negated {
        true => Operand::Negated(guard.register.clone()),
        false => Operand::Name(guard.register.clone()),
    };
    scope.predicate(at, &operand).map(Some)
}
