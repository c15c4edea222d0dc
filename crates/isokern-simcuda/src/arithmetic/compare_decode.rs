//! Which comparison or choice an instruction is.

use crate::error::PtxError;
use crate::ptx::ast::{Operand, Type};
use crate::registers::{File, Predicate};

use super::compare::{Kind, Operation, Relation, Sign, Test};
use super::lanes::{Three, Two};
use super::logic::Binary;
use super::reader::{Class, Reader, class};

/// Relations that ask for signed or untyped operands alone are distinguished by [`relation`].
const RELATIONS: [(&str, Relation); 18] = [
    ("eq", Relation::Equal),
    ("ne", Relation::NotEqual),
    ("lt", Relation::Less),
    ("le", Relation::LessOrEqual),
    ("gt", Relation::Greater),
    ("ge", Relation::GreaterOrEqual),
    ("lo", Relation::Less),
    ("ls", Relation::LessOrEqual),
    ("hi", Relation::Greater),
    ("hs", Relation::GreaterOrEqual),
    ("equ", Relation::EqualOrNan),
    ("neu", Relation::NotEqualOrNan),
    ("ltu", Relation::LessOrNan),
    ("leu", Relation::LessOrEqualOrNan),
    ("gtu", Relation::GreaterOrNan),
    ("geu", Relation::GreaterOrEqualOrNan),
    ("num", Relation::Numbers),
    ("nan", Relation::AnyNan),
];

const COMBINES: [(&str, Binary); 3] =
    [("and", Binary::And), ("or", Binary::Or), ("xor", Binary::Xor)];

/// Decodes a comparison or a choice.
pub(super) fn decode(reader: Reader<'_>) -> Result<Operation, PtxError> {
    match reader.at.opcode.as_str() {
        "setp" => set_predicates(reader),
        "set" => set_number(reader),
        "selp" => select(&reader),
        _ => by_sign(reader),
    }
}

fn set_predicates(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    let words = Words::take(&mut reader)?;
    let [ty] = reader.types()?;
    let combine = words.combine(&reader)?;
    let (p, q) = match &reader.at.operands[0] {
        Operand::Pair(p, q) => (side(&reader, p)?, side(&reader, q)?),
        _ => (Some(reader.predicate_target(0)?), None),
    };
    Ok(Operation::Predicates { test: words.test(&reader, ty)?, combine, p, q })
}

fn set_number(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    let words = Words::take(&mut reader)?;
    let [to, ty] = reader.types()?;
    let truth = match to {
        Type::U32 | Type::S32 => u32::MAX,
        Type::F32 => 1.0_f32.to_bits(),
        _ => return Err(reader.unsupported()),
    };
    let combine = words.combine(&reader)?;
    let target = reader.target(0, to)?;
    Ok(Operation::Number { test: words.test(&reader, ty)?, combine, target, truth })
}

fn select(reader: &Reader<'_>) -> Result<Operation, PtxError> {
    let ty = reader.only_type(4)?;
    let at = reader.two(choosable(reader, ty)?)?;
    Ok(Operation::Select { wide: ty.bytes() == 8, at, chosen: reader.predicate(3, false)? })
}

fn by_sign(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    let flushed = reader.flag("ftz");
    let [ty, sign] = reader.types()?;
    let by = match (sign, flushed) {
        (Type::S32, false) => Sign::S32,
        (Type::F32, false) => Sign::F32,
        (Type::F32, true) => Sign::F32Flushed,
        _ => return Err(reader.unsupported()),
    };
    reader.count(4)?;
    let Two { target, a, b } = reader.two(choosable(&reader, ty)?)?;
    let at = Three { target, a, b, c: reader.source(3, sign)? };
    Ok(Operation::BySign { wide: ty.bytes() == 8, by, at })
}

/// The words of a comparison.
struct Words<'a> {
    name: &'a str,
    relation: Relation,
    combine: Option<Binary>,
    flushed: bool,
}

impl<'a> Words<'a> {
    fn take(reader: &mut Reader<'a>) -> Result<Self, PtxError> {
        let modifiers = reader.at.modifiers.iter().map(String::as_str);
        let name = modifiers.clone().find(|word| RELATIONS.iter().any(|(name, _)| name == word));
        Ok(Self {
            name: name.unwrap_or_default(),
            relation: reader.required(&RELATIONS)?,
            combine: reader.choice(&COMBINES),
            flushed: reader.flag("ftz"),
        })
    }

    /// Returns the predicate to join with, which must be there when and only when it is asked for.
    fn combine(&self, reader: &Reader<'_>) -> Result<Option<(Binary, Predicate)>, PtxError> {
        reader.count(if self.combine.is_some() { 4 } else { 3 })?;
        let with = |operation| Ok((operation, reader.predicate(3, true)?));
        self.combine.map(with).transpose()
    }

    fn test(&self, reader: &Reader<'_>, ty: Type) -> Result<Test, PtxError> {
        let kind = match ty {
            Type::B16 | Type::U16 => Kind::U16,
            Type::S16 => Kind::S16,
            Type::B32 | Type::U32 => Kind::U32,
            Type::S32 => Kind::S32,
            Type::B64 | Type::U64 => Kind::U64,
            Type::S64 => Kind::S64,
            Type::F32 if self.flushed => Kind::F32Flushed,
            Type::F32 => Kind::F32,
            Type::F64 => Kind::F64,
            _ => return Err(reader.unsupported()),
        };
        if self.flushed && ty != Type::F32 || !allowed(self.name, ty) {
            return Err(reader.unsupported());
        }
        let (a, b) = (reader.source(1, ty)?, reader.source(2, ty)?);
        Ok(Test { relation: self.relation, kind, a, b })
    }
}

/// Returns whether a relation exists for a type.
fn allowed(relation: &str, ty: Type) -> bool {
    match relation {
        "eq" | "ne" => true,
        "lt" | "le" | "gt" | "ge" => class(ty) != Class::Untyped,
        "lo" | "ls" | "hi" | "hs" => class(ty) == Class::Integer && !ty.is_signed(),
        _ => ty.is_float(),
    }
}

/// Returns the type of operands that are passed on unchanged.
fn choosable(reader: &Reader<'_>, ty: Type) -> Result<Type, PtxError> {
    match ty {
        Type::B16 | Type::U16 | Type::S16 | Type::B32 | Type::U32 | Type::S32 | Type::F32 => Ok(ty),
        Type::B64 | Type::U64 | Type::S64 | Type::F64 => Ok(ty),
        _ => Err(reader.unsupported()),
    }
}

/// Returns one side of `p|q`.
fn side(reader: &Reader<'_>, name: &str) -> Result<Option<u16>, PtxError> {
    if name == "_" {
        return Ok(None);
    }
    reader.scope.target(reader.at, &Operand::Name(name.to_owned()), File::Predicate)
}
