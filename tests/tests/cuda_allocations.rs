//! Nothing is allocated after `init`, neither by the host nor on the device, but by the method
//! that says so.
//!
//! Needs the stand-in, which counts what is alive. It has an allocator of its own, so what is
//! counted here is the backend's.

use std::process::ExitCode;

use isokern_core::{Batch, ComputeModel, Message, MessageHeader};
use isokern_cuda::{CudaBackend, CudaModel, DeviceBuffer, PinnedBuffer};
use isokern_model::layout::Layout;
use isokern_tests::counting::{Counting, allocation_count};
use isokern_tests::standin::{LiveObjects, call_count, live_objects, missing};
use isokern_tests::trials::{run_in_turn, trial_unless};
use isokern_tests::vectors::{cases, own_folder};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    let tests = [
        ("p16_no_step_allocates_after_init", no_step_allocates as fn()),
        ("p16_a_prepared_batch_allocates_once_and_is_replayed", prepared),
        ("the_counter_counts", counter),
    ];
    // What is alive is the process's: one test at a time.
    run_in_turn(tests.map(|(name, test)| trial_unless(missing(), name, test)))
}

/// Returns the allocations of this thread, what is alive in the driver, and calls that make
/// something.
fn counts() -> (usize, LiveObjects, u64) {
    let host = allocation_count();
    let makers = ["cuMemAlloc_v2", "cuMemHostAlloc", "cuGraphInstantiateWithFlags"];
    (host, live_objects(), makers.map(call_count).iter().sum())
}

/// Returns the model and its backend, fresh from `init`.
fn fresh() -> (CudaBackend, CudaModel) {
    let all = cases(&own_folder());
    let case = all.into_iter().find(|case| case.name == "digits").expect("the model is there");
    let backend = CudaBackend::new(0).expect("there is a device");
    let mut model = backend.load(&case.convert(Layout::Packed)).expect("the model loads");
    model.init().expect("the model initialises");
    (backend, model)
}

/// Everything a caller may do with a model, in sizes of 1, 3 and 5.
fn every_step(model: &mut CudaModel, pinned: &PinnedBuffer, device: &mut [DeviceBuffer; 2]) {
    let input = [3_i8; 64];
    let mut output = [0_i8; 10];
    model.infer_one(&input, &mut output).expect("the payloads fit");
    model.infer_one(pinned, &mut output).expect("the payloads fit");
    batches(model, &[1, 3, 5]);
    let [source, target] = device;
    model.infer_on_device(source.view(), target.view_mut()).expect("the lengths fit");
    let (one, _) = source.view().split_at(64).expect("it holds two");
    let (mut answer, _) = target.view_mut().split_at(10).expect("it holds two");
    model.infer_one(&one, &mut answer).expect("the payloads fit");
    model.infer_one(&one, &mut output).expect("the payloads fit");
    model.infer_one(&input, &mut answer).expect("the payloads fit");
    let messages = [Message::new(MessageHeader::new(), one)];
    model.infer_batch(Batch::new(&messages), &mut [answer]).expect("the payloads fit");
    model.drain().expect("nothing went wrong");
    model.reset().expect("nothing went wrong");
}

/// Runs batches of these sizes, of the host.
fn batches(model: &mut CudaModel, sizes: &[usize]) {
    let messages = [[3_i8; 64]; 5].map(|input| Message::new(MessageHeader::new(), input));
    let mut outputs = [[0_i8; 10]; 5];
    for &size in sizes {
        let batch = Batch::new(&messages[..size]);
        model.infer_batch(batch, &mut outputs).expect("the payloads fit");
    }
}

/// Returns what `work` allocates: on the host, in the driver, and by calls that make something.
fn allocated(work: impl FnOnce()) -> (usize, bool, u64) {
    // The names of calls that are asked for are texts: what `counts` itself takes is known.
    let own = {
        let (start, _, _) = counts();
        counts().0 - start
    };
    let (host, alive, made) = counts();
    work();
    let after = counts();
    (after.0 - host - own, after.1 != alive, after.2 - made)
}

fn no_step_allocates() {
    let (backend, mut model) = fresh();
    let context = backend.context().expect("there is a device");
    let pinned = PinnedBuffer::new(context, 64).expect("there is memory");
    let mut device =
        [128, 20].map(|bytes| DeviceBuffer::new(context, bytes).expect("there is memory"));
    for round in 0..3 {
        let found = allocated(|| every_step(&mut model, &pinned, &mut device));
        assert_eq!(found, (0, false, 0), "round {round}");
    }
}

fn prepared() {
    let (_backend, mut model) = fresh();
    let launches = |model: &mut CudaModel, size| {
        let before = ["cuLaunchKernel", "cuGraphLaunch"].map(call_count);
        batches(model, &[size]);
        let after = ["cuLaunchKernel", "cuGraphLaunch"].map(call_count);
        (after[0] - before[0], after[1] - before[1])
    };
    assert_eq!(launches(&mut model, 3), (1, 0), "it is not recorded");
    let (_, alive, made) = allocated(|| model.prepare_batch(3).expect("there is memory"));
    assert_eq!((alive, made), (true, 1), "one graph");
    let again = allocated(|| model.prepare_batch(3).expect("it is there"));
    assert_eq!(again, (0, false, 0), "it is recorded already");
    assert_eq!(launches(&mut model, 3), (0, 1), "it is replayed");
    assert_eq!(allocated(|| batches(&mut model, &[3, 1, 5, 3])), (0, false, 0));
    for size in [1, model.chunk_samples(), 2 * model.chunk_samples()] {
        let made = allocated(|| model.prepare_batch(size).expect("there is nothing to do"));
        assert_eq!(made, (0, false, 0), "{size} goes in recorded chunks");
    }
}

fn counter() {
    let before = allocation_count();
    let boxed = Box::new([1_u8; 100]);
    assert_eq!(allocation_count() - before, usize::from(boxed[0]));
}
