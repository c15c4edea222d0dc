//! The registers of a warp: each holds a value for every lane.
//!
//! There are three files: predicates, 32-bit words (which also hold 8- and 16-bit values, zero
//! extended) and 64-bit longs. An operation reads whole registers and writes the lanes of a mask,
//! so that loops over lanes become vector instructions.

use crate::ptx::ast::Type;

/// Lanes of a warp.
pub const LANES: usize = 32;

/// A 32-bit value for every lane.
pub type Words = [u32; LANES];

/// A 64-bit value for every lane.
pub type Longs = [u64; LANES];

/// Which file a register is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum File {
    /// One bit a lane.
    Predicate,
    /// Up to 32 bits a lane.
    Word,
    /// 64 bits a lane.
    Long,
}

/// How many registers a function has in each file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Predicates.
    pub predicates: u16,
    /// Words.
    pub words: u16,
    /// Longs.
    pub longs: u16,
}

/// A 32-bit source: a register of the word file, or a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The register's index.
    Register(u16),
    /// The same value in every lane.
    Constant(u32),
}

/// A 64-bit source: a register of the long file, or a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Long {
    /// The register's index.
    Register(u16),
    /// The same value in every lane.
    Constant(u64),
}

/// A predicate source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Predicate {
    /// The register's index, or `None` for *always true*.
    pub register: Option<u16>,
    /// Whether the value is inverted.
    pub negated: bool,
}

/// The registers of one call frame of a warp.
#[derive(Debug, Clone, Default)]
pub struct Registers {
    predicates: Vec<u32>,
    words: Vec<Words>,
    longs: Vec<Longs>,
    /// The carry flag of `.cc` operations, a bit a lane.
    pub carry: u32,
}

impl File {
    /// Returns the file that holds values of a type; `None` for 128-bit values.
    #[must_use]
    pub const fn of(ty: Type) -> Option<Self> {
        match ty {
            Type::Pred => Some(Self::Predicate),
            Type::B128 => None,
            _ if ty.bytes() == 8 => Some(Self::Long),
            _ => Some(Self::Word),
        }
    }
}

impl Registers {
    /// Registers that hold zeros.
    #[must_use]
    pub fn new(counts: Counts) -> Self {
        Self {
            predicates: vec![0; usize::from(counts.predicates)],
            words: vec![[0; LANES]; usize::from(counts.words)],
            longs: vec![[0; LANES]; usize::from(counts.longs)],
            carry: 0,
        }
    }

    /// Returns the values of a 32-bit source.
    #[inline]
    #[must_use]
    pub fn word(&self, source: Word) -> Words {
        match source {
            Word::Register(index) => self.words[usize::from(index)],
            Word::Constant(value) => [value; LANES],
        }
    }

    /// Returns the values of a 64-bit source.
    #[inline]
    #[must_use]
    pub fn long(&self, source: Long) -> Longs {
        match source {
            Long::Register(index) => self.longs[usize::from(index)],
            Long::Constant(value) => [value; LANES],
        }
    }

    /// Returns the lanes in which a predicate holds.
    #[inline]
    #[must_use]
    pub fn predicate(&self, source: Predicate) -> u32 {
        let lanes = source.register.map_or(u32::MAX, |index| self.predicates[usize::from(index)]);
        if source.negated { !lanes } else { lanes }
    }

    /// Writes the lanes of `mask` in a word register.
    #[inline]
    pub fn set_word(&mut self, index: u16, values: &Words, mask: u32) {
        write_lanes(&mut self.words[usize::from(index)], values, mask);
    }

    /// Writes the lanes of `mask` in a long register.
    #[inline]
    pub fn set_long(&mut self, index: u16, values: &Longs, mask: u32) {
        write_lanes(&mut self.longs[usize::from(index)], values, mask);
    }

    /// Writes the lanes of `mask` in a predicate register.
    #[inline]
    pub fn set_predicate(&mut self, index: u16, lanes: u32, mask: u32) {
        let register = &mut self.predicates[usize::from(index)];
        *register = (*register & !mask) | (lanes & mask);
    }
}

#[inline]
fn write_lanes<T: Copy>(register: &mut [T; LANES], values: &[T; LANES], mask: u32) {
    if mask == u32::MAX {
        *register = *values;
        return;
    }
    for (lane, (target, value)) in register.iter_mut().zip(values).enumerate() {
        if mask >> lane & 1 == 1 {
            *target = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, LANES, Long, Predicate, Registers, Word};

    #[test]
    fn only_the_lanes_of_the_mask_are_written() {
        let mut registers = Registers::new(Counts { predicates: 1, words: 1, longs: 1 });
        registers.set_word(0, &[7; LANES], 0b101);
        registers.set_long(0, &[9; LANES], u32::MAX);
        registers.set_predicate(0, 0b0110, 0b0011);
        assert_eq!(registers.word(Word::Register(0))[..4], [7, 0, 7, 0]);
        assert_eq!(registers.long(Long::Register(0)), [9; LANES]);
        let predicate = Predicate { register: Some(0), negated: false };
        assert_eq!(registers.predicate(predicate), 0b0010);
        assert_eq!(registers.predicate(Predicate { negated: true, ..predicate }), !0b0010);
        let always = Predicate { register: None, negated: false };
        assert_eq!(registers.predicate(always), u32::MAX);
    }
}
