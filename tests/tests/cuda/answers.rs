//! Same bytes as the CPU: random inputs, chunks, every kind of memory.

use core::cell::Cell;
use core::panic::AssertUnwindSafe;
use std::panic;

use isokern_core::compute::{BufferDescriptor, MemoryClass, ModelArtifact};
use isokern_core::{Batch, ComputeModel, InferenceErrorKind, Message, MessageHeader, Payload};
use isokern_cpu::ArtifactBackend;
use isokern_cuda::{
    CudaBackend, CudaError, CudaModel, DeviceBuffer, MappedBuffer, PayloadError, PinnedBuffer,
    Stream,
};
use isokern_model::layout::Layout;
use isokern_tests::vectors::{Case, own_cases};

use crate::Test;

/// The tests of this file.
pub(crate) const TESTS: &[Test] = &[
    ("answers::a_batch_in_chunks_is_one_batch", chunks),
    (
        "answers::p12_a_chunk_that_does_not_fit_is_an_error",
        p12_a_chunk_that_does_not_fit_is_an_error,
    ),
    ("answers::pinned_and_shared_inputs_are_read_in_place", in_place),
    ("answers::device_memory_stays_on_the_device", on_device),
    ("answers::work_on_a_foreign_stream_is_drained", foreign_stream),
    ("answers::lengths_on_the_device_are_checked", device_lengths),
    ("answers::an_empty_batch_is_nothing", empty_batch),
    ("answers::a_payload_that_says_it_is_pinned_is_copied", only_says_so),
    ("answers::a_payload_that_panics_leaves_the_model_usable", panics),
];

/// The name of a test on every model.
pub(crate) const RANDOM_INPUTS: &str = "answers::random_inputs_give_the_bytes_of_the_cpu";

/// How many inputs a model is compared on, unless `ISOKERN_RANDOM_INPUTS` says otherwise: on the
/// stand-in one input of the largest model takes seconds.
const RANDOM_INPUT_COUNT: usize = 16;

fn random_input_count() -> usize {
    let Some(wanted) = std::env::var_os("ISOKERN_RANDOM_INPUTS") else {
        return RANDOM_INPUT_COUNT;
    };
    let count = wanted.to_str().and_then(|text| text.parse().ok());
    count.expect("ISOKERN_RANDOM_INPUTS is a number")
}

/// Returns the digits model and its vectors.
pub(crate) fn digits() -> Case {
    own_cases().into_iter().find(|case| case.name == "digits").expect("the digits model is there")
}

/// Returns a model that is ready.
pub(crate) fn ready(backend: &CudaBackend, artifact: &ModelArtifact) -> CudaModel {
    let mut model = backend.load(artifact).expect("the model loads");
    model.init().expect("the model initialises");
    model
}

/// Returns bytes from a seed, by a linear congruential generator (Knuth, MMIX).
pub(crate) fn random(seed: u64, count: usize) -> Vec<i8> {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..count).map(|_| next().cast_signed()).collect()
}

/// Returns what a batch over `inputs` gives.
pub(crate) fn batch<M>(model: &mut M, inputs: &[i8], input_len: usize, output_len: usize) -> Vec<i8>
where
    M: for<'i, 'o> ComputeModel<&'i [i8], &'o mut [i8]>,
{
    let messages: Vec<Message<&[i8]>> =
        inputs.chunks_exact(input_len).map(|x| Message::new(MessageHeader::new(), x)).collect();
    let mut bytes = vec![77_i8; messages.len() * output_len];
    let mut outputs: Vec<&mut [i8]> = bytes.chunks_exact_mut(output_len).collect();
    model.infer_batch(Batch::new(&messages), &mut outputs).expect("the batch runs");
    bytes
}

/// Returns the lengths of a model's input and output.
pub(crate) fn lengths(model: &CudaModel) -> (usize, usize) {
    let metadata = model.metadata();
    let lengths = (metadata.max_input_bytes(), metadata.max_output_bytes());
    (lengths.0.expect("it is known"), lengths.1.expect("it is known"))
}

/// Compares what CPU and device give for random inputs.
pub(crate) fn random_inputs(cases: &[Case]) {
    let backend = CudaBackend::new(0).expect("there is a device");
    for case in cases {
        let artifact = case.convert(Layout::Packed);
        let mut model = ready(&backend, &artifact);
        let (input_len, output_len) = lengths(&model);
        let inputs = random(0x150C_E121, random_input_count() * input_len);
        let mut cpu = ArtifactBackend::new().load(&artifact).expect("the model loads");
        cpu.init().expect("the model initialises");
        let expected = batch(&mut cpu, &inputs, input_len, output_len);
        let found = batch(&mut model, &inputs, input_len, output_len);
        assert!(found == expected, "{}: the bytes differ", case.name);
    }
}

