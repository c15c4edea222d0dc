//! A detector that stays on the GPU: four threads ask it, and no question is a launch.
//!
//! `cargo run --release -p isokern-cli --example gpu_actor 10000`, questions of each thread
//!
//! One launch puts the model into as many blocks as there are threads; from then on questions and
//! answers pass through memory that both sides see. Every answer is compared with the processor's.

use core::time::Duration;
use std::thread;
use std::time::Instant;

use hdrhistogram::Histogram;
use isokern_core::MessageHeader;
use isokern_core::actor::ActorPlan;
use isokern_core::compute::ModelArtifact;
use isokern_cpu::ArtifactBackend;
use isokern_cuda::{Context, CudaHost, CudaModelActor, Device, LoadedModel, ResidentPlan};
use isokern_guard::SystemClock;
use isokern_ring::{region_lender, spawn};

static MODEL: &[u8] = include_bytes!("../../../tests/models/digits.ikm");
static IMAGES: &[u8] = include_bytes!("../../../tests/models/models/digits.test.i8");

const THREADS: u32 = 4;
/// Buffers of each thread.
const BUFFERS: u32 = 2;

type Failure = Box<dyn core::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let questions = std::env::args().nth(1).map_or(Ok(20), |text| text.parse())?;
    let artifact = ModelArtifact::from_bytes(MODEL);
    let device = Device::new(0)?;
    let name = device.name()?;
    println!("device: {name}");
    let context = Context::primary(device)?;
    let plan = ResidentPlan::new(THREADS)
        .with_lease(Duration::from_secs(10)) // of a host that is gone
        .with_model_bytes(1 << 16)
        .with_pool_bytes(1 << 16);
    let host = CudaHost::start(&context, SystemClock, plan)?;
    let model = host.load(&artifact)?;
    let results: Vec<Result<Histogram<u64>, Failure>> = thread::scope(|scope| {
        let host = &host;
        let asking = |number| scope.spawn(move || ask(host, model, number, questions));
        let threads: Vec<_> = (1..=THREADS).map(asking).collect();
        threads.into_iter().map(|it| it.join().expect("it does not panic")).collect()
    });
    let mut times = Histogram::<u64>::new(3)?;
    for result in results {
        times.add(result?)?;
    }
    let us = |quantile| times.value_at_quantile(quantile) as f64 / 1e3;
    println!("{} answers, all the processor's", times.len());
    // The stand-in driver's device says so in its name; its times are those of an interpreter.
    if !name.contains("(no GPU)") {
        println!("from a question to its answer: p50 {} us, p99 {} us", us(0.5), us(0.99));
    }
    host.stop(Duration::from_secs(10))?;
    Ok(())
}

/// Asks an actor of its own so many questions; returns how long each took, in ns.
fn ask(
    host: &CudaHost<SystemClock>,
    model: LoadedModel,
    number: u32,
    count: usize,
) -> Result<Histogram<u64>, Failure> {
    let mut on_processor = ArtifactBackend::new().load(&ModelArtifact::from_bytes(MODEL))?;
    on_processor.init()?;
    let resident = CudaModelActor::new(model);
    let (region, buffers) = host.pool(resident.buffer_bytes(), BUFFERS, number)?;
    let mut lender = region_lender(region);
    let mut actor = spawn(host, resident, ActorPlan::new().with_buffers(buffers))?;
    let mut questions = actor.take_requester(0).ok_or("an actor has a mailbox")?;
    let input_bytes = resident.input_bytes() as usize;
    let mut times = Histogram::new(3)?;
    for image in IMAGES.chunks_exact(input_bytes).cycle().take(count) {
        let mut buffer = lender.try_claim()?;
        buffer[..input_bytes].copy_from_slice(image);
        let handle = buffer.lend(resident.buffer_bytes() as usize)?;
        let asked = Instant::now();
        let sequence = questions.try_ask(MessageHeader::new(), handle)?;
        let answer = loop {
            match questions.try_answer_to(sequence) {
                Some(answer) => break answer,
                None => core::hint::spin_loop(),
            }
        };
        times.record(u64::try_from(asked.elapsed().as_nanos())?)?;
        let reply = answer.result?;
        let scores = &lender.bytes(handle)?[reply.output_offset as usize..];
        let image: &[i8; 64] = bytemuck::from_bytes(image);
        let mut expected = [0_i8; 10];
        on_processor.infer_one(image, &mut expected)?;
        if scores != bytemuck::bytes_of(&expected) {
            return Err(format!("thread {number}: the answer is not the processor's").into());
        }
        lender.release(handle)?;
    }
    drop(questions);
    println!("the actor of thread {number} is {}", actor.into_running().join());
    Ok(times)
}
