//! Quantisation: what an integer element means as a real number.

use core::hash::{Hash, Hasher};

/// Affine quantisation of a whole tensor: `real = (q - zero_point) * scale`.
///
/// Only for going into and out of a model: inside, an int8 profile uses no
/// float at all.
///
/// Two are equal when their bits are: descriptions with one in them are compared and hashed
/// like any other. So a scale of NaN, which no file brings, equals itself.
///
/// ```
/// use isokern_core::compute::Quantization;
///
/// const SCORE: Quantization = Quantization::new(1.0 / 256.0, -128);
/// assert_eq!(SCORE.dequantize(127), 255.0 / 256.0);
/// assert_eq!(SCORE.quantize(0.5), 0);
/// ```
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Quantization {
    scale: f32,
    zero_point: i32,
}

impl Quantization {
    /// Returns the quantisation with this step and this integer for real zero.
    #[must_use]
    pub const fn new(scale: f32, zero_point: i32) -> Self {
        Self { scale, zero_point }
    }

    /// Returns the real size of one step.
    #[must_use]
    pub const fn scale(self) -> f32 {
        self.scale
    }

    /// Returns the integer that means real zero.
    #[must_use]
    pub const fn zero_point(self) -> i32 {
        self.zero_point
    }

    /// Returns the real number that `q` means.
    #[must_use]
    pub fn dequantize(self, q: i32) -> f32 {
        // In i64, because the difference of two i32 need not be one.
        (i64::from(q) - i64::from(self.zero_point)) as f32 * self.scale
    }

    /// Returns the integer nearest to `real`, halves away from zero.
    ///
    /// Saturates at the ends of `i32`, and the caller clamps to its own type:
    /// `q.clamp(-128, 127) as i8`. NaN gives the zero point.
    #[must_use]
    pub fn quantize(self, real: f32) -> i32 {
        // The division is in f32, as the int8 runtimes do it; the half is added
        // in f64, where the sum is exact, and the cast cuts towards zero.
        let steps = f64::from(real / self.scale);
        let half = if steps < 0.0 { -0.5 } else { 0.5 };
        let rounded = (steps + half) as i32;
        rounded.saturating_add(self.zero_point)
    }
}

impl PartialEq for Quantization {
    fn eq(&self, other: &Self) -> bool {
        (self.scale.to_bits(), self.zero_point) == (other.scale.to_bits(), other.zero_point)
    }
}

impl Eq for Quantization {}

impl Hash for Quantization {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.scale.to_bits(), self.zero_point).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::Quantization;

    #[test]
    fn quantize_undoes_dequantize_for_every_int8() {
        let quantization = Quantization::new(0.584_70, 83);
        for q in -128..=127 {
            assert_eq!(quantization.quantize(quantization.dequantize(q)), q);
        }
    }

    #[test]
    fn halves_go_away_from_zero_and_near_halves_do_not() {
        let unit = Quantization::new(1.0, 0);
        assert_eq!([0.5, 1.5, -0.5, -1.5].map(|x| unit.quantize(x)), [1, 2, -1, -2]);
        let below_half = 0.5_f32.next_down();
        assert_eq!([below_half, -below_half].map(|x| unit.quantize(x)), [0, 0]);
    }

    #[test]
    fn the_ends_saturate() {
        let unit = Quantization::new(1.0, 5);
        assert_eq!(unit.quantize(f32::INFINITY), i32::MAX);
        assert_eq!(unit.quantize(f32::NEG_INFINITY), i32::MIN + 5);
        assert_eq!(unit.quantize(f32::NAN), 5);
        let low = Quantization::new(1.0, i32::MIN);
        assert_eq!(low.dequantize(i32::MAX), 4_294_967_295_u32 as f32);
    }

    #[test]
    fn s2_descriptions_with_a_scale_are_eq_and_hash() {
        use crate::compute::{MemoryClass, ModelMetadata};
        use std::collections::HashSet;

        let plain = ModelMetadata::new(MemoryClass::Host, MemoryClass::Host, Some(2), Some(2));
        let scaled = |scale| plain.with_input_quantization(Quantization::new(scale, 0));
        let nan = f32::from_bits(0x7fc0_0000);
        let all = [plain, scaled(0.5), scaled(0.25), scaled(nan), scaled(0.5), scaled(nan)];
        assert_eq!(HashSet::from(all).len(), 4);
        assert_ne!(scaled(0.0), scaled(-0.0));
    }
}
