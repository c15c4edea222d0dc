//! Lowers LEAKY_RELU, values below zero times `alpha`, to a table of all values.

use isokern_model::fixed::rescale;

use super::byte_table;
use super::site::Site;
use crate::error::ImportError;
use crate::quantize;

/// Lowers a rectifier with a slope below zero.
///
/// `QuantizeLeakyRelu` in `kernels/internal/reference/leaky_relu.h` and its data in
/// `micro/kernels/leaky_relu_common.cc`, paths as in [`quantize`]. Product and quotient of the
/// scales are `double`, as the package has them; sources before October 2026 have `float`.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let (input, output) = byte_table::ends(site)?;
    let alpha: f32 = site.option("alpha")?;
    let [scale_x, scale_y] = [&input, &output].map(|value| f64::from(value.tensor.scale));
    let multiplier = |real: f64| {
        let found = quantize::multiplier(real.abs());
        found.map_err(|fault| site.multiplier_fault(0, fault))
    };
    let identity = multiplier(scale_x / scale_y)?;
    let slope = multiplier(scale_x * f64::from(alpha) / scale_y)?;
    let sign = if alpha < 0.0 { -1 } else { 1 };
    let [zero_x, zero_y] = [&input, &output].map(|value| i32::from(value.tensor.zero_point));
    byte_table::emit(site, &input, &output, |stored| {
        let value = stored - zero_x;
        let value = if value >= 0 {
            rescale(value, identity.mantissa, identity.shift)
        } else {
            sign * rescale(value, slope.mantissa, slope.shift)
        };
        value.saturating_add(zero_y)
    });
    Ok(())
}
