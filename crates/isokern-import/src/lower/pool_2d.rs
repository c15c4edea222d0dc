//! Lowers AVERAGE_POOL_2D and MAX_POOL_2D, one value for the cells of a window.

use isokern_model::encode::{DraftOp, DraftTensor};
use isokern_model::operators::pool::{Pool, PoolBody, Pooling};

use super::site::Site;
use super::window::{self, WindowOptions};
use crate::error::{ImportError, OperatorFault};

const FILTER: [&str; 2] = ["filter_height", "filter_width"];

/// Lowers a mean over windows.
pub(super) fn lower_average(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, Pooling::Average)
}

/// Lowers the greatest value over windows.
pub(super) fn lower_max(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, Pooling::Max)
}

fn lower(site: &mut Site<'_, '_>, operation: Pooling) -> Result<(), ImportError> {
    site.arity(1..=1, 1..=1)?;
    let input = site.input(0, "input")?;
    let [images, height, width, channels] = site.images(&input, "input")?;
    let options = Options::read(site)?;
    let kernel = window::cells_pair(site, FILTER, options.filter)?;
    let (window, [rows, columns]) = window::window(site, &options.window, kernel, [height, width])?;
    let output = site.output()?;
    site.shape(&output, &[images, rows, columns, channels])?;
    if !same_quantisation(&input.tensor, &output.tensor) {
        return Err(site.fault(OperatorFault::PoolQuantisation));
    }
    let activation = site.activation(options.fused, &output.tensor)?;
    let body = PoolBody {
        window,
        activation_min: activation.min,
        activation_max: activation.max,
        operation: operation.code(),
        reserved: 0,
    };
    site.emit(DraftOp::new::<Pool>(&body, &[input.place], &[output.place]));
    Ok(())
}

struct Options {
    /// Height first.
    filter: [i32; 2],
    window: WindowOptions,
    fused: u8,
}

impl Options {
    fn read(site: &Site<'_, '_>) -> Result<Self, ImportError> {
        Ok(Self {
            filter: window::option_pair(site, FILTER)?,
            window: WindowOptions::dense(site)?,
            fused: site.fused_activation()?,
        })
    }
}

/// Returns whether TFLite Micro takes both for equal: `PoolingPrepare` in
/// `micro/kernels/pooling_common.cc` allows scales to differ by 10^-6.
fn same_quantisation(a: &DraftTensor, b: &DraftTensor) -> bool {
    f64::from((a.scale - b.scale).abs()) <= 1.0e-6 && a.zero_point == b.zero_point
}
