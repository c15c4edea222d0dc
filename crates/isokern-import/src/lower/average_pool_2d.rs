//! Lowers AVERAGE_POOL_2D, means over windows.

use isokern_model::encode::{DraftOp, DraftTensor};
use isokern_model::operators::pool::{Pool, PoolBody};

use super::site::Site;
use super::window::{self, Fields};
use crate::error::{ImportError, OperatorFault};
use crate::schema::{options, pool_2d};

/// Lowers a mean over windows.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<DraftOp, ImportError> {
    const FIELDS: Fields = Fields {
        padding: pool_2d::PADDING,
        stride: [pool_2d::STRIDE_H, pool_2d::STRIDE_W],
        dilation: None,
    };
    site.arity(1, 1)?;
    let input = site.input(0, "input")?;
    let [height, width, channels] = site.image(&input, "input")?;
    let options = site.options(options::POOL_2D)?;
    let side = |field| options.i32(field, 0);
    let (filter_height, filter_width) = (pool_2d::FILTER_HEIGHT, pool_2d::FILTER_WIDTH);
    let kernel = [
        window::cells(site, filter_height.name(), side(filter_height)?.into())?,
        window::cells(site, filter_width.name(), side(filter_width)?.into())?,
    ];
    let (window, [rows, columns]) =
        window::window(site, &options, &FIELDS, kernel, [height, width])?;
    let output = site.output()?;
    site.shape(&output, &[1, rows, columns, channels])?;
    if !same_quantisation(&input.tensor, &output.tensor) {
        return Err(site.fault(OperatorFault::PoolQuantisation));
    }
    let activation = site.activation(&options, pool_2d::FUSED_ACTIVATION, &output.tensor)?;
    let body = PoolBody {
        window,
        activation_min: activation.min,
        activation_max: activation.max,
        reserved: 0,
    };
    Ok(DraftOp::new::<Pool>(&body, &[input.place], &[output.place]))
}

/// Whether TFLite Micro takes both for equal: `PoolingPrepare` in
/// `micro/kernels/pooling_common.cc` allows scales to differ by 10^-6.
fn same_quantisation(a: &DraftTensor, b: &DraftTensor) -> bool {
    let difference = (f64::from(a.scale) - f64::from(b.scale)).abs();
    difference <= 1.0e-6 && a.zero_point == b.zero_point
}
