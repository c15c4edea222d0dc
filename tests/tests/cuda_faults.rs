//! The CUDA backend when things fail: every driver call in turn, and kernels that go wrong.
//!
//! Needs the stand-in: a GPU fails no call on demand. Without it every test is
//! skipped.
#![allow(unsafe_code)]

use core::cell::Cell;
use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic;
use std::process::ExitCode;
use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaSlice};
use isokern_core::compute::{BufferDescriptor, ModelArtifact};
use isokern_core::device::FaultCode;
use isokern_core::{
    Batch, ComputeModel, InferenceError, InferenceErrorKind as Kind, Message, MessageHeader,
    Payload,
};
use isokern_cuda::{
    Context, CudaBackend, CudaError, CudaModel, DeviceBuffer, DeviceView, GraphExec, Stream,
    unreleased_count,
};
use isokern_model::layout::Layout;
use isokern_tests::standin::{LiveObjects, call_count, fail_at, fail_never, live_objects, missing};
use isokern_tests::trials::{abort_after, run_in_turn, trial_unless};
use isokern_tests::vectors::{Case, cases, own_folder};

/// After this long, something hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// What calls are made to fail with, and what callers shall see.
const CODES: [(u32, Kind); 3] =
    [(2, Kind::ResourceUnavailable), (719, Kind::DeviceLost), (999, Kind::ExecutionFailed)];

fn main() -> ExitCode {
    abort_after(PATIENCE);
    let tests = [
        ("a_lost_device_is_told_by_every_handle", lost_device as fn()),
        ("a_fault_of_device_code_is_told_in_words", told_in_words),
        ("a_fault_of_device_code_leaves_the_model_usable", usable_afterwards),
        ("a_late_fault_is_told_by_drain_and_not_by_reset", told_by_drain),
        ("memory_that_runs_out_is_told_in_bytes", out_of_memory),
        ("section4_a_fault_on_device_payloads_is_told_once", told_on_device),
        ("section4_a_refused_event_of_cudarc_is_told_and_ends_the_work", cudarc_events),
        ("p15_an_abandoned_stream_forgets_its_fault", abandoned),
        ("p15_a_panic_inside_a_capture_ends_the_recording", capture_panics),
        ("p15_a_panic_of_a_payload_leaves_nothing_running", payload_panics),
        // The last: where the release of a context is refused, the process keeps the context.
        ("a_failure_of_each_call_is_told_and_leaks_nothing", each_call),
    ];
    // Failures on demand are the process's: one test at a time.
    run_in_turn(tests.map(|(name, test)| trial_unless(missing(), name, test)))
}

fn digits() -> Case {
    let all = cases(&own_folder());
    all.into_iter().find(|case| case.name == "digits").expect("the digits model is there")
}

/// Runs the first sample from device to device.
fn on_the_device(
    backend: &CudaBackend,
    model: &mut CudaModel,
    case: &Case,
) -> Result<(), InferenceError> {
    let context = backend.context().expect("it was loaded there");
    let stream = Stream::new(context)?;
    let mut input = DeviceBuffer::new(context, 64)?;
    let mut output = DeviceBuffer::new(context, 10)?;
    input.upload(bytemuck::cast_slice(&case.inputs[..64]), &stream)?;
    model.infer_one(&input, &mut output)?;
    let messages = [Message::new(MessageHeader::new(), &input)];
    model.infer_batch(Batch::new(&messages), &mut [&mut output])?;
    let mut found = [0_u8; 10];
    output.download(&mut found, &stream)?;
    assert!(found == *bytemuck::cast_slice::<i8, u8>(&case.outputs[..10]), "wrong bytes are worse");
    Ok(())
}

/// Returns one life: load, infer in every way, drop. Gives the calls made before the first drop.
fn one_life(case: &Case, artifact: &ModelArtifact) -> Result<u64, InferenceError> {
    let backend = CudaBackend::new(0)?;
    let mut model = backend.load(artifact)?;
    model.init()?;
    let mut found = vec![0_i8; 4 * 10];
    let (single, rest) = found.split_at_mut(10);
    model.infer_one(&case.inputs[..64], single)?;
    let inputs = case.inputs[64..256].chunks_exact(64);
    let messages: Vec<Message<&[i8]>> =
        inputs.map(|input| Message::new(MessageHeader::new(), input)).collect();
    let mut outputs: Vec<&mut [i8]> = rest.chunks_exact_mut(10).collect();
    model.infer_batch(Batch::new(&messages), &mut outputs)?;
    model.prepare_batch(3)?;
    model.infer_batch(Batch::new(&messages), &mut outputs)?;
    on_the_device(&backend, &mut model, case)?;
    ComputeModel::<[i8], [i8]>::drain(&mut model)?;
    assert!(found == case.outputs[..40], "wrong bytes are worse than an error");
    Ok(call_count("*"))
}

