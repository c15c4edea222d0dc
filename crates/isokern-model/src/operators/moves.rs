//! Move: an output put together from boxes of other tensors, copied without arithmetic.

use core::ops::RangeInclusive;

use crate::memory::Memory;
use bytemuck::{Pod, Zeroable};
use isokern_core::Team;

use crate::loops::Loops;
use crate::operator::{Check, CopyRows, Cost, Operator, require};
use crate::operators::elements::Elements;
use crate::operators::{move_elements, move_walk};
use crate::site::{Inputs, OperatorSite};
use crate::tensor::{RANK_MAX, Tensor};

pub use crate::operators::move_piece::{Piece, PieceAxis, Pieces};

/// The most pieces of one output: each is compared with all others.
pub const PIECES_MAX: usize = 1024;

/// The kind of moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move;

/// Body of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct MoveBody {
    /// Sizes by which the output's elements are numbered, outermost first, at the end of the
    /// list; 1 before them.
    pub dims: [u32; RANK_MAX],
    /// How many of them there are.
    pub rank: u32,
}

const _: () = assert!(size_of::<MoveBody>() == 28);

/// An output of boxes, each with a source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MoveView<'m> {
    /// The sources with a number below their count.
    pub inputs: Inputs<'m>,
    /// The source with the number after those: elements in the blob.
    pub data: &'m [i8],
    /// What is put together.
    pub output: Tensor,
    /// The sizes by which its elements are numbered, 1 before the first.
    pub dims: [u32; RANK_MAX],
    /// The boxes.
    pub pieces: Pieces<'m>,
}

impl Operator for Move {
    type Body = MoveBody;
    type View<'m> = MoveView<'m>;
    const INPUTS: RangeInclusive<usize> = 0..=255;
    const ANY_DTYPE: bool = true;

    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    fn view<'m>(site: &OperatorSite<'m>, body: &MoveBody) -> MoveView<'m> {
        MoveView {
            inputs: site.inputs(),
            data: site.constant(1),
            output: site.output(0),
            dims: body.dims,
            pieces: Pieces::new(site.constant(0), body.rank),
        }
    }

    fn check(site: &OperatorSite<'_>, body: &MoveBody, view: &MoveView<'_>) -> Check {
        let dtype = view.output.dtype();
        let same_type = |position| view.inputs.at(position).dtype() == dtype;
        require((0..view.inputs.count()).all(same_type), "input")?;
        require((1..=2).contains(&site.constant_count()), "constant_count")?;
        require((1..=RANK_MAX).contains(&(body.rank as usize)), "rank")?;
        require(is_view(body, view.output.len()), "dims")?;
        let count = view.pieces.count();
        require((1..=PIECES_MAX).contains(&count), "pieces")?;
        require(site.has_constant::<u32>(0, count * view.pieces.words_each()), "pieces")?;
        let mut elements = 0_u64;
        for (index, piece) in view.pieces.iter().enumerate() {
            require(piece.is_inside(&body.dims), "box")?;
            let source = view.source_elements(site.constant_count(), &piece);
            require(source > 0, "source")?;
            require(piece.reads_inside(source as u64), "start")?;
            let is_apart = |other: Piece<'_>| piece.is_apart_from(&other);
            require(view.pieces.iter().take(index).all(is_apart), "box")?;
            elements = elements.saturating_add(piece.elements());
        }
        // Apart, inside, and as many elements as the output: each is in one piece.
        require(elements == view.output.len() as u64, "pieces")
    }

    fn cost(view: &MoveView<'_>) -> Cost {
        Cost::of_bytes(&view.output)
    }

    /// Runs the calling rank's share of a move: each piece is copied from its source, and an
    /// element stays what it is.
    ///
    /// One rank among several takes single elements.
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &MoveView<'_>, memory: &Memory<'_>) {
        if cfg!(target_arch = "nvptx64") || team.size() > 1 {
            move_elements::run(team, op, memory);
        } else {
            run_alone(op, memory);
        }
    }

    #[inline]
    fn run_with<T: Team, L: Loops>(team: &T, loops: &L, op: &MoveView<'_>, memory: &Memory<'_>) {
        loops.moves(team, op, memory);
    }

    fn each_copy(view: &MoveView<'_>, each: impl FnMut(CopyRows)) {
        view.pieces.iter().map(|piece| move_walk::copied(view, &piece)).for_each(each);
    }
}

/// Runs a whole move on one core; compiled into each place that calls it.
#[inline(always)]
pub fn run_alone(op: &MoveView<'_>, memory: &Memory<'_>) {
    for piece in op.pieces.iter() {
        move_walk::run(op, &piece, memory);
    }
}

impl MoveView<'_> {
    /// Returns where the elements of a piece are read.
    #[inline(always)]
    pub(in crate::operators) fn source<'a>(
        &self,
        piece: &Piece<'_>,
        memory: &Memory<'a>,
    ) -> Elements<'a>
    where
        Self: 'a,
    {
        let source = piece.source() as usize;
        if source < self.inputs.count() {
            Elements::Tensor(memory.view(&self.inputs.at(source)))
        } else {
            Elements::Constant(self.data)
        }
    }

    /// Returns how many elements the source of a piece has; none if there is no such source.
    fn source_elements(&self, constant_count: usize, piece: &Piece<'_>) -> usize {
        let (inputs, source) = (self.inputs.count(), piece.source() as usize);
        if source < inputs {
            return self.inputs.at(source).len();
        }
        if source == inputs && constant_count == 2 {
            return self.data.len() / self.output.dtype().size_bytes();
        }
        0
    }
}

/// Returns whether the sizes number all elements, with 1 before them.
fn is_view(body: &MoveBody, elements: usize) -> bool {
    let absent = RANK_MAX.saturating_sub(body.rank as usize);
    let product =
        body.dims.iter().try_fold(1_u64, |product, &size| product.checked_mul(size.into()));
    body.dims.iter().take(absent).all(|&size| size == 1) && product == Some(elements as u64)
}
