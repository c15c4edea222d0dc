//! A measurement as data.
//!
//! The names of the fields are the keys of the JSON: a change here breaks programs. The help
//! of `isokern bench` has their meaning.

use isokern::Model;
use isokern_core::KernelMode;
use isokern_core::kernel::whole_ns;
use serde::Serialize;

use super::effort::Spent;
use super::inputs::Inputs;
use super::machine::Machine;
use super::times::{Summary, Times};
use crate::mode::Mode;

/// What was measured, of what, and on what.
#[derive(Debug, Serialize)]
pub(crate) struct BenchReport {
    pub(crate) model: String,
    pub(crate) mode: KernelMode,
    pub(crate) build: &'static str,
    pub(crate) input: InputReport,
    pub(crate) self_test: &'static str,
    pub(crate) machine: Machine,
    pub(crate) warm_up_run_count: u64,
    pub(crate) latency: Summary,
    pub(crate) throughput: Throughput,
    pub(crate) operators: Option<Vec<OperatorTimes>>,
    pub(crate) overhead: Option<Overhead>,
    pub(crate) wait: Option<&'static str>,
    pub(crate) backend: &'static str,
    pub(crate) device: Option<DeviceReport>,
    pub(crate) batch: Option<BatchReport>,
    pub(crate) tasks: Option<TaskReport>,
    pub(crate) counts: Option<CountsReport>,
    pub(crate) driver_calls: Option<DriverCallsReport>,
}

/// The driver calls of one inference on a simulated device.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct DriverCallsReport {
    /// Of a question to the model that stays.
    pub(crate) asked: u64,
    /// Of a launch.
    pub(crate) launched: u64,
}

/// What a task costs, and how long tasks wait.
#[derive(Debug, Serialize)]
pub(crate) struct TaskReport {
    pub(crate) worker_count: u32,
    pub(crate) empty_task_ns: f64,
    pub(crate) waits: Option<Waits>,
}

/// How long tasks waited from submission to first claim, one in eight an urgent one.
#[derive(Debug, Serialize)]
pub(crate) struct Waits {
    pub(crate) critical: Summary,
    pub(crate) normal: Summary,
    pub(crate) yield_count: u64,
}

/// What one inference executes on a simulated device: exact, the same in every run.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct CountsReport {
    pub(crate) thread_instruction_count: u64,
    pub(crate) warp_instruction_count: u64,
    pub(crate) dot_lane_count: u64,
    pub(crate) global_request_count: u64,
    pub(crate) global_sector_count: u64,
    pub(crate) shared_request_count: u64,
    pub(crate) shared_pass_count: u64,
    pub(crate) local_request_count: u64,
    pub(crate) barrier_count: u64,
    pub(crate) atomic_lane_count: u64,
}

/// The GPU that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct DeviceReport {
    pub(crate) name: String,
    /// The times are then those of a simulation on the processor.
    pub(crate) simulated: bool,
    pub(crate) compute_capability: String,
    pub(crate) driver: String,
    pub(crate) path: &'static str,
}

/// Whole batches on a GPU.
#[derive(Debug, Serialize)]
pub(crate) struct BatchReport {
    pub(crate) sample_count: usize,
    pub(crate) chunk_sample_count: usize,
    pub(crate) latency: Summary,
    pub(crate) throughput: Throughput,
}

/// The inputs, which are taken in turns.
#[derive(Debug, Serialize)]
pub(crate) struct InputReport {
    pub(crate) source: String,
    pub(crate) count: usize,
}

/// Inferences in some time.
#[derive(Debug, Serialize)]
pub(crate) struct Throughput {
    pub(crate) inferences_per_second: f64,
    pub(crate) inference_count: u64,
    pub(crate) elapsed_ns: u64,
    pub(crate) under_way_count: usize,
}

/// One operator, timed alone.
#[derive(Debug, Serialize)]
pub(crate) struct OperatorTimes {
    pub(crate) index: usize,
    pub(crate) kind: &'static str,
    pub(crate) p50_ns: u64,
    pub(crate) p99_ns: u64,
    pub(crate) share: f64,
}

/// What ring or megakernel add to a direct run.
#[derive(Debug, Serialize)]
pub(crate) struct Overhead {
    pub(crate) p50_ns: i64,
    pub(crate) p99_ns: i64,
    pub(crate) direct: Summary,
}

impl BenchReport {
    /// Returns the report of a measurement that has not begun.
    pub(crate) fn new(
        file: &Model,
        mode: Mode,
        inputs: &Inputs,
        self_test: &'static str,
        machine: Machine,
    ) -> Self {
        Self {
            model: file.name().to_owned(),
            mode: mode.into(),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
            input: InputReport { source: inputs.source.clone(), count: inputs.count() },
            self_test,
            machine,
            warm_up_run_count: 0,
            latency: Times::new().summary(),
            throughput: Throughput::new(Spent::default(), 0),
            operators: None,
            overhead: None,
            wait: None,
            backend: "cpu",
            device: None,
            batch: None,
            tasks: None,
            counts: None,
            driver_calls: None,
        }
    }
}

impl Throughput {
    /// Returns the throughput of runs of which so many were under way at once.
    pub(crate) fn new(spent: Spent, under_way_count: usize) -> Self {
        let seconds = spent.elapsed.as_secs_f64();
        Self {
            inferences_per_second: spent.run_count as f64 / seconds.max(1e-9),
            inference_count: spent.run_count,
            elapsed_ns: whole_ns(spent.elapsed),
            under_way_count,
        }
    }
}
