//! Decodes what reads and writes memory.

use super::modifiers::{Modifiers, Ordering};
use super::operand::{address, source, target, vector};
use super::operation::{Atomic, Change, Load, Operation, Order, Reach, Store, Target, Window};
use super::scope::{Scope, operands};
use crate::error::PtxError;
use crate::ptx::ast::{Instruction, Operand, Type};
use crate::registers::File;

/// Decodes `ld` and `ldu`.
pub(crate) fn load(at: &Instruction, scope: &Scope) -> Result<Operation, PtxError> {
    let words = Modifiers::read(at)?;
    words.no_rest(at)?;
    let ty = words.memory_type(at)?;
    let [result, from] = two(at)?;
    let address = address(at, scope, from)?;
    let mut targets = Vec::new();
    for operand in vector(at, result, words.vector)? {
        let target = target(at, scope, operand)?;
        if target.is_some_and(|target| target.bytes < ty.bytes()) {
            return Err(operands(at, "a value does not fit its register"));
        }
        targets.push(target);
    }
    let order = match words.ordering {
        Ordering::Weak => Order::None,
        Ordering::Relaxed => Order::Relaxed(words.reach.unwrap_or(Reach::System)),
        Ordering::Acquire => Order::Acquire(words.reach(at)?),
        Ordering::Release | Ordering::AcquireRelease => {
            return Err(operands(at, "a load cannot release"));
        }
    };
    let window = words.window.unwrap_or(Window::Generic);
    Ok(Operation::Load(Load { window, address, ty, targets, used: u32::MAX, order }))
}

/// Decodes `st`.
pub(crate) fn store(at: &Instruction, scope: &Scope) -> Result<Operation, PtxError> {
    let words = Modifiers::read(at)?;
    words.no_rest(at)?;
    let ty = words.memory_type(at)?;
    let [to, values] = two(at)?;
    let address = address(at, scope, to)?;
    let values = vector(at, values, words.vector)?.iter();
    let sources = values.map(|value| source(at, scope, value, ty)).collect::<Result<_, _>>()?;
    let order = match words.ordering {
        Ordering::Weak => Order::None,
        Ordering::Relaxed => Order::Relaxed(words.reach.unwrap_or(Reach::System)),
        Ordering::Release => Order::Release(words.reach(at)?),
        Ordering::Acquire | Ordering::AcquireRelease => {
            return Err(operands(at, "a store cannot acquire"));
        }
    };
    let window = words.window.unwrap_or(Window::Generic);
    Ok(Operation::Store(Store { window, address, bytes: ty.bytes(), sources, order }))
}

/// Decodes `atom` and `red`.
pub(crate) fn atomic(at: &Instruction, scope: &Scope) -> Result<Operation, PtxError> {
    let mut words = Modifiers::read(at)?;
    let ty = words.memory_type(at)?;
    let change = change(at, words.take_rest())?;
    check_type(at, change, ty)?;
    let (result, rest) = match at.opcode.as_str() {
        "red" => (None, at.operands.as_slice()),
        _ => {
            at.operands.split_first().map_or((None, &[][..]), |(result, rest)| (Some(result), rest))
        }
    };
    let target = match result {
        Some(result) => atomic_target(at, scope, result, ty)?,
        None => None,
    };
    let (place, operand, replacement) = match (rest, change) {
        ([place, expected, new], Change::CompareAndSwap) => (place, expected, Some(new)),
        ([place, operand], change) if change != Change::CompareAndSwap => (place, operand, None),
        _ => return Err(operands(at, "wrong number of operands")),
    };
    let reach = words.reach.unwrap_or(Reach::Device);
    Ok(Operation::Atomic(Atomic {
        window: words.window.unwrap_or(Window::Generic),
        address: address(at, scope, place)?,
        ty,
        change,
        operand: source(at, scope, operand, ty)?,
        replacement: replacement.map(|new| source(at, scope, new, ty)).transpose()?,
        target,
        order: match words.ordering {
            Ordering::Weak | Ordering::Relaxed => Order::Relaxed(reach),
            Ordering::Acquire => Order::Acquire(reach),
            Ordering::Release => Order::Release(reach),
            Ordering::AcquireRelease => Order::Both(reach),
        },
    }))
}

/// Decodes `membar` and `fence`.
pub(crate) fn fence(at: &Instruction) -> Result<Operation, PtxError> {
    if !at.operands.is_empty() {
        return Err(operands(at, "takes no operand"));
    }
    let mut reach = None;
    // `membar` is the sequential one (*PTX ISA*, `membar`).
    let mut sequential = at.opcode == "membar";
    for word in &at.modifiers {
        match word.as_str() {
            "cta" => reach = Some(Reach::Block),
            "gl" | "gpu" => reach = Some(Reach::Device),
            "sys" => reach = Some(Reach::System),
            "acq_rel" if at.opcode == "fence" => sequential = false,
            "sc" if at.opcode == "fence" => sequential = true,
            _ => return Err(PtxError::unsupported(at.line, at.mnemonic())),
        }
    }
    let fence = reach.map(|reach| Operation::Fence(reach, sequential));
    fence.ok_or_else(|| operands(at, "names no scope"))
}

fn atomic_target(
    at: &Instruction,
    scope: &Scope,
    operand: &Operand,
    ty: Type,
) -> Result<Option<Target>, PtxError> {
    let found = target(at, scope, operand)?;
    if found.is_some_and(|target| target.bytes != ty.bytes() || target.file == File::Predicate) {
        return Err(operands(at, "the result has another size than the value in memory"));
    }
    Ok(found)
}

fn change(at: &Instruction, words: &[String]) -> Result<Change, PtxError> {
    let [word] = words else {
        return Err(PtxError::unsupported(at.line, at.mnemonic()));
    };
    Ok(match word.as_str() {
        "add" => Change::Add,
        "and" => Change::And,
        "or" => Change::Or,
        "xor" => Change::Xor,
        "min" => Change::Min,
        "max" => Change::Max,
        "exch" => Change::Exchange,
        "inc" => Change::Increment,
        "dec" => Change::Decrement,
        "cas" => Change::CompareAndSwap,
        _ => return Err(PtxError::unsupported(at.line, at.mnemonic())),
    })
}

/// Checks which changes there are for which types (*PTX ISA*, `atom`).
fn check_type(at: &Instruction, change: Change, ty: Type) -> Result<(), PtxError> {
    use Change as C;
    use Type as T;
    let known = match change {
        C::Add => matches!(ty, T::U32 | T::S32 | T::U64 | T::S64 | T::F32 | T::F64),
        C::And | C::Or | C::Xor | C::Exchange => matches!(ty, T::B32 | T::B64 | T::U32 | T::U64),
        C::Min | C::Max => matches!(ty, T::U32 | T::S32 | T::U64 | T::S64),
        C::Increment | C::Decrement => ty == T::U32,
        C::CompareAndSwap => matches!(ty, T::B16 | T::B32 | T::B64 | T::U32 | T::U64 | T::S32),
    };
    let exists =
        known && !(at.opcode == "red" && matches!(change, C::Exchange | C::CompareAndSwap));
    if exists { Ok(()) } else { Err(PtxError::unsupported(at.line, at.mnemonic())) }
}

fn two(at: &Instruction) -> Result<[&Operand; 2], PtxError> {
    match at.operands.as_slice() {
        [first, second] => Ok([first, second]),
        _ => Err(operands(at, "takes two operands")),
    }
}
