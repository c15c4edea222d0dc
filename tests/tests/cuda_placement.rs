//! Payloads in device memory, through the contract that all backends share: where they are, with
//! no copy; and refused by name where they cannot be used.
//!
//! Needs the stand-in, which counts calls of the driver.
#![allow(unsafe_code)]

use std::process::ExitCode;

use isokern_core::compute::{
    DeviceSpace, DeviceView, DeviceViewMut, Fallback, FallbackDescriptor, MemoryClass,
    ModelArtifact, PlacementDecision, decide_placement,
};
use isokern_core::{
    Batch, ComputeBackend, ComputeModel, DType, InferenceError, InferenceErrorKind as Kind,
    Message, MessageHeader, Payload, PayloadMut,
};
use isokern_cpu::ArtifactBackend;
use isokern_cpu::error::CODE_PAYLOAD_MEMORY;
use isokern_cuda::{
    Context, CudaBackend, CudaError, CudaModel, DeviceBuffer, MappedBuffer, PayloadError, Stream,
};
use isokern_model::layout::Layout;
use isokern_tests::standin::{call_count, missing};
use isokern_tests::trials::{on_models_unless, run_in_turn, trial_unless};
use isokern_tests::vectors::{Case, cases, own_folder};

fn main() -> ExitCode {
    let tests = [
        ("section4_device_payloads_are_run_without_a_copy", device_to_device as fn()),
        ("section4_a_batch_of_neighbours_is_one_launch", neighbours),
        ("section4_a_batch_of_both_kinds_runs_in_order", mixed_batch),
        ("section4_fallback_and_placement_take_device_memory", fallback),
        ("section4_a_cpu_model_refuses_device_memory_by_name", refused_by_the_cpu),
        ("section4_memory_of_another_context_is_refused_by_name", refused_by_the_device),
    ];
    let tests = tests.map(|(name, test)| trial_unless(missing(), name, test));
    let mixed = "section4_an_end_on_the_host_is_copied_alone";
    let mixed = on_models_unless(missing(), mixed, mixed_ends);
    // Calls are counted for the whole process: one test at a time.
    run_in_turn(tests.into_iter().chain(mixed))
}

fn digits() -> Case {
    let all = cases(&own_folder());
    all.into_iter().find(|case| case.name == "digits").expect("the digits model is there")
}

fn ready(backend: &CudaBackend, artifact: &ModelArtifact) -> CudaModel {
    let mut model = backend.load(artifact).expect("the model loads");
    model.init().expect("the model initialises");
    model
}

/// Copies to the device, copies from it, copies of any other kind.
fn copies() -> [u64; 3] {
    let sum = |names: &[&str]| names.iter().map(|name| call_count(name)).sum();
    [
        sum(&["cuMemcpyHtoD_v2", "cuMemcpyHtoDAsync_v2"]),
        sum(&["cuMemcpyDtoH_v2", "cuMemcpyDtoHAsync_v2"]),
        sum(&["cuMemcpyDtoD_v2", "cuMemcpyDtoDAsync_v2", "cuMemcpyPeerAsync"]),
    ]
}

/// Returns what `work` copies, in the order of [`copies`].
fn copies_of(work: impl FnOnce() -> Result<(), InferenceError>) -> [u64; 3] {
    let before = copies();
    work().expect("the payloads fit");
    let after = copies();
    core::array::from_fn(|kind| after[kind] - before[kind])
}

/// Runs one step through the contract, whatever the payloads are.
fn step<I, O, M>(model: &mut M, input: &I, output: &mut O) -> Result<(), InferenceError>
where
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
    M: ComputeModel<I, O>,
{
    model.infer_one(input, output)
}

/// Memory of the device with these bytes.
fn filled(context: &Context, bytes: &[i8]) -> DeviceBuffer {
    let stream = Stream::new(context).expect("a stream");
    let mut buffer = DeviceBuffer::new(context, bytes.len()).expect("there is memory");
    buffer.upload(bytemuck::cast_slice(bytes), &stream).expect("the bytes fit");
    buffer
}

fn read(buffer: &DeviceBuffer) -> Vec<i8> {
    let mut bytes = vec![0_i8; buffer.bytes()];
    let target = bytemuck::cast_slice_mut(&mut bytes);
    let context = CudaBackend::new(0).expect("there is a device");
    let stream = Stream::new(context.context().expect("there is one")).expect("a stream");
    buffer.download(target, &stream).expect("the bytes fit");
    bytes
}

