//! Lowers RELU and RELU6, values held above zero, to a table of all values.

use isokern_model::fixed::rescale;

use super::byte_table;
use super::site::Site;
use crate::error::ImportError;
use crate::quantize;

/// Lowers RELU: each value is rescaled, and held at the output's zero point or above.
///
/// `ReluQuantized` in `micro/kernels/activations.h` and its data in `activations_common.cc` there,
/// paths as in [`quantize`]. The quotient of the scales is a `double`, as the package has it;
/// sources before October 2026 have a `float`.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let (input, output) = byte_table::ends(site)?;
    let real = f64::from(input.tensor.scale) / f64::from(output.tensor.scale);
    let scale = quantize::multiplier(real).map_err(|fault| site.multiplier_fault(0, fault))?;
    let [zero_x, zero_y] = [&input, &output].map(|value| i32::from(value.tensor.zero_point));
    byte_table::emit(site, &input, &output, |stored| {
        let value = rescale(stored - zero_x, scale.mantissa, scale.shift);
        value.saturating_add(zero_y).max(zero_y)
    });
    Ok(())
}

/// Lowers RELU6: each stored value is held between those of 0 and 6 in the input's scale; the
/// output's scale is not read.
///
/// `Relu6Quantized` in the same files.
pub(super) fn lower_6(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let (input, output) = byte_table::ends(site)?;
    let (scale, zero) = (input.tensor.scale, i32::from(input.tensor.zero_point));
    let steps = f64::from(6.0 / scale).round() + f64::from(zero);
    // So many steps that no `int32_t` holds them become the least one on x86-64.
    let six = if steps <= f64::from(i32::MAX) { steps as i32 } else { i32::MIN };
    let six = six.clamp(i8::MIN.into(), i8::MAX.into());
    byte_table::emit(
        site,
        &input,
        &output,
        |stored| {
            if stored > six { six } else { stored.max(zero) }
        },
    );
    Ok(())
}
