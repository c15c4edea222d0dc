//! A graph of runs of two models, submitted once, that a GPU executes without the host: the first
//! model runs eight times, the second twice, each after four of those, and once more at the end.
//!
//! `cargo run --release -p isokern-cli --example dag_gpu`
//!
//! Everything is submitted while those that wait are held; then the host sleeps. Every output is
//! compared with the processor's.

use core::time::Duration;
use std::thread;

use isokern::samples::Samples;
use isokern::{Device, Model};
use isokern_core::MegakernelConfig;
use isokern_core::megakernel::{NewTask, TaskHandle, TaskOutcome};
use isokern_core::ring::PopError;
use isokern_cuda::{Context, CudaHost, CudaModelTasks, ResidentPlan};
use isokern_guard::SystemClock;
use isokern_ring::megakernel;

static DIGITS: &[u8] = include_bytes!("../../../tests/models/models/digits.tflite");
static RESIDUAL: &[u8] = include_bytes!("../../../tests/models/models/residual.tflite");

/// Indices of the models in the table.
const FIRST: u32 = 0;
const SECOND: u32 = 1;
/// Places: eight of the first layer, two of the second, the last.
const PLACES: u32 = 11;
const LAST: u32 = 10;
const LEASE: Duration = Duration::from_secs(10);

type Failure = Box<dyn core::error::Error>;

fn main() -> Result<(), Failure> {
    let models = [Model::from_bytes(DIGITS)?, Model::from_bytes(RESIDUAL)?];
    let inputs = models.each_ref().map(|model| Samples::generated(model, 1..=PLACES));
    let device = isokern_cuda::Device::new(0)?;
    println!("device: {}", device.name()?);
    let context = Context::primary(device)?;
    let plan = ResidentPlan::new(0).with_workers(4, PLACES).with_lease(LEASE).with_model_tasks(
        &models.each_ref().map(Model::artifact),
        PLACES,
        0,
    )?;
    let host = CudaHost::start(&context, SystemClock, plan)?;
    let loaded = [host.load(models[0].artifact())?, host.load(models[1].artifact())?];
    let tasks = host.model_tasks(&loaded, PLACES, &[])?;
    let started = megakernel(&host, tasks.clone(), MegakernelConfig::new())?;
    let (mut submitter, mut completions, controls) = started.split();
    let mut submit = |model: u32, place: u32, (is_held, join): (bool, Option<TaskHandle>)| {
        let inputs = inputs[model as usize].at(place as usize);
        let task = NewTask::from(tasks.ask(place, model, None, inputs)?);
        let task = if is_held { task.held() } else { task };
        let task = join.map_or(task, |handle| task.with_join(handle));
        Ok::<_, Failure>(submitter.try_submit(task)?)
    };

    // Who waits comes first, held, so that nothing can end before it is waited for.
    let last = submit(SECOND, LAST, (true, None))?;
    let mut second = Vec::new();
    for place in 8..LAST {
        second.push(submit(SECOND, place, (true, Some(last)))?);
    }
    for place in 0..8 {
        submit(FIRST, place, (false, Some(second[place as usize / 4])))?;
    }
    for task in second.into_iter().chain([last]) {
        submitter.release(task)?;
    }
    let end = loop {
        match completions.try_take(last) {
            Ok(end) => break end,
            Err(PopError::Empty) => thread::sleep(Duration::from_millis(1)),
            Err(error) => return Err(error.into()),
        }
    };
    println!("the last run: {:?}", end.outcome);
    let report = controls.finish();
    if end.outcome != TaskOutcome::Done || report.done != u64::from(PLACES) {
        return Err(format!("not every run is done: {report:?}").into());
    }
    compare(&tasks, &models, &inputs)?;
    println!("{} runs, accounted: {}", report.done, report.is_accounted());
    host.stop(LEASE)?;
    Ok(())
}

/// Compares the outputs of all places with the processor's.
fn compare(
    tasks: &CudaModelTasks,
    models: &[Model; 2],
    inputs: &[Samples; 2],
) -> Result<(), Failure> {
    for (index, model) in models.iter().enumerate() {
        let mut session = model.session(Device::Cpu)?;
        let (expected, _) = session.run_samples(&inputs[index], None, |_, _| Ok(()))?;
        let bytes = model.outputs().sample_bytes();
        let places = if index as u32 == FIRST { 0..8 } else { 8..PLACES };
        for place in places {
            let mut found = vec![0; bytes];
            tasks.answer(place, &mut found)?;
            if found != expected[place as usize * bytes..][..bytes] {
                return Err(format!("place {place}: the outputs are not the processor's").into());
            }
        }
    }
    println!("{PLACES} outputs, all the processor's");
    Ok(())
}