fn device_to_device() {
    let case = digits();
    let backend = CudaBackend::new(0).expect("there is a device");
    let context = backend.context().expect("there is a device");
    let mut model = ready(&backend, &case.convert(Layout::Packed));
    for (bytes, expected) in case.pairs(64, 10).take(3) {
        let input = filled(context, bytes);
        let mut output = filled(context, &[77; 10]);
        assert_eq!(copies_of(|| step(&mut model, &input, &mut output)), [0, 0, 0], "buffers");
        assert_eq!(read(&output), expected);
        let (view, mut target) = (input.view(), output.view_mut());
        assert_eq!(copies_of(|| step(&mut model, &view, &mut target)), [0, 0, 0], "views");
        let (input, output) = (&input, &mut output);
        let work = || model.infer_on_device(input.view(), output.view_mut());
        assert_eq!(copies_of(work), [0, 0, 0], "a run of samples");
        assert_eq!(read(output), expected);
    }
}

fn mixed_ends(cases: &[Case]) {
    let backend = CudaBackend::new(0).expect("there is a device");
    let context = backend.context().expect("there is a device");
    for case in cases {
        let mut model = ready(&backend, &case.convert(Layout::Packed));
        let lens = (model.model().input_bytes(), model.model().output_bytes());
        // A short input is read in place by the device, a long one is copied.
        let copied_in = u64::from(lens.0 > 1024);
        let (bytes, expected) = case.pairs(lens.0, lens.1).next().expect("a vector");
        let input = filled(context, bytes);
        let mut output = filled(context, &vec![77; lens.1]);
        let mut host = vec![77_i8; lens.1];

        let work = || step(&mut model, &input, host.as_mut_slice());
        assert_eq!(copies_of(work), [0, 1, 0], "{}: to the host", case.name);
        assert_eq!(host, expected, "{}", case.name);
        let work = || step(&mut model, bytes, &mut output);
        assert_eq!(copies_of(work), [copied_in, 0, 0], "{}: from the host", case.name);
        assert_eq!(read(&output), expected, "{}", case.name);

        let mut mapped = MappedBuffer::new(context, lens.0).expect("there is memory");
        mapped.as_mut_slice().copy_from_slice(bytemuck::cast_slice(bytes));
        let mut output = filled(context, &vec![77; lens.1]);
        let lookups = call_count("cuMemHostGetDevicePointer_v2");
        let work = || step(&mut model, &mapped, &mut output);
        assert_eq!(copies_of(work), [0, 0, 0], "{}: mapped", case.name);
        assert_eq!(call_count("cuMemHostGetDevicePointer_v2"), lookups, "its address is known");
        assert_eq!(read(&output), expected, "{}", case.name);
    }
}

/// Returns the parts of a view, each of `bytes` bytes, as messages.
fn messages(mut view: DeviceView<'_>, bytes: usize) -> Vec<Message<DeviceView<'_>>> {
    let mut parts = Vec::new();
    while let Some((first, rest)) = view.split_at(bytes) {
        parts.push(Message::new(MessageHeader::new(), first));
        view = rest;
        if view.bytes() == 0 {
            break;
        }
    }
    parts
}

/// Returns the parts of a view to write.
fn targets(mut view: DeviceViewMut<'_>, bytes: usize) -> Vec<DeviceViewMut<'_>> {
    let mut parts = Vec::new();
    while view.bytes() >= bytes {
        let Some((first, rest)) = view.split_at(bytes) else { break };
        parts.push(first);
        view = rest;
    }
    parts
}

fn neighbours() {
    let case = digits();
    let backend = CudaBackend::new(0).expect("there is a device");
    let context = backend.context().expect("there is a device");
    let mut model = ready(&backend, &case.convert(Layout::Packed));
    let count = case.inputs.len() / 64;
    let input = filled(context, &case.inputs);
    let mut output = filled(context, &vec![77; count * 10]);
    {
        let messages = messages(input.view(), 64);
        let mut outputs = targets(output.view_mut(), 10);
        let launches = call_count("cuLaunchKernel");
        let work = || model.infer_batch(Batch::new(&messages), &mut outputs);
        assert_eq!(copies_of(work), [0, 0, 0]);
        assert_eq!(call_count("cuLaunchKernel") - launches, 1, "{count} samples lie in one piece");
    }
    assert!(read(&output) == case.outputs, "the bytes differ");

    // In the opposite order no two are neighbours; the answers are the same.
    let mut output = filled(context, &vec![77; count * 10]);
    {
        let mut messages = messages(input.view(), 64);
        let mut outputs = targets(output.view_mut(), 10);
        messages.reverse();
        outputs.reverse();
        let launches = call_count("cuLaunchKernel");
        model.infer_batch(Batch::new(&messages), &mut outputs).expect("the payloads fit");
        assert_eq!(call_count("cuLaunchKernel") - launches, count as u64);
    }
    assert!(read(&output) == case.outputs, "the bytes differ");
}

/// A sample that is on the host or on the device.
enum Sample {
    Host(Vec<i8>),
    Device(DeviceBuffer),
}

impl Payload for Sample {
    fn buffer_descriptor(&self) -> isokern_core::compute::BufferDescriptor {
        match self {
            Self::Host(values) => values.buffer_descriptor(),
            Self::Device(buffer) => buffer.buffer_descriptor(),
        }
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Host(values) => values.host_bytes(),
            Self::Device(_) => None,
        }
    }

    fn device_view(&self) -> Option<DeviceView<'_>> {
        match self {
            Self::Host(_) => None,
            Self::Device(buffer) => buffer.device_view(),
        }
    }
}

