//! Every kind of operator: one file each, one row in the table here.
//!
//! The table gives kinds, codes and names, and every dispatch over kinds; none has an arm for
//! "all others", so the compiler names what a new row lacks. To add a kind, write its file with
//! an [`Operator`] and add its row; a code is never used again.
//!
//! Operators see their tensors and constants through an [`OperatorSite`], never the model.

pub mod add;
pub mod add_n;
pub mod binary;
mod binary_operation;
pub mod broadcast;
mod broadcast_reader;
pub mod conv2d;
pub mod convert;
pub mod depthwise_conv2d;
mod dot;
pub mod dot_body;
mod elements;
pub mod exponential;
pub mod fully_connected;
pub mod gather;
#[cfg(all(test, feature = "std"))]
mod gather_tests;
pub mod linked;
mod move_elements;
mod move_piece;
mod move_rows;
#[cfg(all(test, feature = "std"))]
mod move_tests;
mod move_turn;
mod move_walk;
pub mod moves;
pub mod pool;
pub mod reduce;
mod reduce_loops;
pub mod reshape;
pub mod select;
pub mod softmax;
pub mod table;
#[cfg(all(test, feature = "std"))]
mod test_teams;

use core::fmt;

use crate::memory::Memory;
use isokern_core::{DType, Team};

use crate::geometry::{Axis, Window};
use crate::kind::{OpSet, OperatorSet};
use crate::loops::Loops;
use crate::operator::{Check, CopyRows, Cost, Operator, Outline, require};
use crate::record::BODY_BYTES;
use crate::site::OperatorSite;
use crate::tensor::Tensor;
use crate::weights::StoredWeights;

use add::Add;
use add_n::AddN;
use binary::Binary;
use conv2d::Conv2d;
use convert::Convert;
use depthwise_conv2d::DepthwiseConv2d;
use fully_connected::FullyConnected;
use gather::Gather;
use moves::Move;
use pool::Pool;
use reduce::Reduce;
use reshape::Reshape;
use select::Select;
use softmax::Softmax;
use table::Table;

/// Makes kinds, views and dispatch of the rows `code Kind "NAME"`.
macro_rules! operators {
    ($($code:literal $kind:ident $name:literal $what:literal)+) => {
        /// The kind of an operator.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum OpKind {
            $(#[doc = $what] $kind,)+
        }

        /// One operator of a model, ready to run.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub enum Op<'m> {
            $(#[doc = $what] $kind(<$kind as Operator>::View<'m>),)+
        }

        impl OpKind {
            /// Every kind, in the order of the codes.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Returns the number of this kind in a blob, from 1: zeroed memory is no
            /// operator.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self {
                    $(Self::$kind => $code,)+
                }
            }

            /// Returns the kind with this number.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$kind),)+
                    _ => None,
                }
            }

            /// Returns the name in reports and in `docs/format.md`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// Returns whether the output may be the first input under another shape.
            #[must_use]
            pub const fn is_in_place(self) -> bool {
                match self {
                    $(Self::$kind => <$kind as Operator>::IN_PLACE,)+
                }
            }

            /// Views the operator of a record of this kind.
            pub(crate) fn view<'m>(self, site: &OperatorSite<'m>) -> Op<'m> {
                match self {
                    $(Self::$kind => {
                        Op::$kind(<$kind as Operator>::view(site, &site.record().body()))
                    })+
                }
            }
        }

        /// Checks an operator, and returns what it costs; none for a kind outside `S`, whose checks
        /// are not linked.
        pub(crate) fn check_kind<S: OperatorSet>(
            site: &OperatorSite<'_>,
        ) -> Option<Result<Cost, &'static str>> {
            let code = site.record().kind;
            // A constant, as in `run_kind`.
            $(if const { S::KINDS.contains(OpKind::$kind) } && code == $code {
                return Some(check::<$kind>(site));
            })+
            None
        }

        /// Returns whether values that an operator reads make it fail, the same on every rank.
        #[inline]
        pub(crate) fn fails<S: OperatorSet, L: Loops>(
            site: &OperatorSite<'_>,
            memory: &Memory<'_>,
        ) -> bool {
            let code = site.record().kind;
            // A constant, as in `run_kind`.
            $(if const { <$kind as Operator>::CAN_FAIL
                && S::KINDS.and(L::OPERATORS).contains(OpKind::$kind) }
                && code == $code
            {
                return fails_of::<$kind>(site, memory);
            })+
            false
        }

        /// Runs the calling rank's share of an operator with `loops`, without a barrier; does
        /// nothing for a kind outside `S`, and for one that `loops` are built without.
        #[inline]
        pub(crate) fn run_kind<S: OperatorSet, T: Team, L: Loops>(
            (team, loops): (&T, &L),
            site: &OperatorSite<'_>,
            memory: &Memory<'_>,
        ) {
            let code = site.record().kind;
            // A constant, whatever the optimizer does: other kinds leave nothing here, neither
            // their code nor an arm.
            $(if const { S::KINDS.and(L::OPERATORS).contains(OpKind::$kind) } && code == $code {
                run::<$kind, T, L>((team, loops), site, memory);
            })+
        }

        impl<'m> Op<'m> {
            /// Returns the kind of the operator.
            #[must_use]
            pub const fn kind(&self) -> OpKind {
                match self {
                    $(Self::$kind(_) => OpKind::$kind,)+
                }
            }

            /// Returns what one run costs.
            #[must_use]
            pub fn cost(&self) -> Cost {
                match self {
                    $(Self::$kind(view) => <$kind as Operator>::cost(view),)+
                }
            }

            /// Returns the first constant, if that is weights.
            #[must_use]
            pub fn weights(&self) -> StoredWeights<'m> {
                match self {
                    $(Self::$kind(view) => <$kind as Operator>::weights(view),)+
                }
            }

            /// Returns what a report says of the operator.
            #[must_use]
            pub fn outline(&self) -> Outline {
                match self {
                    $(Self::$kind(view) => <$kind as Operator>::outline(view),)+
                }
            }

            /// Calls `each` for the rows that the plain loop copies on one core, in order; for none
            /// where it computes.
            pub fn each_copy(&self, each: impl FnMut(CopyRows)) {
                match self {
                    $(Self::$kind(view) => <$kind as Operator>::each_copy(view, each),)+
                }
            }
        }

        impl OpSet {
            /// Every kind of this build.
            pub const ALL: Self = Self::EMPTY$(.with(OpKind::$kind))+;
        }

        $(impl HasKind for $kind {
            const KIND: OpKind = OpKind::$kind;
        })+

        const _: () = {
            $(assert!($code < 128);)+
            $(assert!(size_of::<<$kind as Operator>::Body>() <= BODY_BYTES);)+
        };
    };
}

