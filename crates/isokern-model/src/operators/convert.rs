//! Convert: each value in another element type or scale.

use core::ops::RangeInclusive;

use crate::memory::Memory;
use bytemuck::{Pod, Zeroable};
use isokern_core::Team;

use crate::fixed::{nearest, rescale};
use crate::loops::Loops;
use crate::number::Number;
use crate::operator::{Check, Cost, Operator, Outline, require};
use crate::site::OperatorSite;
use crate::tensor::Tensor;

/// The kind of conversions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convert;

/// Body of a conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct ConvertBody {
    /// Q31 multiplier of a requantisation, else 0.
    pub multiplier: i32,
    /// Its shift, above zero to the left, else 0.
    pub shift: i8,
    /// What is computed: [`Conversion::code`].
    pub operation: u8,
    /// Zero.
    pub reserved: u16,
}

const _: () = assert!(size_of::<ConvertBody>() == 8);

isokern_core::numbered! {
    /// What a conversion computes of each value.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Conversion: u8, code, from_code {
        /// From `f32` to the output's scale and zero point.
        Quantize = 0,
        /// From the input's scale and zero point to `f32`.
        Dequantize = 1,
        /// From one scale and zero point to another.
        Requantize = 2,
        /// The stored number in another type.
        Cast = 3,
    }
}

impl Conversion {
    /// Returns the word that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quantize => "quantize",
            Self::Dequantize => "dequantize",
            Self::Requantize => "requantize",
            Self::Cast => "cast",
        }
    }

    /// Returns whether it takes numbers of the one type to the other.
    const fn takes(self, from: Number, to: Number) -> bool {
        match self {
            Self::Quantize => matches!(from, Number::F32) && is_quantised(to),
            Self::Dequantize => is_quantised(from) && matches!(to, Number::F32),
            Self::Requantize => {
                (is_quantised(from) || matches!(from, Number::I32))
                    && (is_quantised(to) || matches!(to, Number::I32))
            }
            Self::Cast => true,
        }
    }
}

/// Returns whether numbers of this type have a scale and a zero point.
const fn is_quantised(number: Number) -> bool {
    matches!(number, Number::I8 | Number::U8 | Number::I16)
}

/// Each value in another element type or scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConvertView {
    /// Any tensor.
    pub input: Tensor,
    /// As many elements.
    pub output: Tensor,
    /// What is computed.
    pub operation: Conversion,
    /// Q31 multiplier of a requantisation.
    pub multiplier: i32,
    /// Its shift; above zero is to the left.
    pub shift: i8,
    /// The type of the input's numbers.
    pub from: Number,
    /// The type of the output's numbers.
    pub to: Number,
}

impl Operator for Convert {
    type Body = ConvertBody;
    type View<'m> = ConvertView;
    const INPUTS: RangeInclusive<usize> = 1..=1;
    const ANY_DTYPE: bool = true;

    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    fn view<'m>(site: &OperatorSite<'m>, body: &ConvertBody) -> ConvertView {
        let (input, output) = (site.input(0), site.output(0));
        ConvertView {
            input,
            output,
            operation: Conversion::from_code(body.operation).unwrap_or(Conversion::Cast),
            multiplier: body.multiplier,
            shift: body.shift,
            from: number(&input).unwrap_or(Number::I8),
            to: number(&output).unwrap_or(Number::I8),
        }
    }

    fn check(site: &OperatorSite<'_>, body: &ConvertBody, view: &ConvertView) -> Check {
        require(site.constant_count() == 0, "constant_count")?;
        require(Conversion::from_code(body.operation).is_some(), "operation")?;
        require(body.reserved == 0, "body")?;
        let are_numbers = number(&view.input).is_some() && number(&view.output).is_some();
        require(are_numbers && view.operation.takes(view.from, view.to), "dtype")?;
        require(view.input.shape() == view.output.shape(), "output")?;
        let is_scaled = view.operation == Conversion::Requantize;
        require(is_scaled && body.multiplier >= 0 || body.multiplier == 0, "multiplier")?;
        require(is_scaled && (-31..=30).contains(&body.shift) || body.shift == 0, "shift")
    }

    fn cost(view: &ConvertView) -> Cost {
        Cost { work: view.output.len() as u64, ..Cost::default() }
    }

    /// Runs the calling rank's share of a conversion.
    ///
    /// A tile is one value; see [`ConvertView::value`].
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &ConvertView, memory: &Memory<'_>) {
        let (x, y) = (memory.view(&op.input), memory.view(&op.output));
        for index in team.share(op.output.len()) {
            op.to.store(y, index, op.value((op.from, op.to), op.from.load(x, index)));
        }
    }

    #[inline]
    fn run_with<T: Team, L: Loops>(team: &T, loops: &L, view: &ConvertView, memory: &Memory<'_>) {
        loops.convert(team, view, memory);
    }

    fn outline(view: &ConvertView) -> Outline {
        Outline { operation: Some(view.operation.name()), ..Outline::default() }
    }
}

impl ConvertView {
    /// Returns the bits of the output for one input, whose types are `from` and `to`.
    ///
    /// Float arithmetic is one division or one product, to nearest even in single precision, so
    /// that nothing can be contracted. Sources in TensorFlow Lite:
    /// `kernels/internal/reference/quantize.h`, `dequantize.h` and `requantize.h` there.
    #[inline(always)]
    #[must_use]
    pub fn value(&self, (from, to): (Number, Number), bits: u32) -> u32 {
        let (zero_x, zero_y) = (self.input.zero_point(), self.output.zero_point());
        match self.operation {
            Conversion::Quantize => {
                let steps = nearest(f32::from_bits(bits) / self.output.scale());
                to.clamp(steps.wrapping_add(zero_y))
            }
            Conversion::Dequantize => {
                // An integer of at most 17 bits: the product is rounded, nothing else.
                ((bits.cast_signed() - zero_x) as f32 * self.input.scale()).to_bits()
            }
            Conversion::Requantize => {
                let x = bits.cast_signed().wrapping_sub(zero_x);
                to.clamp(rescale(x, self.multiplier, self.shift).wrapping_add(zero_y))
            }
            Conversion::Cast => from.cast(to, bits),
        }
    }
}

fn number(tensor: &Tensor) -> Option<Number> {
    Number::from_code(tensor.dtype().code())
}