impl PayloadMut for Sample {
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        match self {
            Self::Host(values) => values.host_bytes_mut(),
            Self::Device(_) => None,
        }
    }

    fn device_view_mut(&mut self) -> Option<DeviceViewMut<'_>> {
        match self {
            Self::Host(_) => None,
            Self::Device(buffer) => buffer.device_view_mut(),
        }
    }
}

fn mixed_batch() {
    let case = digits();
    let backend = CudaBackend::new(0).expect("there is a device");
    let context = backend.context().expect("there is a device");
    let mut model = ready(&backend, &case.convert(Layout::Packed));
    let place = |on_device: bool, values: &[i8]| {
        if on_device {
            Sample::Device(filled(context, values))
        } else {
            Sample::Host(values.into())
        }
    };
    let vectors = || case.pairs(64, 10).take(4).enumerate();
    let messages: Vec<_> = vectors()
        .map(|(index, (x, _))| Message::new(MessageHeader::new(), place(index % 2 == 0, x)))
        .collect();
    let mut outputs: Vec<_> = (0..4).map(|index| place(index < 2, &[77; 10])).collect();
    model.infer_batch(Batch::new(&messages), &mut outputs).expect("the payloads fit");
    for (index, (_, expected)) in vectors() {
        let found = match &outputs[index] {
            Sample::Host(values) => values.clone(),
            Sample::Device(buffer) => read(buffer),
        };
        assert_eq!(found, expected, "sample {index}");
    }
}

/// Runs one input that is on the device, on whatever loaded the model: where it is if the
/// model takes such memory, and through the host if not.
fn answer<M>(model: &mut M, input: &DeviceBuffer, output: &mut DeviceBuffer) -> Vec<i8>
where
    M: ComputeModel<DeviceBuffer, DeviceBuffer> + ComputeModel<[i8], [i8]>,
{
    let metadata = ComputeModel::<[i8], [i8]>::metadata(model);
    let class = input.buffer_descriptor().memory_class();
    ComputeModel::<[i8], [i8]>::init(model).expect("the model initialises");
    match decide_placement(class, metadata.memory()) {
        PlacementDecision::ZeroCopy => {
            assert_eq!(copies_of(|| step(model, input, output)), [0, 0, 0]);
            read(output)
        }
        PlacementDecision::AdaptRequired => {
            let refused = step(model, input, output).expect_err("it does not take it");
            assert_eq!(refused.kind(), Kind::ShapeOrTypeMismatch);
            assert_eq!(refused.code(), CODE_PAYLOAD_MEMORY);
            let (input, mut answer) = (read(input), vec![0; output.bytes()]);
            step(model, input.as_slice(), answer.as_mut_slice()).expect("the host's bytes fit");
            answer
        }
    }
}

