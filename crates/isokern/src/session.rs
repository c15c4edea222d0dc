//! A model, ready to run: samples in, answers out.

mod context;
mod cuda;
mod many;
mod plan;
mod runner;

use core::time::Duration;

use isokern_core::KernelMode;
use isokern_core::megakernel::MegakernelReport;

use crate::error::Error;
use crate::model::Model;
use crate::outputs::Outputs;
use crate::tasked::Claim;
use crate::values::{Inputs, Packing};
use runner::Runner;

pub use plan::{Device, Plan};

/// A model, ready to run on one device in one mode.
///
/// Inputs are slices, arrays or vectors of integers, `f32` or `bool`: of the input's own type,
/// taken as they are, or `f32`, quantised by the model's scale and zero point.
/// Several inputs are pairs of name or index and values. Outputs come in the same types.
///
/// A model with state takes its samples as one stream, in the order of the calls, until
/// [`reset`](Self::reset). After the first [`run`](Self::run) of a session in batch mode,
/// a run allocates nothing.
#[derive(Debug)]
pub struct Session {
    model: Model,
    plan: Plan,
    runner: Runner,
    place: String,
    reason: Option<String>,
    /// Whether the state is the initial one.
    is_fresh: bool,
    /// Whether an error has left half a step, or questions without an answer.
    is_stale: bool,
    inputs: Packing,
    outputs: Vec<u8>,
}

/// What a session's workers did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Finished {
    /// The account of the workers in megakernel mode.
    pub report: Option<MegakernelReport>,
    /// Claims of tasks, where [`Plan::with_trace`] asked for them.
    pub claims: Vec<Claim>,
}

impl Session {
    pub(crate) fn start(model: Model, plan: Plan) -> Result<Self, Error> {
        let (ordinal, may_fall_back) = match plan.device {
            Device::Cpu => (None, false),
            Device::Auto => (Some(0), true),
            Device::Cuda { ordinal } => (Some(ordinal), false),
        };
        let mut reason = None;
        let started = match ordinal {
            None => None,
            Some(ordinal) => match Runner::on_gpu(&model, &plan, ordinal) {
                Ok(started) => Some(started),
                Err(error) if may_fall_back => {
                    reason = Some(error.cause());
                    None
                }
                Err(error) => return Err(error),
            },
        };
        let (runner, place) = match started {
            Some(started) => started,
            None => Runner::on_cpu(&model, &plan)?,
        };
        let inputs = Packing::new(model.inputs());
        let outputs = vec![0; model.outputs().sample_bytes()];
        let (is_fresh, is_stale) = (true, false);
        Ok(Self { model, plan, runner, place, reason, is_fresh, is_stale, inputs, outputs })
    }

