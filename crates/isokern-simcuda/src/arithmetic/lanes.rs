//! Values of whole warps: how an operation on one lane becomes an operation on all.
//!
//! The operation is chosen outside, the loop over lanes is inside and has no branch on it, so
//! that the compiler makes vector instructions of it.

use crate::registers::{LANES, Long, Registers, Word};

/// A source operand: a register of the file its type lives in, or the bits of a constant, low
/// half first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Register(u16),
    Constant([u32; 2]),
}

/// One target and one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct One {
    pub(super) target: u16,
    pub(super) a: Source,
}

/// One target and two sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Two {
    pub(super) target: u16,
    pub(super) a: Source,
    pub(super) b: Source,
}

/// One target and three sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Three {
    pub(super) target: u16,
    pub(super) a: Source,
    pub(super) b: Source,
    pub(super) c: Source,
}

/// What a register holds for one lane: 32 or 64 bits.
pub(super) trait Bits: Copy + Default {
    fn read(registers: &Registers, source: Source) -> [Self; LANES];
    fn write(registers: &mut Registers, target: u16, values: &[Self; LANES]);
    /// Returns `a` where a lane is in `chosen`, else `b`.
    fn blend(chosen: u32, a: &[Self; LANES], b: &[Self; LANES]) -> [Self; LANES];
}

/// A value of an operand's type, and the bits a register holds for it.
pub(super) trait Value: Copy {
    type Bits: Bits;
    fn decode(bits: Self::Bits) -> Self;
    fn encode(self) -> Self::Bits;
}

/// The registers of a warp and the lanes that run.
#[derive(Debug)]
pub(super) struct Warp<'a> {
    pub(super) registers: &'a mut Registers,
    pub(super) mask: u32,
}

impl Warp<'_> {
    /// Computes `target = f(a)` in every lane that runs.
    #[inline]
    pub(super) fn map1<A: Value, T: Value>(&mut self, at: One, f: impl Fn(A) -> T) {
        let a = self.values::<A>(at.a);
        let mut results = [T::Bits::default(); LANES];
        for (result, a) in results.iter_mut().zip(&a) {
            *result = f(A::decode(*a)).encode();
        }
        self.store::<T>(at.target, &results);
    }

    /// Computes `target = f(a, b)` in every lane that runs.
    #[inline]
    pub(super) fn map2<A: Value, B: Value, T: Value>(&mut self, at: Two, f: impl Fn(A, B) -> T) {
        let (a, b) = (self.values::<A>(at.a), self.values::<B>(at.b));
        let mut results = [T::Bits::default(); LANES];
        for (result, (a, b)) in results.iter_mut().zip(a.iter().zip(&b)) {
            *result = f(A::decode(*a), B::decode(*b)).encode();
        }
        self.store::<T>(at.target, &results);
    }

    /// Computes `target = f(a, b, c)` in every lane that runs.
    #[inline]
    pub(super) fn map3<A: Value, B: Value, C: Value, T: Value>(
        &mut self,
        at: Three,
        f: impl Fn(A, B, C) -> T,
    ) {
        let (a, b, c) = (self.values::<A>(at.a), self.values::<B>(at.b), self.values::<C>(at.c));
        let mut results = [T::Bits::default(); LANES];
        for (result, ((a, b), c)) in results.iter_mut().zip(a.iter().zip(&b).zip(&c)) {
            *result = f(A::decode(*a), B::decode(*b), C::decode(*c)).encode();
        }
        self.store::<T>(at.target, &results);
    }

    /// Returns the lanes in which `f(a)` holds; lanes that do not run have some value.
    #[inline]
    pub(super) fn test1<A: Value>(&self, a: Source, f: impl Fn(A) -> bool) -> u32 {
        let a = self.values::<A>(a);
        let mut lanes = LANE;
        for (lane, a) in lanes.iter_mut().zip(&a) {
            *lane &= all_or_none(f(A::decode(*a)));
        }
        joined(&lanes)
    }

    /// Returns the lanes in which `f(a, b)` holds; lanes that do not run have some value.
    #[inline]
    pub(super) fn test2<A: Value>(&self, a: Source, b: Source, f: impl Fn(A, A) -> bool) -> u32 {
        let (a, b) = (self.values::<A>(a), self.values::<A>(b));
        let mut lanes = LANE;
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(&b)) {
            *lane &= all_or_none(f(A::decode(*a), A::decode(*b)));
        }
        joined(&lanes)
    }

    /// Sets `target = a` in the lanes of `chosen`, `b` in the others that run.
    #[inline]
    pub(super) fn select<T: Value>(&mut self, at: Two, chosen: u32) {
        let (a, b) = (self.values::<T>(at.a), self.values::<T>(at.b));
        self.store::<T>(at.target, &T::Bits::blend(chosen, &a, &b));
    }

    /// Returns the bits of a source in every lane.
    #[inline]
    pub(super) fn values<T: Value>(&self, source: Source) -> [T::Bits; LANES] {
        T::Bits::read(self.registers, source)
    }

    /// Writes the lanes that run.
    #[inline]
    pub(super) fn store<T: Value>(&mut self, target: u16, values: &[T::Bits; LANES]) {
        if self.mask == u32::MAX {
            T::Bits::write(self.registers, target, values);
        } else {
            let old = self.values::<T>(Source::Register(target));
            T::Bits::write(self.registers, target, &T::Bits::blend(self.mask, values, &old));
        }
    }
}

