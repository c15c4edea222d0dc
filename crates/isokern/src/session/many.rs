//! Many packed samples through a session, with the time of each.

use core::time::Duration;

use super::Session;
use crate::asked::AskedModel;
use crate::error::Error;
use crate::latency::Latencies;
use crate::samples::Samples;

impl Session {
    /// Runs packed samples, one after another or as many under way as the mode has room for, and
    /// returns all outputs and the time of each.
    ///
    /// A time is that of one sample: inputs copied in, all operators, outputs copied out; in ring
    /// and megakernel mode from the question to the collected answer. With a limit none may be
    /// longer. `done` sees the session after each, with the sample's index; where memory of a GPU
    /// runs out and the device was to be chosen, everything begins again on the processor, with
    /// index 0; not so for a model with state whose stream began in an earlier call.
    ///
    /// # Errors
    ///
    /// As [`run_within`](Self::run_within), with the index of the sample, and those of `done`.
    pub fn run_samples(
        &mut self,
        samples: &Samples,
        limit: Option<Duration>,
        mut done: impl FnMut(&mut Self, usize) -> Result<(), Error>,
    ) -> Result<(Vec<u8>, Latencies), Error> {
        self.refresh()?;
        if self.runner.answers_later() {
            return self.ask_samples(samples, limit, done);
        }
        let output_bytes = self.model.outputs().sample_bytes();
        let mut outputs = vec![0; samples.count() * output_bytes];
        let mut latencies = Latencies::default();
        let may_begin_again = self.is_fresh || self.model.state_bytes() == 0;
        let mut index = 0;
        while index < samples.count() {
            let output = outputs.get_mut(index * output_bytes..).unwrap_or_default();
            let output = output.get_mut(..output_bytes).unwrap_or_default();
            match self.runner.run_one(&self.model, samples.at(index), output, limit) {
                Ok(time) => latencies.add(time),
                Err(error) if may_begin_again && self.can_fall_back(&error) => {
                    self.fall_back(&error)?;
                    (index, latencies) = (0, Latencies::default());
                    continue;
                }
                Err(error) => {
                    self.is_stale = self.model.state_bytes() > 0;
                    return Err(error.at(index));
                }
            }
            self.is_fresh = false;
            done(self, index)?;
            index += 1;
        }
        Ok((outputs, latencies))
    }

    /// Runs samples through what answers later.
    fn ask_samples(
        &mut self,
        samples: &Samples,
        limit: Option<Duration>,
        mut done: impl FnMut(&mut Self, usize) -> Result<(), Error>,
    ) -> Result<(Vec<u8>, Latencies), Error> {
        let mut outputs = Vec::with_capacity(samples.count() * self.model.outputs().sample_bytes());
        let mut latencies = Latencies::default();
        let mut samples = samples.iter().peekable();
        self.is_stale = true;
        loop {
            while let Some(sample) = samples.peek() {
                if !self.runner.try_ask(sample, limit)? {
                    break;
                }
                samples.next();
            }
            let Some(time) = self.runner.answer(|output| outputs.extend_from_slice(output))? else {
                self.is_stale = false;
                return Ok((outputs, latencies));
            };
            latencies.add(time);
            self.is_fresh = false;
            done(self, latencies.count() - 1)?;
        }
    }
}
