//! The modifiers and operands of an instruction, taken one by one.
//!
//! A decoder takes the words it knows; whatever is left over, twice there or contradictory is
//! refused when the types are taken. Which register fits which type: *PTX ISA*, "Type checking
//! rules".

use crate::error::PtxError;
use crate::program::scope::{Register, Scope, operands};
use crate::ptx::ast::{Float, Instruction, Operand, Type};
use crate::registers::{File, Predicate};

use super::lanes::{One, Source, Three, Two};

/// An instruction that is being decoded.
pub(super) struct Reader<'a> {
    pub(super) at: &'a Instruction,
    pub(super) scope: &'a Scope,
    words: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    /// Returns an instruction of which nothing was taken yet.
    pub(super) fn new(at: &'a Instruction, scope: &'a Scope) -> Self {
        Self { at, scope, words: at.modifiers.iter().map(String::as_str).collect() }
    }

    /// Returns whether a modifier is there; it is left.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.contains(&word)
    }

    /// Refuses formats that nothing here computes with, before anything else is said of the
    /// instruction.
    pub(super) fn known_formats(&self) -> Result<(), PtxError> {
        let converts = self.at.opcode == "cvt";
        let unknown = |word: &&str| match *word {
            "f16" => !converts,
            "f16x2" | "bf16" | "bf16x2" | "tf32" | "u16x2" | "s16x2" | "u8x4" | "s8x4" => true,
            word => ["e4m3", "e5m2", "e2m3", "e3m2", "e2m1", "ue8m0"]
                .iter()
                .any(|format| word.starts_with(format)),
        };
        if self.words.iter().any(unknown) { Err(self.unsupported()) } else { Ok(()) }
    }

    /// Takes a modifier; whether it was there.
    pub(super) fn flag(&mut self, word: &str) -> bool {
        let at = self.words.iter().position(|have| *have == word);
        at.map(|at| self.words.remove(at)).is_some()
    }

    /// Takes the first modifier that is in a table. A second one stays and is refused later.
    pub(super) fn choice<T: Copy>(&mut self, table: &[(&str, T)]) -> Option<T> {
        let known = |word: &&str| table.iter().find(|(name, _)| name == word).map(|(_, it)| *it);
        let at = self.words.iter().position(|word| known(word).is_some())?;
        known(&self.words.remove(at))
    }

    /// Works as [`choice`](Self::choice), where one of the words must be there.
    pub(super) fn required<T: Copy>(&mut self, table: &[(&str, T)]) -> Result<T, PtxError> {
        self.choice(table).ok_or_else(|| {
            let names: Vec<_> = table.iter().map(|(name, _)| format!(".{name}")).collect();
            self.wrong(format!("one of {} is needed", names.join(", ")))
        })
    }

    /// Takes the types, which must be all that is left.
    pub(super) fn types<const N: usize>(&self) -> Result<[Type; N], PtxError> {
        let types: Option<Vec<_>> =
            self.words.iter().map(|word| Type::from_modifier(word)).collect();
        types.and_then(|types| types.try_into().ok()).ok_or_else(|| self.unsupported())
    }

    /// Takes the one type, and checks the number of operands.
    pub(super) fn only_type(&self, count: usize) -> Result<Type, PtxError> {
        let [ty] = self.types()?;
        self.count(count)?;
        Ok(ty)
    }

    /// Checks the number of operands.
    pub(super) fn count(&self, count: usize) -> Result<(), PtxError> {
        let have = self.at.operands.len();
        let why = || self.wrong(format!("{have} operands, expected {count}"));
        if have == count { Ok(()) } else { Err(why()) }
    }

    /// Returns a target and a source of one type.
    pub(super) fn one(&self, ty: Type) -> Result<One, PtxError> {
        Ok(One { target: self.target(0, ty)?, a: self.source(1, ty)? })
    }

    /// Returns a target and two sources of one type.
    pub(super) fn two(&self, ty: Type) -> Result<Two, PtxError> {
        let One { target, a } = self.one(ty)?;
        Ok(Two { target, a, b: self.source(2, ty)? })
    }

    /// Returns a target and three sources of one type.
    pub(super) fn three(&self, ty: Type) -> Result<Three, PtxError> {
        let Two { target, a, b } = self.two(ty)?;
        Ok(Three { target, a, b, c: self.source(3, ty)? })
    }

    /// Returns the register that operand `index` writes, which must fit `ty`.
    pub(super) fn target(&self, index: usize, ty: Type) -> Result<u16, PtxError> {
        self.register_to_write(&self.at.operands[index], ty)
    }

    /// Returns the register that an operand names, which must fit `ty`.
    pub(super) fn register_to_write(&self, operand: &Operand, ty: Type) -> Result<u16, PtxError> {
        match operand {
            Operand::Name(name) => self.fitting(name, ty),
            _ => Err(self.wrong("expected a register to write to")),
        }
    }

    /// Returns the source at operand `index`, which must fit `ty`.
    pub(super) fn source(&self, index: usize, ty: Type) -> Result<Source, PtxError> {
        self.value(&self.at.operands[index], ty)
    }

    /// Returns a source that must fit `ty`.
    pub(super) fn value(&self, operand: &Operand, ty: Type) -> Result<Source, PtxError> {
        match operand {
            Operand::Name(name) if name == "WARP_SZ" && self.scope.find(name).is_none() => {
                self.value(&Operand::Integer(32), ty)
            }
            Operand::Name(name) => Ok(Source::Register(self.fitting(name, ty)?)),
            Operand::Integer(value) if class(ty) != Class::Float => {
                Ok(Source::long(value & u64::MAX >> (64 - 8 * ty.bytes())))
            }
            Operand::Float(float) if matches!(ty, Type::F32 | Type::B32) => {
                Ok(Source::word(single(*float)))
            }
            Operand::Float(float) if matches!(ty, Type::F64 | Type::B64) => {
                Ok(Source::long(double(*float)))
            }
            _ => Err(self.wrong(format!("expected a register or constant of type {ty:?}"))),
        }
    }

    /// Returns the predicate at operand `index`; `!p` only where `negatable`.
    pub(super) fn predicate(&self, index: usize, negatable: bool) -> Result<Predicate, PtxError> {
        let operand = &self.at.operands[index];
        if matches!(operand, Operand::Negated(_)) && !negatable {
            return Err(self.wrong("this operand cannot be negated. Fix: use not.pred"));
        }
        self.scope.predicate(self.at, operand)
    }

    /// Returns the predicate register that operand `index` writes.
    pub(super) fn predicate_target(&self, index: usize) -> Result<u16, PtxError> {
        let target = self.scope.target(self.at, &self.at.operands[index], File::Predicate)?;
        target.ok_or_else(|| self.wrong("expected a predicate to write to"))
    }

    /// Returns the register of a name, which may be of any type but must not be a predicate.
    pub(super) fn register(&self, name: &str) -> Result<Register, PtxError> {
        let register = self.scope.register(self.at.line, name)?;
        if register.file == File::Predicate {
            return Err(self.wrong(format!("`{name}` is a predicate")));
        }
        Ok(register)
    }

    /// Returns an error about the operands or about modifiers that do not go together.
    pub(super) fn wrong(&self, why: impl Into<String>) -> PtxError {
        operands(self.at, why)
    }

    /// Returns the error of an instruction this machine does not know.
    pub(super) fn unsupported(&self) -> PtxError {
        PtxError::unsupported(self.at.line, self.at.mnemonic())
    }

    fn fitting(&self, name: &str, ty: Type) -> Result<u16, PtxError> {
        let register = self.scope.register(self.at.line, name)?;
        if fits(register.ty, ty) {
            return Ok(register.index);
        }
        Err(self.wrong(format!("`{name}` is declared as {:?}, expected {ty:?}", register.ty)))
    }
}

