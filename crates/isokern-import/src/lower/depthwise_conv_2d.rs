//! Lowers DEPTHWISE_CONV_2D, a convolution of each channel with kernels of its own.

use isokern_model::encode::Constant;
use isokern_model::operators::depthwise_conv2d::DepthwiseConv2d;

use super::convolution::{Channels, Parts};
use super::site::Site;
use crate::error::{ImportError, OperatorFault};

/// Lowers a depthwise convolution: weights `[1][row][column][output]`.
///
/// The packed model keeps the order of the file, in both weight layouts.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let parts = Parts::read(site, 3)?;
    let [kernels, _, _, outputs] = parts.weights.dims;
    let [.., channels] = parts.images;
    let stated: i32 = site.option("depth_multiplier")?;
    let multiplier = outputs / channels;
    let agrees = stated == 0 || u32::try_from(stated) == Ok(multiplier);
    let multiplier = u16::try_from(multiplier).ok().filter(|&multiplier| {
        kernels == 1 && agrees && u32::from(multiplier).checked_mul(channels) == Some(outputs)
    });
    let multiplier = multiplier.ok_or_else(|| {
        let (input, output) = (channels as usize, outputs as usize);
        site.fault(OperatorFault::DepthMultiplier { input, output, stated })
    })?;
    let weights = |values, _| Constant::Weights(values);
    let channels = Channels { outputs, depth_multiplier: multiplier, groups: 0 };
    parts.finish::<DepthwiseConv2d>(site, channels, weights)
}
