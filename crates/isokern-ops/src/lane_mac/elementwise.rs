//! Fully connected operators and additions.

use core::cell::Cell;

use isokern_core::Team;
use isokern_model::Memory;
use isokern_model::operators::add::AddView;
use isokern_model::operators::fully_connected::FullyConnectedView;

use super::{FourScales, LANES, LaneMac, Outputs, Sums};

const TILE_ELEMENTS: usize = 256;

/// Runs the calling rank's share of a fully connected operator; a tile is four outputs of one row.
#[inline(never)]
pub(super) fn fully_connected<D: LaneMac, T: Team>(
    team: &T,
    op: &FullyConnectedView<'_>,
    memory: &Memory<'_>,
) {
    let (x, y) = (memory.view(&op.input), memory.view(&op.output));
    let (outputs, terms) = (op.weights.outputs, op.weights.terms.count());
    // One scale for all outputs is the same in every group.
    let scales = FourScales::of(&op.requant, 0);
    let groups = outputs / LANES;
    for index in team.share((y.len() / outputs.max(1)) * groups) {
        let (row, group) = (index / groups.max(1), index % groups.max(1));
        let xs = x.window(row * terms, terms).as_slice();
        let ys = y.window(row * outputs, outputs).as_slice();
        four::<D>(op, &scales, (xs, ys), group * LANES);
        if group + 1 == groups && outputs % LANES != 0 {
            // The last four are some of those before as well, which no other rank computes.
            four::<D>(op, &scales, (xs, ys), outputs - LANES);
        }
    }
}

/// Computes four outputs.
#[inline(never)] // Twice in the code above.
fn four<D: LaneMac>(
    op: &FullyConnectedView<'_>,
    scales: &FourScales,
    (xs, ys): (&[Cell<i8>], &[Cell<i8>]),
    first: usize,
) {
    let bias = op.requant.bias.get(first..).and_then(|bias| bias.first_chunk());
    let ys = ys.get(first..).and_then(|ys| ys.first_chunk());
    let (Some(bias), Some(ys)) = (bias, ys) else { return };
    let own;
    let scales = if op.requant.multiplier.len() == 1 {
        scales
    } else {
        own = FourScales::of(&op.requant, first);
        &own
    };
    D::outputs(&Outputs {
        bias,
        scales,
        xs,
        x_zero_point: op.input.zero_point(),
        ws: op.weights.values.get(first * xs.len()..).unwrap_or(&[]),
        ys,
        zero_point: op.requant.zero_point,
        activation: op.requant.activation,
    });
}

/// Runs the calling rank's share of an addition; a tile is 256 elements.
#[inline(never)]
pub(super) fn add<D: LaneMac, T: Team>(team: &T, op: &AddView, memory: &Memory<'_>) {
    let (a, b, y) = (memory.view(&op.input_a), memory.view(&op.input_b), memory.view(&op.output));
    for tile in team.share(y.len().div_ceil(TILE_ELEMENTS)) {
        let first = tile * TILE_ELEMENTS;
        let len = TILE_ELEMENTS.min(y.len().saturating_sub(first));
        let [a, b, y] = [a, b, y].map(|cells| cells.window(first, len).as_slice());
        D::sums(&Sums { a, b, y, scales: &op.scales });
    }
}
