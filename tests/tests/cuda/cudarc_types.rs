//! A program over cudarc hands its context, streams and slices to a model, without `unsafe`.

use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaSlice, CudaStream};
use isokern_core::compute::MemoryClass;
use isokern_core::{Batch, ComputeModel, InferenceErrorKind, Message, MessageHeader, Payload};
use isokern_cuda::cudarc_types::{view_mut_of, view_of};
use isokern_cuda::{Context, CudaBackend, CudaError, CudaModel, PayloadError, Stream};
use isokern_model::layout::Layout;

use crate::Test;
use crate::answers::{digits, ready};

/// The tests of this file.
pub(crate) const TESTS: &[Test] = &[
    ("section4_slices_of_cudarc_are_payloads", payloads),
    ("section4_work_on_a_stream_of_cudarc_is_ordered_with_it", streams),
    ("section4_handles_of_cudarc_stay_alive_as_long_as_ours", alive),
    ("section4_slices_of_cudarc_are_checked", checked),
    ("section4_memory_of_another_cudarc_context_is_refused", other_context),
    ("section4_a_stream_of_cudarc_lives_until_its_work_has_ended", kept),
];

/// Returns cudarc's context, and a model in it.
fn program() -> (Arc<CudaContext>, Context, CudaModel) {
    program_in(CudaContext::new(0).expect("a device"))
}

fn program_in(theirs: Arc<CudaContext>) -> (Arc<CudaContext>, Context, CudaModel) {
    let context = Context::from_cudarc(&theirs).expect("it is known");
    let backend = CudaBackend::with_context(&context).expect("the kernel loads");
    let model = ready(&backend, &digits().convert(Layout::Packed));
    (theirs, context, model)
}

/// Returns one input and room for one output, whose copies may still be going on.
fn slices(stream: &Arc<CudaStream>) -> (CudaSlice<i8>, CudaSlice<i8>) {
    let case = digits();
    let source = stream.clone_htod(&case.inputs[..64]).expect("there is memory");
    (source, stream.alloc_zeros::<i8>(10).expect("there is memory"))
}

fn payloads() {
    let case = digits();
    let (theirs, context, mut model) = program();
    let stream = theirs.new_stream().expect("a stream");
    let (source, mut target) = slices(&stream);
    let input = view_of(&context, &source.as_view()).expect("it is of this context");
    assert_eq!(input.buffer_descriptor().memory_class(), MemoryClass::Device(0));
    {
        let mut output = view_mut_of(&context, target.as_view_mut()).expect("it is");
        step(&mut model, &input, &mut output);
    }
    assert_eq!(stream.clone_dtoh(&target).expect("it can be read"), case.outputs[..10]);

    // Parts of one slice, as a batch; and from the device to the host.
    let source = stream.clone_htod(&case.inputs[..128]).expect("there is memory");
    let parts = [source.slice(..64), source.slice(64..)]
        .map(|part| view_of(&context, &part).expect("it is of this context"));
    let messages = parts.map(|part| Message::new(MessageHeader::new(), part));
    let mut target = stream.alloc_zeros::<i8>(20).expect("there is memory");
    {
        let (first, second) = target.split_at_mut(10);
        let mut outputs = [first, second].map(|part| view_mut_of(&context, part).expect("it is"));
        model.infer_batch(Batch::new(&messages), &mut outputs).expect("the payloads fit");
    }
    assert_eq!(stream.clone_dtoh(&target).expect("it can be read"), case.outputs[..20]);
    let mut host = [0_i8; 10];
    model.infer_one(messages[1].payload(), &mut host).expect("the payloads fit");
    assert_eq!(host, case.outputs[10..20]);
}

fn step<I: Payload, O: isokern_core::PayloadMut>(
    model: &mut impl ComputeModel<I, O>,
    input: &I,
    output: &mut O,
) {
    model.infer_one(input, output).expect("the payloads fit");
}

fn streams() {
    let case = digits();
    let (theirs, _context, mut model) = program();
    let count = case.inputs.len() / 64;
    let stream = theirs.new_stream().expect("a stream");
    let other = theirs.new_stream().expect("a stream");
    let source = stream.clone_htod(&case.inputs).expect("there is memory");
    let mut target = stream.alloc_zeros::<i8>(count * 10).expect("there is memory");
    // Made on one stream, used on another, read on the first: cudarc's events order it.
    for _ in 0..3 {
        let (input, mut output) = (source.as_view(), target.as_view_mut());
        model.enqueue_cudarc(&other, &input, &mut output).expect("the work is taken");
        let found = stream.clone_dtoh(&target).expect("it can be read");
        assert!(found == case.outputs, "the bytes differ");
        stream.memset_zeros(&mut target).expect("it can be written");
    }
    let (input, mut output) = (source.as_view(), target.as_view_mut());
    model.enqueue_cudarc(&theirs.default_stream(), &input, &mut output).expect("it is taken");
    // Freed after the work, before anybody has waited.
    drop((source, target));
    model.drain().expect("nothing went wrong");
}

