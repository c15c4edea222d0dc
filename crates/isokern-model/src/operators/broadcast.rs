//! Broadcasting: operands that repeat along some dimensions of an output.

use isokern_core::DType;

use crate::memory::Memory;
use crate::operator::{Check, require};
use crate::operators::broadcast_reader::{Reader, Values};
use crate::operators::elements::Elements;
use crate::site::OperatorSite;
use crate::tensor::{RANK_MAX, Tensor};

/// The sizes of an output's dimensions, outermost first.
///
/// They need not be those of its tensor: neighbours along which no operand starts or stops to
/// repeat are merged to one.
pub type Dims = [u32; RANK_MAX];

/// What an operator reads for each element of its output: a tensor or a constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operand<'m> {
    /// The tensor; an empty one for a constant.
    pub tensor: Tensor,
    /// The bytes of a constant; nothing for a tensor.
    pub constant: &'m [i8],
    /// Bit `i` is set where dimension `i` takes the same elements again and again.
    pub repeats: u8,
}

/// Returns the operands of an operator: bit `i` of `constants` is set where operand `i` is the
/// next of its constants, else it is the next of its inputs.
pub(crate) fn operands<'m, const N: usize>(
    site: &OperatorSite<'m>,
    constants: u8,
    repeats: [u8; N],
) -> [Operand<'m>; N] {
    let (mut input, mut constant) = (0, 0);
    let mut next = 0;
    repeats.map(|repeats| {
        let is_constant = constants >> next & 1 != 0;
        next += 1;
        if is_constant {
            constant += 1;
            let constant = site.constant(constant - 1);
            Operand { tensor: Tensor::default(), constant, repeats }
        } else {
            input += 1;
            Operand { tensor: site.input(input - 1), constant: &[], repeats }
        }
    })
}

/// Checks that there is an input or a constant for each of `N` operands.
pub(crate) fn check_operands<const N: usize>(site: &OperatorSite<'_>, constants: u8) -> Check {
    require(usize::from(constants) < 1 << N, "constants")?;
    let count = constants.count_ones() as usize;
    require(site.input_count() + count == N, "constants")?;
    require(site.constant_count() == count, "constant_count")
}

/// Checks that the dimensions are those of as many elements as `output` has, and that operands
/// repeat along no others.
pub(crate) fn check_dims(dims: &Dims, repeats: &[u8], output: &Tensor) -> Check {
    let product = dims.iter().try_fold(1_u32, |product, &size| product.checked_mul(size));
    require(product.is_some_and(|count| count as usize == output.len()), "dims")?;
    require(repeats.iter().all(|repeats| repeats >> RANK_MAX == 0), "repeats")
}

impl Operand<'_> {
    /// Returns where the elements are read.
    #[inline(always)]
    pub(super) fn elements<'a>(&'a self, memory: &Memory<'a>) -> Elements<'a> {
        if self.constant.is_empty() {
            Elements::Tensor(memory.view(&self.tensor))
        } else {
            Elements::Constant(self.constant)
        }
    }

    /// Returns whether the operand has all elements, of `element` bytes each, that an output of
    /// these dimensions reads, and no more.
    pub(crate) fn fits(&self, dims: &Dims, element: usize) -> bool {
        // No overflow: the product of all sizes is the length of a tensor.
        let kept = (0..).zip(dims).filter(|(dim, _)| self.repeats >> dim & 1 == 0);
        let count: usize = kept.map(|(_, &size)| size as usize).product();
        count.checked_mul(element) == Some(self.bytes())
    }

    /// Returns whether the elements are of this type; a constant's bytes are of any.
    pub(crate) fn is_of(&self, dtype: DType) -> bool {
        !self.constant.is_empty() || self.tensor.dtype() == dtype
    }

    /// Returns how many bytes the operand has.
    pub(crate) const fn bytes(&self) -> usize {
        if self.constant.is_empty() { self.tensor.bytes() } else { self.constant.len() }
    }

    /// Returns what reads the elements of the operand, of `element` bytes each.
    #[inline(always)]
    pub(crate) fn reader<'a>(
        &'a self,
        dims: &'a Dims,
        element: usize,
        memory: &Memory<'a>,
    ) -> Reader<'a> {
        let values = if self.constant.is_empty() {
            Values::Cells(memory.view(&self.tensor))
        } else {
            Values::Constant(self.constant)
        };
        Reader { dims, repeats: self.repeats, element, is_single: self.bytes() == element, values }
    }
}
