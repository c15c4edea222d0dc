//! The windows of convolutions and pools: options, padding and the shape that follows.

use isokern_model::geometry::{Axis, Window};

use super::site::Site;
use crate::error::{ImportError, OperatorFault};

/// The options that all windows have, as the file states them; height first.
#[derive(Debug)]
pub(super) struct WindowOptions {
    stride: [i32; 2],
    dilation: [i32; 2],
    padding: u8,
}

/// The greatest extent, stride, dilation or padding that the packed format holds.
const CELLS_MAX: i64 = u16::MAX as i64;

const PADDING: &str = "padding";
const STRIDE: [&str; 2] = ["stride_h", "stride_w"];
const DILATION: [&str; 2] = ["dilation_h_factor", "dilation_w_factor"];

impl WindowOptions {
    /// Reads the options of an operator that has no dilation.
    pub(super) fn dense(site: &Site<'_, '_>) -> Result<Self, ImportError> {
        let stride = option_pair(site, STRIDE)?;
        Ok(Self { stride, dilation: [1, 1], padding: site.option(PADDING)? })
    }

    /// Reads the options of an operator with dilation.
    pub(super) fn dilated(site: &Site<'_, '_>) -> Result<Self, ImportError> {
        let (stride, dilation) = (option_pair(site, STRIDE)?, option_pair(site, DILATION)?);
        Ok(Self { stride, dilation, padding: site.option(PADDING)? })
    }
}

/// Returns the window over an image, with the height and width of the output that follow.
pub(super) fn window(
    site: &Site<'_, '_>,
    options: &WindowOptions,
    kernel: [u16; 2],
    image: [u32; 2],
) -> Result<(Window, [u32; 2]), ImportError> {
    let stride = cells_pair(site, STRIDE, options.stride)?;
    let dilation = cells_pair(site, DILATION, options.dilation)?;
    let axis = |axis: usize| -> Result<(u32, u16), ImportError> {
        let [kernel, stride, dilation] = [kernel, stride, dilation].map(|pair| pair[axis].into());
        let len = image[axis] as usize;
        let (outputs, pad) = match options.padding {
            0 => Axis::same(kernel, stride, dilation, len),
            1 => (Axis::valid(kernel, stride, dilation, len), 0),
            other => {
                let (field, found) = (PADDING, other.into());
                return Err(site.fault(OperatorFault::Option { field, found, least: 0, most: 1 }));
            }
        };
        let pad = u16::try_from(pad).map_err(|_| {
            let found = pad as i64;
            let field = "padding in front";
            site.fault(OperatorFault::Option { field, found, least: 0, most: CELLS_MAX })
        })?;
        // Never more outputs than cells, of which there are at most 2^31.
        Ok((outputs as u32, pad))
    };
    let ((rows, pad_top), (columns, pad_left)) = (axis(0)?, axis(1)?);
    let window = Window {
        kernel_height: kernel[0],
        kernel_width: kernel[1],
        stride_height: stride[0],
        stride_width: stride[1],
        dilation_height: dilation[0],
        dilation_width: dilation[1],
        pad_top,
        pad_left,
    };
    Ok((window, [rows, columns]))
}

/// Returns two options of numbers, height first.
pub(super) fn option_pair(
    site: &Site<'_, '_>,
    [height, width]: [&'static str; 2],
) -> Result<[i32; 2], ImportError> {
    Ok([site.option(height)?, site.option(width)?])
}

/// Returns numbers of cells of both axes.
pub(super) fn cells_pair(
    site: &Site<'_, '_>,
    [height, width]: [&'static str; 2],
    found: [i32; 2],
) -> Result<[u16; 2], ImportError> {
    Ok([cells(site, height, found[0].into())?, cells(site, width, found[1].into())?])
}

/// Returns a number of cells, above zero and within the format.
pub(super) fn cells(
    site: &Site<'_, '_>,
    field: &'static str,
    found: i64,
) -> Result<u16, ImportError> {
    let fault = OperatorFault::Option { field, found, least: 1, most: CELLS_MAX };
    let inside = u16::try_from(found).ok().filter(|&cells| cells > 0);
    inside.ok_or_else(|| site.fault(fault))
}
