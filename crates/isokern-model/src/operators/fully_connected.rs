//! Fully connected: rows times a matrix.

use core::cell::Cell;
use core::ops::RangeInclusive;

use crate::memory::Memory;
use isokern_core::Team;

use crate::geometry::Window;
use crate::layout::{BLOCK_OUTPUTS, Terms};
use crate::loops::Loops;
use crate::operator::{Check, Cost, Operator, Outline, require};
use crate::operators::dot::dot;
use crate::operators::dot_body::{DotBody, outline};
use crate::requant::{Requant, requantise};
use crate::site::OperatorSite;
use crate::tensor::Tensor;
use crate::weights::{StoredWeights, Weights};

/// The kind of fully connected operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FullyConnected;

/// The product of rows with a matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FullyConnectedView<'m> {
    /// Rows of `weights.terms.row_terms` values.
    pub input: Tensor,
    /// As many rows of `weights.outputs` values.
    pub output: Tensor,
    /// One dot product per unit.
    pub weights: Weights<'m>,
    /// Quantised weight that represents real zero.
    pub weight_zero_point: i32,
    /// Bias and scales.
    pub requant: Requant<'m>,
}

impl Operator for FullyConnected {
    type Body = DotBody;
    type View<'m> = FullyConnectedView<'m>;
    const INPUTS: RangeInclusive<usize> = 1..=1;

    #[inline(never)] // A stack frame of its own: one view at a time is built on firmware's stack.
    fn view<'m>(site: &OperatorSite<'m>, body: &DotBody) -> FullyConnectedView<'m> {
        let (input, output) = (site.input(0), site.output(0));
        let row_terms = input.bytes() / rows(&output, body.outputs).max(1);
        FullyConnectedView {
            input,
            output,
            weights: body.weights(site, Terms { rows: 1, row_terms }),
            weight_zero_point: body.weight_zero_point,
            requant: body.requant(site, &output),
        }
    }

    fn check(site: &OperatorSite<'_>, body: &DotBody, view: &FullyConnectedView<'_>) -> Check {
        require(body.window == Window::default(), "window")?;
        require(body.depth_multiplier == 0, "depth_multiplier")?;
        require(view.output.depth() == view.weights.outputs, "outputs")?;
        let rows = rows(&view.output, body.outputs);
        let expected = view.weights.terms.row_terms.saturating_mul(rows);
        require(expected == view.input.bytes(), "input")?;
        require(i8::try_from(view.weight_zero_point).is_ok(), "weight_zero_point")?;
        body.check_requant(site, false)?;
        body.check_weights(site, &view.weights)
    }

    fn cost(view: &FullyConnectedView<'_>) -> Cost {
        let terms = view.weights.terms.count();
        Cost::of_dots(&view.output, terms, view.weights.values.len())
    }

    /// Runs the calling rank's share of a fully connected operator.
    ///
    /// For each row and output `o`, `acc = bias[o] + sum of (w[o][k] - w_zero_point) *
    /// (x[k] - x_zero_point)`, then [`requantise`]. Source: TensorFlow Lite
    /// `kernels/internal/reference/integer_ops/fully_connected.h`, the overload with
    /// integer multipliers.
    ///
    /// A tile is 16 outputs of one row.
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &FullyConnectedView<'_>, memory: &Memory<'_>) {
        let (outputs, terms) = (op.weights.outputs.max(1), op.weights.terms.row_terms);
        let (x, y) = (memory.view(&op.input), memory.view(&op.output));
        let blocks = outputs.div_ceil(BLOCK_OUTPUTS);
        for tile_index in team.share(y.len() / outputs * blocks) {
            let row = tile_index / blocks;
            let first_output = tile_index % blocks * BLOCK_OUTPUTS;
            let xs = x.window(row * terms, terms).as_slice();
            let offset = weight_offset(op, xs);
            for output in first_output..outputs.min(first_output + BLOCK_OUTPUTS) {
                let bias = op.requant.bias.get(output).copied().unwrap_or(0);
                let sum = dot(&op.weights, output, (0, 0), xs, op.input.zero_point());
                let accumulator = bias.wrapping_add(sum).wrapping_sub(offset);
                y.set(row * outputs + output, requantise(&op.requant, output, accumulator));
            }
        }
    }

    #[inline]
    fn run_with<T: Team, L: Loops>(
        team: &T,
        loops: &L,
        view: &FullyConnectedView<'_>,
        memory: &Memory<'_>,
    ) {
        loops.fully_connected(team, view, memory);
    }

    fn weights<'m>(view: &Self::View<'m>) -> StoredWeights<'m> {
        StoredWeights::ByLayout(view.weights)
    }

    fn outline(view: &FullyConnectedView<'_>) -> Outline {
        let terms = view.weights.terms.count();
        Outline {
            activation: Some(view.requant.activation),
            dots: Some(outline(&view.requant, terms, view.weight_zero_point)),
            ..Outline::default()
        }
    }
}

/// Returns the number of rows of the output.
const fn rows(output: &Tensor, outputs: u32) -> usize {
    let outputs = if outputs == 0 { 1 } else { outputs as usize };
    output.bytes() / outputs
}

/// Returns what a weight zero point other than 0 subtracts from every output of a row.
#[inline(always)]
fn weight_offset(op: &FullyConnectedView<'_>, xs: &[Cell<i8>]) -> i32 {
    if op.weight_zero_point == 0 {
        return 0;
    }
    let zero_point = op.input.zero_point();
    let total = xs.iter().fold(0_i32, |sum, x| sum.wrapping_add(i32::from(x.get()) - zero_point));
    total.wrapping_mul(op.weight_zero_point)
}
