//! Fully connected operators: eight outputs share an activation.

use isokern_core::Team;
use isokern_model::Memory;
use isokern_model::requant::Requant;
use isokern_model::tensor::Tensor;
use isokern_model::weights::Weights;

use super::{BlockMac, Places, store};
use crate::scale::{have_room, is_whole, limit};

/// Outputs that are computed at a time.
const OUTPUTS: usize = 8;

/// Runs the calling rank's share of a fully connected operator, or of a convolution whose one
/// window is its input; a tile is eight outputs of a row.
#[inline(never)]
pub(super) fn run<M: BlockMac, T: Team>(
    team: &T,
    (input, output): (&Tensor, &Tensor),
    (weights, requant): (&Weights<'_>, &Requant<'_>),
    memory: &Memory<'_>,
) {
    let (x, y) = (memory.view(input), memory.view(output));
    let (outputs, terms) = (weights.outputs.max(1), weights.terms.count());
    let has_room = have_room(requant, terms);
    let blocks = outputs.div_ceil(OUTPUTS);
    let mut sums = [[0; 4]; OUTPUTS];
    for tile in team.share(y.len() / outputs * blocks) {
        let (row, first) = (tile / blocks, tile % blocks * OUTPUTS);
        let count = OUTPUTS.min(outputs - first);
        let biases = requant.bias.get(first..).unwrap_or(&[]);
        for ([sum, ..], bias) in sums.iter_mut().zip(biases) {
            *sum = *bias;
        }
        let rows = weights.values.get(first * terms..).unwrap_or(&[]);
        let xs = x.window(row * terms, terms).as_slice();
        M::eight_rows(xs, input.zero_point(), (rows, terms, count - 1), &mut sums);
        let sums = sums.get(..count).unwrap_or(&[]);
        let places = Places { y, outputs, first: row, count: 1 };
        store::<M>(sums, (requant, has_room), first, &places);
        if !is_whole(requant.activation) {
            limit(y.window(row * outputs + first, count).as_slice(), requant.activation);
        }
    }
}
