//! Nothing is allocated for a batch size that came before, neither by the host nor on the device.
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
        ("steps_of_known_sizes_allocate_nothing", known_sizes as fn()),
        ("the_counter_counts", counter),
    ];
    // What is alive is the process's: one test at a time.
    run_in_turn(tests.map(|(name, test)| trial_unless(missing(), name, test)))
}

/// Allocations of this thread, what is alive in the driver, and calls that make something.
fn counts() -> (usize, LiveObjects, u64) {
    let host = allocation_count();
    let makers = ["cuMemAlloc_v2", "cuMemHostAlloc", "cuGraphInstantiateWithFlags"];
    (host, live_objects(), makers.map(call_count).iter().sum())
}

/// Everything a caller may do with a model, in sizes of 1 and 3.
fn every_step(model: &mut CudaModel, pinned: &PinnedBuffer, device: &mut [DeviceBuffer; 2]) {
    let input = [3_i8; 64];
    let mut output = [0_i8; 10];
    model.infer_one(&input, &mut output).expect("the payloads fit");
    model.infer_one(pinned, &mut output).expect("the payloads fit");
    let messages = [input; 3].map(|input| Message::new(MessageHeader::new(), input));
    let mut outputs = [[0_i8; 10]; 3];
    for count in [1, 3] {
        let batch = Batch::new(&messages[..count]);
        model.infer_batch(batch, &mut outputs).expect("the payloads fit");
    }
    let [source, target] = device;
    model.infer_on_device(source.view(), target.view_mut()).expect("the lengths fit");
    model.drain().expect("nothing went wrong");
    model.reset().expect("nothing went wrong");
}

fn known_sizes() {
    let all = cases(&own_folder());
    let case = all.into_iter().find(|case| case.name == "digits").expect("the model is there");
    let backend = CudaBackend::new(0).expect("there is a device");
    let mut model = backend.load(&case.convert(Layout::Packed)).expect("the model loads");
    model.init().expect("the model initialises");
    let context = backend.context().expect("there is a device");
    let pinned = PinnedBuffer::new(context, 64).expect("there is memory");
    let mut device =
        [128, 20].map(|bytes| DeviceBuffer::new(context, bytes).expect("there is memory"));
    let warm = counts();
    every_step(&mut model, &pinned, &mut device);
    every_step(&mut model, &pinned, &mut device);
    let (_, _, made) = counts();
    assert_eq!(made - warm.2, 1, "the size that came again is recorded, and nothing else made");
    let (host, alive, made) = counts();
    every_step(&mut model, &pinned, &mut device);
    let after = counts();
    // The names of calls that are asked for are texts: what `counts` itself takes is known.
    let own = {
        let (start, _, _) = counts();
        counts().0 - start
    };
    assert_eq!(after.0 - host, own, "the host allocates");
    assert_eq!(after.1, alive, "something new is alive");
    assert_eq!(after.2, made, "something was made");
}

fn counter() {
    let before = allocation_count();
    let boxed = Box::new([1_u8; 100]);
    assert_eq!(allocation_count() - before, usize::from(boxed[0]));
}