impl Source {
    /// Returns a constant of at most 32 bits.
    pub(super) const fn word(value: u32) -> Self {
        Self::Constant([value, 0])
    }

    /// Returns a constant of 64 bits.
    #[expect(clippy::cast_possible_truncation, reason = "split in halves")]
    pub(super) const fn long(value: u64) -> Self {
        Self::Constant([value as u32, (value >> 32) as u32])
    }
}

impl Bits for u32 {
    #[inline]
    fn read(registers: &Registers, source: Source) -> [Self; LANES] {
        registers.word(match source {
            Source::Register(index) => Word::Register(index),
            Source::Constant([low, _]) => Word::Constant(low),
        })
    }

    #[inline]
    fn write(registers: &mut Registers, target: u16, values: &[Self; LANES]) {
        registers.set_word(target, values, u32::MAX);
    }

    #[inline]
    fn blend(chosen: u32, a: &[Self; LANES], b: &[Self; LANES]) -> [Self; LANES] {
        let mut results = [0; LANES];
        for ((result, lane), (a, b)) in results.iter_mut().zip(&LANE).zip(a.iter().zip(b)) {
            let chosen = if chosen & lane == 0 { 0 } else { Self::MAX };
            *result = a & chosen | b & !chosen;
        }
        results
    }
}

impl Bits for u64 {
    #[inline]
    fn read(registers: &Registers, source: Source) -> [Self; LANES] {
        registers.long(match source {
            Source::Register(index) => Long::Register(index),
            Source::Constant([low, high]) => {
                Long::Constant(Self::from(low) | Self::from(high) << 32)
            }
        })
    }

    #[inline]
    fn write(registers: &mut Registers, target: u16, values: &[Self; LANES]) {
        registers.set_long(target, values, u32::MAX);
    }

    #[inline]
    fn blend(chosen: u32, a: &[Self; LANES], b: &[Self; LANES]) -> [Self; LANES] {
        let mut results = [0; LANES];
        for ((result, lane), (a, b)) in results.iter_mut().zip(&LANE).zip(a.iter().zip(b)) {
            let chosen = if chosen & lane == 0 { 0 } else { Self::MAX };
            *result = a & chosen | b & !chosen;
        }
        results
    }
}

macro_rules! value {
    ($($ty:ty as $bits:ty: $decode:expr, $encode:expr;)*) => {$(
        impl Value for $ty {
            type Bits = $bits;

            #[inline]
            fn decode(bits: $bits) -> Self {
                let decode: fn($bits) -> $ty = $decode;
                decode(bits)
            }

            #[inline]
            fn encode(self) -> $bits {
                let encode: fn($ty) -> $bits = $encode;
                encode(self)
            }
        }
    )*};
}

// Values of 16 bits are held zero extended; what is above them is not looked at.
#[expect(clippy::cast_possible_truncation, reason = "the value is the low half")]
mod values {
    use super::Value;

    value! {
        u16 as u32: |bits| bits as Self, u32::from;
        i16 as u32: |bits| bits as Self, |value| u32::from(value.cast_unsigned());
        u32 as u32: |bits| bits, |value| value;
        i32 as u32: u32::cast_signed, i32::cast_unsigned;
        u64 as u64: |bits| bits, |value| value;
        i64 as u64: u64::cast_signed, i64::cast_unsigned;
        f32 as u32: f32::from_bits, f32::to_bits;
        f64 as u64: f64::from_bits, f64::to_bits;
    }
}

/// The bit of every lane in a mask.
const LANE: [u32; LANES] = {
    let mut bits = [0; LANES];
    let mut lane = 0;
    while lane < LANES {
        bits[lane] = 1 << lane;
        lane += 1;
    }
    bits
};

#[inline]
fn all_or_none(condition: bool) -> u32 {
    if condition { u32::MAX } else { 0 }
}

/// Returns the bits of all lanes in one mask.
#[inline]
fn joined(lanes: &[u32; LANES]) -> u32 {
    lanes.iter().fold(0, |mask, lane| mask | lane)
}
