//! Lowers CONV_2D, dot products with the cells of a window.

use isokern_model::encode::Constant;
use isokern_model::operators::conv2d::Conv2d;

use super::convolution::{Channels, Parts};
use super::site::Site;
use crate::error::{ImportError, OperatorFault};

/// Lowers a convolution: weights `[output][row][column][input]`, whose inputs are those of the
/// output's group of channels.
///
/// `ConvPerChannel` in `kernels/internal/reference/integer_ops/conv.h`, paths as in
/// [`quantize`](crate::quantize).
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let parts = Parts::read(site, 0)?;
    let [outputs, _, _, filter] = parts.weights.dims;
    let [.., channels] = parts.images;
    let groups = groups(channels, filter, outputs).ok_or_else(|| {
        let [filter, input, output] = [filter, channels, outputs].map(|count| count as usize);
        site.fault(OperatorFault::Grouped { filter, input, output })
    })?;
    let weights = |values, terms| Constant::Dots { values, outputs: outputs as usize, terms };
    parts.finish::<Conv2d>(site, Channels { outputs, depth_multiplier: 0, groups }, weights)
}

/// Returns how many groups there are, 0 for one; none where channels are no whole groups.
fn groups(channels: u32, filter: u32, outputs: u32) -> Option<u16> {
    let groups = channels.checked_div(filter).filter(|groups| groups * filter == channels)?;
    let is_whole = groups > 0 && outputs.is_multiple_of(groups);
    let groups = u16::try_from(groups).ok().filter(|_| is_whole)?;
    Some(if groups == 1 { 0 } else { groups })
}