/// What the bits of a type mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Predicate,
    Untyped,
    Integer,
    Float,
}

/// Returns what the bits of a type mean.
pub(super) const fn class(ty: Type) -> Class {
    match ty {
        Type::Pred => Class::Predicate,
        Type::B8 | Type::B16 | Type::B32 | Type::B64 | Type::B128 => Class::Untyped,
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => Class::Integer,
        Type::S8 | Type::S16 | Type::S32 | Type::S64 => Class::Integer,
        Type::F16 | Type::F16x2 | Type::Bf16 | Type::Bf16x2 | Type::F32 | Type::F64 => Class::Float,
    }
}

/// Returns whether a register declared as `have` is an operand of type `want`: of one size, and of
/// one class or one of the two untyped.
fn fits(have: Type, want: Type) -> bool {
    let untyped = |ty| class(ty) == Class::Untyped;
    let alike = class(have) == class(want)
        || untyped(have) && class(want) != Class::Predicate
        || untyped(want) && class(have) != Class::Predicate;
    alike && have.bytes() == want.bytes()
}

#[expect(clippy::cast_possible_truncation, reason = "a decimal constant is rounded to its type")]
fn single(float: Float) -> u32 {
    match float {
        Float::Single(bits) => bits,
        Float::Double(bits) => (f64::from_bits(bits) as f32).to_bits(),
    }
}

fn double(float: Float) -> u64 {
    match float {
        Float::Single(bits) => f64::from(f32::from_bits(bits)).to_bits(),
        Float::Double(bits) => bits,
    }
}
