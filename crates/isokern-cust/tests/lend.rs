//! Handles of cust, lent to a model. Needs a device, or the stand-in in a driver's place:
//! `cargo xtask cust`.

use core::panic::AssertUnwindSafe;
use std::panic;

use cust::context::ContextHandle;
use cust::context::legacy::{Context as LegacyContext, ContextFlags};
use cust::device::Device;
use cust::memory::{CopyDestination, DeviceBuffer};
use cust::stream::{Stream, StreamFlags};
use isokern_core::compute::ModelArtifact;
use isokern_core::{InferenceErrorKind, Payload};
use isokern_cuda::{
    Context, CudaBackend, CudaError, CudaModel, DeviceView, DeviceViewMut, PayloadError,
};
use isokern_cust::{LentStream, context_of, view_mut_of, view_of};

const INPUTS: &[u8] = include_bytes!("../../../tests/models/vectors/digits.in.i8");
const OUTPUTS: &[u8] = include_bytes!("../../../tests/models/vectors/digits.out.tflm.i8");

/// Returns a model in cust's context, when cust's own handle has gone.
fn program() -> (Context, CudaModel) {
    let theirs = cust::quick_init().expect("there is a device");
    let context = context_of(&theirs).expect("it is a primary one");
    assert_eq!(context.as_raw().addr(), theirs.as_raw().addr());
    let kept = theirs.clone();
    drop(theirs);
    let model = model_in(&context);
    drop(kept);
    (context, model)
}

fn model_in(context: &Context) -> CudaModel {
    let artifact = ModelArtifact::from_bytes(include_bytes!("../../../tests/models/digits.ikm"));
    let backend = CudaBackend::with_context(context).expect("the kernel loads");
    let mut model = backend.load(&artifact).expect("the model loads");
    model.init().expect("the model initialises");
    model
}

fn buffer(bytes: &[u8]) -> DeviceBuffer<i8> {
    DeviceBuffer::from_slice(bytemuck::cast_slice(bytes)).expect("there is memory")
}

fn read(buffer: &DeviceBuffer<i8>) -> Vec<u8> {
    let mut bytes = vec![0_i8; buffer.len()];
    buffer.copy_to(&mut bytes).expect("it can be read");
    bytes.into_iter().map(i8::cast_unsigned).collect()
}

/// Returns both buffers, lent.
fn views<'a>(
    context: &Context,
    source: &'a DeviceBuffer<i8>,
    target: &'a mut DeviceBuffer<i8>,
) -> (DeviceView<'a>, DeviceViewMut<'a>) {
    let input = view_of(context, source).expect("it is of this context");
    (input, view_mut_of(context, target).expect("it is of this context"))
}

#[test]
fn section4_buffers_of_cust_are_payloads() {
    let (context, mut model) = program();
    let (source, mut target) = (buffer(&INPUTS[..64]), buffer(&[77; 10]));
    let input = view_of(&context, &source).expect("it is of this context");
    assert_eq!(input.buffer_descriptor().memory_class(), context.space().memory_class());
    let mut output = view_mut_of(&context, &mut target).expect("it is of this context");
    model.infer_one(&input, &mut output).expect("the payloads fit");
    assert_eq!(read(&target), OUTPUTS[..10]);

    let floats = DeviceBuffer::from_slice(&[0.0_f32; 16]).expect("there is memory");
    let input = view_of(&context, &floats).expect("it is of this context");
    model.infer_one(&input, &mut [0_i8; 10]).expect_err("64 bytes of floats are no int8");
    assert_eq!(model.last_error(), Some(&CudaError::Payload(PayloadError::Dtype)));
    let empty = DeviceBuffer::<i8>::from_slice(&[]).expect("it is no memory");
    assert_eq!(view_of(&context, &empty).map(|view| view.bytes()), Ok(0));
}

#[test]
fn section4_a_stream_of_cust_runs_a_model() {
    let (context, mut model) = program();
    let stream = Stream::new(StreamFlags::DEFAULT, None).expect("a stream");
    let lent = LentStream::new(&context, &stream).expect("it is of this context");
    let (source, mut target) = (buffer(INPUTS), buffer(&vec![77; OUTPUTS.len()]));
    let (input, output) = views(&context, &source, &mut target);
    let meanwhile = lent.infer(&mut model, input, output, || 4711).expect("the lengths fit");
    assert_eq!(meanwhile, 4711);
    assert!(read(&target) == OUTPUTS, "the bytes differ");

    // A panic meanwhile: the work has ended when the buffers are the caller's again.
    target.copy_from(&vec![0_i8; OUTPUTS.len()]).expect("the lengths are equal");
    let (input, output) = views(&context, &source, &mut target);
    let run = || lent.infer(&mut model, input, output, || panic!("planted: meanwhile"));
    panic::catch_unwind(AssertUnwindSafe(run)).expect_err("it panics");
    assert!(lent.is_idle().expect("the stream is alive"), "the work has ended");
    assert!(read(&target) == OUTPUTS, "the bytes differ");
}

#[test]
fn section4_handles_of_another_context_of_cust_are_refused() {
    let (context, mut model) = program();
    let device = Device::get_device(0).expect("there is a device");
    let other = LegacyContext::create_and_push(ContextFlags::SCHED_AUTO, device);
    let other = other.expect("a second context");
    {
        let stream = Stream::new(StreamFlags::DEFAULT, None).expect("a stream");
        let mut elsewhere = buffer(&INPUTS[..64]);
        let refused = LentStream::new(&context, &stream).map(|_| ());
        assert_eq!(refused, Err(CudaError::OtherContext));
        assert_eq!(view_of(&context, &elsewhere).map(|_| ()), Err(CudaError::OtherContext));
        let refused = view_mut_of(&context, &mut elsewhere).map(|_| ());
        assert_eq!(refused, Err(CudaError::OtherContext));
    }

    // A model of the other context does not run on a stream of this one.
    let mut stranger = model_in(&by_hand(&other));
    context.bind().expect("it is alive");
    let (source, mut target) = (buffer(&INPUTS[..64]), buffer(&[0; 10]));
    let stream = Stream::new(StreamFlags::DEFAULT, None).expect("a stream");
    let lent = LentStream::new(&context, &stream).expect("it is of this context");
    for (model, is_refused) in [(&mut stranger, true), (&mut model, false)] {
        let (input, output) = views(&context, &source, &mut target);
        let told = lent.infer(model, input, output, || ()).map_err(|error| error.kind());
        let refused = Err(InferenceErrorKind::ShapeOrTypeMismatch);
        assert_eq!(told, if is_refused { refused } else { Ok(()) });
    }
    assert_eq!(read(&target), OUTPUTS[..10]);
    drop(stranger);
}

/// Returns a legacy context, which the caller keeps for longer than all that is made from the
/// handle.
#[allow(unsafe_code)]
fn by_hand(context: &LegacyContext) -> Context {
    // SAFETY: the caller keeps it.
    unsafe { Context::from_raw(context.get_inner().cast()) }.expect("it is alive")
}