fn each_call() {
    let case = digits();
    let artifact = case.convert(Layout::Packed);
    one_life(&case, &artifact).expect("nothing fails yet");
    let before = call_count("*");
    let calls_alive = one_life(&case, &artifact).expect("nothing fails yet") - before;
    let calls = call_count("*") - before;
    assert!(calls_alive > 60 && calls > calls_alive + 20, "{calls_alive} of {calls} calls");
    let (mut told, mut unreleased) = (0, 0);
    for index in 1..=calls {
        let (code, kind) = CODES[usize::try_from(index % 3).expect("small")];
        let (objects, refused) = (live_objects(), unreleased_count());
        fail_at("*", index, code);
        let outcome = one_life(&case, &artifact);
        fail_never();
        let refused = unreleased_count() - refused;
        match outcome {
            Err(error) => {
                assert_eq!(error.kind(), kind, "call {index} of {calls}: {error}");
                told += 1;
            }
            // A handle that was not released is the one thing nobody learns of: it is counted.
            Ok(_) => {
                assert!(refused >= 1, "call {index} of {calls} failed, and nobody said so");
                unreleased += 1;
            }
        }
        check_objects(index, objects, live_objects(), refused);
    }
    assert!(told >= calls_alive - 20, "{told} of {calls_alive} were told");
    println!("{calls} calls: {told} failures told, {unreleased} handles counted as not released");
    one_life(&case, &artifact).expect("a fresh backend works");
}

/// Checks that all is released with its context, and the context itself unless it was refused.
fn check_objects(index: u64, before: LiveObjects, after: LiveObjects, refused: u64) {
    let kept = LiveObjects { contexts: before.contexts, ..after };
    assert_eq!(kept, before, "call {index} leaks");
    assert!(after.contexts == before.contexts || refused > 0, "call {index} leaks a context");
}

/// Memory of the device whose first byte is this, and zeros.
fn on_device(context: &Context, first: u8) -> DeviceBuffer {
    let stream = Stream::new(context).expect("there is a stream");
    let mut buffer = DeviceBuffer::new(context, 64).expect("there is memory");
    let mut bytes = [0; 64];
    bytes[0] = first;
    buffer.upload(&bytes, &stream).expect("the bytes fit");
    buffer
}

/// PTX of one kernel that takes the batch parameters.
fn kernel(body: &str) -> String {
    format!(
        ".version 7.0\n.target sm_75\n.address_size 64\n\
         .visible .entry planted(.param .align 8 .b8 parameters[112]) {{\n\
         .reg .pred %p<2>;\n.reg .b32 %r<4>;\n.reg .b64 %rd<4>;\n{body}\nret;\n}}\n"
    )
}

/// Writes a fault record, if the first byte of the input is not zero.
const FAULTY: &str = "ld.param.u64 %rd1, [parameters+24];\n\
    ld.param.u64 %rd2, [parameters+88];\n\
    ld.global.u8 %r1, [%rd1];\n\
    setp.eq.s32 %p1, %r1, 0;\n\
    @%p1 bra DONE;\n\
    mov.u32 %r2, 5;\n\
    st.global.u32 [%rd2+4], %r2;\n\
    mov.u64 %rd3, 4096;\n\
    st.global.u64 [%rd2+16], %rd3;\n\
    mov.u32 %r3, 2;\n\
    st.global.u32 [%rd2], %r3;\n\
    DONE:";

/// Stores to an address that nothing is at, if the first byte of the input is not zero.
const BROKEN: &str = "ld.param.u64 %rd1, [parameters+24];\n\
    ld.global.u8 %r1, [%rd1];\n\
    setp.eq.s32 %p1, %r1, 0;\n\
    @%p1 bra DONE;\n\
    mov.u64 %rd2, 64;\n\
    st.global.u32 [%rd2], %r1;\n\
    DONE:";

