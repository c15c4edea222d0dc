//! Which loops a model runs with.

use core::fmt;
use core::ops::Range;

use isokern_core::Solo;
#[cfg(feature = "std")]
use isokern_model::layout::Layout;

#[cfg(not(feature = "std"))]
use isokern_model::Loops;
#[cfg(feature = "std")]
use isokern_model::OperatorSite;
#[cfg(feature = "std")]
use isokern_model::operators::{HasKind, linked::run_one};
use isokern_model::{
    AllOperators, Memory, Model, OperatorSet, PlainLoops, Progress, RunError, run_ops, run_until_of,
};
#[cfg(all(not(feature = "std"), riscv_mul))]
use isokern_ops::block_mac::BlockMacLoops as MacLoops;
#[cfg(arm_dsp)]
use isokern_ops::dual_mac::DualMacLoops;
#[cfg(arm_mve)]
use isokern_ops::lane_mac::LaneMacLoops;
#[cfg(all(not(feature = "std"), not(any(arm_dsp, arm_mve, riscv_mul))))]
use isokern_ops::single_mac::SingleMacLoops as MacLoops;
#[cfg(all(not(feature = "std"), not(any(arm_dsp, arm_mla, arm_muls, arm_mve, riscv_mul))))]
use isokern_ops::single_mac::WideProducts as Mac;

#[cfg(all(not(feature = "std"), arm_mla))]
use crate::mla::Mla as Mac;
#[cfg(all(not(feature = "std"), riscv_mul))]
use crate::mul::Mul as Mac;
#[cfg(all(not(feature = "std"), arm_muls))]
use crate::muls::Muls as Mac;
#[cfg(arm_mve)]
use crate::mve::Mve;
#[cfg(arm_dsp)]
use crate::smlad::Smlad;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
use crate::vector::{Avx2, Avx512, VectorLoops};

/// Returns the loops that [`detect`](InstructionSet::detect) names, for who runs operators without
/// a model.
///
/// ```
/// # fn run(op: &isokern_model::operators::conv2d::Conv2dView, memory: &isokern_model::Memory) {
/// use isokern_cpu::core::Solo;
/// use isokern_cpu::model::Loops;
///
/// isokern_cpu::instruction_set::loops().conv2d(&Solo, op, memory);
/// # }
/// ```
#[cfg(not(feature = "std"))]
#[must_use]
pub const fn loops() -> impl Loops {
    Fastest::for_operators()
}

#[cfg(all(not(feature = "std"), arm_dsp))]
type Fastest = DualMacLoops<Smlad, AllOperators>;
#[cfg(all(not(feature = "std"), arm_mve))]
type Fastest = LaneMacLoops<Mve, AllOperators>;
#[cfg(all(not(feature = "std"), not(any(arm_dsp, arm_mve))))]
type Fastest = MacLoops<Mac, AllOperators>;

/// The instructions that the loops of a model use.
///
/// A value of this type says what the processor *has*: it is made by
/// [`detect`](Self::detect) and [`available`](Self::available) alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstructionSet(pub(crate) Level);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Level {
    Plain,
    #[cfg(all(not(feature = "std"), not(any(arm_dsp, arm_mve))))]
    Mac,
    #[cfg(arm_dsp)]
    Smlad,
    #[cfg(arm_mve)]
    Mve,
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    Avx2(VectorLoops<Avx2>),
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    Avx512Vnni(VectorLoops<Avx512>),
}

impl InstructionSet {
    /// The plain loops, which every processor runs.
    pub const PLAIN: Self = Self(Level::Plain);

    /// Returns the fastest set this processor has. Without feature `std` that is `smlad` on an
    /// Armv7E-M and on an Armv8-M with its instructions that `-C target-cpu` names, `mve` on one
    /// with vectors that is named, and `mac` elsewhere.
    ///
    /// ```
    /// use isokern_cpu::InstructionSet;
    ///
    /// assert!(InstructionSet::available().any(|set| set == InstructionSet::detect()));
    /// ```
    #[must_use]
    pub fn detect() -> Self {
        Self::available().last().unwrap_or(Self::PLAIN)
    }

