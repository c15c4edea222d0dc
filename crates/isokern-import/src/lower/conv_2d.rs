//! Lowers CONV_2D, dot products with the cells of a window.

use isokern_model::encode::{Constant, DraftOp};
use isokern_model::operators::conv2d::Conv2d;

use super::convolution::Parts;
use super::site::Site;
use super::window::Fields;
use crate::error::{ImportError, OperatorFault};
use crate::schema::{conv_2d, options};

/// Lowers a convolution: weights `[output][row][column][input]`.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<DraftOp, ImportError> {
    const FIELDS: Fields = Fields {
        padding: conv_2d::PADDING,
        stride: [conv_2d::STRIDE_H, conv_2d::STRIDE_W],
        dilation: Some([conv_2d::DILATION_H, conv_2d::DILATION_W]),
    };
    let parts = Parts::read(site, options::CONV_2D, 0)?;
    let [outputs, _, _, filter] = parts.weights.dims;
    let [_, _, channels] = parts.image;
    if filter != channels {
        let (filter, input) = (filter as usize, channels as usize);
        return Err(site.fault(OperatorFault::Grouped { filter, input }));
    }
    let weights = |values, terms| Constant::Dots { values, outputs: outputs as usize, terms };
    parts.finish::<Conv2d>(site, &FIELDS, conv_2d::FUSED_ACTIVATION, (outputs, 0), weights)
}