/// Returns the digits model, ready, on a kernel of this file.
fn planted(backend: &CudaBackend, body: &str) -> CudaModel {
    // SAFETY: the kernel reads the inputs, and writes the record or nothing that is there.
    let backend = unsafe { backend.load_ptx(kernel(body).as_bytes(), "planted") };
    let backend = backend.expect("the text loads");
    let mut model = backend.load(&digits().convert(Layout::Packed)).expect("the model loads");
    model.init().expect("zeros are no fault");
    model
}

fn step(model: &mut CudaModel, first: i8, output: &mut [i8; 10]) -> Result<(), InferenceError> {
    let mut input = [0_i8; 64];
    input[0] = first;
    model.infer_one(&input, output)
}

fn lost_device() {
    let before = live_objects();
    {
        let backend = CudaBackend::new(0).expect("there is a device");
        let mut other = backend.load(&digits().convert(Layout::Packed)).expect("the model loads");
        other.init().expect("the model initialises");
        let mut model = planted(&backend, BROKEN);
        let mut output = [77_i8; 10];
        let lost = step(&mut model, 1, &mut output).expect_err("the kernel breaks the context");
        assert_eq!(lost.kind(), Kind::DeviceLost, "{lost}");
        let said = model.last_error().expect("it was told").to_string();
        assert!(said.contains("restart the process"), "{said}");
        assert_eq!(output, [77; 10], "an error is no result");
        for model in [&mut model, &mut other] {
            let again = step(model, 0, &mut output).expect_err("the context is lost");
            assert_eq!(again.kind(), Kind::DeviceLost, "{again}");
            let said = model.last_error();
            assert!(matches!(said, Some(CudaError::DeviceLost { .. })), "{said:?}");
            let drained = ComputeModel::<[i8], [i8]>::reset(model).expect_err("it is lost");
            assert_eq!(drained.kind(), Kind::DeviceLost, "{drained}");
        }
        let refused = backend.load(&digits().convert(Layout::Packed)).map(|_| ());
        assert!(matches!(refused, Err(CudaError::DeviceLost { .. })), "{refused:?}");
        let context = backend.context().expect("there is a device");
        assert_eq!(context.lost().map(|status| status.code()), Some(700));
    }
    assert_eq!(live_objects(), before, "a lost context is released all the same");
    let case = digits();
    let artifact = case.convert(Layout::Packed);
    one_life(&case, &artifact).expect("the stand-in forgets a context that was released");
}

fn told_in_words() {
    let backend = CudaBackend::new(0).expect("there is a device");
    let mut model = planted(&backend, FAULTY);
    let mut output = [77_i8; 10];
    let fault = step(&mut model, 1, &mut output).expect_err("the kernel writes a fault");
    assert_eq!(fault.kind(), Kind::ExecutionFailed, "{fault}");
    assert_eq!(fault.code(), 1040 + FaultCode::SharedMemory.code());
    let said = model.last_error().expect("it was told").to_string();
    assert!(said.contains("4096 bytes of shared memory") && said.contains("Fix: "), "{said}");
    assert_eq!(output, [77; 10], "an error is no result");
}

fn usable_afterwards() {
    let backend = CudaBackend::new(0).expect("there is a device");
    let mut model = planted(&backend, FAULTY);
    let mut output = [0_i8; 10];
    for round in 0..3 {
        step(&mut model, 1, &mut output).expect_err("the kernel writes a fault");
        step(&mut model, 0, &mut output).unwrap_or_else(|error| panic!("round {round}: {error}"));
    }
    let messages: Vec<_> = [0, 0, 1, 0]
        .map(|first| {
            let mut input = [0_i8; 64];
            input[0] = first;
            Message::new(MessageHeader::new(), input)
        })
        .into();
    let mut outputs = [[0_i8; 10]; 4];
    // The first sample alone is looked at by this kernel: a chunk of one each finds the third.
    let single = backend.clone().with_chunk_samples(1);
    // SAFETY: as in `planted`.
    let single = unsafe { single.load_ptx(kernel(FAULTY).as_bytes(), "planted") };
    let mut model = single
        .expect("the text loads")
        .load(&digits().convert(Layout::Packed))
        .expect("the model loads");
    model.init().expect("zeros are no fault");
    for _ in 0..2 {
        let fault = model.infer_batch(Batch::new(&messages), &mut outputs);
        assert_eq!(fault.map_err(|fault| fault.kind()), Err(Kind::ExecutionFailed));
        model.infer_batch(Batch::new(&messages[..2]), &mut outputs).expect("zeros are no fault");
    }
}

