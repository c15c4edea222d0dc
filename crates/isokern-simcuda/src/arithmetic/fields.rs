//! Counting and finding bits, fields of bits, and dot products of bytes.

use super::bits::Field;
use super::lanes::{One, Source, Three, Two, Warp};
use super::{bits, dot};

/// An operation on fields of a word or long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Operation {
    Count {
        count: Count,
        wide: bool,
        at: One,
    },
    Reverse {
        wide: bool,
        at: One,
    },
    /// `bfe`.
    Extract {
        kind: Kind,
        at: Three,
    },
    /// `bfi`: the length is apart from the other sources, of which `a` and `b` may be long.
    Insert {
        wide: bool,
        position: Narrow,
        length: Narrow,
        at: Two,
    },
    /// `fns`.
    FindSet(Three),
    /// `bmsk`; whether amounts go round at 32 instead of stopping there.
    Mask {
        wrap: bool,
        at: Two,
    },
    /// `szext`.
    Extend {
        wrap: bool,
        signed: bool,
        at: Two,
    },
    /// `dp4a` and `dp2a`.
    Dot {
        shape: Shape,
        a_signed: bool,
        b_signed: bool,
        at: Three,
    },
}

/// Operations whose result is a number of bits, or the place of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    Ones,
    LeadingZeros,
    /// The place of the highest bit that differs from the sign.
    Highest {
        signed: bool,
        from_top: bool,
    },
}

/// The type of a field's register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    U32,
    S32,
    U64,
    S64,
}

/// A source of 32 bits, in less space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Narrow {
    Register(u16),
    /// The low byte, which is all that counts.
    Constant(u8),
}

/// How many products are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Four bytes by four bytes.
    Four,
    /// Two halves by the lower two bytes.
    TwoLow,
    /// Two halves by the upper two bytes.
    TwoHigh,
}

impl Operation {
    /// Executes it in the lanes that run.
    #[inline]
    pub(super) fn execute(self, warp: &mut Warp<'_>) {
        match self {
            Self::Dot { shape: Shape::Four, a_signed, b_signed, at } => {
                dot::four(a_signed, b_signed, warp, at);
            }
            Self::Dot { shape, a_signed, b_signed, at } => {
                let high = shape == Shape::TwoHigh;
                warp.map3(at, |a, b, c| dot::two(a_signed, b_signed, high, a, b, c));
            }
            Self::Extract { kind, at } => match kind {
                Kind::U32 => extract::<u32>(false, warp, at),
                Kind::S32 => extract::<u32>(true, warp, at),
                Kind::U64 => extract::<u64>(false, warp, at),
                Kind::S64 => extract::<u64>(true, warp, at),
            },
            Self::Insert { wide: false, position, length, at } => {
                insert::<u32>(position, length, warp, at);
            }
            Self::Insert { wide: true, position, length, at } => {
                insert::<u64>(position, length, warp, at);
            }
            Self::Count { count, wide: false, at } => self::count::<u32>(count, warp, at),
            Self::Count { count, wide: true, at } => self::count::<u64>(count, warp, at),
            Self::Reverse { wide: false, at } => warp.map1(at, u32::reverse_bits),
            Self::Reverse { wide: true, at } => warp.map1(at, u64::reverse_bits),
            Self::FindSet(at) => warp.map3(at, bits::find_set),
            Self::Mask { wrap, at } => warp.map2(at, |a, b| bits::mask(wrap, a, b)),
            Self::Extend { wrap, signed, at } => {
                warp.map2(at, |a, b| bits::extend(wrap, signed, a, b));
            }
        }
    }
}

impl Narrow {
    const fn source(self) -> Source {
        match self {
            Self::Register(index) => Source::Register(index),
            Self::Constant(value) => Source::word(value as u32),
        }
    }
}

/// Computes `bfe`, with one loop for constant positions and lengths.
#[inline]
fn extract<T: Field>(signed: bool, warp: &mut Warp<'_>, at: Three) {
    match (at.b, at.c) {
        (Source::Constant([position, _]), Source::Constant([length, _])) => {
            let at = One { target: at.target, a: at.a };
            warp.map1(at, |a: T| a.extract(signed, position, length));
        }
        _ => warp.map3(at, |a: T, b: u32, c: u32| a.extract(signed, b, c)),
    }
}

fn insert<T: Field>(position: Narrow, length: Narrow, warp: &mut Warp<'_>, at: Two) {
    let positions = warp.values::<u32>(position.source());
    let lengths = warp.values::<u32>(length.source());
    let (a, b) = (warp.values::<T>(at.a), warp.values::<T>(at.b));
    let results = core::array::from_fn(|lane| {
        let (field, into) = (T::decode(a[lane]), T::decode(b[lane]));
        into.insert(field, positions[lane], lengths[lane]).encode()
    });
    warp.store::<T>(at.target, &results);
}

fn count<T: Field>(count: Count, warp: &mut Warp<'_>, at: One) {
    match count {
        Count::Ones => warp.map1(at, T::ones),
        Count::LeadingZeros => warp.map1(at, T::leading),
        Count::Highest { signed, from_top } => {
            warp.map1(at, |a: T| a.highest(signed, from_top));
        }
    }
}
