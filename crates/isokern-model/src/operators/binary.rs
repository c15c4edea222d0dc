//! Binary: one value of two, element by element, with operands that repeat.

use core::ops::RangeInclusive;

use bytemuck::{Pod, Zeroable};
use isokern_core::Team;

use crate::loops::Loops;
use crate::memory::Memory;
use crate::operator::{Check, Cost, Operator, Outline, require};
use crate::operators::broadcast::{Dims, Operand, check_dims, check_operands, operands};
use crate::requant::{Activation, PairScales};
use crate::site::OperatorSite;
use crate::tensor::Tensor;

pub use crate::operators::binary_operation::BinaryOperation;

/// Elements that one core computes at once: whole vectors of every width.
pub const TILE_ELEMENTS: usize = 64;

/// The kind of functions of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binary;

/// Body of a function of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct BinaryBody {
    /// Sizes of the output's dimensions, outermost first, 1 before them; merged where they can be.
    pub dims: Dims,
    /// Multipliers of first operand, second operand and output; 0 where there is none.
    pub multiplier: [i32; 3],
    /// Their shifts; above zero is to the left.
    pub shift: [i8; 3],
    /// Bits both operands move left before they are scaled.
    pub left_shift: u8,
    /// Zero points of first operand, second operand and output.
    pub zero_point: [i8; 3],
    /// [`BinaryOperation::code`].
    pub operation: u8,
    /// Least output value of an arithmetic operation.
    pub activation_min: i8,
    /// Greatest output value of an arithmetic operation.
    pub activation_max: i8,
    /// For each operand the dimensions along which it repeats: bit 0 is the first.
    pub repeats: [u8; 2],
    /// Which operands are constants: bit 0 is the first operand.
    pub constants: u8,
    /// Zero.
    pub reserved: [u8; 3],
}

const _: () = assert!(size_of::<BinaryBody>() == 52);

/// A function of two values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BinaryView<'m> {
    /// What is computed; none only in a model that was not checked.
    pub operation: Option<BinaryOperation>,
    /// Both operands; one may be a constant.
    pub operands: [Operand<'m>; 2],
    /// The results.
    pub output: Tensor,
    /// The output's dimensions.
    pub dims: Dims,
    /// How the operands meet.
    pub scales: PairScales,
}

impl Operator for Binary {
    type Body = BinaryBody;
    type View<'m> = BinaryView<'m>;
    const INPUTS: RangeInclusive<usize> = 1..=2;
    const ANY_DTYPE: bool = true;

    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    fn view<'m>(site: &OperatorSite<'m>, body: &BinaryBody) -> BinaryView<'m> {
        BinaryView {
            operation: BinaryOperation::from_code(body.operation),
            operands: operands(site, body.constants, body.repeats),
            output: site.output(0),
            dims: body.dims,
            scales: PairScales {
                multiplier: body.multiplier,
                shift: body.shift,
                zero_point: body.zero_point.map(i32::from),
                left_shift: body.left_shift,
                activation: Activation { min: body.activation_min, max: body.activation_max },
            },
        }
    }

    fn check(site: &OperatorSite<'_>, body: &BinaryBody, view: &BinaryView<'_>) -> Check {
        require(body.reserved == [0; 3], "body")?;
        let operation = view.operation.ok_or("operation")?;
        check_operands::<2>(site, body.constants)?;
        let (from, to) = operation.types();
        let fits = view.operands.iter().all(|operand| operand.is_of(from));
        require(fits && view.output.dtype() == to, "dtype")?;
        check_dims(&view.dims, &body.repeats, &view.output)?;
        require(view.operands[0].fits(&view.dims, 1), "operand")?;
        require(view.operands[1].fits(&view.dims, 1), "operand_b")?;
        let scales = &view.scales;
        let mut multipliers = scales.multiplier.iter().zip(operation.scales());
        let fits =
            multipliers.all(|(&multiplier, used)| multiplier >= 0 && (used || multiplier == 0));
        require(fits, "multiplier")?;
        require(scales.shift.iter().all(|shift| (-31..=30).contains(shift)), "shift")?;
        require(scales.left_shift <= 20, "left_shift")?;
        require(scales.activation.is_range(), "activation_min")
    }

    fn cost(view: &BinaryView<'_>) -> Cost {
        Cost::of_bytes(&view.output)
    }

    /// Runs the calling rank's share of a function of two values.
    ///
    /// Source: TensorFlow Lite Micro, `micro/kernels/{add, sub, mul, squared_difference, prelu,
    /// maximum_minimum, comparisons, logical}.cc` and what they call in
    /// `kernels/internal/reference`.
    ///
    /// A tile is 64 elements, for one rank among several a single one.
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &BinaryView<'_>, memory: &Memory<'_>) {
        run_inlined(team, op, memory);
    }

    #[inline]
    fn run_with<T: Team, L: Loops>(
        team: &T,
        loops: &L,
        view: &BinaryView<'_>,
        memory: &Memory<'_>,
    ) {
        loops.binary(team, view, memory);
    }

    fn outline(view: &BinaryView<'_>) -> Outline {
        let is_clamped = view.operation.is_some_and(|operation| operation.scales()[2]);
        Outline { activation: is_clamped.then_some(view.scales.activation), ..Outline::default() }
    }
}

