//! Fully connected operators: four outputs share an activation.

use isokern_core::Team;
use isokern_model::Memory;
use isokern_model::operators::fully_connected::FullyConnectedView;

use super::SingleMac;
use crate::scale::{Scale, is_whole, limit};

/// Outputs that are computed at a time.
const OUTPUTS: usize = 4;

/// Runs the calling rank's share of a fully connected operator; a tile is four outputs of a row.
#[inline(never)]
pub(super) fn run<M: SingleMac, T: Team>(
    team: &T,
    op: &FullyConnectedView<'_>,
    memory: &Memory<'_>,
) {
    let (outputs, terms) = (op.weights.outputs.max(1), op.weights.terms.row_terms);
    let (x, y) = (memory.view(&op.input), memory.view(&op.output));
    let blocks = outputs.div_ceil(OUTPUTS);
    for tile in team.share(y.len() / outputs * blocks) {
        let (row, first) = (tile / blocks, tile % blocks * OUTPUTS);
        let xs = x.window(row * terms, terms).as_slice();
        let count = OUTPUTS.min(outputs - first);
        // Fewer than four are computed one by one.
        let (step, stride) = if count == OUTPUTS { (OUTPUTS, terms) } else { (1, 0) };
        for output in (first..first + count).step_by(step) {
            let rows = op.weights.values.get(output * terms..).unwrap_or(&[]);
            let mut sums = [0; OUTPUTS];
            let biases = op.requant.bias.get(output..).unwrap_or(&[]);
            for (sum, bias) in sums.iter_mut().zip(biases) {
                *sum = *bias;
            }
            let sums = M::four_rows(xs, op.input.zero_point(), rows, stride, sums);
            let cells = y.window(row * outputs + output, step).as_slice();
            for (output, (cell, sum)) in (output..).zip(cells.iter().zip(sums)) {
                let scale = Scale::of(&op.requant, output);
                cell.set(M::requantised_wide(sum, scale, op.requant.zero_point));
            }
            if !is_whole(op.requant.activation) {
                limit(cells, op.requant.activation);
            }
        }
    }
}