fn chunks() {
    let case = digits();
    let artifact = case.convert(Layout::Packed);
    let whole = CudaBackend::new(0).expect("there is a device");
    let inputs = random(7, 21 * 64);
    let expected = batch(&mut ready(&whole, &artifact), &inputs, 64, 10);
    for samples in [1, 5, 20, 21] {
        let mut model = ready(&whole.clone().with_chunk_samples(samples), &artifact);
        assert_eq!(model.chunk_samples(), samples);
        for round in 0..3 {
            let found = batch(&mut model, &inputs, 64, 10);
            assert!(found == expected, "chunks of {samples}, round {round}: the bytes differ");
        }
    }
}

fn p12_a_chunk_that_does_not_fit_is_an_error() {
    let artifact = digits().convert(Layout::Packed);
    let whole = CudaBackend::new(0).expect("there is a device");
    for samples in [usize::MAX, usize::MAX / 10, usize::MAX / 64 + 2] {
        let backend = whole.clone().with_chunk_samples(samples);
        let mut model = backend.load(&artifact).expect("it is a model");
        let error = model.init().expect_err("nobody has that much memory");
        assert_eq!(error.kind(), InferenceErrorKind::ResourceUnavailable, "{samples}");
    }
    ready(&whole, &artifact);
}

fn in_place() {
    let case = digits();
    let backend = CudaBackend::new(0).expect("there is a device");
    let mut model = ready(&backend, &case.convert(Layout::Packed));
    let context = backend.context().expect("there is a device");
    let mut pinned = PinnedBuffer::new(context, 64).expect("there is memory");
    let mut shared = MappedBuffer::new(context, 64).expect("there is memory");
    let mut answer = PinnedBuffer::new(context, 10).expect("there is memory");
    for (input, expected) in case.pairs(64, 10).take(3) {
        let expected: &[u8] = bytemuck::cast_slice(expected);
        pinned.as_mut_slice().copy_from_slice(bytemuck::cast_slice(input));
        shared.as_mut_slice().copy_from_slice(bytemuck::cast_slice(input));
        model.infer_one(&pinned, &mut answer).expect("the payloads fit");
        assert_eq!(answer.as_slice(), expected, "pinned");
        answer.as_mut_slice().fill(0);
        model.infer_one(&shared, &mut answer).expect("the payloads fit");
        assert_eq!(answer.as_slice(), expected, "shared");
    }
}

fn on_device() {
    let case = digits();
    let backend = CudaBackend::new(0).expect("there is a device");
    let mut model = ready(&backend, &case.convert(Layout::Packed));
    let context = backend.context().expect("there is a device");
    let stream = Stream::new(context).expect("there is a stream");
    let samples = case.inputs.len() / 64;
    let mut input = DeviceBuffer::new(context, samples * 64).expect("there is memory");
    let mut output = DeviceBuffer::new(context, samples * 10).expect("there is memory");
    input.upload(bytemuck::cast_slice(&case.inputs), &stream).expect("the bytes fit");
    model.infer_on_device(input.view(), output.view_mut()).expect("the model runs");
    let mut found = vec![0_u8; samples * 10];
    output.download(&mut found, &stream).expect("the bytes fit");
    assert!(found == bytemuck::cast_slice::<i8, u8>(&case.outputs), "the bytes differ");
}

fn foreign_stream() {
    let case = digits();
    let backend = CudaBackend::new(0).expect("there is a device");
    let mut model = ready(&backend, &case.convert(Layout::Packed));
    let context = backend.context().expect("there is a device");
    let streams = [Stream::new(context), Stream::new(context)].map(|made| made.expect("a stream"));
    let mut buffers = Vec::new();
    for (index, (input, expected)) in case.pairs(64, 10).take(4).enumerate() {
        let stream = &streams[index % 2];
        let mut source = DeviceBuffer::new(context, 64).expect("there is memory");
        source.upload(bytemuck::cast_slice(input), stream).expect("the bytes fit");
        let mut target = DeviceBuffer::new(context, 10).expect("there is memory");
        enqueue(&mut model, stream, &source, &mut target);
        buffers.push((source, target, expected));
    }
    model.drain().expect("nothing went wrong");
    for (_, target, expected) in buffers {
        let mut found = [0_u8; 10];
        target.download(&mut found, &streams[0]).expect("the bytes fit");
        assert_eq!(found, bytemuck::cast_slice::<i8, u8>(expected));
    }
}

