//! Additions and subtractions that pass a carry on.
//!
//! The carry flag of a lane holds the carry of the last addition, or the borrow of the last
//! subtraction, that was asked to write it (`.cc`).

use crate::error::PtxError;
use crate::ptx::ast::Type;
use crate::registers::LANES;

use super::integer_lane::Integer;
use super::lanes::{Source, Three, Two, Warp};
use super::reader::Reader;

/// An addition or subtraction with carry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Operation {
    kind: Kind,
    step: Step,
    /// Whether the flag is added (or subtracted) as well.
    reads: bool,
    writes: bool,
    at: Three,
}

/// The type of the operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    U32,
    S32,
    U64,
    S64,
}

/// What is computed, before the flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// `a + c`.
    Add,
    /// `a - c`.
    Subtract,
    /// The lower half of `a * b`, plus `c`.
    AddLow,
    /// The upper half of `a * b`, plus `c`.
    AddHigh,
}

/// An addition that reports its carry.
trait Carrying: Integer {
    /// Returns `self + other + carry`, and the carry out of the highest bit.
    fn add_carrying(self, other: Self, carry: bool) -> (Self, bool);
    /// Returns `self - other - borrow`, and the borrow.
    fn sub_borrowing(self, other: Self, borrow: bool) -> (Self, bool);
}

/// Decodes `add.cc`, `addc`, `sub.cc`, `subc`, `mad.cc` and `madc`.
pub(super) fn decode(mut reader: Reader<'_>) -> Result<Operation, PtxError> {
    let opcode = reader.at.opcode.as_str();
    let reads = opcode.ends_with('c');
    let writes = reader.flag("cc");
    let product = opcode.starts_with("mad");
    let step = match opcode {
        "add" | "addc" => Step::Add,
        "sub" | "subc" => Step::Subtract,
        _ => reader.required(&[("lo", Step::AddLow), ("hi", Step::AddHigh)])?,
    };
    let [ty] = reader.types()?;
    let kind = match ty {
        Type::U32 => Kind::U32,
        Type::S32 => Kind::S32,
        Type::U64 => Kind::U64,
        Type::S64 => Kind::S64,
        _ => return Err(reader.unsupported()),
    };
    let at = if product {
        reader.count(4)?;
        reader.three(ty)?
    } else {
        reader.count(3)?;
        let Two { target, a, b } = reader.two(ty)?;
        Three { target, a, b: Source::word(0), c: b }
    };
    Ok(Operation { kind, step, reads, writes, at })
}

impl Operation {
    /// Executes it in the lanes that run.
    pub(super) fn execute(self, warp: &mut Warp<'_>) {
        match self.kind {
            Kind::U32 => self.run::<u32>(warp),
            Kind::S32 => self.run::<i32>(warp),
            Kind::U64 => self.run::<u64>(warp),
            Kind::S64 => self.run::<i64>(warp),
        }
    }

    fn run<T: Carrying>(self, warp: &mut Warp<'_>) {
        let a = warp.values::<T>(self.at.a).map(T::decode);
        let b = warp.values::<T>(self.at.b).map(T::decode);
        let c = warp.values::<T>(self.at.c).map(T::decode);
        let carry = if self.reads { warp.registers.carry } else { 0 };
        let mut results = a;
        let mut carries = 0;
        for lane in 0..LANES {
            let with = carry >> lane & 1 == 1;
            let (result, carried) = match self.step {
                Step::Add => a[lane].add_carrying(c[lane], with),
                Step::Subtract => a[lane].sub_borrowing(c[lane], with),
                Step::AddLow => a[lane].mul(b[lane]).add_carrying(c[lane], with),
                Step::AddHigh => a[lane].mul_high(b[lane]).add_carrying(c[lane], with),
            };
            results[lane] = result;
            carries |= u32::from(carried) << lane;
        }
        warp.store::<T>(self.at.target, &results.map(T::encode));
        if self.writes {
            warp.registers.carry = warp.registers.carry & !warp.mask | carries & warp.mask;
        }
    }
}

macro_rules! carrying {
    ($($ty:ty: $to:expr, $from:expr;)*) => {$(
        impl Carrying for $ty {
            #[inline]
            fn add_carrying(self, other: Self, carry: bool) -> (Self, bool) {
                let (sum, first) = $to(self).overflowing_add($to(other));
                let (sum, second) = sum.overflowing_add(carry.into());
                ($from(sum), first | second)
            }

            #[inline]
            fn sub_borrowing(self, other: Self, borrow: bool) -> (Self, bool) {
                let (difference, first) = $to(self).overflowing_sub($to(other));
                let (difference, second) = difference.overflowing_sub(borrow.into());
                ($from(difference), first | second)
            }
        }
    )*};
}

// Carries are those of unsigned addition for signed types too.
carrying! {
    u32: u32::from, Self::from;
    i32: Self::cast_unsigned, u32::cast_signed;
    u64: u64::from, Self::from;
    i64: Self::cast_unsigned, u64::cast_signed;
}