    /// Returns every set this processor has, slowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        core::iter::once(Self::PLAIN).chain(vector_sets().into_iter().flatten())
    }

    /// Runs operators of a model with these loops, alone.
    pub(crate) fn run<S: OperatorSet>(
        self,
        model: &Model<'_>,
        memory: &Memory<'_>,
        range: Range<usize>,
    ) -> Result<(), RunError> {
        match self.0 {
            Level::Plain => run_ops(&Solo, &PlainLoops::<S>::for_operators(), model, memory, range),
            #[cfg(all(not(feature = "std"), not(any(arm_dsp, arm_mve))))]
            Level::Mac => {
                run_ops(&Solo, &MacLoops::<Mac, S>::for_operators(), model, memory, range)
            }
            #[cfg(arm_dsp)]
            Level::Smlad => {
                run_ops(&Solo, &DualMacLoops::<Smlad, S>::for_operators(), model, memory, range)
            }
            #[cfg(arm_mve)]
            Level::Mve => {
                run_ops(&Solo, &LaneMacLoops::<Mve, S>::for_operators(), model, memory, range)
            }
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Level::Avx2(loops) => run_ops(&Solo, &loops, model, memory, range),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Level::Avx512Vnni(loops) => run_ops(&Solo, &loops, model, memory, range),
        }
    }

    /// Runs operators from one on with these loops, alone, until `stops` says so.
    pub(crate) fn run_until<S: OperatorSet>(
        self,
        model: &Model<'_>,
        memory: &Memory<'_>,
        first: u32,
        stops: impl FnMut(u32) -> bool,
    ) -> Result<Progress, RunError> {
        type All = AllOperators;
        match self.0 {
            Level::Plain => {
                let loops = PlainLoops::<S>::for_operators();
                run_until_of::<All, _, _>(&Solo, &loops, model, memory, first, stops)
            }
            #[cfg(all(not(feature = "std"), not(any(arm_dsp, arm_mve))))]
            Level::Mac => {
                let loops = MacLoops::<Mac, S>::for_operators();
                run_until_of::<All, _, _>(&Solo, &loops, model, memory, first, stops)
            }
            #[cfg(arm_dsp)]
            Level::Smlad => {
                let loops = DualMacLoops::<Smlad, S>::for_operators();
                run_until_of::<All, _, _>(&Solo, &loops, model, memory, first, stops)
            }
            #[cfg(arm_mve)]
            Level::Mve => {
                let loops = LaneMacLoops::<Mve, S>::for_operators();
                run_until_of::<All, _, _>(&Solo, &loops, model, memory, first, stops)
            }
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Level::Avx2(loops) => {
                run_until_of::<All, _, _>(&Solo, &loops, model, memory, first, stops)
            }
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Level::Avx512Vnni(loops) => {
                run_until_of::<All, _, _>(&Solo, &loops, model, memory, first, stops)
            }
        }
    }

    /// Runs one checked operator of kind `K` with these loops, alone.
    #[cfg(feature = "std")]
    pub(crate) fn run_one<K: HasKind>(self, site: &OperatorSite<'_>, memory: &Memory<'_>) {
        match self.0 {
            Level::Plain => run_one::<K, _, _>((&Solo, &PlainLoops::new()), site, memory),
            #[cfg(arm_dsp)]
            Level::Smlad => run_one::<K, _, _>((&Solo, &Fastest::for_operators()), site, memory),
            #[cfg(arm_mve)]
            Level::Mve => run_one::<K, _, _>((&Solo, &Fastest::for_operators()), site, memory),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(loops) => run_one::<K, _, _>((&Solo, &loops), site, memory),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Vnni(loops) => run_one::<K, _, _>((&Solo, &loops), site, memory),
        }
    }

    /// Returns the order of weights these loops read.
    #[cfg(feature = "std")]
    pub(crate) const fn layout(self) -> Layout {
        match self.0 {
            Level::Plain => Layout::Row,
            #[cfg(arm_dsp)]
            Level::Smlad => Layout::Row,
            #[cfg(arm_mve)]
            Level::Mve => Layout::Row,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(_) | Level::Avx512Vnni(_) => Layout::Packed,
        }
    }

    /// Returns the word for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            Level::Plain => "plain",
            #[cfg(all(not(feature = "std"), not(any(arm_dsp, arm_mve))))]
            Level::Mac => "mac",
            #[cfg(arm_dsp)]
            Level::Smlad => "smlad",
            #[cfg(arm_mve)]
            Level::Mve => "mve",
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Level::Avx2(_) => "avx2",
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Level::Avx512Vnni(_) => "avx512vnni",
        }
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

#[cfg(all(feature = "std", target_arch = "x86_64"))]
fn vector_sets() -> [Option<InstructionSet>; 2] {
    [
        VectorLoops::avx2().map(|loops| InstructionSet(Level::Avx2(loops))),
        VectorLoops::avx512().map(|loops| InstructionSet(Level::Avx512Vnni(loops))),
    ]
}

#[cfg(arm_dsp)]
const fn vector_sets() -> [Option<InstructionSet>; 1] {
    [Some(InstructionSet(Level::Smlad))]
}

#[cfg(arm_mve)]
const fn vector_sets() -> [Option<InstructionSet>; 1] {
    [Some(InstructionSet(Level::Mve))]
}

#[cfg(all(not(feature = "std"), not(any(arm_dsp, arm_mve))))]
const fn vector_sets() -> [Option<InstructionSet>; 1] {
    [Some(InstructionSet(Level::Mac))]
}

#[cfg(all(feature = "std", not(target_arch = "x86_64"), not(any(arm_dsp, arm_mve))))]
const fn vector_sets() -> [Option<InstructionSet>; 0] {
    []
}
