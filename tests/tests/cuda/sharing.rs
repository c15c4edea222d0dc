//! One backend for many: threads, fallback, kernels, device code of somebody else.
#![allow(unsafe_code)]

use std::thread;

use isokern_core::call::{ModelKernel, ModelSlot, SingleOwner};
use isokern_core::compute::{Fallback, FallbackDescriptor};
use isokern_core::device::ENTRY_BATCH;
use isokern_core::{
    BatchKernel, ComputeBackend, ComputeModel, InferenceErrorKind, KernelMetadata, KernelMode,
};
use isokern_cpu::ArtifactBackend;
use isokern_cuda::{Context, CudaBackend, CudaError, Device, Stream, shipped_ptx};
use isokern_model::layout::Layout;

use crate::Test;
use crate::answers::{batch, digits, random, ready};

/// The tests of this file.
pub(crate) const TESTS: &[Test] = &[
    ("sharing::eight_threads_share_a_backend", eight_threads),
    ("sharing::fallback_takes_the_gpu_where_there_is_one", fallback),
    ("sharing::fallback_takes_the_cpu_and_says_why", no_such_device),
    ("sharing::a_model_is_a_batch_kernel", batch_kernel),
    ("sharing::somebody_elses_device_code_runs", load_ptx),
    ("sharing::bad_device_code_is_refused_in_words", bad_ptx),
    ("sharing::a_context_of_another_library_is_used_and_left", borrowed_context),
];

fn eight_threads() {
    let case = digits();
    let artifact = case.convert(Layout::Packed);
    let backend = CudaBackend::new(0).expect("there is a device");
    let inputs = random(3, 9 * 64);
    let expected = batch(&mut ready(&backend, &artifact), &inputs, 64, 10);
    thread::scope(|scope| {
        for _ in 0..8 {
            let backend = backend.clone();
            let (artifact, inputs, expected) = (&artifact, &inputs, &expected);
            scope.spawn(move || {
                let mut model = ready(&backend, artifact);
                for _ in 0..3 {
                    assert!(batch(&mut model, inputs, 64, 10) == *expected, "the bytes differ");
                }
                let mut single = [0_i8; 10];
                model.infer_one(&inputs[..64], single.as_mut_slice()).expect("the payloads fit");
                assert_eq!(single, expected[..10]);
            });
        }
    });
}

fn fallback() {
    let case = digits();
    let artifact = case.convert(Layout::Row);
    let backend = Fallback::new(CudaBackend::if_available(0), ArtifactBackend::new());
    let descriptor = FallbackDescriptor { primary: &artifact, secondary: &artifact };
    let mut model =
        ComputeBackend::<[i8], [i8]>::load_model(&backend, descriptor).expect("one of them loads");
    assert!(model.is_primary(), "{:?}", backend.primary().unavailable());
    check_digits(&mut model);
}

fn no_such_device() {
    let case = digits();
    let artifact = case.convert(Layout::Row);
    let absent = CudaBackend::if_available(1000);
    assert!(matches!(absent.unavailable(), Some(CudaError::NoSuchDevice { ordinal: 1000, .. })));
    let backend = Fallback::new(absent, ArtifactBackend::new());
    let descriptor = FallbackDescriptor { primary: &artifact, secondary: &artifact };
    let mut model =
        ComputeBackend::<[i8], [i8]>::load_model(&backend, descriptor).expect("the CPU loads");
    let reason = model.reason().expect("the CPU answers");
    assert_eq!(reason.kind(), InferenceErrorKind::ResourceUnavailable);
    check_digits(&mut model);
}

fn check_digits<M: ComputeModel<[i8], [i8]>>(model: &mut M) {
    model.init().expect("the model initialises");
    let case = digits();
    let (input, expected) = case.pairs(64, 10).next().expect("a vector");
    let mut output = [0_i8; 10];
    model.infer_one(input, output.as_mut_slice()).expect("the payloads fit");
    assert_eq!(output, expected);
}

fn batch_kernel() {
    const METADATA: KernelMetadata = KernelMetadata::new("digits", KernelMode::Batch);
    let case = digits();
    let backend = CudaBackend::new(0).expect("there is a device");
    let model = backend.load(&case.convert(Layout::Packed)).expect("the model loads");
    let slot = SingleOwner::new(ModelSlot::new(model, [0_i8; 10]));
    let kernel = ModelKernel::try_new(METADATA, slot).expect("the model initialises");
    let (input, expected) = case.pairs(64, 10).next().expect("a vector");
    let input: [i8; 64] = input.try_into().expect("the length is right");
    let output: [i8; 10] = pollster::block_on(kernel.execute(input)).expect("the kernel runs");
    assert_eq!(output, expected);
}

fn load_ptx() {
    let backend = CudaBackend::new(0).expect("there is a device");
    let ptx = shipped_ptx(75).expect("it is shipped");
    // SAFETY: the entry is the batch kernel of this repository, built for an older target.
    let other = unsafe { backend.load_ptx(ptx.as_bytes(), ENTRY_BATCH) };
    let mut model = ready(&other.expect("the text loads"), &digits().convert(Layout::Packed));
    check_digits(&mut model);
}

fn bad_ptx() {
    let backend = CudaBackend::new(0).expect("there is a device");
    let load = |ptx: &[u8], entry: &str| {
        // SAFETY: nothing is run: each of these is refused.
        unsafe { backend.load_ptx(ptx, entry) }.map(|_| ()).expect_err("it is refused")
    };
    let shipped = shipped_ptx(75).expect("it is shipped").as_bytes();
    let missing = load(shipped, "no_such_kernel");
    assert!(matches!(missing, CudaError::NoEntry { .. }), "{missing}");
    let cut = load(b".version 7.0\n.target sm_75\n.address_size 64\n.visible .entry f(\n", "f");
    assert!(matches!(&cut, CudaError::Compile { log, .. } if !log.is_empty()), "{cut}");
    let newer = load(b".version 19.0\n.target sm_75\n.address_size 64\n", "f");
    assert!(matches!(newer, CudaError::Compile { .. }), "{newer}");
    for bytes in [b"\x7fELF".as_slice(), b"", b".version 7.0\n\0\n.target sm_75"] {
        let refused = load(bytes, "f");
        assert!(matches!(refused, CudaError::NotPtx { .. }), "{refused}");
        assert!(refused.to_string().contains("Fix: "), "{refused}");
    }
    check_digits(&mut ready(&backend, &digits().convert(Layout::Packed)));
}

fn borrowed_context() {
    let owner = Context::primary(Device::new(0).expect("a device")).expect("a context");
    // SAFETY: `owner` outlives all that is made from the borrowed handle.
    let borrowed = unsafe { Context::from_raw(owner.as_raw()) }.expect("it is a context");
    assert_eq!(borrowed.device(), owner.device());
    let backend = CudaBackend::with_context(&borrowed).expect("the kernel loads");
    check_digits(&mut ready(&backend, &digits().convert(Layout::Packed)));
    drop((backend, borrowed));
    Stream::new(&owner).and_then(|stream| stream.synchronize()).expect("the owner still has it");
}
