//! Broadcasting: operands that repeat along some dimensions of an output.

use isokern_core::{Cells, DType};

use crate::memory::Memory;
use crate::operator::{Check, require};
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

    const fn bytes(&self) -> usize {
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

/// Reads the elements of an operand in the order of the output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    dims: &'a Dims,
    repeats: u8,
    element: usize,
    is_single: bool,
    values: Values<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Values<'a> {
    Cells(Cells<'a>),
    Constant(&'a [i8]),
}

impl Values<'_> {
    #[inline(always)]
    fn get(self, index: usize) -> i8 {
        match self {
            Self::Cells(cells) => cells.get(index),
            Self::Constant(bytes) => bytes.get(index).copied().unwrap_or(0),
        }
    }

    #[inline(always)]
    fn copy_to(self, start: usize, target: &mut [i8]) {
        match self {
            Self::Cells(cells) => cells.copy_to(start, target),
            Self::Constant(bytes) => {
                let source = bytes.get(start..).unwrap_or(&[]);
                if let Some(source) = source.get(..target.len()) {
                    target.copy_from_slice(source);
                }
            }
        }
    }
}

/// How far a reader is along one dimension.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    at: u32,
    size: u32,
    /// Elements from one place to the next; 0 where the operand repeats.
    stride: u32,
}

impl Reader<'_> {
    /// Returns the byte of element `index` of the output, for elements of one byte.
    #[inline(always)]
    pub(crate) fn byte(&self, index: usize) -> i8 {
        self.values.get(self.place(index))
    }

    /// Returns the operand's element for element `index` of the output.
    #[inline(always)]
    fn place(&self, index: usize) -> usize {
        if self.repeats == 0 {
            return index;
        }
        if self.is_single {
            return 0;
        }
        // Short divisions: a checked model has fewer than 2^28 elements.
        let (mut rest, mut stride, mut place) = (index as u32, 1, 0);
        for (dim, &size) in (0..RANK_MAX as u32).zip(self.dims).rev() {
            if rest == 0 {
                break;
            }
            let size = size.max(1);
            if self.repeats >> dim & 1 == 0 {
                place += rest % size * stride;
                stride *= size;
            }
            rest /= size;
        }
        place as usize
    }

    /// Reads the elements from `first` of the output on into all of `target`.
    #[inline(always)]
    pub(crate) fn fill(&self, first: usize, target: &mut [i8]) {
        if self.repeats == 0 {
            self.values.copy_to(first * self.element, target);
        } else if self.is_single && self.element == 1 {
            target.fill(self.values.get(0));
        } else {
            self.walk(first, target);
        }
    }

    /// As [`fill`](Self::fill), run after run of elements along the innermost dimension.
    #[inline(never)]
    fn walk(&self, first: usize, mut target: &mut [i8]) {
        let (mut steps, mut place) = self.steps(first as u32);
        let [.., inner] = steps;
        let mut left = inner.size - inner.at;
        while !target.is_empty() {
            let run = (left as usize * self.element).min(target.len());
            let Some((now, later)) = target.split_at_mut_checked(run) else { return };
            let from = place as usize * self.element;
            if inner.stride > 0 {
                self.values.copy_to(from, now);
            } else {
                for element in now.chunks_mut(self.element.max(1)) {
                    self.values.copy_to(from, element);
                }
            }
            target = later;
            // To the start of the next row.
            place -= (inner.size - left) * inner.stride;
            left = inner.size;
            for step in steps.iter_mut().rev().skip(1) {
                step.at += 1;
                place += step.stride;
                if step.at < step.size {
                    break;
                }
                place -= step.size * step.stride;
                step.at = 0;
            }
        }
    }

    /// Where element `first` of the output is, along each dimension and in the operand.
    fn steps(&self, first: u32) -> ([Step; RANK_MAX], u32) {
        let mut steps = [Step::default(); RANK_MAX];
        let (mut rest, mut stride, mut place) = (first, 1, 0);
        let dims = (0..RANK_MAX as u32).zip(self.dims);
        for (step, (dim, &size)) in steps.iter_mut().zip(dims).rev() {
            let size = size.max(1);
            *step = Step { at: rest % size, size, stride: 0 };
            rest /= size;
            if self.repeats >> dim & 1 == 0 {
                step.stride = stride;
                place += step.at * stride;
                stride *= size;
            }
        }
        (steps, place)
    }
}

#[cfg(test)]
#[path = "broadcast_tests.rs"]
mod tests;
