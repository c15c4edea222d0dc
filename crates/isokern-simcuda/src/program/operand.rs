//! Operands of accesses: addresses, vectors of values, registers of any file.

use super::operation::{Address, Base, Source, Target};
use super::scope::{Binding, Register, Scope, Symbol, operands};
use crate::error::{PtxError, Reason};
use crate::ptx::ast::{Instruction, Operand, Space, Type};
use crate::registers::{File, Long, Word};

/// Returns the address an operand names: `[base+bytes]`, a register, a symbol, a number.
pub(crate) fn address(
    at: &Instruction,
    scope: &Scope,
    operand: &Operand,
) -> Result<Address, PtxError> {
    let (name, bytes) = match operand {
        Operand::Address { base, bytes } => (base.as_ref(), *bytes),
        Operand::Name(name) => (Some(name), 0),
        Operand::Offset { name, bytes } => (Some(name), *bytes),
        Operand::Integer(value) => return Ok(Address { base: Base::None, bytes: *value }),
        _ => return Err(operands(at, "expected an address")),
    };
    let bytes = bytes.cast_unsigned();
    let Some(name) = name else {
        return Ok(Address { base: Base::None, bytes });
    };
    match scope.find(name) {
        Some(Binding::Register(Register { file: File::Word, index, .. })) => {
            Ok(Address { base: Base::Word(index), bytes })
        }
        Some(Binding::Register(Register { file: File::Long, index, .. })) => {
            Ok(Address { base: Base::Long(index), bytes })
        }
        Some(Binding::Symbol(Symbol { space, address, .. })) => {
            let base = if space == Space::Local { Base::Frame } else { Base::None };
            Ok(Address { base, bytes: address.wrapping_add(bytes) })
        }
        Some(_) => Err(operands(at, format!("`{name}` is no address"))),
        None => Err(PtxError::new(at.line, Reason::Undeclared(name.clone()))),
    }
}

/// Returns the `count` values of an operand: itself, or the elements of a vector.
pub(crate) fn vector<'a>(
    at: &Instruction,
    operand: &'a Operand,
    count: usize,
) -> Result<&'a [Operand], PtxError> {
    let values = match operand {
        Operand::Vector(values) => values.as_slice(),
        single => core::slice::from_ref(single),
    };
    if values.len() == count { Ok(values) } else { Err(operands(at, "wrong vector length")) }
}

/// Returns a register to write, of either file; `None` for `_`.
pub(crate) fn target(
    at: &Instruction,
    scope: &Scope,
    operand: &Operand,
) -> Result<Option<Target>, PtxError> {
    let name = match operand {
        Operand::Name(name) => name,
        Operand::Sink => return Ok(None),
        _ => return Err(operands(at, "expected a register to write to")),
    };
    let Register { file, index, ty } = scope.register(at.line, name)?;
    if file == File::Predicate {
        return Err(operands(at, "a predicate cannot be loaded"));
    }
    Ok(Some(Target { file, index, bytes: ty.bytes() }))
}

/// Returns a value of `ty` to write: a register that is wide enough, or a constant.
pub(crate) fn source(
    at: &Instruction,
    scope: &Scope,
    operand: &Operand,
    ty: Type,
) -> Result<Source, PtxError> {
    if let Operand::Name(name) = operand {
        let register = scope.register(at.line, name)?;
        return match register.file {
            _ if register.ty.bytes() < ty.bytes() => Err(operands(at, "a register is too narrow")),
            File::Word => Ok(Source::Word(Word::Register(register.index))),
            File::Long => Ok(Source::Long(Long::Register(register.index))),
            File::Predicate => Err(operands(at, "a predicate cannot be stored")),
        };
    }
    if ty.bytes() == 8 {
        scope.long(at, operand).map(Source::Long)
    } else {
        scope.word(at, operand).map(Source::Word)
    }
}
