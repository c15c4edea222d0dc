//! `isokern bench`: how long a model takes, and what is timed.

mod batch;
mod cuda;
mod cuda_asked;
mod effort;
mod inputs;
mod machine;
mod pairs;
mod report;
mod ring;
mod tasks;
mod text;
mod times;
mod wait;

use core::num::NonZeroUsize;
use core::time::Duration;
use std::io::Write;
use std::path::PathBuf;

use isokern::Model;
use isokern_cpu::InstructionSet;

use crate::backend::Backend;
use crate::error::CliError;
use crate::instructions::Instructions;
use crate::mode::Mode;
use crate::{json, model_file, self_test};
use effort::Effort;
use inputs::Inputs;
use machine::Machine;
use report::BenchReport;
use wait::Wait;

const NOTES: &str = "\
What is timed, after a warm-up of a tenth of --runs or --time that is not counted:
  batch  latency: one inference, input copied in, run, output copied out, on one thread
         operators: each alone, in runs of their own; one look at the clock is in every time
  ring   latency: from the question, the input lying in its lent buffer, to the collected answer;
         one input is under way; --wait says how both threads wait
         overhead: latency less that of a direct run with its input in place, taken in turns, pair
         by pair; so a quantile of differences, not a difference of quantiles
         throughput: as many inputs under way as the ring has slots, in runs of their own
  megakernel, with one worker
         latency: from the submission of a task, its input lying in its place, to the collected
         outputs; one task is under way; overhead and throughput as in ring mode
         empty task: one that does nothing, 1024 under way, submitted and collected meanwhile
         critical, normal: from the submission of a task to its first claim, which the worker
         notes, with 8 under way, one in eight of class critical; none for a model with state
  --backend cuda, path host to device to host
         latency: one inference, input copied to the device, run, output copied back, waited for
         batch: one call with --batch inputs, copies and launches overlapped, waited for
  --backend cuda --mode ring, the model in a block of a kernel that stays
         latency: from the question, the input lying in its lent buffer, to the collected answer
         direct, overhead: as in ring mode, but the direct run is a launch, timed as above
A model with state is measured on one stream: it starts from the initial state and goes on from
run to run. The self-test has an initial state of its own.
Times have three digits that count. A quantile is what that share of the runs did not exceed.

Before it measures, the program runs the model's self-test. In ring and megakernel mode it compares
the outputs of every pair; with --backend cuda every answer with the processor's. A device whose
name says that it is simulated gives right answers and no times that say anything of a GPU: what
one inference executes is counted and printed in place of times, in ring mode its driver calls.

Keys of --json, which later versions keep; times are integers in ns unless they say otherwise:
  model, mode (batch, ring or megakernel), build (release or debug), input {source, count}
  self_test (passed, or none where the model has none)
  machine {processor (or null), architecture, system, instruction_set, available_thread_count,
  used_thread_count, timer_ns: what two looks at the clock take}
  warm_up_run_count
  latency {run_count, p50_ns, p99_ns, p999_ns, max_ns}
  throughput {inferences_per_second (real number), inference_count, elapsed_ns, under_way_count}
  operators[]  index, kind, p50_ns, p99_ns, share (of the sum of medians, 0 to 1); in batch mode,
               else null
  overhead {p50_ns, p99_ns, direct: as latency; may be negative}; null in batch mode
  wait (spin, yield or park); in ring mode, else null
  backend (cpu or cuda)
  device {name, simulated (true or false), compute_capability, driver, path}; null on the processor
  batch {sample_count, chunk_sample_count: most in one launch, latency of a call: as latency,
  throughput: as throughput}; null on the processor
  tasks {worker_count, empty_task_ns (real number), waits {critical, normal: as latency,
  yield_count} (or null)}; in megakernel mode, else null
  counts {thread_instruction_count, warp_instruction_count, dot_lane_count, global_request_count,
  global_sector_count, shared_request_count, shared_pass_count, local_request_count, barrier_count,
  atomic_lane_count}: of one inference; null unless the device is simulated, and in ring mode
  driver_calls {asked, launched}: of one inference; null but in ring mode on a simulated device";

