//! Counts of the operators with weights.

use isokern_model::geometry::Window;
use isokern_model::layout::BLOCK_OUTPUTS;

use super::inside::Inside;
use super::report::OperatorReport;
use super::terms::{Sizes, Terms, name};

/// Terms of a pass of a convolution, and outputs whose sums it keeps.
const PASS_TERMS: usize = 192;
const PASS_OUTPUTS: u64 = 16;
/// Cells of a tile of a depthwise convolution, and kernel cells at most.
const TILE_CELLS: usize = 152;
const TAPS_MAX: usize = 25;
/// Terms of a patch of a dense operator, and outputs whose sums it keeps.
const PATCH_TERMS: u64 = 384;
const PATCH_OUTPUTS: u64 = 64;

/// Two positions by two outputs by four terms at a time.
pub(super) fn convolution(
    report: &OperatorReport,
    sizes: &Sizes,
    window: &Window,
    inside: &Inside,
) -> Terms {
    let kernel = [window.rows().kernel, window.columns().kernel];
    let terms = report.weights.as_ref().map_or(0, |weights| weights.terms);
    let channels = sizes.input_channels;
    if terms != kernel[0] as u64 * kernel[1] as u64 * channels {
        return plain("CONV_2D groups", report, sizes);
    }
    let (passes, groups) = passes(kernel[0], kernel[1] * channels as usize);
    let pairs = sizes.positions.div_ceil(2);
    let blocks = sizes.channels.div_ceil(PASS_OUTPUTS);
    // A window of several passes is gathered anew for each block of outputs.
    let times = if passes == 1 { 1 } else { blocks };
    let gathers = 2 * pairs * times;
    let padded = sizes.positions.saturating_sub(inside.windows) * times;
    let in_groups = channels.is_multiple_of(4);
    let when = |is_so: bool, count: u64| if is_so { count } else { 0 };
    let counts = vec![
        ("group of products", pairs * sizes.channels.div_ceil(2) * groups),
        ("output", 2 * pairs * sizes.channels),
        ("block in a pass", pairs * blocks * passes),
        ("group gathered", when(in_groups, inside.cells * channels / 4 * times)),
        ("group cleared", when(in_groups, padded * groups)),
        ("byte gathered", when(!in_groups, inside.cells * channels * times)),
        ("group of bytes", when(!in_groups, gathers * groups)),
        ("pass of a position", gathers * passes),
        ("kernel row", inside.runs * times),
        ("limit", sizes.limited),
        ("call", 1),
    ];
    Terms { class: name(report), counts }
}

/// Four channels of a row of positions at a time, two kernel cells each.
pub(super) fn depthwise(
    report: &OperatorReport,
    sizes: &Sizes,
    window: &Window,
    inside: &Inside,
) -> Terms {
    let axes = [window.rows(), window.columns()];
    let ([rows, columns], extent) = (axes.map(|axis| axis.kernel), axes.map(|axis| axis.extent()));
    let takes = report.depth_multiplier == Some(1)
        && sizes.channels >= 4
        && rows * columns <= TAPS_MAX
        && extent[0] * extent[1] <= TILE_CELLS;
    if !takes {
        return plain_depthwise(report, sizes, inside);
    }
    let [images, height, width] = inside.places;
    let (height, width) = (height as usize, width as usize);
    let most = |cells: usize, axis: usize, len: usize| {
        (1 + cells.saturating_sub(extent[axis]) / axes[axis].stride.max(1)).min(len).max(1)
    };
    let tile_width = most(TILE_CELLS / extent[0], 1, width);
    let tile_columns = (tile_width - 1) * axes[1].stride + extent[1];
    let tile_height = most(TILE_CELLS / tile_columns, 0, height);
    let across = width.div_ceil(tile_width);
    let down = height.div_ceil(tile_height);
    // Rows of the input in all tiles, above each other.
    let lines = (height - down) * axes[0].stride + down * extent[0];
    let blocks = sizes.channels.div_ceil(4) * u64::from(images);
    let times = |count: usize| blocks * count as u64;
    let counts = vec![
        ("pair of cells", times(height * width * (rows * columns).div_ceil(2))),
        ("four outputs", times(height * width)),
        ("cell of a tile", times(lines * across * tile_columns)),
        ("line of a tile", times(lines * across)),
        ("row of outputs", times(height * across)),
        ("tile", times(down * across)),
        ("four weights", times(rows * columns)),
        ("limit", sizes.limited),
        ("four channels", blocks),
        ("call", 1),
    ];
    Terms { class: name(report), counts }
}

