//! The CUDA backend when things fail: every driver call in turn, and kernels that go wrong.
//!
//! Needs the stand-in: a GPU fails no call on demand. Without it every test is
//! skipped.
#![allow(unsafe_code)]

use core::time::Duration;
use std::process::{ExitCode, abort};
use std::thread;

use isokern_core::compute::ModelArtifact;
use isokern_core::device::FaultCode;
use isokern_core::{
    Batch, ComputeModel, InferenceError, InferenceErrorKind as Kind, Message, MessageHeader,
};
use isokern_cuda::{CudaBackend, CudaError, CudaModel, DeviceBuffer, Stream, unreleased_count};
use isokern_model::layout::Layout;
use isokern_tests::standin::{LiveObjects, call_count, fail_at, fail_never, live_objects, missing};
use isokern_tests::trials::{run_in_turn, trial_unless};
use isokern_tests::vectors::{Case, cases, own_folder};

/// After this long, something hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// What calls are made to fail with, and what callers shall see.
const CODES: [(u32, Kind); 3] =
    [(2, Kind::ResourceUnavailable), (719, Kind::DeviceLost), (999, Kind::ExecutionFailed)];

fn main() -> ExitCode {
    thread::spawn(|| {
        thread::sleep(PATIENCE);
        eprintln!("a test hangs: still running after {PATIENCE:?}");
        abort();
    });
    let tests = [
        ("a_lost_device_is_told_by_every_handle", lost_device as fn()),
        ("a_fault_of_device_code_is_told_in_words", told_in_words),
        ("a_fault_of_device_code_leaves_the_model_usable", usable_afterwards),
        ("a_late_fault_is_told_by_drain_and_not_by_reset", told_by_drain),
        ("memory_that_runs_out_is_told_in_bytes", out_of_memory),
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

/// One life: load, infer in every way, drop. Gives the calls made before the first drop.
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
    // Twice: the second time the work is recorded as a graph.
    for _ in 0..2 {
        model.infer_batch(Batch::new(&messages), &mut outputs)?;
    }
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
            // A handle that was not released is the one thing nobody is told of: it is counted.
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

/// Stores to an address that nothing lies at, if the first byte of the input is not zero.
const BROKEN: &str = "ld.param.u64 %rd1, [parameters+24];\n\
    ld.global.u8 %r1, [%rd1];\n\
    setp.eq.s32 %p1, %r1, 0;\n\
    @%p1 bra DONE;\n\
    mov.u64 %rd2, 64;\n\
    st.global.u32 [%rd2], %r1;\n\
    DONE:";

/// The digits model, ready, on a kernel of this file.
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