/// Puts a run into a stream.
#[allow(unsafe_code)]
pub(crate) fn enqueue(
    model: &mut CudaModel,
    stream: &Stream,
    input: &DeviceBuffer,
    output: &mut DeviceBuffer,
) {
    // SAFETY: the caller keeps both buffers, unused, until it has drained the model.
    let enqueued = unsafe { model.enqueue_on_device(stream, input.view(), output.view_mut()) };
    enqueued.expect("the work is taken");
}

fn device_lengths() {
    let backend = CudaBackend::new(0).expect("there is a device");
    let mut model = ready(&backend, &digits().convert(Layout::Packed));
    let context = backend.context().expect("there is a device");
    for (input_len, output_len) in [(63, 10), (65, 10), (64, 9), (128, 10)] {
        let input = DeviceBuffer::new(context, input_len).expect("there is memory");
        let mut output = DeviceBuffer::new(context, output_len).expect("there is memory");
        let refused = model.infer_on_device(input.view(), output.view_mut());
        let kind = refused.expect_err("the lengths are wrong").kind();
        assert_eq!(kind, InferenceErrorKind::ShapeOrTypeMismatch, "{input_len} to {output_len}");
        let said = model.last_error();
        assert!(matches!(said, Some(CudaError::Payload(PayloadError::Bytes { .. }))), "{said:?}");
    }
}

fn empty_batch() {
    let backend = CudaBackend::new(0).expect("there is a device");
    let mut model = ready(&backend, &digits().convert(Layout::Packed));
    assert!(batch(&mut model, &[], 64, 10).is_empty());
}

/// Ordinary memory of a class that it is not, and that panics when it is looked at too often.
struct Odd<'a> {
    bytes: &'a [i8],
    class: MemoryClass,
    looks_left: Cell<usize>,
}

impl Payload for Odd<'_> {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        BufferDescriptor::new(self.bytes.len()).with_memory_class(self.class)
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        let left = self.looks_left.get().checked_sub(1).expect("planted: looked at too often");
        self.looks_left.set(left);
        Some(bytemuck::cast_slice(self.bytes))
    }
}

fn only_says_so() {
    let case = digits();
    let backend = CudaBackend::new(0).expect("there is a device");
    let mut model = ready(&backend, &case.convert(Layout::Packed));
    let (bytes, expected) = case.pairs(64, 10).next().expect("a vector");
    let mut output = [0_i8; 10];
    for class in [MemoryClass::PinnedHost, MemoryClass::Shared] {
        let input = Odd { bytes, class, looks_left: Cell::new(9) };
        model.infer_one(&input, &mut output).expect("it is copied");
        assert_eq!(output, expected, "{class}");
    }
    let input = Odd { bytes, class: MemoryClass::Device(0), looks_left: Cell::new(9) };
    let refused = model.infer_one(&input, &mut output).expect_err("no host can read it");
    assert_eq!(refused.kind(), InferenceErrorKind::ShapeOrTypeMismatch);
    assert_eq!(model.last_error(), Some(&CudaError::Payload(PayloadError::Memory)));
}

fn panics() {
    let case = digits();
    let backend = CudaBackend::new(0).expect("there is a device").with_chunk_samples(1);
    let mut model = ready(&backend, &case.convert(Layout::Packed));
    // The check looks once, the copy a second time: there the third payload panics.
    let inputs = case.inputs.chunks_exact(64).zip([2, 2, 1]).map(|(bytes, looks)| {
        let looks_left = Cell::new(looks);
        let odd = Odd { bytes, class: MemoryClass::Host, looks_left };
        Message::new(MessageHeader::new(), odd)
    });
    let messages: Vec<Message<Odd<'_>>> = inputs.collect();
    let mut outputs = [[0_i8; 10]; 3];
    let run = AssertUnwindSafe(|| model.infer_batch(Batch::new(&messages), &mut outputs));
    let report = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let panicked = panic::catch_unwind(run).is_err();
    panic::set_hook(report);
    assert!(panicked, "the payload was looked at twice");
    let found = batch(&mut model, &case.inputs[..5 * 64], 64, 10);
    assert_eq!(found, case.outputs[..50]);
}
