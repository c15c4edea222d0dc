//! Lowers ABS, the magnitude of each value, to a table of all values.

use isokern_model::fixed::rescale;

use super::byte_table;
use super::site::Site;
use crate::error::ImportError;
use crate::quantize;

/// Lowers a magnitude, which is rescaled only where the scales differ.
///
/// `AbsEvalQuantized` in `micro/kernels/elementwise.cc`, paths as in [`quantize`]. The quotient of
/// the scales is a `double`, as the package has it; sources before October 2026 have a `float`.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let (input, output) = byte_table::ends(site)?;
    let (scale_x, scale_y) = (input.tensor.scale, output.tensor.scale);
    let scale = quantize::multiplier(f64::from(scale_x) / f64::from(scale_y));
    let scale = scale.map_err(|fault| site.multiplier_fault(0, fault))?;
    let [zero_x, zero_y] = [&input, &output].map(|value| i32::from(value.tensor.zero_point));
    let is_same = scale_x.to_bits() == scale_y.to_bits();
    byte_table::emit(site, &input, &output, |stored| {
        let value = (stored - zero_x).abs();
        let value = if is_same { value } else { rescale(value, scale.mantissa, scale.shift) };
        value.saturating_add(zero_y)
    });
    Ok(())
}