operators! {
    1 Conv2d "CONV_2D" "Convolution over an image."
    2 DepthwiseConv2d "DEPTHWISE_CONV_2D" "Convolution of each channel with kernels of its own."
    3 FullyConnected "FULLY_CONNECTED" "Product of rows with a matrix."
    4 Add "ADD" "Sum of two tensors of one shape."
    5 Pool "POOL" "One value for the cells of a window."
    6 Reshape "RESHAPE" "The same bytes under another shape."
    7 Softmax "SOFTMAX" "Normalised exponentials of each row."
    8 Table "TABLE" "A function of single values."
    9 Binary "BINARY" "A function of two values."
    10 Reduce "REDUCE" "One value for all elements along some dimensions."
    11 Move "MOVE" "An output of boxes of other tensors."
    12 Gather "GATHER" "Blocks picked by a list of indices."
    13 Convert "CONVERT" "Each value in another element type or scale."
    14 Select "SELECT" "Each element from one of two operands."
    15 AddN "ADD_N" "Sum of any number of tensors."
}

impl fmt::Display for OpKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// The kind of an [`Operator`].
pub trait HasKind: Operator {
    /// The kind.
    const KIND: OpKind;
}

/// Returns whether the values that one operator reads make it fail.
#[inline(never)] // Its registers are not those of the loop.
fn fails_of<O: Operator>(site: &OperatorSite<'_>, memory: &Memory<'_>) -> bool {
    O::fails(&O::view(site, &site.record().body()), memory)
}

/// Runs the calling rank's share of one operator, part after part.
///
/// Its view is built here and nowhere copied, which a device would do byte by byte.
#[inline(never)] // Not inlined: the largest view counts, not their sum.
fn run<O: Operator, T: Team, L: Loops>(
    (team, loops): (&T, &L),
    site: &OperatorSite<'_>,
    memory: &Memory<'_>,
) {
    let mut view = O::view(site, &site.record().body());
    let items = O::items(&view);
    for item in 0..items {
        if items > 1 {
            step_to::<O>(&mut view, item);
        }
        O::run_with(team, loops, &view, memory);
    }
}

/// Narrows a view to a part of the work; seldom called.
#[inline(never)]
fn step_to<O: Operator>(view: &mut O::View<'_>, item: u32) {
    O::step_to(view, item);
}

/// Checks what all kinds have in common, then the kind's own fields.
#[inline(never)] // Not inlined: firmware's stack is short.
fn check<O: Operator>(site: &OperatorSite<'_>) -> Result<Cost, &'static str> {
    let inputs = (*O::INPUTS.start(), *O::INPUTS.end());
    check_counts(site, inputs, [O::OUTPUTS, O::SCRATCH], O::ANY_DTYPE)?;
    let record = site.record();
    require(record.is_clear_after(size_of::<O::Body>()), "body")?;
    let body: O::Body = record.body();
    let view = O::view(site, &body);
    O::check(site, &body, &view)?;
    Ok(O::cost(&view))
}

/// Checks how many tensors there are, and their types; apart from the kinds, so that it is in
/// firmware once.
#[inline(never)]
fn check_counts(
    site: &OperatorSite<'_>,
    (least, most): (usize, usize),
    [outputs, scratch]: [usize; 2],
    any_dtype: bool,
) -> Check {
    require((least..=most).contains(&site.input_count()), "input_count")?;
    require(site.output_count() == outputs, "output_count")?;
    require(site.scratch_count() == scratch, "scratch_count")?;
    require(any_dtype || site.is_all(DType::I8), "dtype")
}

/// Checks that both tensors are as many images, and every window starts before the image's end
/// and ends after its start.
fn images(input: &Tensor, output: &Tensor, window: &Window) -> Check {
    require(matches!(input.shape(), [_, _, _, _]), "input")?;
    require(matches!(output.shape(), [_, _, _, _]), "output")?;
    require(input.images() == output.images(), "output")?;
    let (input, output) = (input.image(), output.image());
    require(is_axis(window.rows(), input.height, output.height), "window")?;
    require(is_axis(window.columns(), input.width, output.width), "window")
}

fn is_axis(axis: Axis, inputs: usize, outputs: usize) -> bool {
    // Outputs are below 2^28 and strides below 2^16, which a 32-bit address may not hold.
    let last_start = (outputs as u64).saturating_sub(1) * axis.stride as u64;
    axis.kernel > 0
        && axis.stride > 0
        && axis.dilation > 0
        && axis.pad < axis.extent()
        && last_start < inputs as u64 + axis.pad as u64
}
