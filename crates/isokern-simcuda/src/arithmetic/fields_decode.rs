//! Which operation on fields an instruction is.

use crate::error::PtxError;
use crate::ptx::ast::Type;

use super::fields::{Count, Kind, Narrow, Operation, Shape};
use super::lanes::{One, Source, Three, Two};
use super::reader::Reader;

const MODES: [(&str, bool); 2] = [("wrap", true), ("clamp", false)];

/// Decodes an instruction that counts, finds or moves bits, or sums products of bytes.
pub(super) fn decode(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    match reader.at.opcode.as_str() {
        "popc" => count(&reader, Count::Ones),
        "clz" => count(&reader, Count::LeadingZeros),
        "bfind" => highest(reader),
        "brev" => {
            let ty = reader.only_type(2)?;
            Ok(Operation::Reverse { wide: untyped(&reader, ty)?, at: reader.one(ty)? })
        }
        "bfe" => extract(&reader),
        "bfi" => insert(&reader),
        "fns" => {
            word(&reader, reader.only_type(4)?)?;
            let Two { target, a, b } = reader.two(Type::B32)?;
            Ok(Operation::FindSet(Three { target, a, b, c: reader.source(3, Type::S32)? }))
        }
        "bmsk" => {
            let wrap = reader.required(&MODES)?;
            word(&reader, reader.only_type(3)?)?;
            Ok(Operation::Mask { wrap, at: reader.two(Type::B32)? })
        }
        "szext" => {
            let wrap = reader.required(&MODES)?;
            let ty = reader.only_type(3)?;
            let signed = is_signed(&reader, ty)?;
            let One { target, a } = reader.one(ty)?;
            let at = Two { target, a, b: reader.source(2, Type::U32)? };
            Ok(Operation::Extend { wrap, signed, at })
        }
        "dp4a" => dot(&reader, Shape::Four),
        _ => {
            let shape = reader.required(&[("lo", Shape::TwoLow), ("hi", Shape::TwoHigh)])?;
            dot(&reader, shape)
        }
    }
}

fn count(reader: &Reader<'_>, count: Count) -> Result<Operation, PtxError> {
    let ty = reader.only_type(2)?;
    let at = One { target: reader.target(0, Type::U32)?, a: reader.source(1, ty)? };
    Ok(Operation::Count { count, wide: untyped(reader, ty)?, at })
}

fn highest(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    let from_top = reader.flag("shiftamt");
    let ty = reader.only_type(2)?;
    let count = match ty {
        Type::U32 | Type::U64 => Count::Highest { signed: false, from_top },
        Type::S32 | Type::S64 => Count::Highest { signed: true, from_top },
        _ => return Err(reader.unsupported()),
    };
    let at = One { target: reader.target(0, Type::U32)?, a: reader.source(1, ty)? };
    Ok(Operation::Count { count, wide: ty.bytes() == 8, at })
}

fn extract(reader: &Reader<'_>) -> Result<Operation, PtxError> {
    let ty = reader.only_type(4)?;
    let kind = match ty {
        Type::U32 => Kind::U32,
        Type::S32 => Kind::S32,
        Type::U64 => Kind::U64,
        Type::S64 => Kind::S64,
        _ => return Err(reader.unsupported()),
    };
    let One { target, a } = reader.one(ty)?;
    let (b, c) = (reader.source(2, Type::U32)?, reader.source(3, Type::U32)?);
    Ok(Operation::Extract { kind, at: Three { target, a, b, c } })
}

fn insert(reader: &Reader<'_>) -> Result<Operation, PtxError> {
    let ty = reader.only_type(5)?;
    let wide = untyped(reader, ty)?;
    let (position, length) = (narrow(reader, 3)?, narrow(reader, 4)?);
    Ok(Operation::Insert { wide, position, length, at: reader.two(ty)? })
}

fn dot(reader: &Reader<'_>, shape: Shape) -> Result<Operation, PtxError> {
    let [a, b] = reader.types()?;
    reader.count(4)?;
    let (a_signed, b_signed) = (is_signed(reader, a)?, is_signed(reader, b)?);
    let sum = if a_signed || b_signed { Type::S32 } else { Type::U32 };
    let at = Three {
        target: reader.target(0, sum)?,
        a: reader.source(1, a)?,
        b: reader.source(2, b)?,
        c: reader.source(3, sum)?,
    };
    Ok(Operation::Dot { shape, a_signed, b_signed, at })
}

/// Returns whether an untyped operand is a long.
fn untyped(reader: &Reader<'_>, ty: Type) -> Result<bool, PtxError> {
    match ty {
        Type::B32 => Ok(false),
        Type::B64 => Ok(true),
        _ => Err(reader.unsupported()),
    }
}

fn word(reader: &Reader<'_>, ty: Type) -> Result<(), PtxError> {
    if ty == Type::B32 { Ok(()) } else { Err(reader.unsupported()) }
}

fn is_signed(reader: &Reader<'_>, ty: Type) -> Result<bool, PtxError> {
    match ty {
        Type::U32 => Ok(false),
        Type::S32 => Ok(true),
        _ => Err(reader.unsupported()),
    }
}

/// Returns a position or length, of which the low byte counts.
fn narrow(reader: &Reader<'_>, index: usize) -> Result<Narrow, PtxError> {
    Ok(match reader.source(index, Type::U32)? {
        Source::Register(register) => Narrow::Register(register),
        Source::Constant([value, _]) => Narrow::Constant(value.to_le_bytes()[0]),
    })
}
