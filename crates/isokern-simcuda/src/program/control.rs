//! Decodes branches, calls and what ends a thread.

use super::module::Signatures;
use super::operand::source;
use super::operation::{Call, Callee, Operation, Source, Transfer};
use super::scope::{Binding, Scope, Symbol, operands};
use crate::error::{PtxError, Reason};
use crate::ptx::ast::{Instruction, Operand, Space, Type};
use crate::registers::File;

/// Decodes `bra`; the target is the number of a label until the function is laid out.
pub(crate) fn branch(at: &Instruction, scope: &Scope) -> Result<Operation, PtxError> {
    only(at, &["uni"])?;
    match at.operands.as_slice() {
        [Operand::Name(name)] => Ok(Operation::Branch(label(at, scope, name)?)),
        _ => Err(operands(at, "takes one label")),
    }
}

/// Decodes `brx.idx`; `table` finds the labels of a table.
pub(crate) fn branch_table<'a>(
    at: &Instruction,
    scope: &Scope,
    table: impl Fn(u32) -> Option<&'a [String]>,
) -> Result<Operation, PtxError> {
    if at.modifiers.first().map(String::as_str) != Some("idx") {
        return Err(PtxError::unsupported(at.line, at.mnemonic()));
    }
    let [index, Operand::Name(name)] = at.operands.as_slice() else {
        return Err(operands(at, "takes an index and a table of labels"));
    };
    let targets = table(label(at, scope, name)?);
    let targets = targets.ok_or_else(|| operands(at, "names no table of labels"))?;
    let targets = targets.iter().map(|name| label(at, scope, name)).collect::<Result<_, _>>()?;
    Ok(Operation::BranchTable(scope.word(at, index)?, targets))
}

/// Decodes `call`.
pub(crate) fn call(
    at: &Instruction,
    scope: &Scope,
    signatures: &Signatures,
) -> Result<Operation, PtxError> {
    only(at, &["uni"])?;
    let mut rest = at.operands.as_slice();
    let mut results: &[Operand] = &[];
    if let [Operand::List(list), tail @ ..] = rest {
        (results, rest) = (list, tail);
    }
    let [Operand::Name(name), rest @ ..] = rest else {
        return Err(operands(at, "names nobody to call"));
    };
    let (arguments, prototype): (&[Operand], _) = match rest {
        [] => (&[], None),
        [Operand::List(list)] => (list, None),
        [Operand::List(list), Operand::Name(prototype)] => (list, Some(prototype)),
        [Operand::Name(prototype)] => (&[], Some(prototype)),
        _ => return Err(operands(at, "wrong operands")),
    };
    let (callee, signature) = match (scope.find(name), prototype) {
        (Some(Binding::Register(register)), Some(prototype)) if register.file == File::Long => {
            let signature = signatures.prototypes.get(prototype);
            let missing = || PtxError::new(at.line, Reason::Undeclared(prototype.clone()));
            (Callee::Address(register.index), signature.ok_or_else(missing)?)
        }
        _ => {
            let missing = || PtxError::new(at.line, Reason::Undeclared(name.clone()));
            let (index, signature) = signatures.functions.get(name).ok_or_else(missing)?;
            let external = || PtxError::unsupported(at.line, format!("external function {name}"));
            (Callee::Function(index.ok_or_else(external)?), signature)
        }
    };
    Ok(Operation::Call(Box::new(Call {
        callee,
        arguments: transfers(at, scope, arguments, &signature.parameters)?,
        returns: transfers(at, scope, results, &signature.returns)?,
    })))
}

/// Refuses modifiers that are not listed.
pub(crate) fn only(at: &Instruction, known: &[&str]) -> Result<(), PtxError> {
    match at.modifiers.iter().all(|word| known.contains(&word.as_str())) {
        true => Ok(()),
        false => Err(PtxError::unsupported(at.line, at.mnemonic())),
    }
}

fn label(at: &Instruction, scope: &Scope, name: &str) -> Result<u32, PtxError> {
    match scope.find(name) {
        Some(Binding::Label(number)) => Ok(number),
        _ => Err(PtxError::new(at.line, Reason::Undeclared(name.to_owned()))),
    }
}

fn transfers(
    at: &Instruction,
    scope: &Scope,
    outside: &[Operand],
    inside: &[(u32, u32)],
) -> Result<Vec<Transfer>, PtxError> {
    if outside.len() != inside.len() {
        return Err(operands(at, "another number of arguments than the function has"));
    }
    let pairs = outside.iter().zip(inside);
    pairs.map(|(operand, &place)| transfer(at, scope, operand, place)).collect()
}

fn transfer(
    at: &Instruction,
    scope: &Scope,
    operand: &Operand,
    (inside, bytes): (u32, u32),
) -> Result<Transfer, PtxError> {
    if let Operand::Name(name) = operand
        && let Some(Binding::Symbol(Symbol { space, address, bytes: have })) = scope.find(name)
    {
        let outside = u32::try_from(address).ok().filter(|_| space == Space::Parameter);
        return match outside {
            Some(outside) if have == u64::from(bytes) => {
                Ok(Transfer::Bytes { outside, inside, bytes })
            }
            _ => Err(operands(at, format!("`{name}` does not fit the parameter"))),
        };
    }
    let ty = match bytes {
        1 => Type::B8,
        2 => Type::B16,
        4 => Type::B32,
        8 => Type::B64,
        _ => return Err(operands(at, "a register does not fit the parameter")),
    };
    let outside: Source = source(at, scope, operand, ty)?;
    Ok(Transfer::Value { outside, inside, bytes })
}