fn told_by_drain() {
    let backend = CudaBackend::new(0).expect("there is a device");
    let context = backend.context().expect("there is a device");
    let stream = Stream::new(context).expect("there is a stream");
    let mut input = DeviceBuffer::new(context, 64).expect("there is memory");
    input.upload(&[1; 64], &stream).expect("the bytes fit");
    let mut output = DeviceBuffer::new(context, 10).expect("there is memory");
    let mut model = planted(&backend, FAULTY);
    let mut enqueue = |model: &mut CudaModel| {
        // SAFETY: both buffers are kept, unused, until the model is drained or reset.
        unsafe { model.enqueue_on_device(&stream, input.view(), output.view_mut()) }
    };
    enqueue(&mut model).expect("a record is read later");
    let late = model.drain().expect_err("the kernel wrote a fault");
    assert_eq!(late.kind(), Kind::ExecutionFailed, "{late}");
    model.drain().expect("it is told once");
    enqueue(&mut model).expect("a record is read later");
    model.reset().expect("a reset forgets it");
    model.drain().expect("it is forgotten");
    let mut model = planted(&backend, BROKEN);
    // A kernel that is fast breaks the context before all of its work is enqueued.
    let late = enqueue(&mut model).and_then(|()| model.drain());
    let late = late.expect_err("the kernel broke the context");
    assert_eq!(late.kind(), Kind::DeviceLost, "{late}");
}

fn out_of_memory() {
    let case = digits();
    let artifact = case.convert(Layout::Packed);
    let before = live_objects();
    {
        let backend = CudaBackend::new(0).expect("there is a device");
        let mut model = backend.load(&artifact).expect("the model loads");
        fail_at("cuMemAlloc_v2", 2, 2);
        let refused = model.init().expect_err("there is no memory");
        fail_never();
        assert_eq!(refused.kind(), Kind::ResourceUnavailable, "{refused}");
        let said = model.last_error().cloned();
        let Some(CudaError::OutOfMemory { requested_bytes, available_bytes }) = said else {
            panic!("{said:?}");
        };
        assert!(requested_bytes > 0 && available_bytes > requested_bytes);
        model.init().expect("the next time there is memory");
    }
    assert_eq!(live_objects(), before);
}

fn told_on_device() {
    let backend = CudaBackend::new(0).expect("there is a device");
    let context = backend.context().expect("there is a device");
    let mut model = planted(&backend, FAULTY);
    let [good, bad] = [0, 1].map(|first| on_device(context, first));
    let mut output = DeviceBuffer::new(context, 10).expect("there is memory");
    let mut host = [0_i8; 10];
    for _ in 0..2 {
        let fault = model.infer_one(&bad, &mut output).expect_err("the kernel writes a fault");
        assert_eq!(fault.code(), 1040 + FaultCode::SharedMemory.code(), "{fault}");
        model.infer_one(&good, &mut output).expect("zeros are no fault");
        model.infer_one(&bad, &mut host).expect_err("the kernel writes a fault");
        model.infer_one(&good, &mut host).expect("zeros are no fault");
        let messages = [&good, &bad].map(|buffer| Message::new(MessageHeader::new(), buffer));
        let mut other = DeviceBuffer::new(context, 10).expect("there is memory");
        let mut outputs = [&mut output, &mut other];
        let fault = model.infer_batch(Batch::new(&messages), &mut outputs);
        assert_eq!(fault.map_err(|fault| fault.kind()), Err(Kind::ExecutionFailed));
        model.infer_batch(Batch::new(&messages[..1]), &mut outputs).expect("zeros are no fault");
        model.drain().expect("it is told once");
    }
}

