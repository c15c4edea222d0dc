//! Moves between registers, and between one register and several parts of it.

use crate::error::PtxError;
use crate::program::scope::Binding;
use crate::ptx::ast::{Operand, Type};
use crate::registers::{LANES, Predicate};

use super::lanes::{One, Source, Warp};
use super::reader::Reader;

/// A move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Operation {
    Word(One),
    Long(One),
    Predicate {
        target: u16,
        source: Predicate,
    },
    /// `count` parts of `bits` each, the first one lowest, to one word or long.
    Pack {
        wide: bool,
        count: u8,
        bits: u8,
        target: u16,
        parts: [Part; 4],
    },
    /// One word or long to `count` parts of `bits` each.
    Unpack {
        wide: bool,
        count: u8,
        bits: u8,
        source: Source,
        parts: [Option<u16>; 4],
    },
}

/// A source of at most 32 bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part {
    Register(u16),
    Constant(u32),
}

/// Decodes a `mov`; `None` when its source is no register and no constant.
pub(super) fn decode(reader: &Reader<'_>) -> Result<Option<Operation>, PtxError> {
    let [ty] = reader.types()?;
    reader.count(2)?;
    if ty == Type::Pred {
        let target = reader.predicate_target(0)?;
        return Ok(Some(Operation::Predicate { target, source: reader.predicate(1, false)? }));
    }
    let untyped = matches!(ty, Type::B16 | Type::B32 | Type::B64);
    match (&reader.at.operands[0], &reader.at.operands[1]) {
        (Operand::Vector(_), Operand::Vector(_)) => {
            Err(reader.wrong("one side must be a single register"))
        }
        (Operand::Vector(parts), _) if untyped => unpack(reader, ty, parts).map(Some),
        (_, Operand::Vector(parts)) if untyped => pack(reader, ty, parts).map(Some),
        (_, Operand::Offset { .. }) => Ok(None),
        (_, Operand::Name(name)) if !is_value(reader, name) => Ok(None),
        _ => match ty {
            Type::B16 | Type::U16 | Type::S16 | Type::B32 | Type::U32 | Type::S32 | Type::F32 => {
                Ok(Some(Operation::Word(reader.one(ty)?)))
            }
            Type::B64 | Type::U64 | Type::S64 | Type::F64 => {
                Ok(Some(Operation::Long(reader.one(ty)?)))
            }
            _ => Err(reader.unsupported()),
        },
    }
}

impl Operation {
    /// Executes it in the lanes that run.
    #[inline]
    pub(super) fn execute(self, warp: &mut Warp<'_>) {
        match self {
            Self::Word(at) => warp.map1(at, |a: u32| a),
            Self::Long(at) => warp.map1(at, |a: u64| a),
            Self::Predicate { target, source } => {
                let lanes = warp.registers.predicate(source);
                warp.registers.set_predicate(target, lanes, warp.mask);
            }
            Self::Pack { wide, count, bits, target, parts } => {
                let mut whole = [0_u64; LANES];
                for (at, part) in (0..count).zip(parts) {
                    let part = warp.values::<u32>(part.source());
                    for (whole, part) in whole.iter_mut().zip(part) {
                        *whole |= u64::from(part) << (at * bits);
                    }
                }
                if wide {
                    warp.store::<u64>(target, &whole);
                } else {
                    warp.store::<u32>(target, &whole.map(low));
                }
            }
            Self::Unpack { wide, count, bits, source, parts } => {
                let whole = if wide {
                    warp.values::<u64>(source)
                } else {
                    warp.values::<u32>(source).map(u64::from)
                };
                let part = u64::from(u32::MAX >> (32 - bits));
                for (at, target) in (0..count).zip(parts) {
                    if let Some(target) = target {
                        warp.store::<u32>(target, &whole.map(|it| low(it >> (at * bits) & part)));
                    }
                }
            }
        }
    }
}

impl Part {
    const fn source(self) -> Source {
        match self {
            Self::Register(index) => Source::Register(index),
            Self::Constant(value) => Source::word(value),
        }
    }
}

fn pack(reader: &Reader<'_>, ty: Type, operands: &[Operand]) -> Result<Operation, PtxError> {
    let (of, count) = part(reader, ty, operands)?;
    let mut parts = [Part::Constant(0); 4];
    for (part, operand) in parts.iter_mut().zip(operands) {
        *part = match reader.value(operand, of)? {
            Source::Register(index) => Part::Register(index),
            Source::Constant([value, _]) => Part::Constant(value),
        };
    }
    let target = reader.target(0, ty)?;
    Ok(Operation::Pack { wide: ty == Type::B64, count, bits: bits(of), target, parts })
}

fn unpack(reader: &Reader<'_>, ty: Type, operands: &[Operand]) -> Result<Operation, PtxError> {
    let (of, count) = part(reader, ty, operands)?;
    let mut parts = [None; 4];
    for (part, operand) in parts.iter_mut().zip(operands) {
        if *operand != Operand::Sink {
            *part = Some(reader.register_to_write(operand, of)?);
        }
    }
    let source = reader.source(1, ty)?;
    Ok(Operation::Unpack { wide: ty == Type::B64, count, bits: bits(of), source, parts })
}

/// Returns the type of a part, and how many there are.
fn part(reader: &Reader<'_>, ty: Type, operands: &[Operand]) -> Result<(Type, u8), PtxError> {
    match (ty, operands.len()) {
        (Type::B16, 2) => Ok((Type::B8, 2)),
        (Type::B32, 4) => Ok((Type::B8, 4)),
        (Type::B32, 2) => Ok((Type::B16, 2)),
        (Type::B64, 4) => Ok((Type::B16, 4)),
        (Type::B64, 2) => Ok((Type::B32, 2)),
        (_, count) => Err(reader.wrong(format!("{ty:?} has no {count} parts"))),
    }
}

/// Returns whether a name is a register or the constant `WARP_SZ`.
fn is_value(reader: &Reader<'_>, name: &str) -> bool {
    match reader.scope.find(name) {
        Some(binding) => matches!(binding, Binding::Register(_)),
        None => name == "WARP_SZ",
    }
}

const fn bits(ty: Type) -> u8 {
    match ty {
        Type::B8 => 8,
        Type::B16 => 16,
        _ => 32,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is asked for")]
const fn low(value: u64) -> u32 {
    value as u32
}
