//! Measures a model that is asked beside a called one, in turns; and how many it answers at once.

use core::time::Duration;
use std::time::Instant;

use isokern_core::InferenceError;
use isokern_cpu::CpuModel;

use super::effort::{Effort, Spent};
use super::inputs::Inputs;
use super::report::{BenchReport, Overhead, Throughput};
use super::times::{Differences, Times};
use crate::error::CliError;
use isokern::asked::AskedModel;
use isokern::samples::{read_outputs, write_inputs};

/// A model that is called.
pub(crate) trait CalledModel {
    /// Runs an input, keeps its outputs and returns the time that counts.
    fn call(&mut self, input: &[u8], kept: &mut Vec<u8>) -> Result<Duration, InferenceError>;
}

/// The two that are measured in turns.
pub(crate) struct Pairs<'p, D, M> {
    pub(crate) direct: &'p mut D,
    pub(crate) asked: &'p mut M,
    pub(crate) name: &'p str,
    /// How the asked one is kept running.
    pub(crate) mode: &'static str,
}

/// The times of a pair: the same input, run directly and asked.
struct Pair {
    direct: Duration,
    asked: Duration,
}

impl<D: CalledModel, M: AskedModel> Pairs<'_, D, M> {
    /// Measures, and notes what came out.
    pub(crate) fn measure(
        &mut self,
        inputs: &Inputs,
        effort: Effort,
        report: &mut BenchReport,
    ) -> Result<(), CliError> {
        let mut outputs = [Vec::new(), Vec::new()];
        let mut next = |number| {
            let pair = self.run(inputs.of_run(number), number, &mut outputs)?;
            if outputs[0] == outputs[1] {
                Ok(pair)
            } else {
                Err(CliError::ModesDiffer { name: self.name.to_owned(), mode: self.mode })
            }
        };
        let warm_up = effort.tenth().repeat(|number| next(number).map(drop))?;
        let (mut direct, mut asked) = (Times::new(), Times::new());
        let mut differences = Differences::new();
        effort.repeat(|number| {
            let pair = next(number)?;
            direct.add(pair.direct);
            asked.add(pair.asked);
            differences.add(pair.asked, pair.direct);
            Ok::<(), CliError>(())
        })?;
        report.warm_up_run_count = warm_up.run_count;
        report.latency = asked.summary();
        let (p50_ns, p99_ns) = (differences.at(0.5), differences.at(0.99));
        report.overhead = Some(Overhead { p50_ns, p99_ns, direct: direct.summary() });
        Ok(())
    }

    /// Runs a pair; who comes first changes from pair to pair.
    fn run(
        &mut self,
        input: &[u8],
        number: u64,
        [direct, asked]: &mut [Vec<u8>; 2],
    ) -> Result<Pair, CliError> {
        if number.is_multiple_of(2) {
            let time = self.run_directly(input, direct)?;
            Ok(Pair { direct: time, asked: self.ask(input, asked)? })
        } else {
            let time = self.ask(input, asked)?;
            Ok(Pair { direct: self.run_directly(input, direct)?, asked: time })
        }
    }

    fn run_directly(&mut self, input: &[u8], kept: &mut Vec<u8>) -> Result<Duration, CliError> {
        let infer = |source| isokern::Error::Infer { name: self.name.to_owned(), source };
        Ok(self.direct.call(input, kept).map_err(infer)?)
    }

    fn ask(&mut self, input: &[u8], kept: &mut Vec<u8>) -> Result<Duration, CliError> {
        self.asked.try_ask(input, None)?;
        kept.clear();
        let elapsed = self.asked.answer(|output| kept.extend_from_slice(output))?;
        Ok(elapsed.unwrap_or_default())
    }
}

/// Run with its input in place: the time is that of its operators.
impl CalledModel for CpuModel<'static> {
    fn call(&mut self, input: &[u8], kept: &mut Vec<u8>) -> Result<Duration, InferenceError> {
        write_inputs(self, input)?;
        let start = Instant::now();
        self.run_operators(0..usize::MAX)?;
        let elapsed = start.elapsed();
        kept.clear();
        read_outputs(self, kept)?;
        Ok(elapsed)
    }
}

/// Returns the throughput with as many inputs under way as there is room for, `room`, after a
/// warm-up.
pub(crate) fn throughput<M: AskedModel>(
    model: &mut M,
    room: usize,
    inputs: &Inputs,
    effort: Effort,
) -> Result<Throughput, CliError> {
    keep_asking(model, inputs, effort.tenth())?;
    let spent = keep_asking(model, inputs, effort)?;
    let under_way_count = room.min(usize::try_from(spent.run_count).unwrap_or(room));
    Ok(Throughput::new(spent, under_way_count))
}

/// Keeps as many inputs under way as there is room for.
fn keep_asking<M: AskedModel>(
    model: &mut M,
    inputs: &Inputs,
    effort: Effort,
) -> Result<Spent, CliError> {
    let start = Instant::now();
    let (mut asked_count, mut run_count) = (0, 0);
    loop {
        while (asked_count == 0 || effort.has_more(asked_count, start))
            && model.try_ask(inputs.of_run(asked_count), None)?
        {
            asked_count += 1;
        }
        if model.answer(|_| ())?.is_none() {
            return Ok(Spent { run_count, elapsed: start.elapsed() });
        }
        run_count += 1;
    }
}