/// Four outputs by four terms at a time.
pub(super) fn dense(report: &OperatorReport, sizes: &Sizes) -> Terms {
    let (terms, zero_point) =
        report.weights.as_ref().map_or((0, 0), |weights| (weights.terms, weights.zero_point));
    if zero_point != 0 {
        return plain("FULLY_CONNECTED plain", report, sizes);
    }
    let (rows, outputs) = (sizes.positions, sizes.channels);
    let blocks = rows * outputs.div_ceil(PATCH_OUTPUTS);
    let patches = terms.div_ceil(PATCH_TERMS);
    let counts = vec![
        ("group of products", rows * (outputs / 4) * terms.div_ceil(4)),
        ("single product", rows * (outputs % 4) * terms),
        ("output", sizes.elements),
        ("term gathered", blocks * terms),
        ("patch", blocks * patches),
        ("four outputs in a patch", rows * (outputs / 4) * patches),
        ("limit", sizes.limited),
        ("call", 1),
    ];
    Terms { class: name(report), counts }
}

/// One product at a time, of the cells inside the image and up to 16 channels.
fn plain_depthwise(report: &OperatorReport, sizes: &Sizes, inside: &Inside) -> Terms {
    let blocks = sizes.channels.div_ceil(BLOCK_OUTPUTS as u64);
    let products = inside.cells * sizes.channels;
    // With one channel for each of the input they are read side by side.
    let is_alone = report.depth_multiplier == Some(1);
    let counts = vec![
        (if is_alone { "product" } else { "product of a channel used again" }, products),
        ("output", sizes.elements),
        ("cell of a block", inside.cells * blocks),
        ("kernel row of a block", inside.rows * blocks),
        ("block", sizes.positions * blocks),
        ("call", 1),
    ];
    Terms { class: "DEPTHWISE plain".to_owned(), counts }
}

/// The loops for any operator: one product at a time.
fn plain(class: &str, report: &OperatorReport, sizes: &Sizes) -> Terms {
    let cells = report.window.as_ref().map_or(0, |window| window.kernel[0] * window.kernel[1]);
    let rows = report.window.as_ref().map_or(0, |window| window.kernel[0]);
    let counts = vec![
        ("product", report.macs),
        ("output", sizes.elements),
        ("kernel row of an output", sizes.elements * rows as u64),
        ("cell in a window", sizes.positions * cells as u64),
        ("position", sizes.positions),
        ("call", 1),
    ];
    Terms { class: class.to_owned(), counts }
}

/// Returns how many passes the terms of a window take, and how many groups of four these have.
fn passes(rows: usize, row_terms: usize) -> (u64, u64) {
    let row_terms = row_terms.max(1);
    let pieces = row_terms.div_ceil(PASS_TERMS).max(1);
    let piece = row_terms.div_ceil(pieces).next_multiple_of(4).min(row_terms);
    let rows_each = (PASS_TERMS / row_terms).max(1);
    let (mut passes, mut groups) = (0, 0);
    for first in (0..rows).step_by(rows_each) {
        let rows = rows_each.min(rows - first);
        for start in (0..row_terms).step_by(piece) {
            passes += 1;
            groups += (rows * piece.min(row_terms - start)).div_ceil(4) as u64;
        }
    }
    (passes, groups)
}
