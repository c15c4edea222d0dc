//! Fast functions of a GPU, computed precisely.
//!
//! The results come from functions of double precision, rounded to the type. They are within the
//! errors that *PTX ISA* states and have its special values, but they are **not** the bits that a
//! GPU gives, nor those of every C library.

use super::float::Form;
use super::lanes::{One, Warp};

/// An approximated function of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Reciprocal,
    SquareRoot,
    ReciprocalRoot,
    Sine,
    Cosine,
    Log2,
    Exp2,
    Tanh,
    /// `1 / sqrt` in double precision.
    ReciprocalRootDouble,
    /// In double precision, of the upper half of the source alone; the lower half of the result
    /// is zero.
    ReciprocalCoarse,
    /// As above.
    ReciprocalRootCoarse,
}

impl Function {
    /// Executes it in the lanes that run.
    pub(super) fn execute(self, flush: bool, warp: &mut Warp<'_>, at: One) {
        let form = Form { flush, ..Form::PLAIN };
        match self {
            Self::ReciprocalRootDouble => {
                warp.map1(at, |a: f64| form.finish(reciprocal_root(a)));
            }
            Self::ReciprocalCoarse => {
                warp.map1(at, |a: f64| coarse(form.finish(1.0 / coarse(form.see(a)))));
            }
            Self::ReciprocalRootCoarse => {
                warp.map1(at, |a: f64| coarse(form.finish(reciprocal_root(coarse(form.see(a))))));
            }
            _ => warp.map1(at, |a: f32| form.finish(self.single(form.see(a)))),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "rounded to single precision")]
    fn single(self, a: f32) -> f32 {
        let a = f64::from(a);
        let result = match self {
            Self::Reciprocal | Self::ReciprocalCoarse => 1.0 / a,
            Self::SquareRoot => a.sqrt(),
            Self::ReciprocalRoot | Self::ReciprocalRootDouble | Self::ReciprocalRootCoarse => {
                reciprocal_root(a)
            }
            Self::Sine => a.sin(),
            Self::Cosine => a.cos(),
            Self::Log2 => a.log2(),
            Self::Exp2 => a.exp2(),
            Self::Tanh => a.tanh(),
        };
        result as f32
    }
}

/// Computes `div.approx`: `a / b`, but for divisors over 2^126 the reciprocal has vanished.
pub(super) fn divide(a: f32, b: f32) -> f32 {
    let vanishing = b.is_finite() && b.abs() > f32::from_bits(0x7e80_0000);
    if vanishing { a * 0.0_f32.copysign(b) } else { a / b }
}

/// Returns `1 / sqrt(a)`; minus infinity for minus zero.
fn reciprocal_root(a: f64) -> f64 {
    1.0 / a.sqrt()
}

/// Returns the value without the lower half of its bits. NaN stays NaN.
fn coarse(a: f64) -> f64 {
    if a.is_nan() { a } else { f64::from_bits(a.to_bits() & 0xffff_ffff_0000_0000) }
}
