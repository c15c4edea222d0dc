//! Lowers CONV_2D and DEPTHWISE_CONV_2D.

use isokern_model::encode::{Constant, DraftOp};
use isokern_model::layout::Terms;
use isokern_model::operators::HasKind;
use isokern_model::operators::conv2d::Conv2d;
use isokern_model::operators::depthwise_conv2d::DepthwiseConv2d;
use isokern_model::operators::dot_body::{DotBody, constants};

use super::dot::{self, Weights};
use super::site::{Site, Value};
use super::window::{self, Fields};
use crate::error::{ImportError, OperatorFault};
use crate::flatbuffer::Field;
use crate::graph::Options;
use crate::schema::{conv_2d, depthwise_conv_2d, options};

/// Lowers a convolution: weights `[output][row][column][input]`.
pub(super) fn conv2d(site: &mut Site<'_, '_>) -> Result<DraftOp, ImportError> {
    const FIELDS: Fields = Fields {
        padding: conv_2d::PADDING,
        stride: [conv_2d::STRIDE_H, conv_2d::STRIDE_W],
        dilation: Some([conv_2d::DILATION_H, conv_2d::DILATION_W]),
    };
    let parts = Parts::read(site, options::CONV_2D, 0)?;
    let &[outputs, _, _, filter] = &*parts.weights.dims else { return Err(site.not_supported()) };
    let [_, _, channels] = parts.image;
    if filter != channels {
        let (filter, input) = (filter as usize, channels as usize);
        return Err(site.fault(OperatorFault::Grouped { filter, input }));
    }
    let weights = |values, terms| Constant::Dots { values, outputs: outputs as usize, terms };
    parts.finish::<Conv2d>(site, &FIELDS, conv_2d::FUSED_ACTIVATION, (outputs, 0), weights)
}

/// Lowers a depthwise convolution: weights `[1][row][column][output]`.
///
/// The packed model keeps the order of the file, in both weight layouts.
pub(super) fn depthwise(site: &mut Site<'_, '_>) -> Result<DraftOp, ImportError> {
    const FIELDS: Fields = Fields {
        padding: depthwise_conv_2d::PADDING,
        stride: [depthwise_conv_2d::STRIDE_H, depthwise_conv_2d::STRIDE_W],
        dilation: Some([depthwise_conv_2d::DILATION_H, depthwise_conv_2d::DILATION_W]),
    };
    let parts = Parts::read(site, options::DEPTHWISE_CONV_2D, 3)?;
    let &[kernels, _, _, outputs] = &*parts.weights.dims else { return Err(site.not_supported()) };
    let [_, _, channels] = parts.image;
    let stated = parts.options.i32(depthwise_conv_2d::DEPTH_MULTIPLIER, 0)?;
    let multiplier = outputs / channels;
    let agrees = stated == 0 || u32::try_from(stated) == Ok(multiplier);
    let multiplier = u16::try_from(multiplier).ok().filter(|&multiplier| {
        kernels == 1 && agrees && u32::from(multiplier).checked_mul(channels) == Some(outputs)
    });
    let multiplier = multiplier.ok_or_else(|| {
        let (input, output) = (channels as usize, outputs as usize);
        site.fault(OperatorFault::DepthMultiplier { input, output, stated })
    })?;
    let fused = depthwise_conv_2d::FUSED_ACTIVATION;
    let weights = |values, _| Constant::Weights(values);
    parts.finish::<DepthwiseConv2d>(site, &FIELDS, fused, (outputs, multiplier), weights)
}

/// What both kinds read in the same way.
struct Parts<'f> {
    input: Value,
    /// Height, width and channels of the input.
    image: [u32; 3],
    weights: Weights<'f>,
    options: Options<'f>,
}

impl<'f> Parts<'f> {
    fn read(
        site: &mut Site<'_, 'f>,
        options: u8,
        output_dimension: usize,
    ) -> Result<Self, ImportError> {
        site.arity(2, 3)?;
        let input = site.input(0, "input")?;
        let image = site.image(&input, "input")?;
        let weights = dot::weights(site, 4, output_dimension)?;
        weights.symmetric(site)?;
        Ok(Self { input, image, weights, options: site.options(options)? })
    }

    fn finish<O: HasKind<Body = DotBody>>(
        self,
        site: &mut Site<'_, '_>,
        fields: &Fields,
        fused: Field,
        (outputs, depth_multiplier): (u32, u16),
        weights: impl FnOnce(Vec<i8>, Terms) -> Constant,
    ) -> Result<DraftOp, ImportError> {
        let kernel = [
            window::cells(site, "filter height", self.weights.dims[1].into())?,
            window::cells(site, "filter width", self.weights.dims[2].into())?,
        ];
        let [height, width, channels] = self.image;
        let (window, [rows, columns]) =
            window::window(site, &self.options, fields, kernel, [height, width])?;
        let output = site.output()?;
        site.shape(&output, &[1, rows, columns, outputs])?;
        let activation = site.activation(&self.options, fused, &output.tensor)?;
        let (bias, _) = dot::bias(site, outputs as usize)?;
        let (input_scale, output_scale) = (self.input.tensor.scale, output.tensor.scale);
        let scaling = dot::scaling(site, input_scale, &self.weights, output_scale)?;
        let body = DotBody {
            window,
            activation_min: activation.min,
            activation_max: activation.max,
            depth_multiplier,
            scale_count: scaling.multiplier.len() as u32,
            outputs,
            weight_zero_point: 0,
        };
        let row_terms = usize::from(kernel[1]) * channels as usize;
        let weights = weights(self.weights.values, Terms { rows: kernel[0].into(), row_terms });
        let constants = constants(weights, &bias, &scaling.multiplier, &scaling.shift);
        let op = DraftOp::new::<O>(&body, &[self.input.place], &[output.place]);
        Ok(op.with_constants(constants))
    }
}
