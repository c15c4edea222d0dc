//! Which integer operation an instruction is.

use crate::error::PtxError;
use crate::ptx::ast::Type;

use super::integer::{Binary, Kind, Operation, Ternary, Unary};
use super::lanes::{Three, Two};
use super::reader::Reader;

/// Which part of a product is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Low,
    High,
    Wide,
}

const PARTS: [(&str, Part); 3] = [("lo", Part::Low), ("hi", Part::High), ("wide", Part::Wide)];

/// Decodes an instruction of integer arithmetic.
pub(super) fn decode(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    let opcode = reader.at.opcode.as_str();
    match opcode {
        "abs" | "neg" => unary(&reader),
        "mul" | "mul24" => product(reader),
        "mad" | "mad24" => sum_of_product(reader),
        "sad" => {
            let (ty, kind) = kind(&reader, 4)?;
            Ok(Operation::Ternary(Ternary::Distance, kind, reader.three(ty)?))
        }
        _ => {
            let saturating = matches!(opcode, "add" | "sub") && reader.flag("sat");
            let (ty, kind) = kind(&reader, 3)?;
            if saturating && kind != Kind::S32 {
                return Err(reader.unsupported());
            }
            let (binary, kind) = match (opcode, saturating) {
                ("add", false) => (Binary::Add, kind.unsigned()),
                ("add", true) => (Binary::AddSaturating, kind),
                ("sub", false) => (Binary::Subtract, kind.unsigned()),
                ("sub", true) => (Binary::SubtractSaturating, kind),
                ("div", _) => (Binary::Divide, kind),
                ("rem", _) => (Binary::Remainder, kind),
                ("min", _) => (Binary::Minimum, kind),
                ("max", _) => (Binary::Maximum, kind),
                _ => return Err(reader.unsupported()),
            };
            Ok(Operation::Binary(binary, kind, reader.two(ty)?))
        }
    }
}

impl Kind {
    /// Returns the kind of an integer type of at least 16 bits.
    pub(super) const fn of(ty: Type) -> Option<Self> {
        Some(match ty {
            Type::U16 => Self::U16,
            Type::S16 => Self::S16,
            Type::U32 => Self::U32,
            Type::S32 => Self::S32,
            Type::U64 => Self::U64,
            Type::S64 => Self::S64,
            _ => return None,
        })
    }

    /// Returns the unsigned kind of one size.
    const fn unsigned(self) -> Self {
        match self {
            Self::U16 | Self::S16 => Self::U16,
            Self::U32 | Self::S32 => Self::U32,
            Self::U64 | Self::S64 => Self::U64,
        }
    }
}

fn unary(reader: &Reader<'_>) -> Result<Operation, PtxError> {
    let (ty, kind) = kind(reader, 2)?;
    if !ty.is_signed() {
        return Err(reader.unsupported());
    }
    let unary = if reader.at.opcode == "abs" { Unary::Absolute } else { Unary::Negate };
    Ok(Operation::Unary(unary, kind, reader.one(ty)?))
}

fn product(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    let short = reader.at.opcode == "mul24";
    let part = reader.required(if short { &PARTS[..2] } else { &PARTS })?;
    let (ty, kind) = kind(&reader, 3)?;
    check_size(&reader, part, kind, short)?;
    let (binary, kind) = match (part, short) {
        (Part::Low, true) => (Binary::Multiply24Low, kind),
        (_, true) => (Binary::Multiply24High, kind),
        (Part::Low, false) => (Binary::MultiplyLow, kind.unsigned()),
        (Part::High, false) => (Binary::MultiplyHigh, kind),
        (Part::Wide, false) => (Binary::MultiplyWide, kind),
    };
    let at = match part {
        Part::Wide => Two {
            target: reader.target(0, twice(ty))?,
            a: reader.source(1, ty)?,
            b: reader.source(2, ty)?,
        },
        _ => reader.two(ty)?,
    };
    Ok(Operation::Binary(binary, kind, at))
}

fn sum_of_product(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    let short = reader.at.opcode == "mad24";
    let part = reader.required(if short { &PARTS[..2] } else { &PARTS })?;
    let saturating = part == Part::High && reader.flag("sat");
    let (ty, kind) = kind(&reader, 4)?;
    check_size(&reader, part, kind, short)?;
    if saturating && kind != Kind::S32 {
        return Err(reader.unsupported());
    }
    let (ternary, kind) = match (part, short, saturating) {
        (Part::Low, true, _) => (Ternary::Add24Low, kind),
        (_, true, false) => (Ternary::Add24High, kind),
        (_, true, true) => (Ternary::Add24HighSaturating, kind),
        (Part::Low, false, _) => (Ternary::AddLow, kind.unsigned()),
        (Part::High, false, false) => (Ternary::AddHigh, kind),
        (Part::High, false, true) => (Ternary::AddHighSaturating, kind),
        (Part::Wide, false, _) => (Ternary::AddWide, kind),
    };
    let at = match part {
        Part::Wide => Three {
            target: reader.target(0, twice(ty))?,
            a: reader.source(1, ty)?,
            b: reader.source(2, ty)?,
            c: reader.source(3, twice(ty))?,
        },
        _ => reader.three(ty)?,
    };
    Ok(Operation::Ternary(ternary, kind, at))
}

/// Checks sizes: products of 24 bits have 32-bit operands; wide ones have 16 or 32.
fn check_size(reader: &Reader<'_>, part: Part, kind: Kind, short: bool) -> Result<(), PtxError> {
    let word = matches!(kind, Kind::U32 | Kind::S32);
    let long = matches!(kind, Kind::U64 | Kind::S64);
    if short && !word || part == Part::Wide && long {
        return Err(reader.unsupported());
    }
    Ok(())
}

fn kind(reader: &Reader<'_>, operands: usize) -> Result<(Type, Kind), PtxError> {
    let [ty] = reader.types()?;
    let kind = Kind::of(ty).ok_or_else(|| reader.unsupported())?;
    reader.count(operands)?;
    Ok((ty, kind))
}

/// Returns the type of twice the size.
const fn twice(ty: Type) -> Type {
    match ty {
        Type::U16 => Type::U32,
        Type::S16 => Type::S32,
        Type::U32 => Type::U64,
        _ => Type::S64,
    }
}
