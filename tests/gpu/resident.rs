//! What one inference of a model costs by each of the ways to ask for it: of an actor and as a task
//! of a kernel that stays, and by a launch, recorded as a graph or not.

use core::time::Duration;
use std::time::Instant;

use isokern_core::actor::ActorPlan;
use isokern_core::compute::ModelArtifact;
use isokern_core::megakernel::{HostMemory, NewTask, TaskOutcome};
use isokern_core::{MegakernelConfig, MessageHeader};
use isokern_cuda::{CudaBackend, CudaHost, CudaModelActor, CudaModelTasks, ResidentPlan};
use isokern_guard::SystemClock;
use isokern_ring::{Completions, Submitter, megakernel, region_lender, spawn};
use serde_json::json;

use crate::device::Gpu;
use crate::launched::Launched;
use crate::samples::Samples;
use crate::tasks::task_end;
use crate::{Effort, Failure};

static MODEL: &[u8] = include_bytes!("../models/digits.ikm");
static IMAGES: &[u8] = include_bytes!("../models/models/digits.test.i8");
/// Bytes of an image and of its scores.
pub(crate) const INPUT: usize = 64;
pub(crate) const OUTPUT: usize = 10;
/// Buffers of the pool; one is asked with at a time.
const BUFFERS: u32 = 2;
/// The one place of a task, and a slot more.
const PLACE: u32 = 0;
const SLOTS: u32 = 2;
/// How long the kernel stays without its host.
const LEASE: Duration = Duration::from_secs(10);

/// The ways, in the order in which a turn takes them.
const WAYS: [&str; 4] = [
    "digits, an actor that stays",
    "digits, a task",
    "digits, a graph each",
    "digits, a launch each",
];
/// How many of them need no driver call.
const STAYING: usize = 2;

type Scores = [u8; OUTPUT];

/// Measures all ways in turns, and adds what must not be to `wrong`.
pub(crate) fn measure(gpu: &Gpu, effort: Effort, wrong: &mut Vec<String>) -> Result<(), Failure> {
    let artifact = ModelArtifact::from_bytes(MODEL);
    // What is loaded while a kernel is resident may wait for its end.
    let backend = CudaBackend::with_context(gpu.context())?;
    let mut recorded = backend.load(&artifact).map_err(failed)?;
    recorded.init().map_err(failed)?;
    let mut launched = Launched::new(gpu, &backend, &artifact)?;
    let plan = ResidentPlan::new(1).with_workers(1, SLOTS).with_lease(LEASE);
    let plan = plan.with_model(&artifact, BUFFERS).map_err(failed)?;
    let plan = plan.with_model_tasks(&[&artifact], 1, 0).map_err(failed)?;
    let host = CudaHost::start(gpu.context(), SystemClock, plan).map_err(failed)?;
    let model = host.load(&artifact).map_err(failed)?;
    let resident = CudaModelActor::new(model);
    let (region, buffers) = host.pool(resident.buffer_bytes(), BUFFERS, 1).map_err(failed)?;
    let mut lender = region_lender(region);
    let mut actor =
        spawn(&host, resident, ActorPlan::new().with_buffers(buffers)).map_err(failed)?;
    let mut asker = actor.take_requester(0).ok_or_else(|| failed("an actor has a mailbox"))?;
    let tasks = host.model_tasks(&[model], 1, &[]).map_err(failed)?;
    let config = MegakernelConfig { worker_count: 1, ..MegakernelConfig::new() };
    let workers = megakernel(&host, tasks.clone(), config).map_err(failed)?;
    let (mut submitter, mut completions, controls) = workers.split();

    let mut ask = |image: &[u8; INPUT]| {
        let mut buffer = lender.try_claim().map_err(failed)?;
        let start = Instant::now();
        buffer[..INPUT].copy_from_slice(image);
        let handle = buffer.lend(resident.buffer_bytes() as usize).map_err(failed)?;
        let sequence = asker.try_ask(MessageHeader::new(), handle).map_err(failed)?;
        let answer = loop {
            match asker.try_answer_to(sequence) {
                Some(answer) => break answer,
                None => core::hint::spin_loop(),
            }
        };
        let at = answer.result.map_err(failed)?.output_offset as usize;
        let mut scores = Scores::default();
        scores.copy_from_slice(&lender.bytes(handle).map_err(failed)?[at..at + OUTPUT]);
        let time = start.elapsed();
        lender.release(handle).map_err(failed)?;
        Ok::<_, Failure>((time, scores))
    };
    let mut replay = |image: &[u8; INPUT]| {
        let (input, mut scores): (&[i8; INPUT], _) = (bytemuck::cast_ref(image), [0_i8; OUTPUT]);
        let start = Instant::now();
        recorded.infer_one(input, &mut scores).map_err(failed)?;
        Ok::<_, Failure>((start.elapsed(), bytemuck::cast(scores)))
    };

    turns(gpu, effort, wrong, |way, image| match way {
        0 => ask(image),
        1 => run_task(&tasks, (&mut submitter, &mut completions), image),
        2 => replay(image),
        _ => launched.run(gpu, image),
    })?;
    drop((asker, submitter));
    if !controls.finish().is_accounted() {
        wrong.push("resident: the tasks do not add up".to_owned());
    }
    host.stop(LEASE).map_err(failed)
}

