//! What both convolutions read and write in the same way.

use isokern_model::encode::{Constant, DraftOp};
use isokern_model::layout::Terms;
use isokern_model::operators::HasKind;
use isokern_model::operators::dot_body::{DotBody, constants};

use super::dot::{self, Weights};
use super::operand::Value;
use super::site::Site;
use super::window::{self, WindowOptions};
use crate::error::ImportError;

/// What both operators read in the same way.
pub(super) struct Parts<'s> {
    input: Value,
    /// Images of the input, their height, width and channels.
    pub(super) images: [u32; 4],
    pub(super) weights: Weights<'s, 4>,
    window: WindowOptions,
    fused: u8,
}

/// How the output's channels come from those of the input.
pub(super) struct Channels {
    pub(super) outputs: u32,
    pub(super) depth_multiplier: u16,
    /// Groups of channels, or 0.
    pub(super) groups: u16,
}

impl<'s> Parts<'s> {
    /// Reads input, weights with outputs along `output_dimension`, and options.
    pub(super) fn read(
        site: &mut Site<'s, '_>,
        output_dimension: usize,
    ) -> Result<Self, ImportError> {
        site.arity(2..=3, 1..=1)?;
        let input = site.input(0, "input")?;
        let images = site.images(&input, "input")?;
        let weights = dot::weights(site, output_dimension)?;
        weights.symmetric(site)?;
        let window = WindowOptions::dilated(site)?;
        Ok(Self { input, images, weights, window, fused: site.fused_activation()? })
    }

    /// Lowers to an operator with dot products of a window.
    pub(super) fn finish<O: HasKind<Body = DotBody>>(
        self,
        site: &mut Site<'_, '_>,
        Channels { outputs, depth_multiplier, groups }: Channels,
        weights: impl FnOnce(Vec<i8>, Terms) -> Constant,
    ) -> Result<(), ImportError> {
        let kernel = [
            window::cells(site, "filter height", self.weights.dims[1].into())?,
            window::cells(site, "filter width", self.weights.dims[2].into())?,
        ];
        let [images, height, width, channels] = self.images;
        let (window, [rows, columns]) =
            window::window(site, &self.window, kernel, [height, width])?;
        let output = site.output()?;
        site.shape(&output, &[images, rows, columns, outputs])?;
        let activation = site.activation(self.fused, &output.tensor)?;
        let (bias, _) = dot::bias(site, outputs as usize)?;
        let (input_scale, output_scale) = (self.input.tensor.scale, output.tensor.scale);
        let scaling = dot::scaling(site, input_scale, &self.weights.scales, output_scale)?;
        let body = DotBody {
            window,
            activation_min: activation.min,
            activation_max: activation.max,
            depth_multiplier,
            scale_count: scaling.multiplier.len() as u32,
            outputs,
            weight_zero_point: 0,
            groups,
            reserved: 0,
        };
        let depth = channels / u32::from(groups.max(1));
        let row_terms = usize::from(kernel[1]) * depth as usize;
        let weights = weights(self.weights.values, Terms { rows: kernel[0].into(), row_terms });
        let constants = constants(weights, &bias, &scaling.multiplier, &scaling.shift);
        let op = DraftOp::new::<O>(&body, &[self.input.place], &[output.place]);
        site.emit(op.with_constants(constants));
        Ok(())
    }
}
