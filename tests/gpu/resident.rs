//! What a question to a model that stays on the device costs, beside a launch for each input.

use core::time::Duration;
use std::time::Instant;

use isokern_core::MessageHeader;
use isokern_core::actor::ActorPlan;
use isokern_core::compute::ModelArtifact;
use isokern_cuda::{CudaBackend, CudaHost, CudaModelActor, ResidentPlan};
use isokern_guard::SystemClock;
use isokern_ring::{region_lender, spawn};
use serde_json::json;

use crate::device::Gpu;
use crate::samples::Samples;
use crate::{Effort, Failure};

static MODEL: &[u8] = include_bytes!("../models/digits.ikm");
static IMAGES: &[u8] = include_bytes!("../models/models/digits.test.i8");
/// Bytes of an image and of its scores.
const INPUT: usize = 64;
const OUTPUT: usize = 10;
/// Buffers of the pool; one is asked with at a time.
const BUFFERS: u32 = 2;
/// How long the kernel stays without its host.
const LEASE: Duration = Duration::from_secs(10);

/// Measures both ways in turns, and adds what must not be to `wrong`.
pub(crate) fn measure(gpu: &Gpu, effort: Effort, wrong: &mut Vec<String>) -> Result<(), Failure> {
    let artifact = ModelArtifact::from_bytes(MODEL);
    // What is loaded while a kernel is resident may wait for its end.
    let backend = CudaBackend::with_context(gpu.context())?;
    let mut launched = backend.load(&artifact).map_err(failed)?;
    launched.init().map_err(failed)?;
    let plan =
        ResidentPlan::new(1).with_lease(LEASE).with_model(&artifact, BUFFERS).map_err(failed)?;
    let host = CudaHost::start(gpu.context(), SystemClock, plan).map_err(failed)?;
    let resident = CudaModelActor::new(host.load(&artifact).map_err(failed)?);
    let (region, buffers) = host.pool(resident.buffer_bytes(), BUFFERS, 1).map_err(failed)?;
    let mut lender = region_lender(region);
    let mut actor =
        spawn(&host, resident, ActorPlan::new().with_buffers(buffers)).map_err(failed)?;
    let mut asker = actor.take_requester(0).ok_or_else(|| failed("an actor has a mailbox"))?;

    let (mut asked, mut called) = (Samples::new(), Samples::new());
    let samples = effort.of(20_000, 4) as usize;
    let warm_up = effort.of(2_000, 1) as usize;
    let images = IMAGES.as_chunks::<INPUT>().0.iter().cycle();
    for (number, image) in images.enumerate().take(warm_up + samples) {
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
        let mut scores = [0_u8; OUTPUT];
        scores.copy_from_slice(&lender.bytes(handle).map_err(failed)?[at..at + OUTPUT]);
        let time = start.elapsed();
        lender.release(handle).map_err(failed)?;

        let input: &[i8; INPUT] = bytemuck::cast_ref(image);
        let mut expected = [0_i8; OUTPUT];
        let start = Instant::now();
        launched.infer_one(input, &mut expected).map_err(failed)?;
        let launch = start.elapsed();
        if scores != bytemuck::cast::<_, [u8; OUTPUT]>(expected) {
            wrong.push(format!("resident: the answer to image {number} is not the launch's"));
        }
        if number >= warm_up {
            asked.add(time);
            called.add(launch);
        }
    }
    let (none, path) = (json!({}), "host to device to host");
    asked.print("one inference", "digits, an actor that stays", path, effort, &none);
    called.print("one inference", "digits, a launch each", path, effort, &none);
    drop(asker);
    host.stop(LEASE).map_err(failed)?;
    Ok(())
}

fn failed(error: impl core::fmt::Display) -> Failure {
    Failure::Wrong(format!("resident: {error}"))
}
