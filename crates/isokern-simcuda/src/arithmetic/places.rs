//! Integers of 8 to 64 bits in registers of 16 to 64 bits.

use crate::registers::LANES;

use super::lanes::{One, Source, Warp};

/// An integer type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) bits: u8,
    pub(super) signed: bool,
}

/// An integer type and the register it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) number: Number,
    /// Whether the register is in the file of longs.
    pub(super) wide: bool,
    /// Bits of the register.
    pub(super) register_bits: u8,
}

/// A value cut to its low bits, extended by zeros or by its sign, and cut to other low bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extend {
    number: Number,
    keep: u8,
}

impl Number {
    /// Returns the value with only the highest bit, which is the smallest one of signed types.
    pub(super) const fn highest_bit(self) -> i128 {
        1 << (self.bits - 1)
    }
}

impl Place {
    /// Returns the bits of a source in every lane.
    pub(super) fn load(self, warp: &Warp<'_>, source: Source) -> [u64; LANES] {
        if self.wide {
            warp.values::<u64>(source)
        } else {
            warp.values::<u32>(source).map(u64::from)
        }
    }

    /// Writes the bits of a target in the lanes that run.
    pub(super) fn store(self, warp: &mut Warp<'_>, target: u16, values: [u64; LANES]) {
        if self.wide {
            warp.store::<u64>(target, &values);
        } else {
            warp.store::<u32>(target, &values.map(low));
        }
    }

    /// Returns the value of the low bits of a register.
    pub(super) fn decode(self, bits: u64) -> i128 {
        let above = 64 - self.number.bits;
        let top = bits << above;
        if self.number.signed {
            i128::from(top.cast_signed() >> above)
        } else {
            i128::from(top >> above)
        }
    }

    /// Returns what the register holds for a value: its low bits, extended to the register.
    pub(super) fn encode(self, value: i128) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the low bits are asked for"
        )]
        let bits = self.decode(value as u64) as u64;
        bits & ones(self.register_bits)
    }

    /// Returns the nearest value the type has.
    pub(super) fn clamp(self, value: i128) -> i128 {
        let top = self.number.highest_bit();
        if self.number.signed { value.clamp(-top, top - 1) } else { value.clamp(0, 2 * top - 1) }
    }
}

impl Extend {
    /// Returns the conversion between two types without saturation.
    pub(super) const fn between(from: Number, to: Place) -> Self {
        let (number, keep) = if to.number.bits <= from.bits {
            // The target's own sign counts.
            (to.number, to.register_bits)
        } else if from.signed && !to.number.signed {
            // The sign goes up to the target's size and not further.
            (from, to.number.bits)
        } else {
            (from, to.register_bits)
        };
        Self { number, keep }
    }

    #[inline]
    pub(super) fn word_to_word(self, warp: &mut Warp<'_>, at: One) {
        if self.number.signed {
            let (above, keep) = (self.above(), low(ones(self.keep)));
            warp.map1(at, |a: u32| ((a << above).cast_signed() >> above).cast_unsigned() & keep);
        } else {
            let bits = low(ones(self.number.bits));
            warp.map1(at, |a: u32| a & bits);
        }
    }

    #[inline]
    pub(super) fn word_to_long(self, warp: &mut Warp<'_>, at: One) {
        if self.number.signed {
            let (above, keep) = (self.above(), ones(self.keep));
            warp.map1(at, |a: u32| {
                i64::from((a << above).cast_signed() >> above).cast_unsigned() & keep
            });
        } else {
            let bits = low(ones(self.number.bits));
            warp.map1(at, |a: u32| u64::from(a & bits));
        }
    }

    #[inline]
    pub(super) fn long_to_word(self, warp: &mut Warp<'_>, at: One) {
        if self.number.signed {
            let (above, keep) = (self.above(), low(ones(self.keep)));
            warp.map1(at, |a: u64| {
                ((low(a) << above).cast_signed() >> above).cast_unsigned() & keep
            });
        } else {
            let bits = low(ones(self.number.bits));
            warp.map1(at, |a: u64| low(a) & bits);
        }
    }

    #[inline]
    pub(super) fn long_to_long(self, warp: &mut Warp<'_>, at: One) {
        if self.number.signed {
            let (above, keep) = (64 - self.number.bits, ones(self.keep));
            warp.map1(at, |a: u64| ((a << above).cast_signed() >> above).cast_unsigned() & keep);
        } else {
            let bits = ones(self.number.bits);
            warp.map1(at, |a: u64| a & bits);
        }
    }

    /// Returns the bits of a word above the value.
    const fn above(self) -> u8 {
        32_u8.saturating_sub(self.number.bits)
    }
}

/// Returns the lowest bits set.
const fn ones(bits: u8) -> u64 {
    u64::MAX >> (64 - bits)
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is asked for")]
const fn low(value: u64) -> u32 {
    value as u32
}
