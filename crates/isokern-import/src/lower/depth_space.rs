//! Lowers SPACE_TO_DEPTH and DEPTH_TO_SPACE: blocks of an image become channels, and back.
//!
//! `micro/kernels/space_to_depth.cc`, `depth_to_space.cc`.

use super::moved::{Boxes, Read, strides, whole};
use super::site::Site;
use crate::error::{CopyFault, ImportError};
use crate::graph::Element::{self, Float32, Int8};

const TYPES: [Element; 2] = [Float32, Int8];

/// Lowers SPACE_TO_DEPTH to one box, over `[image][row][column][row in block][column in
/// block][channel]`.
pub(super) fn lower_to_depth(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let (read, block) = image(site)?;
    let [images, height, width, depth] = sizes(&read.dims);
    for size in [height, width] {
        if size % block != 0 {
            return Err(site.copy_fault(CopyFault::Blocks { size, block }));
        }
    }
    let [image, row, column, channel] = sizes(&strides(&read.dims));
    let axes = [
        whole(images, image),
        whole(height / block, block * row),
        whole(width / block, block * column),
        whole(block, row),
        whole(block, column),
        whole(depth, channel),
    ];
    let mut boxes = Boxes::new(&axes.map(|axis| axis.size));
    boxes.add(0, 0, &axes);
    let Some(channels) = depth.checked_mul(block).and_then(|depth| depth.checked_mul(block)) else {
        return Err(site.copy_fault(CopyFault::Blocks { size: depth, block }));
    };
    boxes.write(site, 0, &[read], &[images, height / block, width / block, channels])
}

/// Lowers DEPTH_TO_SPACE to one box, over `[image][row of blocks][row in block][column of
/// blocks][column in block][channel]`.
pub(super) fn lower_to_space(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let (read, block) = image(site)?;
    let [images, height, width, depth] = sizes(&read.dims);
    let square = block.checked_mul(block).filter(|square| depth % square == 0);
    let Some(square) = square else {
        return Err(site.copy_fault(CopyFault::Blocks { size: depth, block }));
    };
    let channels = depth / square;
    let [image, row, column, _] = sizes(&strides(&read.dims));
    let axes = [
        whole(images, image),
        whole(height, row),
        whole(block, block * channels),
        whole(width, column),
        whole(block, channels),
        whole(channels, 1),
    ];
    let mut boxes = Boxes::new(&axes.map(|axis| axis.size));
    boxes.add(0, 0, &axes);
    boxes.write(site, 0, &[read], &[images, height * block, width * block, channels])
}

fn image<'s>(site: &mut Site<'s, '_>) -> Result<(Read<'s>, u32), ImportError> {
    site.arity(1..=1, 1..=1)?;
    let read = site.read(0, "input", &TYPES)?;
    read.rank(site, "input", (4, 4))?;
    // No larger block fits a tensor.
    let block = site.option::<i32>("block_size")?;
    let block = site.is_in("block_size", block.into(), 1, 1 << 15)?;
    Ok((read, block))
}

fn sizes(dims: &[u32]) -> [u32; 4] {
    dims.as_array().copied().unwrap_or([1; 4])
}
