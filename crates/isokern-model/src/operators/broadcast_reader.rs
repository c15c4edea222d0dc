//! Reads operands that repeat: element by element, or from the first to the last.

use isokern_core::Cells;

use crate::operators::broadcast::Dims;
use crate::tensor::RANK_MAX;

/// Bytes of an operand that repeats as a whole which a cursor unrolls; none on a processor without
/// vectors to feed.
const PERIOD_MAX: usize = if cfg!(target_pointer_width = "64") { 256 } else { 0 };
/// Elements that are read from them at once, at most.
const AT_ONCE: usize = 64;
const UNROLLED: usize = if PERIOD_MAX > 0 { PERIOD_MAX + AT_ONCE } else { 0 };

/// Reads the elements of an operand in the order of the output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) dims: &'a Dims,
    pub(crate) repeats: u8,
    /// Bytes of an element.
    pub(crate) element: usize,
    /// Whether it has one element alone.
    pub(crate) is_single: bool,
    pub(crate) values: Values<'a>,
}

/// The bytes of an operand.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values<'a> {
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

    /// Returns the `N` values from `start`, if all are there.
    #[inline(always)]
    fn load<const N: usize>(self, start: usize) -> [i8; N] {
        match self {
            Self::Cells(cells) => cells.load(start),
            Self::Constant(bytes) => {
                let tail = bytes.get(start..).unwrap_or(&[]);
                tail.first_chunk().copied().unwrap_or([0; N])
            }
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

impl<'a> Reader<'a> {
    /// Returns the byte of element `index` of the output, for elements of one byte.
    #[inline(always)]
    pub(crate) fn byte(&self, index: usize) -> i8 {
        self.values.get(self.place(index))
    }

    /// Returns byte `byte` of element `index` of the output.
    #[inline(always)]
    pub(crate) fn byte_of(&self, index: usize, byte: usize) -> i8 {
        self.values.get(self.place(index) * self.element + byte)
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

    /// Returns what reads all elements, from the first on.
    #[inline(always)]
    pub(crate) fn cursor(self) -> Cursor<'a> {
        let mut steps = [Step::default(); RANK_MAX];
        let mut stride = 1;
        let dims = (0..RANK_MAX as u32).zip(self.dims);
        for (step, (dim, &size)) in steps.iter_mut().zip(dims).rev() {
            *step = Step { at: 0, size: size.max(1), stride: 0 };
            if self.repeats >> dim & 1 == 0 {
                step.stride = stride;
                stride *= step.size;
            }
        }
        let [.., inner] = steps;
        let mut cursor = Cursor {
            reader: self,
            steps,
            place: 0,
            left: inner.size,
            next: 0,
            period: 0,
            unrolled: [0; UNROLLED],
        };
        let may_unroll = PERIOD_MAX > 0 && self.element == 1;
        if may_unroll && self.repeats != 0 && !self.is_single {
            cursor.unroll(stride as usize);
        }
        cursor
    }
}

/// Reads the elements of an operand from the first to the last.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    reader: Reader<'a>,
    steps: [Step; RANK_MAX],
    /// The operand's element that comes next.
    place: u32,
    /// How many elements are left of the innermost dimension.
    left: u32,
    /// The output's element that comes next, where the operand does not repeat; the unrolled
    /// one, where it does as a whole.
    next: usize,
    /// How many elements are unrolled; 0 for none.
    period: usize,
    /// An operand that repeats as a whole, several times.
    unrolled: [i8; UNROLLED],
}

/// How far a cursor is along one dimension.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    at: u32,
    size: u32,
    /// Elements from one place to the next; 0 where the operand repeats.
    stride: u32,
}

impl Cursor<'_> {
    /// Reads the next `N` elements of one byte.
    #[inline(always)]
    pub(crate) fn tile<const N: usize>(&mut self) -> [i8; N] {
        let reader = &self.reader;
        if reader.repeats == 0 {
            self.next += N;
            return reader.values.load(self.next - N);
        }
        if reader.is_single {
            return [reader.values.get(0); N];
        }
        if self.period > 0 && N <= AT_ONCE {
            let tail = self.unrolled.get(self.next..).unwrap_or(&[]);
            self.next = (self.next + N) % self.period;
            return tail.first_chunk().copied().unwrap_or([0; N]);
        }
        let [.., inner] = self.steps;
        if reader.element == 1 && self.left as usize > N {
            self.left -= N as u32;
            let place = self.place as usize;
            self.place += N as u32 * inner.stride;
            if inner.stride > 0 {
                return reader.values.load(place);
            }
            return [reader.values.get(place); N];
        }
        let mut tile = [0; N];
        self.walk(&mut tile);
        tile
    }

    /// Unrolls an operand of `period` elements that repeats as a whole: along the outer
    /// dimensions alone, and often.
    #[inline(never)]
    fn unroll(&mut self, period: usize) {
        let mut sizes = self.steps.iter().filter(|step| step.size > 1);
        let is_whole = sizes.by_ref().find(|step| step.stride > 0).is_some()
            && sizes.all(|step| step.stride > 0);
        let count = self.steps.iter().fold(1, |count: u32, step| count.saturating_mul(step.size));
        let pays = count as usize >= 8 * UNROLLED;
        if is_whole && pays && period <= PERIOD_MAX {
            let places = (0..period).cycle();
            for (value, place) in self.unrolled.iter_mut().zip(places) {
                *value = self.reader.values.get(place);
            }
            self.period = period;
        }
    }

    /// Reads the next elements into all of `target`.
    #[inline(always)]
    pub(crate) fn fill(&mut self, target: &mut [i8]) {
        if self.reader.repeats == 0 {
            self.reader.values.copy_to(self.next, target);
            self.next += target.len();
        } else if self.period > 0 && target.len() <= AT_ONCE {
            let tail = self.unrolled.get(self.next..).unwrap_or(&[]);
            target.iter_mut().zip(tail).for_each(|(target, value)| *target = *value);
            self.next = (self.next + target.len()) % self.period;
        } else {
            self.walk(target);
        }
    }

    /// Fills as [`fill`](Self::fill) does, run after run of elements along the innermost dimension.
    #[inline(never)]
    fn walk(&mut self, mut target: &mut [i8]) {
        let Reader { element, values, .. } = self.reader;
        let [outer @ .., inner] = &mut self.steps;
        while !target.is_empty() {
            let run = (self.left as usize * element).min(target.len());
            let Some((now, later)) = target.split_at_mut_checked(run) else { return };
            let from = self.place as usize * element;
            if inner.stride > 0 {
                values.copy_to(from, now);
            } else if element == 1 {
                now.fill(values.get(from));
            } else {
                now.chunks_mut(element.max(1)).for_each(|element| values.copy_to(from, element));
            }
            target = later;
            let count = (run / element.max(1)) as u32;
            self.left -= count;
            self.place += count * inner.stride;
            if self.left > 0 {
                continue;
            }
            // To the start of the next row.
            self.left = inner.size;
            self.place -= inner.size * inner.stride;
            for step in outer.iter_mut().rev() {
                step.at += 1;
                self.place += step.stride;
                if step.at < step.size {
                    break;
                }
                self.place -= step.size * step.stride;
                step.at = 0;
            }
        }
    }
}

#[cfg(test)]
#[path = "broadcast_tests.rs"]
mod tests;