fn alive() {
    let case = digits();
    // A context of its own: the primary one lives as long as any test of this process uses it.
    let theirs = CudaContext::new_non_primary(0, 0).expect("a context");
    let (theirs, context, mut model) = program_in(theirs);
    let stream = theirs.new_stream().expect("a stream");
    let borrowed = Stream::from_cudarc(&context, &stream).expect("it is of this context");
    drop((theirs, stream));
    borrowed.synchronize().expect("it is alive");
    drop((borrowed, context));
    let mut output = [0_i8; 10];
    model.infer_one(&case.inputs[..64], output.as_mut_slice()).expect("the context is alive");
    assert_eq!(output, case.outputs[..10]);
}

fn checked() {
    let (theirs, context, mut model) = program();
    let stream = theirs.new_stream().expect("a stream");
    let (source, mut target) = slices(&stream);
    let floats = stream.alloc_zeros::<f32>(16).expect("there is memory");
    let said = |model: &CudaModel| model.last_error().cloned().expect("it was told");

    let input = view_of(&context, &floats.as_view()).expect("it is of this context");
    let mut output = [0_i8; 10];
    model.infer_one(&input, &mut output).expect_err("64 bytes of floats are no int8");
    assert_eq!(said(&model), CudaError::Payload(PayloadError::Dtype));
    let refused = model.enqueue_cudarc(&stream, &floats.as_view(), &mut target.as_view_mut());
    assert_eq!(refused.expect_err("as above").kind(), InferenceErrorKind::ShapeOrTypeMismatch);
    let refused = model.enqueue_cudarc(&stream, &source.slice(1..), &mut target.as_view_mut());
    refused.expect_err("it is short");
    assert_eq!(said(&model), CudaError::Payload(PayloadError::Bytes { have: 63, need: 64 }));
    let taken = model.enqueue_cudarc(&stream, &source.as_view(), &mut target.as_view_mut());
    taken.and_then(|()| model.drain()).expect("the model is usable");
}

fn other_context() {
    let (_theirs, context, mut model) = program();
    let theirs = CudaContext::new_non_primary(0, 0).expect("a second context");
    let stream = theirs.new_stream().expect("a stream");
    let (source, mut target) = slices(&stream);
    let refused = view_of(&context, &source.as_view()).map(|_| ());
    assert_eq!(refused, Err(CudaError::OtherContext));
    let refused = view_mut_of(&context, target.as_view_mut()).map(|_| ());
    assert_eq!(refused, Err(CudaError::OtherContext));
    let refused = Stream::from_cudarc(&context, &stream).map(|_| ());
    assert_eq!(refused, Err(CudaError::OtherContext));
    let refused = model.enqueue_cudarc(&stream, &source.as_view(), &mut target.as_view_mut());
    assert_eq!(refused.expect_err("as above").kind(), InferenceErrorKind::ShapeOrTypeMismatch);
    assert_eq!(model.last_error(), Some(&CudaError::OtherContext));
    // A view of the other context is a payload, and is refused by the model.
    let theirs = Context::from_cudarc(&theirs).expect("it is known");
    let view = view_of(&theirs, &source.as_view()).expect("it is of that context");
    model.infer_one(&view, &mut [0_i8; 10]).expect_err("it lies elsewhere");
    let (have, need) = (MemoryClass::Device(0), MemoryClass::Device(0));
    let other = PayloadError::OtherDevice { have, need };
    assert_eq!(model.last_error(), Some(&CudaError::Payload(other)));
}

fn kept() {
    let case = digits();
    let (theirs, context, mut model) = program();
    // A second value of the same context minds no events of the first.
    let twin = CudaContext::new(0).expect("the same device");
    assert_eq!(twin.cu_ctx(), theirs.cu_ctx());
    let stranger = twin.new_stream().expect("a stream");
    let stream = theirs.default_stream();
    let (source, mut target) = slices(&stream);
    let refused = model.enqueue_cudarc(&stranger, &source.as_view(), &mut target.as_view_mut());
    refused.expect_err("its events are not those of the slices");
    assert_eq!(model.last_error(), Some(&CudaError::OtherContext));
    // By itself such a slice is a payload: the work on it has ended.
    view_of(&context, &source.as_view()).expect("it is of this context");

    // cudarc minds its events as long as it has streams: the work's own must not go first.
    let worker = theirs.new_stream().expect("a stream");
    assert!(theirs.is_managing_stream_synchronization());
    model
        .enqueue_cudarc(&worker, &source.as_view(), &mut target.as_view_mut())
        .expect("it is taken");
    assert_eq!(Arc::strong_count(&worker), 2, "the model has it as well");
    drop(worker);
    assert!(theirs.is_managing_stream_synchronization());
    assert_eq!(stream.clone_dtoh(&target).expect("it can be read"), case.outputs[..10]);
    drop((source, target));
    model.drain().expect("nothing went wrong");
    assert!(!theirs.is_managing_stream_synchronization(), "the last stream has gone");
}