/// Measures each way once a turn, with `run` of its index, and compares the answers.
fn turns(
    gpu: &Gpu,
    effort: Effort,
    wrong: &mut Vec<String>,
    mut run: impl FnMut(usize, &[u8; INPUT]) -> Result<(Duration, Scores), Failure>,
) -> Result<(), Failure> {
    let driver = gpu.context().device().driver();
    let mut rows = WAYS.map(|way| (way, Samples::new(), None));
    let (samples, warm_up) = (effort.of(20_000, 4) as usize, effort.of(2_000, 1) as usize);
    let images = IMAGES.as_chunks::<INPUT>().0.iter().cycle();
    for (number, image) in images.enumerate().take(warm_up + samples) {
        let mut first: Option<Scores> = None;
        for (index, (way, times, driver_calls)) in rows.iter_mut().enumerate() {
            let calls = driver.call_count();
            let (time, scores) = run(index, image)?;
            *driver_calls = calls.zip(driver.call_count()).map(|(before, after)| after - before);
            if *first.get_or_insert(scores) != scores {
                wrong.push(format!("resident: {way}: the answer to image {number} is another"));
            }
            if number >= warm_up {
                times.add(time);
            }
        }
    }
    for (index, (way, times, driver_calls)) in rows.iter().enumerate() {
        let more = json!({"driver_calls": driver_calls});
        times.print("one inference", way, "host to device to host", effort, &more);
        if index < STAYING && driver_calls.is_some_and(|calls| calls != 0) {
            wrong.push(format!("resident: {way} called the driver"));
        }
    }
    Ok(())
}

/// Runs an image as a task, and returns the time and the scores.
fn run_task<M: HostMemory>(
    tasks: &CudaModelTasks,
    (submitter, completions): (&mut Submitter<M>, &mut Completions<M>),
    image: &[u8; INPUT],
) -> Result<(Duration, Scores), Failure> {
    let start = Instant::now();
    let request = tasks.ask(PLACE, 0, None, image).map_err(failed)?;
    let handle = submitter.try_submit(NewTask::from(request)).map_err(failed)?;
    let end = task_end(completions, handle, start)?;
    if end.outcome != TaskOutcome::Done {
        return Err(failed(format!("a task ended as {:?}, {}", end.outcome, end.code)));
    }
    let mut scores = Scores::default();
    tasks.answer(PLACE, &mut scores).map_err(failed)?;
    Ok((start.elapsed(), scores))
}

fn failed(error: impl core::fmt::Display) -> Failure {
    Failure::Wrong(format!("resident: {error}"))
}