    /// Runs the model once.
    ///
    /// ```
    /// use isokern::{Device, Model};
    ///
    /// # static TWO: &[u8] = include_bytes!("../../../tests/models/models/two_inputs.tflite");
    /// let model = Model::from_bytes(TWO)?;
    /// let mut session = model.session(Device::Cpu)?;
    /// let reals = |index: usize| Ok(vec![0.25_f32; model.input(index)?.value_count()]);
    /// let (left, right) = (reals(0)?, reals(1)?);
    /// let outputs = session.run(&[(0, &left), (1, &right)])?;
    /// let sums: Vec<f32> = outputs.to_vec(0)?;
    /// assert_eq!(sums.len(), model.output(0)?.value_count());
    /// # Ok::<(), isokern::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Port`] where the values are not what the model takes, with shape and type of the
    /// input; the backend's, where it does not run. After an error of a run the state is the
    /// initial one, except on [`Error::Port`].
    pub fn run(&mut self, inputs: &(impl Inputs + ?Sized)) -> Result<Outputs<'_>, Error> {
        self.pack(inputs, Some(1))?;
        self.run_packed(1, None)
    }

    /// Runs the model once, for at most `limit`: on the processor it is stopped at the next
    /// operator, in ring and megakernel mode the wait before it counts.
    ///
    /// On a GPU what was launched is not stopped: the call returns when it has ended, and an answer
    /// that is later than the limit is none. Without time left nothing is launched.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`] where the limit ends first; as [`run`](Self::run).
    pub fn run_within(
        &mut self,
        limit: Duration,
        inputs: &(impl Inputs + ?Sized),
    ) -> Result<Outputs<'_>, Error> {
        self.pack(inputs, Some(1))?;
        self.run_packed(1, Some(limit))
    }

    /// Runs the model on a batch: every input holds the values of one sample after another, as many
    /// samples as the others. Of a model with state they are one stream.
    ///
    /// ```
    /// use isokern::{Device, Model};
    ///
    /// # static DIGITS: &[u8] = include_bytes!("../../../tests/models/digits.ikm");
    /// let mut session = Model::from_bytes(DIGITS)?.session(Device::Cpu)?;
    /// let three_images = [0_i8; 3 * 64];
    /// let outputs = session.run_batch(&three_images)?;
    /// assert_eq!(outputs.sample_count(), 3);
    /// let scores: Vec<f32> = outputs.to_vec(0)?;
    /// assert_eq!(scores.len(), 3 * 10);
    /// # Ok::<(), isokern::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_batch(&mut self, inputs: &(impl Inputs + ?Sized)) -> Result<Outputs<'_>, Error> {
        let count = self.pack(inputs, None)?;
        self.run_packed(count, None)
    }

    /// Restores the initial state: the next sample begins a new stream.
    ///
    /// # Errors
    ///
    /// The backend's; [`Error::Spawn`] in ring mode, where the actor starts again.
    pub fn reset(&mut self) -> Result<(), Error> {
        if !self.runner.reset(&self.model, self.is_stale)? {
            (self.runner, self.place) = Runner::on_cpu(&self.model, &self.plan)?;
        }
        (self.is_fresh, self.is_stale) = (true, false);
        Ok(())
    }

    /// Appends the state that the last sample has left to `target`; nothing for a model without.
    ///
    /// # Errors
    ///
    /// [`Error::NotInMode`] in ring mode, where the actor keeps it to itself; the backend's.
    pub fn append_state(&mut self, target: &mut Vec<u8>) -> Result<(), Error> {
        self.runner.append_state(&self.model, target)
    }

    /// Returns the model.
    #[must_use]
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// Returns the mode.
    #[must_use]
    pub const fn mode(&self) -> KernelMode {
        self.plan.mode
    }

    /// Returns what runs the model, in words: instructions and threads of the processor, or the
    /// GPU's name. A simulated device says in its name that it is one.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Returns whether a GPU runs the model.
    #[must_use]
    pub const fn is_on_gpu(&self) -> bool {
        matches!(self.runner, Runner::Cuda(_) | Runner::GpuResident(_) | Runner::GpuTasked(_))
    }

    /// Returns why it is not a GPU, where [`Device::Auto`] might have chosen one, and what to do
    /// about it.
    #[must_use]
    pub fn fallback_reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Ends the session: waits for its threads, and returns what they did. Dropped without it, a
    /// session stops its threads, too.
    ///
    /// # Errors
    ///
    /// [`Error::Actor`] where the actor has failed, [`Error::NotAccounted`].
    pub fn finish(self) -> Result<Finished, Error> {
        match self.runner {
            Runner::Called(_) | Runner::Cuda(_) => Ok(Finished::default()),
            Runner::Resident(resident) => resident.finish().map(|()| Finished::default()),
            Runner::GpuResident(resident) => resident.finish().map(|()| Finished::default()),
            Runner::Tasked(tasked) => {
                let (report, claims) = tasked.finish()?;
                Ok(Finished { report: Some(report), claims })
            }
            Runner::GpuTasked(tasked) => {
                let (report, claims) = tasked.finish()?;
                Ok(Finished { report: Some(report), claims })
            }
        }
    }

    /// Packs inputs, and returns how many samples there are.
    fn pack(
        &mut self,
        inputs: &(impl Inputs + ?Sized),
        count: Option<usize>,
    ) -> Result<usize, Error> {
        let packed = self.inputs.pack(inputs, self.model.inputs(), count);
        packed.map_err(|source| Error::Port { name: self.model.name().to_owned(), source })
    }

    /// Runs what was packed.
    fn run_packed(&mut self, count: usize, limit: Option<Duration>) -> Result<Outputs<'_>, Error> {
        self.refresh()?;
        self.outputs.resize(count * self.model.outputs().sample_bytes(), 0);
        if let Err(error) = self.try_packed(count, limit) {
            let may_go_on = self.is_fresh || self.model.state_bytes() == 0;
            if !may_go_on || !self.can_fall_back(&error) {
                self.is_stale = self.runner.answers_later() || self.model.state_bytes() > 0;
                return Err(error);
            }
            self.fall_back(&error)?;
            self.try_packed(count, limit)?;
        }
        self.is_fresh = false;
        Ok(Outputs::new(self.model.name(), self.model.outputs(), &self.outputs))
    }

    fn try_packed(&mut self, count: usize, limit: Option<Duration>) -> Result<(), Error> {
        let Self { runner, model, inputs, outputs, .. } = self;
        let samples = inputs.samples();
        match count {
            1 => runner.run_one(model, samples, outputs, limit).map(|_| ()),
            _ => runner.run_batch(model, samples, outputs, limit),
        }
    }

    /// Starts what an error has left with questions again.
    fn refresh(&mut self) -> Result<(), Error> {
        if self.is_stale { self.reset() } else { Ok(()) }
    }

    fn can_fall_back(&self, error: &Error) -> bool {
        self.plan.device == Device::Auto && self.is_on_gpu() && error.is_shortage()
    }

    /// Goes on with the processor, from the initial state.
    fn fall_back(&mut self, error: &Error) -> Result<(), Error> {
        (self.runner, self.place) = Runner::on_cpu(&self.model, &self.plan)?;
        (self.reason, self.is_fresh) = (Some(error.cause()), true);
        Ok(())
    }
}