/// cudarc tells of a failed event only when it is asked: then nothing orders the work.
fn cudarc_events() {
    let case = digits();
    let theirs = CudaContext::new(0).expect("a device");
    let context = Context::from_cudarc(&theirs).expect("it is known");
    let backend = CudaBackend::with_context(&context).expect("the kernel loads");
    let mut model = backend.load(&case.convert(Layout::Packed)).expect("the model loads");
    model.init().expect("the model initialises");
    let stream = theirs.new_stream().expect("a stream");
    let source = stream.clone_htod(&case.inputs[..64]).expect("there is memory");
    let mut target = stream.alloc_zeros::<i8>(10).expect("there is memory");
    let enqueue = |model: &mut CudaModel, target: &mut CudaSlice<i8>| {
        model.enqueue_cudarc(&stream, &source.as_view(), &mut target.as_view_mut())
    };
    let names = ["cuStreamWaitEvent", "cuEventRecord"];
    let calls = names.map(|name| {
        let before = call_count(name);
        enqueue(&mut model, &mut target).expect("nothing fails yet");
        model.drain().expect("nothing fails yet");
        call_count(name) - before
    });
    // Both slices wait, and so does the model; both record, and so does the model.
    assert!(calls.iter().all(|&calls| calls >= 3), "{calls:?}");
    for (name, count) in names.into_iter().zip(calls) {
        for index in 1..=count {
            fail_at(name, index, 999);
            let told = enqueue(&mut model, &mut target);
            fail_never();
            let told = told.map_err(|error| error.kind());
            assert_eq!(told, Err(Kind::ExecutionFailed), "{name}, call {index} of {count}");
            theirs.check_err().expect("the failure was told, and not left for cudarc");
            assert_eq!(Arc::strong_count(&stream), 3, "nothing is going on: it is not kept");
        }
    }
    enqueue(&mut model, &mut target).and_then(|()| model.drain()).expect("the model is usable");
    assert_eq!(stream.clone_dtoh(&target).expect("it can be read"), case.outputs[..10]);
}

/// The first fault of a batch is reported; the one that the other stream met meanwhile is not news.
fn abandoned() {
    let backend = CudaBackend::new(0).expect("there is a device").with_chunk_samples(1);
    let mut model = planted(&backend, FAULTY);
    let messages = |first: i8| {
        let mut input = [0_i8; 64];
        input[0] = first;
        [Message::new(MessageHeader::new(), input); 2]
    };
    let mut outputs = [[0_i8; 10]; 2];
    for _ in 0..2 {
        let fault = model.infer_batch(Batch::new(&messages(1)), &mut outputs);
        assert_eq!(fault.map_err(|fault| fault.kind()), Err(Kind::ExecutionFailed));
        model.infer_batch(Batch::new(&messages(0)), &mut outputs).expect("zeros are no fault");
    }
}

/// Runs something that panics, quietly.
fn panicking(work: impl FnOnce()) {
    let report = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(report);
    outcome.expect_err("it panics");
}

fn capture_panics() {
    let backend = CudaBackend::new(0).expect("there is a device");
    let context = backend.context().expect("there is a device");
    let stream = Stream::new(context).expect("there is a stream");
    let mut buffer = DeviceBuffer::new(context, 64).expect("there is memory");
    let before = live_objects();
    panicking(|| {
        let recorded = GraphExec::capture(&stream, || {
            buffer.enqueue_zero(64, &stream)?;
            panic!("planted: while the stream records")
        });
        drop(recorded);
    });
    assert_eq!(live_objects(), before, "the broken recording is released");
    buffer.upload(&[7; 64], &stream).expect("the stream records no more");
    let mut found = [0; 64];
    buffer.download(&mut found, &stream).expect("the stream records no more");
    assert_eq!(found, [7; 64], "what was recorded was not run");
    GraphExec::capture(&stream, || buffer.enqueue_zero(64, &stream)).expect("it may record anew");
}

/// Device memory that panics when it is looked at too often.
struct Looked(DeviceBuffer, Cell<usize>);

impl Payload for Looked {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        self.0.buffer_descriptor()
    }

    fn device_view(&self) -> Option<DeviceView<'_>> {
        let left = self.1.get().checked_sub(1).expect("planted: looked at too often");
        self.1.set(left);
        Some(self.0.view())
    }
}

fn payload_panics() {
    let backend = CudaBackend::new(0).expect("there is a device");
    let context = backend.context().expect("there is a device");
    let case = digits();
    let mut model = backend.load(&case.convert(Layout::Packed)).expect("the model loads");
    model.init().expect("the model initialises");
    let mut outputs = [0; 3].map(|_| DeviceBuffer::new(context, 10).expect("there is memory"));
    // The check looks at each once; the first two are launched before the third panics.
    let inputs = [2, 2, 1].map(|left| (on_device(context, 1), Cell::new(left)));
    let messages = inputs.map(|input| Message::new(MessageHeader::new(), Looked(input.0, input.1)));
    let waited = call_count("cuEventSynchronize");
    panicking(|| {
        let _ = model.infer_batch(Batch::new(&messages), &mut outputs);
    });
    assert!(call_count("cuEventSynchronize") > waited, "the unwinding waits for the work");
    drop((messages, outputs));
    let mut output = [0_i8; 10];
    model.infer_one(&case.inputs[..64], &mut output).expect("the model is usable");
    assert_eq!(output, case.outputs[..10]);
}
