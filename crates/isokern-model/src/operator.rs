//! What an operator is: a stored body, a view, checks, a cost and a plain loop.

use core::ops::RangeInclusive;

use crate::memory::Memory;
use bytemuck::Pod;
use isokern_core::Team;

use crate::geometry::Window;
use crate::loops::Loops;
use crate::requant::Activation;
use crate::site::OperatorSite;
use crate::tensor::Tensor;
use crate::weights::StoredWeights;

/// One kind of operator: how a blob stores it, what is checked, what it computes.
///
/// Everything there is to say of a kind is in one file that implements this trait, and in one
/// row of the table in [`operators`](crate::operators).
pub trait Operator {
    /// The parameters as they are stored: at most [`BODY_BYTES`](crate::record::BODY_BYTES).
    type Body: Pod;
    /// The operator as executors see it.
    type View<'m>: Copy;
    /// How many tensors it reads.
    const INPUTS: RangeInclusive<usize>;
    /// How many tensors it writes.
    const OUTPUTS: usize = 1;
    /// How many tensors it uses while it runs, and nobody afterwards.
    const SCRATCH: usize = 0;
    /// Whether its output may be its first input under another shape, in the same place.
    const IN_PLACE: bool = false;
    /// Whether it takes tensors of any element type; others take `i8` alone.
    const ANY_DTYPE: bool = false;

    /// Whether values that it reads can make it fail.
    const CAN_FAIL: bool = false;

    /// Views the operator at `site`. Never fails: what is not there is empty.
    fn view<'m>(site: &OperatorSite<'m>, body: &Self::Body) -> Self::View<'m>;

    /// Checks everything that an executor relies on.
    ///
    /// The tensors exist and are alive, their sizes fit the memory, and nothing but zeros follows
    /// the body: that was checked before.
    ///
    /// # Errors
    ///
    /// The name of the first field that is not valid.
    fn check(site: &OperatorSite<'_>, body: &Self::Body, view: &Self::View<'_>) -> Check;

    /// Returns what one run costs.
    fn cost(view: &Self::View<'_>) -> Cost;

    /// Returns how many parts the work has, which run one after the other: the images of an
    /// operator over images, else 1.
    #[inline]
    fn items(_view: &Self::View<'_>) -> u32 {
        1
    }

    /// Narrows the view to the part `item` of the work; called for 0 first, then for one after
    /// the other, and not at all where there is one part.
    #[inline]
    fn step_to(_view: &mut Self::View<'_>, _item: u32) {}

    /// Returns whether the values that it reads make it fail; asked before each run, of kinds that
    /// can.
    fn fails(_view: &Self::View<'_>, _memory: &Memory<'_>) -> bool {
        false
    }

    /// Runs the calling rank's share, without a barrier: the plain loop, the oracle of all
    /// others.
    fn run<T: Team>(team: &T, view: &Self::View<'_>, memory: &Memory<'_>);

    /// Runs the calling rank's share with the loops of an executor, if it has one for this kind.
    #[inline]
    fn run_with<T: Team, L: Loops>(
        team: &T,
        _loops: &L,
        view: &Self::View<'_>,
        memory: &Memory<'_>,
    ) {
        Self::run(team, view, memory);
    }

    /// Returns the first constant, if that is weights.
    fn weights<'m>(_view: &Self::View<'m>) -> StoredWeights<'m> {
        StoredWeights::None
    }

    /// Returns what a report says of the operator.
    fn outline(_view: &Self::View<'_>) -> Outline {
        Outline::default()
    }

    /// Calls `each` for the rows that the plain loop copies on one core, in order; for none where
    /// it computes.
    fn each_copy(_view: &Self::View<'_>, _each: impl FnMut(CopyRows)) {}
}

/// The result of a check: the name of the field that is not valid, as `docs/format.md` has it.
pub type Check = Result<(), &'static str>;

/// The cost of one run of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Multiply-accumulates; 0 for operators without weights.
    pub macs: u64,
    /// Elementary steps: what bounds the time of one run.
    pub work: u64,
    /// Bytes of weights; 0 for operators without.
    pub weight_bytes: usize,
}

/// The parameters of an operator that a report shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outline {
    /// Which of the kind's operations it is, of a kind with several.
    pub operation: Option<&'static str>,
    /// The range of the output.
    pub activation: Option<Activation>,
    /// The window over an image.
    pub window: Option<Window>,
    /// The dot products.
    pub dots: Option<DotOutline>,
    /// Output channels per input channel.
    pub depth_multiplier: Option<usize>,
}

/// The dot products of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DotOutline {
    /// How many there are for one position.
    pub outputs: usize,
    /// Terms of each.
    pub terms: usize,
    /// Quantised weight that represents real zero.
    pub weight_zero_point: i32,
    /// Number of scales: one, or one per output.
    pub scale_count: usize,
}

/// Rows of elements that are copied one after the other, as often as there are groups of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyRows {
    /// Bytes of an element.
    pub element_bytes: usize,
    /// The elements of a row.
    pub elements: CopyLine,
    /// The rows of a group.
    pub rows: CopyLine,
    /// How many groups there are, at any distances.
    pub groups: u64,
    /// Whether they are read in the blob; else in a tensor.
    pub is_constant: bool,
}

/// Places at equal distances, counted in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyLine {
    /// How many there are.
    pub count: u32,
    /// From one to the next where they are read; 0 repeats the first, below 0 goes back.
    pub read_stride: i32,
    /// From one to the next where they are written.
    pub write_stride: u32,
}

/// Returns an error that names `field` unless the condition holds.
pub(crate) const fn require(holds: bool, field: &'static str) -> Check {
    if holds { Ok(()) } else { Err(field) }
}

impl Cost {
    /// Returns the cost of `terms` products for each value of an `i8` output.
    pub(crate) const fn of_dots(output: &Tensor, terms: usize, weight_bytes: usize) -> Self {
        let elements = output.bytes() as u64;
        let macs = elements.saturating_mul(terms as u64);
        Self { macs, work: macs.saturating_add(elements), weight_bytes }
    }

    /// Returns the cost of one step for each byte of `output`.
    pub(crate) const fn of_bytes(output: &Tensor) -> Self {
        Self { macs: 0, work: output.bytes() as u64, weight_bytes: 0 }
    }
}
