//! How a model is kept running, in the words of the core.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use isokern::resident::SLOTS;
use isokern::tasked::IN_FLIGHT;
use isokern_core::KernelMode;

use crate::figures::counted;

/// A mode that the program has a runtime for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode(KernelMode);

impl Mode {
    /// One call an input.
    pub(crate) const BATCH: Self = Self(KernelMode::Batch);
    /// A resident actor.
    pub(crate) const RING: Self = Self(KernelMode::Ring);
    /// Tasks of resident workers.
    pub(crate) const MEGAKERNEL: Self = Self(KernelMode::Megakernel);

    /// Says whether the model is called.
    pub(crate) const fn is_batch(self) -> bool {
        self.0.is_batch()
    }

    /// Says whether the model is a resident actor.
    pub(crate) const fn is_ring(self) -> bool {
        self.0.is_ring()
    }

    /// Says whether inputs are tasks of resident workers.
    pub(crate) const fn is_megakernel(self) -> bool {
        self.0.is_megakernel()
    }

    /// Says what the time of an input is, for inputs asked as soon as there is room; none where the
    /// model is called.
    pub(crate) fn what_is_timed(self, input_count: usize, has_state: bool) -> Option<String> {
        if self.is_ring() {
            let under_way = counted(input_count.min(SLOTS), "input");
            return Some(format!("from question to collected answer, up to {under_way} under way"));
        }
        let in_flight = if has_state { 1 } else { IN_FLIGHT };
        let under_way = counted(input_count.min(in_flight), "task");
        let what = format!("from submission to collected outputs, up to {under_way} under way");
        self.is_megakernel().then_some(what)
    }

    /// Returns the mode's word.
    pub(crate) const fn as_str(self) -> &'static str {
        self.0.as_str()
    }
}

impl From<Mode> for KernelMode {
    fn from(mode: Mode) -> Self {
        mode.0
    }
}

impl ValueEnum for Mode {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::BATCH, Self::RING, Self::MEGAKERNEL]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = if self.is_ring() {
            "A resident actor, asked through a ring: a thread of its own, or a block of a GPU; \
             several inputs are under way in lent buffers"
        } else if self.is_megakernel() {
            "Each input is a task that resident workers take from a queue, on as many threads as \
             the launch policy recommends"
        } else {
            "One call an input, on the calling thread"
        };
        Some(PossibleValue::new(self.as_str()).help(help))
    }
}