fn fallback() {
    let case = digits();
    let artifact = case.convert(Layout::Packed);
    let gpu = CudaBackend::new(0).expect("there is a device");
    let context = gpu.context().expect("there is a device");
    let (bytes, expected) = case.pairs(64, 10).next().expect("a vector");
    let input = filled(context, bytes);
    assert!(gpu.capabilities().memory().accepts(MemoryClass::Device(0)));
    assert!(!gpu.capabilities().memory().accepts(MemoryClass::Device(1)));
    for primary in [gpu.clone(), CudaBackend::if_available(1000)] {
        let on_gpu = primary.unavailable().is_none();
        let backend = Fallback::new(primary, ArtifactBackend::new());
        // Before a model is loaded, only what both take is promised.
        let both = ComputeBackend::<[i8], [i8]>::capabilities(&backend).memory();
        assert!(!both.accepts(MemoryClass::Device(0)) && both.accepts(MemoryClass::Host));
        let descriptor = FallbackDescriptor { primary: &artifact, secondary: &artifact };
        let loaded = ComputeBackend::<DeviceBuffer, DeviceBuffer>::load_model(&backend, descriptor);
        let mut model = loaded.expect("one of them loads");
        assert_eq!(model.is_primary(), on_gpu);
        let mut output = filled(context, &[77; 10]);
        assert_eq!(answer(&mut model, &input, &mut output), expected, "on the GPU: {on_gpu}");
    }
}

fn refused_by_the_cpu() {
    let case = digits();
    let backend = CudaBackend::new(0).expect("there is a device");
    let context = backend.context().expect("there is a device");
    let input = filled(context, &case.inputs[..64]);
    let mut output = filled(context, &[0; 10]);
    let artifact = case.convert(Layout::Packed);
    let mut model = ArtifactBackend::new().load(&artifact).expect("the model loads");
    model.init().expect("the model initialises");
    let mut host = [77_i8; 10];
    let refused = [
        step(&mut model, &input, &mut output).expect_err("the CPU cannot read it"),
        step(&mut model, &input, &mut host).expect_err("the CPU cannot read it"),
        step(&mut model, &case.inputs[..64], &mut output).expect_err("the CPU cannot write it"),
    ];
    for error in refused {
        assert_eq!((error.kind(), error.code()), (Kind::ShapeOrTypeMismatch, CODE_PAYLOAD_MEMORY));
        let text = error.to_string();
        assert!(text.contains("memory that the model's metadata gives"), "{text}");
    }
    assert_eq!(host, [77; 10]);
    step(&mut model, &case.inputs[..64], &mut host).expect("it is usable");
    assert_eq!(host, case.outputs[..10]);
}

fn refused_by_the_device() {
    let case = digits();
    let backend = CudaBackend::new(0).expect("there is a device");
    let context = backend.context().expect("there is a device");
    let mut model = ready(&backend, &case.convert(Layout::Packed));
    let mut output = [77_i8; 10];
    let input = filled(context, &case.inputs[..64]);
    for space in [DeviceSpace::new(1, 7), DeviceSpace::new(0, 7)] {
        // SAFETY: a view of another space is refused before anything is run on it.
        let view = unsafe { DeviceView::new(space, input.address(), 64) };
        let refused = step(&mut model, &view, &mut output).expect_err("it lies elsewhere");
        assert_eq!(refused.kind(), Kind::ShapeOrTypeMismatch);
        let said = model.last_error().expect("it was told");
        let other =
            PayloadError::OtherDevice { have: space.memory_class(), need: MemoryClass::Device(0) };
        assert_eq!(*said, CudaError::Payload(other));
        assert!(said.to_string().contains("Fix: "), "{said}");
        let mut target = filled(context, &[0; 10]);
        let refused = model.infer_on_device(view, target.view_mut());
        assert_eq!(refused.map_err(|error| error.kind()), Err(Kind::ShapeOrTypeMismatch));
    }
    let typed = input.view().with_dtype(Some(DType::F32));
    step(&mut model, &typed, &mut output).expect_err("its elements are no int8");
    assert_eq!(model.last_error(), Some(&CudaError::Payload(PayloadError::Dtype)));
    let short = input.view().split_at(63).expect("it is longer").0;
    step(&mut model, &short, &mut output).expect_err("it is short");
    let bytes = PayloadError::Bytes { have: 63, need: 64 };
    assert_eq!(model.last_error(), Some(&CudaError::Payload(bytes)));
    assert_eq!(output, [77; 10]);
    step(&mut model, &input, &mut output).expect("it is usable");
    assert_eq!(output, case.outputs[..10]);
}
