//! A resident kernel in a context of cust. Needs a device, or the stand-in in a driver's place:
//! `cargo xtask cust`.

use core::time::Duration;

use cust::memory::{CopyDestination, DeviceBuffer};
use isokern_core::actor::{ActorPlan, ActorState};
use isokern_core::compute::ModelArtifact;
use isokern_cuda::{CudaHost, CudaModelActor, ResidentPlan};
use isokern_cust::context_of;
use isokern_guard::SystemClock;
use isokern_ring::{region_lender, spawn};

const MODEL: &[u8] = include_bytes!("../../../tests/models/digits.ikm");
const INPUTS: &[u8] = include_bytes!("../../../tests/models/vectors/digits.in.i8");
const OUTPUTS: &[u8] = include_bytes!("../../../tests/models/vectors/digits.out.tflm.i8");
/// A busy machine lets a thread wait for seconds.
const LEASE: Duration = Duration::from_secs(30);

#[test]
fn an_actor_stays_in_a_context_of_cust() {
    let theirs = cust::quick_init().expect("there is a device");
    // Memory of the program's own in that context, before, during and after.
    let own = DeviceBuffer::from_slice(&[7_u8; 64]).expect("there is memory");
    let context = context_of(&theirs).expect("it is a primary one");
    let plan = ResidentPlan::new(1).with_lease(LEASE).with_model_bytes(1 << 16);
    let host = CudaHost::start(&context, SystemClock, plan.with_pool_bytes(1 << 12));
    let host = host.expect("the kernel starts");
    // cust's own handle may go: the host keeps the context alive.
    drop(context);
    let model = host.load(&ModelArtifact::from_bytes(MODEL)).expect("there is room");
    let resident = CudaModelActor::new(model);
    let (region, buffers) = host.pool(resident.buffer_bytes(), 1, 1).expect("there is room");
    let mut pool = region_lender(region);
    let plan = ActorPlan::new().with_buffers(buffers);
    let mut actor = spawn(&host, resident, plan).expect("a block runs it");
    for (input, output) in INPUTS.chunks(64).zip(OUTPUTS.chunks(10)).take(3) {
        let mut buffer = pool.try_claim().expect("it is free");
        buffer[..64].copy_from_slice(input);
        let handle = buffer.lend(resident.buffer_bytes() as usize).expect("it fits");
        let reply = pollster::block_on(actor.ask(handle)).expect("the model runs");
        let found = &pool.bytes(handle).expect("it is back")[reply.output_offset as usize..];
        assert_eq!(found, output);
        pool.release(handle).expect("it is back");
    }
    assert_eq!(actor.into_running().join(), ActorState::Stopped);
    host.stop(LEASE).expect("the kernel ends");
    drop(host);
    let mut bytes = [0_u8; 64];
    own.copy_to(&mut bytes).expect("the context lives");
    assert_eq!(bytes, [7; 64]);
}
