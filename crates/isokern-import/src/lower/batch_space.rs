//! Lowers SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: each place of a block becomes images of their
//! own, and back.
//!
//! `micro/kernels/space_to_batch_nd.cc`, `batch_to_space_nd.cc`. TFLite Micro pads with a value
//! that nobody sets, whatever its memory held; here it is real zero, as in LiteRT.

use isokern_model::encode::MoveError;
use isokern_model::operators::moves::PIECES_MAX;

use super::moved::{Boxes, PieceAxis, Read, strides, whole};
use super::site::Site;
use crate::error::{CopyFault, ImportError};
use crate::graph::Element::{self, Float32, Int8, Int32};

const TYPES: [Element; 2] = [Float32, Int8];

/// A tensor of images, and what blocks do to it; one dimension in three is one column.
struct Blocks<'s> {
    read: Read<'s>,
    /// Images, rows, columns, channels.
    dims: [u32; 4],
    /// Rows and columns of a block.
    block: [u32; 2],
    /// What is added or cut off, before and after rows and columns.
    margins: [[u32; 2]; 2],
}

impl<'s> Blocks<'s> {
    fn read(site: &mut Site<'s, '_>, margin: &'static str) -> Result<Self, ImportError> {
        site.arity(3..=3, 1..=1)?;
        let read = site.read(0, "input", &TYPES)?;
        let rank = read.rank(site, "input", (3, 4))?;
        let dims = match *read.dims.as_slice() {
            [images, height, depth] => [images, height, 1, depth],
            [images, height, width, depth] => [images, height, width, depth],
            _ => [1; 4],
        };
        site.constant_of(1, "block shape", &[Int32])?;
        site.constant_of(2, margin, &[Int32])?;
        let stated = site.integers_for(1, "block shape", rank - 2)?;
        let listed = site.integers_for(2, margin, 2 * (rank - 2))?;
        let (mut block, mut margins) = ([1; 2], [[0; 2]; 2]);
        for (size, &found) in block.iter_mut().zip(&stated) {
            *size = site.is_in("block shape", found, 1, 1 << 14)?;
        }
        for (size, &found) in margins.as_flattened_mut().iter_mut().zip(&listed) {
            *size = site.is_in(margin, found, 0, 1 << 28)?;
        }
        Ok(Self { read, dims, block, margins })
    }

    /// Returns the shape of an output of these images, in as many dimensions as the input has.
    fn shape(&self, [images, height, width, depth]: [u32; 4]) -> Vec<u32> {
        if self.read.dims.len() == 4 {
            vec![images, height, width, depth]
        } else {
            vec![images, height, depth]
        }
    }
}

/// Lowers SPACE_TO_BATCH_ND, over `[row in block][column in block][image][row][column][channel]`.
pub(super) fn lower_to_batch(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let blocks = Blocks::read(site, "paddings")?;
    let ([images, _, _, depth], [rows, columns]) = (blocks.dims, blocks.block);
    let found = (rows * columns) as usize;
    if found > PIECES_MAX {
        return Err(site.copy_fault(CopyFault::Move(MoveError::Pieces { found })));
    }
    let mut sizes = [0; 2];
    for (place, size) in sizes.iter_mut().enumerate() {
        let padded = blocks.dims[place + 1] + blocks.margins[place].iter().sum::<u32>();
        let block = blocks.block[place];
        if padded % block != 0 {
            return Err(site.copy_fault(CopyFault::Blocks { size: padded, block }));
        }
        *size = padded / block;
    }
    let margin = blocks.read.real_zero(site)?;
    let view = [rows, columns, images, sizes[0], sizes[1], depth];
    let mut boxes = Boxes::new(&view);
    if blocks.margins == [[0; 2]; 2] {
        let [image, row, column, channel] = steps(&blocks.dims);
        let axes = [
            whole(rows, row),
            whole(columns, column),
            whole(images, image),
            whole(sizes[0], rows * row),
            whole(sizes[1], columns * column),
            whole(depth, channel),
        ];
        boxes.add(0, 0, &axes);
    } else {
        for row in 0..rows {
            for column in 0..columns {
                shifted(&mut boxes, &blocks, [row, column], sizes);
            }
        }
    }
    let shape = [rows.saturating_mul(columns).saturating_mul(images), sizes[0], sizes[1], depth];
    let shape = blocks.shape(shape);
    boxes.write(site, 0, &[blocks.read, margin], &shape)
}

