//! The windows of convolutions and pools: options, padding and the shape that follows.

use isokern_model::geometry::{Axis, Window};

use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::flatbuffer::Field;
use crate::graph::Options;

/// The fields that describe a window in an options table.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) padding: Field,
    /// Height first, like all pairs here.
    pub(super) stride: [Field; 2],
    /// None where the operator has no dilation.
    pub(super) dilation: Option<[Field; 2]>,
}

/// The greatest extent, stride, dilation or padding that the packed format holds.
const CELLS_MAX: i64 = u16::MAX as i64;

/// The window over an image, with the height and width of the output that follow.
pub(super) fn window(
    site: &Site<'_, '_>,
    options: &Options<'_>,
    fields: &Fields,
    kernel: [u16; 2],
    image: [u32; 2],
) -> Result<(Window, [u32; 2]), ImportError> {
    let number = |field: Field, default: i32| -> Result<u16, ImportError> {
        cells(site, field.name(), options.i32(field, default)?.into())
    };
    let [stride_height, stride_width] = fields.stride;
    let stride = [number(stride_height, 0)?, number(stride_width, 0)?];
    let dilation = match fields.dilation {
        Some([height, width]) => [number(height, 1)?, number(width, 1)?],
        None => [1, 1],
    };
    let padding = options.u8(fields.padding)?;
    let axis = |axis: usize| -> Result<(u32, u16), ImportError> {
        let [kernel, stride, dilation] = [kernel, stride, dilation].map(|pair| pair[axis].into());
        let len = image[axis] as usize;
        let (outputs, pad) = match padding {
            0 => Axis::same(kernel, stride, dilation, len),
            1 => (Axis::valid(kernel, stride, dilation, len), 0),
            other => {
                let field = fields.padding.name();
                let fault = OperatorFault::Option { field, found: other.into(), least: 0, most: 1 };
                return Err(site.fault(fault));
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

/// A number of cells, above zero and within the format.
pub(super) fn cells(
    site: &Site<'_, '_>,
    field: &'static str,
    found: i64,
) -> Result<u16, ImportError> {
    let fault = OperatorFault::Option { field, found, least: 1, most: CELLS_MAX };
    let inside = u16::try_from(found).ok().filter(|&cells| cells > 0);
    inside.ok_or_else(|| site.fault(fault))
}
