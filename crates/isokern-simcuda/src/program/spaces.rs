//! Decodes what tells state spaces apart.

use super::operand::{address, target as any_target};
use super::operation::{Operation, Target, Window};
use super::scope::{Scope, operands};
use crate::error::PtxError;
use crate::ptx::ast::{Instruction, Operand};
use crate::registers::File;

/// Decodes `cvta`.
pub(crate) fn convert_address(at: &Instruction, scope: &Scope) -> Result<Operation, PtxError> {
    let words: Vec<&str> = at.modifiers.iter().map(String::as_str).collect();
    let (to_space, words) = match words.as_slice() {
        ["to", rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let window = match words {
        [space, "u64"] => window(space),
        _ => None,
    };
    let window = window.ok_or_else(|| PtxError::unsupported(at.line, at.mnemonic()))?;
    let [to, from] = at.operands.as_slice() else {
        return Err(operands(at, "takes two operands"));
    };
    let to = target(at, scope, to)?;
    let from = address(at, scope, from)?;
    Ok(Operation::ConvertAddress(to, from, window, to_space))
}

/// Decodes `isspacep`.
pub(crate) fn is_space(at: &Instruction, scope: &Scope) -> Result<Operation, PtxError> {
    let ([space], [to, from]) = (at.modifiers.as_slice(), at.operands.as_slice()) else {
        return Err(PtxError::unsupported(at.line, at.mnemonic()));
    };
    let window = window(space);
    let window = window.ok_or_else(|| PtxError::unsupported(at.line, at.mnemonic()))?;
    let to = scope.target(at, to, File::Predicate)?;
    let to = to.ok_or_else(|| operands(at, "the result cannot be dropped"))?;
    Ok(Operation::IsSpace(to, address(at, scope, from)?, window))
}

/// Returns a register that an address fits.
pub(crate) fn target(
    at: &Instruction,
    scope: &Scope,
    operand: &Operand,
) -> Result<Target, PtxError> {
    let found = any_target(at, scope, operand)?.filter(|target| target.bytes >= 4);
    found.ok_or_else(|| operands(at, "an address does not fit the register"))
}

fn window(space: &str) -> Option<Window> {
    Some(match space {
        "global" | "const" => Window::Global,
        "shared" | "shared::cta" => Window::Shared,
        "local" => Window::Local,
        "param" | "param::entry" => Window::Parameter,
        _ => return None,
    })
}