/// Adds the boxes of the images of one place in a block: what is there, and what is padded.
fn shifted(boxes: &mut Boxes, blocks: &Blocks<'_>, shift: [u32; 2], sizes: [u32; 2]) {
    let [images, _, _, depth] = blocks.dims;
    let [image, row, column, _] = steps(&blocks.dims);
    // For rows and columns, the first place that is there, how many are, and the place of the
    // input that the first is.
    let inside = [0, 1].map(|place| {
        let (block, before, size) =
            (blocks.block[place], blocks.margins[place][0], blocks.dims[place + 1]);
        let first = before.saturating_sub(shift[place]).div_ceil(block).min(sizes[place]);
        let end = (before + size).saturating_sub(shift[place]).div_ceil(block).min(sizes[place]);
        let from = (first * block + shift[place]).saturating_sub(before);
        (first, end.saturating_sub(first), from)
    });
    let [(top, height, from_row), (left, width, from_column)] = inside;
    let mut add = |from, start, rows: PieceAxis, columns: PieceAxis, steps: [u32; 2]| {
        let block = [0, 1].map(|place| PieceAxis { first: shift[place], size: 1, stride: 0 });
        let [image, channel] = steps;
        let axes = [block[0], block[1], whole(images, image), rows, columns, whole(depth, channel)];
        boxes.add(from, start, &axes);
    };
    let axis = |first, size, stride: u32| PieceAxis { first, size, stride: stride.cast_signed() };
    let rows = axis(top, height, blocks.block[0] * row);
    let columns = axis(left, width, blocks.block[1] * column);
    add(0, from_row * row + from_column * column, rows, columns, [image, 1]);
    for (first, end) in [(0, top), (top + height, sizes[0])] {
        add(1, 0, axis(first, end - first, 0), axis(0, sizes[1], 0), [0; 2]);
    }
    for (first, end) in [(0, left), (left + width, sizes[1])] {
        add(1, 0, axis(top, height, 0), axis(first, end - first, 0), [0; 2]);
    }
}

/// Lowers BATCH_TO_SPACE_ND, over `[image][row of blocks][row in block][column of blocks][column in
/// block][channel]`; what is cut off comes after it.
pub(super) fn lower_to_space(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let blocks = Blocks::read(site, "crops")?;
    let ([all, height, width, depth], [rows, columns]) = (blocks.dims, blocks.block);
    let square = rows * columns;
    if all % square != 0 {
        return Err(site.copy_fault(CopyFault::Blocks { size: all, block: square }));
    }
    let images = all / square;
    let [image, row, column, channel] = steps(&blocks.dims);
    let axes = [
        whole(images, image),
        whole(height, row),
        whole(rows, columns * images * image),
        whole(width, column),
        whole(columns, images * image),
        whole(depth, channel),
    ];
    let mut boxes = Boxes::new(&axes.map(|axis| axis.size));
    boxes.add(0, 0, &axes);
    let [tall, wide] = [height * rows, width * columns];
    let [[top, bottom], [left, right]] = blocks.margins;
    if blocks.margins == [[0; 2]; 2] {
        let shape = blocks.shape([images, tall, wide, depth]);
        return boxes.write(site, 0, &[blocks.read], &shape);
    }
    let crop = |field, found: u32, most: u32| site.is_in(field, found.into(), 0, most.into());
    crop("crops", top + bottom, tall - 1)?;
    crop("crops", left + right, wide - 1)?;
    let dims = vec![images, tall, wide, depth];
    let cut = [images, tall - top - bottom, wide - left - right, depth];
    let shape = blocks.shape(cut);
    let read = boxes.write_temporary(site, &[blocks.read], &dims)?;
    let mut cropped = Boxes::new(&cut);
    let step = strides(&dims);
    let axes: Vec<PieceAxis> =
        cut.iter().zip(&step).map(|(&size, &step)| whole(size, step)).collect();
    cropped.add(0, top * step[1] + left * step[2], &axes);
    cropped.write(site, 0, &[read], &shape)
}

fn steps(dims: &[u32; 4]) -> [u32; 4] {
    strides(dims).as_slice().try_into().unwrap_or([1; 4])
}