/// Measures a model: latency, throughput, its operators, and what a mode adds
#[derive(clap::Args)]
#[command(after_long_help = NOTES)]
pub(crate) struct Arguments {
    /// An .ikm file, or a .tflite file, which is converted in memory
    model: PathBuf,
    /// Inputs, taken in turns, as for `isokern run` [default: the generated one of the self-test]
    #[arg(short, long, value_name = "[NAME=]FILE")]
    input: Vec<PathBuf>,
    /// What the model runs on: cpu or cuda; a measurement is of one of them
    #[arg(long, value_enum, default_value_t = Backend::Cpu)]
    backend: Backend,
    /// Inputs of one call for a GPU's throughput [default: 4096; 8 on a simulated device]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    batch: Option<NonZeroUsize>,
    /// How the model is kept running
    #[arg(long, value_enum, default_value_t = Mode::BATCH)]
    mode: Mode,
    /// The runs of each measurement
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(allow_negative_numbers = true)]
    #[arg(conflicts_with = "time")]
    runs: Option<u64>,
    /// The time of each measurement [default: 2s]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    #[arg(allow_hyphen_values = true)]
    time: Option<Duration>,
    /// How both sides of the ring wait [default: spin; yield where there is one processor]
    #[arg(long, value_enum)]
    wait: Option<Wait>,
    /// The instructions to compute with
    #[arg(long, value_enum, default_value_t = Instructions::Auto)]
    instructions: Instructions,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// Measures, then prints tables or JSON.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<(), CliError> {
    if arguments.wait.is_some() && !arguments.mode.is_ring() {
        return Err(CliError::WaitWithoutRing);
    }
    match arguments.backend {
        Backend::Auto => return Err(CliError::BackendNotNamed),
        Backend::Cpu if arguments.batch.is_some() => return Err(CliError::BatchOnCpu),
        Backend::Cuda | Backend::Cpu => {}
    }
    if arguments.batch.is_some() && !arguments.mode.is_batch() {
        return Err(CliError::BatchOfQuestions);
    }
    let instructions = arguments.instructions.choose()?;
    let file = model_file::read(&arguments.model)?;
    let report = measure(arguments, &file, instructions)?;
    if arguments.json {
        json::print(&report, out)?;
    } else {
        text::print(&report, out)?;
    }
    Ok(())
}

fn measure(
    arguments: &Arguments,
    file: &Model,
    instructions: InstructionSet,
) -> Result<BenchReport, CliError> {
    let mode = arguments.mode;
    let effort = match (arguments.runs, arguments.time) {
        (Some(run_count), _) => Effort::Runs(run_count),
        (None, time) => Effort::Time(time.unwrap_or(Duration::from_secs(2))),
    };
    let inputs = Inputs::read(&arguments.input, &file.view())?;
    let mut model = file.load_cpu(instructions)?;
    let self_test = self_test::verify(&mut model, file.name())?;
    let machine = Machine::look(instructions, mode);
    let mut report = BenchReport::new(file, mode, &inputs, self_test, machine);
    let wait = || arguments.wait.unwrap_or_else(Wait::for_this_machine);
    if arguments.backend == Backend::Cuda && mode.is_ring() {
        let start = |count| cuda_asked::resident(file, count, wait());
        report.wait = Some(wait().as_str());
        cuda_asked::measure(&mut model, (file, mode), &inputs, effort, start, &mut report)?;
    } else if arguments.backend == Backend::Cuda && mode.is_megakernel() {
        let start = |count| cuda_asked::tasked(file, count);
        cuda_asked::measure(&mut model, (file, mode), &inputs, effort, start, &mut report)?;
    } else if arguments.backend == Backend::Cuda {
        cuda::measure(&mut model, file, &inputs, effort, arguments.batch, &mut report)?;
    } else if mode.is_ring() {
        ring::measure(model, file, &inputs, effort, wait(), &mut report)?;
    } else if mode.is_megakernel() {
        tasks::measure(model, file, &inputs, effort, &mut report)?;
    } else {
        batch::measure(model, file, &inputs, effort, &mut report)?;
    }
    Ok(report)
}
