//! Reduce: one value for all elements along some dimensions.

use core::ops::RangeInclusive;

use bytemuck::{Pod, Zeroable};
use isokern_core::{DType, Team};

use crate::fixed::{clamp, rescale};
use crate::loops::Loops;
use crate::memory::Memory;
use crate::operator::{Check, Cost, Operator, require};
use crate::site::OperatorSite;
use crate::tensor::Tensor;

pub use crate::operators::reduce_loops::run_inlined;

/// The kind of reductions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reduce;

isokern_core::numbered! {
    /// What a [`Reduce`] takes of the elements.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum ReduceOperation: u8, code, from_code {
        /// The sum at the output's scale; with a scale that divides by their number, the mean.
        Sum = 1,
        /// The greatest.
        Maximum = 2,
        /// The least.
        Minimum = 3,
        /// Whether all are true.
        All = 4,
        /// The index of the first of the greatest.
        ArgMaximum = 5,
        /// The index of the first of the least.
        ArgMinimum = 6,
    }
}

/// Body of a reduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct ReduceBody {
    /// Sizes of the dimensions that are reduced; see [`ReduceView::kept`].
    pub reduced: [u32; 4],
    /// Sizes of the dimensions that are kept.
    pub kept: [u32; 3],
    /// Multiplier of a sum.
    pub multiplier: i32,
    /// What a sum is less: as many zero points as there are terms.
    pub offset: i32,
    /// Shift of the multiplier; above zero is to the left.
    pub shift: i8,
    /// Bits a sum moves left before it is scaled.
    pub left_shift: u8,
    /// Zero point of the output of a sum.
    pub zero_point: i8,
    /// [`ReduceOperation::code`].
    pub operation: u8,
}

const _: () = assert!(size_of::<ReduceBody>() == 40);

/// One value for all elements along some dimensions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReduceView {
    /// What is taken; none only in a model that was not checked.
    pub operation: Option<ReduceOperation>,
    /// The elements.
    pub input: Tensor,
    /// One value for each index of the kept dimensions.
    pub output: Tensor,
    /// Sizes of the dimensions that are reduced.
    pub reduced: [u32; 4],
    /// Sizes of those that are kept. The input is `[r0][k0][r1][k1][r2][k2][r3]`, outermost first.
    pub kept: [u32; 3],
    /// How a sum becomes a value of the output.
    pub scale: SumScale,
}

/// How a sum becomes a value of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SumScale {
    /// What the sum is less.
    pub offset: i32,
    /// Bits it moves left before it is scaled.
    pub left_shift: u8,
    /// Q31 multiplier.
    pub multiplier: i32,
    /// Shift of the multiplier; above zero is to the left.
    pub shift: i8,
    /// Zero point of the output.
    pub zero_point: i32,
}

impl SumScale {
    #[inline(always)]
    pub(crate) const fn apply(&self, sum: i32) -> i8 {
        let sum = sum.wrapping_sub(self.offset).wrapping_shl(self.left_shift as u32);
        let value = rescale(sum, self.multiplier, self.shift).saturating_add(self.zero_point);
        clamp(value, i8::MIN, i8::MAX)
    }
}

impl ReduceOperation {
    /// Returns the element types of input and output.
    const fn types(self) -> (DType, DType) {
        match self {
            Self::Sum | Self::Maximum | Self::Minimum => (DType::I8, DType::I8),
            Self::All => (DType::Bool, DType::Bool),
            Self::ArgMaximum | Self::ArgMinimum => (DType::I8, DType::I32),
        }
    }
}

impl Operator for Reduce {
    type Body = ReduceBody;
    type View<'m> = ReduceView;
    const INPUTS: RangeInclusive<usize> = 1..=1;
    const ANY_DTYPE: bool = true;

    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    fn view<'m>(site: &OperatorSite<'m>, body: &ReduceBody) -> ReduceView {
        ReduceView {
            operation: ReduceOperation::from_code(body.operation),
            input: site.input(0),
            output: site.output(0),
            reduced: body.reduced,
            kept: body.kept,
            scale: SumScale {
                offset: body.offset,
                left_shift: body.left_shift,
                multiplier: body.multiplier,
                shift: body.shift,
                zero_point: body.zero_point.into(),
            },
        }
    }

    fn check(site: &OperatorSite<'_>, _: &ReduceBody, view: &ReduceView) -> Check {
        require(site.constant_count() == 0, "constant_count")?;
        let operation = view.operation.ok_or("operation")?;
        let types = (view.input.dtype(), view.output.dtype());
        require(types == operation.types(), "dtype")?;
        let count = |sizes: &[u32]| {
            let product = sizes.iter().try_fold(1_u32, |product, &size| product.checked_mul(size));
            product.map_or(0, |product| product as usize)
        };
        let (reduced, kept) = (count(&view.reduced), count(&view.kept));
        require(kept == view.output.len(), "kept")?;
        require(reduced.checked_mul(kept) == Some(view.input.len()), "reduced")?;
        require(view.scale.multiplier >= 0, "multiplier")?;
        require((-31..=30).contains(&view.scale.shift), "shift")?;
        require(view.scale.left_shift <= 20, "left_shift")
    }

    /// Counts a step for each element read.
    fn cost(view: &ReduceView) -> Cost {
        Cost { work: view.input.bytes() as u64, ..Cost::default() }
    }

    /// Runs the calling rank's share of a reduction.
    ///
    /// A sum wraps at 32 bits. Source: TensorFlow Lite Micro, `micro/kernels/reduce_common.cc` and
    /// `arg_min_max.cc`, with `kernels/internal/reference/{reduce, arg_min_max}.h`.
    ///
    /// A tile is up to 64 neighbouring outputs, for one rank among several a single one.
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &ReduceView, memory: &Memory<'_>) {
        run_inlined(team, op, memory);
    }

    #[inline]
    fn run_with<T: Team, L: Loops>(team: &T, loops: &L, view: &ReduceView, memory: &Memory<'_>) {
        loops.reduce(team, view, memory);
    }
}
