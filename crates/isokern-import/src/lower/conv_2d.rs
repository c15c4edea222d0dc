//! Lowers CONV_2D, dot products with the cells of a window.

use isokern_model::encode::Constant;
use isokern_model::operators::conv2d::Conv2d;

use super::convolution::Parts;
use super::site::Site;
use crate::error::{ImportError, OperatorFault};

/// Lowers a convolution: weights `[output][row][column][input]`.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let parts = Parts::read(site, 0)?;
    let [outputs, _, _, filter] = parts.weights.dims;
    let [.., channels] = parts.images;
    if filter != channels {
        let (filter, input) = (filter as usize, channels as usize);
        return Err(site.fault(OperatorFault::Grouped { filter, input }));
    }
    let weights = |values, terms| Constant::Dots { values, outputs: outputs as usize, terms };
    parts.finish::<Conv2d>(site, (outputs, 0), weights)
}