/// Runs the operator as [`Binary::run`], always inlined: an executor compiles the loop for the
/// instructions that it found.
#[inline(always)]
pub fn run_inlined<T: Team>(team: &T, op: &BinaryView<'_>, memory: &Memory<'_>) {
    let Some(operation) = op.operation else { return };
    if cfg!(target_arch = "nvptx64") || team.size() > 1 {
        let y = memory.view(&op.output);
        let [a, b] = op.operands.each_ref().map(|operand| operand.reader(&op.dims, 1, memory));
        for index in team.share(y.len()) {
            let [value] = operation.apply(&op.scales, &[a.byte(index)], &[b.byte(index)]);
            y.set(index, value);
        }
        return;
    }
    run_tiles(op, memory, &Plain { operation, scales: &op.scales });
}

/// Values of 64 elements of both operands.
pub type Tile = [i8; TILE_ELEMENTS];

/// What computes tiles.
pub trait Pairs {
    /// Returns the values of 64 pairs.
    fn values(&self, a: &Tile, b: &Tile) -> Tile;
}

/// The plain way, for any operation.
#[derive(Debug, Clone, Copy)]
pub struct Plain<'a> {
    /// What is computed.
    pub operation: BinaryOperation,
    /// How the operands meet.
    pub scales: &'a PairScales,
}

impl Pairs for Plain<'_> {
    #[inline(always)]
    fn values(&self, a: &Tile, b: &Tile) -> Tile {
        self.operation.apply(self.scales, a, b)
    }
}

/// Runs all of an operator on one core, always inlined: an executor computes the tiles.
#[inline(always)]
pub fn run_tiles(op: &BinaryView<'_>, memory: &Memory<'_>, pairs: &impl Pairs) {
    let y = memory.view(&op.output);
    let [a, b] = op.operands.each_ref().map(|operand| operand.reader(&op.dims, 1, memory));
    let (mut a, mut b) = (a.cursor(), b.cursor());
    let whole = y.len() / TILE_ELEMENTS;
    for tile in 0..whole {
        y.store(tile * TILE_ELEMENTS, pairs.values(&a.tile(), &b.tile()));
    }
    let (first, rest) = (whole * TILE_ELEMENTS, y.len() % TILE_ELEMENTS);
    if rest > 0 {
        let (mut tile_a, mut tile_b) = ([0; TILE_ELEMENTS], [0; TILE_ELEMENTS]);
        a.fill(tile_a.get_mut(..rest).unwrap_or(&mut []));
        b.fill(tile_b.get_mut(..rest).unwrap_or(&mut []));
        y.copy_from(first, pairs.values(&tile_a, &tile_b).get(..rest).unwrap_or(&[]));
    }
}
