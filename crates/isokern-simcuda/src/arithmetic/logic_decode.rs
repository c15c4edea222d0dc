//! Which operation on bits an instruction is.

use crate::error::PtxError;
use crate::ptx::ast::{Operand, Type};

use super::lanes::{One, Three, Two};
use super::logic::{Binary, Funnel, Operation, Permute, Unary, Width};
use super::reader::Reader;
use super::shift::Shift;

const PERMUTES: [(&str, Permute); 6] = [
    ("f4e", Permute::Forward4),
    ("b4e", Permute::Backward4),
    ("rc8", Permute::Replicate8),
    ("ecl", Permute::ClampLeft),
    ("ecr", Permute::ClampRight),
    ("rc16", Permute::Replicate16),
];

/// Decodes an instruction of logic, a shift or a choice of bytes.
pub(super) fn decode(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    match reader.at.opcode.as_str() {
        "and" => binary(&reader, Binary::And),
        "or" => binary(&reader, Binary::Or),
        "xor" => binary(&reader, Binary::Xor),
        "not" if reader.has("pred") => not_predicate(&reader),
        "not" => unary(&reader, Unary::Not),
        "cnot" => unary(&reader, Unary::IsZero),
        "shl" | "shr" => shift(&reader),
        "shf" => {
            let left = reader.required(&[("l", true), ("r", false)])?;
            let wrap = reader.required(&[("wrap", true), ("clamp", false)])?;
            let at = three_words(&reader, 4)?;
            Ok(Operation::Funnel(Funnel { left, wrap }, at))
        }
        "prmt" => {
            // The mode is after the type: `prmt.b32.f4e`.
            let mode = reader.choice(&PERMUTES).unwrap_or(Permute::Nibbles);
            Ok(Operation::Permute(mode, three_words(&reader, 4)?))
        }
        "lop3" => {
            let at = three_words(&reader, 5)?;
            match reader.at.operands[4] {
                Operand::Integer(table) => match u8::try_from(table) {
                    Ok(table) => Ok(Operation::Table(table, at)),
                    Err(_) => Err(reader.wrong("a truth table has 8 bits: 0 to 255")),
                },
                _ => Err(reader.wrong("expected an integer constant as truth table")),
            }
        }
        _ => Err(reader.unsupported()),
    }
}

impl Width {
    /// Returns the width of an untyped value of 16 bits or more.
    pub(super) const fn of(ty: Type) -> Option<Self> {
        Some(match ty {
            Type::B16 => Self::Half,
            Type::B32 => Self::Word,
            Type::B64 => Self::Long,
            _ => return None,
        })
    }
}

fn binary(reader: &Reader<'_>, operation: Binary) -> Result<Operation, PtxError> {
    let ty = reader.only_type(3)?;
    if ty == Type::Pred {
        let target = reader.predicate_target(0)?;
        let (a, b) = (reader.predicate(1, false)?, reader.predicate(2, false)?);
        return Ok(Operation::Predicates { operation, target, a, b });
    }
    let width = Width::of(ty).ok_or_else(|| reader.unsupported())?;
    Ok(Operation::Binary(operation, width, reader.two(ty)?))
}

fn unary(reader: &Reader<'_>, operation: Unary) -> Result<Operation, PtxError> {
    let ty = reader.only_type(2)?;
    let width = Width::of(ty).ok_or_else(|| reader.unsupported())?;
    Ok(Operation::Unary(operation, width, reader.one(ty)?))
}

fn not_predicate(reader: &Reader<'_>) -> Result<Operation, PtxError> {
    reader.only_type(2)?;
    let target = reader.predicate_target(0)?;
    let mut a = reader.predicate(1, false)?;
    a.negated = !a.negated;
    Ok(Operation::Predicates { operation: Binary::And, target, a, b: a })
}

fn shift(reader: &Reader<'_>) -> Result<Operation, PtxError> {
    let ty = reader.only_type(3)?;
    let left = reader.at.opcode == "shl";
    let (shift, width) = match ty {
        Type::B16 | Type::B32 | Type::B64 if left => (Shift::Left, ty),
        Type::B16 | Type::U16 if !left => (Shift::Right, Type::B16),
        Type::B32 | Type::U32 if !left => (Shift::Right, Type::B32),
        Type::B64 | Type::U64 if !left => (Shift::Right, Type::B64),
        Type::S16 if !left => (Shift::RightSigned, Type::B16),
        Type::S32 if !left => (Shift::RightSigned, Type::B32),
        Type::S64 if !left => (Shift::RightSigned, Type::B64),
        _ => return Err(reader.unsupported()),
    };
    let width = Width::of(width).ok_or_else(|| reader.unsupported())?;
    let One { target, a } = reader.one(ty)?;
    Ok(Operation::Shift(shift, width, Two { target, a, b: reader.source(2, Type::U32)? }))
}

fn three_words(reader: &Reader<'_>, operands: usize) -> Result<Three, PtxError> {
    if reader.only_type(operands)? != Type::B32 {
        return Err(reader.unsupported());
    }
    reader.three(Type::B32)
}
