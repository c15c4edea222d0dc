//! Models with several ports and with state: what only this backend's ways through can get wrong.

use isokern_core::InferenceErrorKind;
use isokern_core::compute::ModelArtifact;
use isokern_cpu::ArtifactBackend;
use isokern_cuda::{CudaBackend, CudaError, DeviceBuffer, PayloadError, PinnedBuffer, Stream};
use isokern_model::encode::Draft;
use isokern_model::layout::Layout;
use isokern_tests::port_checks::batch;
use isokern_tests::port_models::{
    INITIAL, LEN, MEAN_LEN, STEP_LEN, STEPS, STEPS_BY_HAND, mean_and_sum, mixed, running_sum,
    running_sums, state_of,
};

use crate::Test;
use crate::answers::{enqueue, random, ready};

/// The tests of this file.
pub(crate) const TESTS: &[Test] = &[
    ("ports::random_inputs_give_the_bytes_of_the_cpu", random_inputs),
    ("ports::chunks_hand_the_state_on", chunks),
    ("ports::every_way_through_steps_one_state", every_way),
    ("ports::the_warm_up_run_is_no_step", warm_up),
    ("ports::streams_run_side_by_side", streams),
    ("ports::ports_on_the_device_are_packed", on_device),
    ("ports::lengths_of_all_ports_count", lengths),
];

/// Values of a step's outputs.
const OUT: usize = 2 * STEP_LEN;

fn artifact(draft: &Draft) -> ModelArtifact {
    ModelArtifact::from_bytes(draft.encode(Layout::Packed).expect("the draft is a model"))
}

fn backend() -> CudaBackend {
    CudaBackend::new(0).expect("there is a device")
}

fn random_inputs() {
    let backend = backend();
    for (draft, input_len, output_len) in [
        (mean_and_sum(1), 2 * LEN, MEAN_LEN + LEN),
        (mean_and_sum(3), 6 * LEN, 3 * (MEAN_LEN + LEN)),
        (running_sum(1), STEP_LEN, OUT),
        (running_sum(2), 2 * STEP_LEN, 2 * OUT),
    ] {
        let artifact = artifact(&draft);
        let mut cpu = ArtifactBackend::new().load(&artifact).expect("the model loads");
        cpu.init().expect("the model initialises");
        let mut model = ready(&backend, &artifact);
        for round in 0..2 {
            let inputs = random(31 + round, 40 * input_len);
            let expected = batch(&mut cpu, &inputs, input_len, output_len);
            assert!(batch(&mut model, &inputs, input_len, output_len) == expected, "{draft:?}");
        }
    }
}

fn chunks() {
    let artifact = artifact(&running_sum(1));
    for samples in [1, 2, 5, 9] {
        let mut model = ready(&backend().with_chunk_samples(samples), &artifact);
        let mut kept = INITIAL;
        // A batch size that comes again is recorded as a graph.
        for round in 0..3 {
            let steps: Vec<i8> =
                random(41 + round, 9 * STEP_LEN).iter().map(|value| value / 8).collect();
            let (expected, left) = running_sums(kept, &steps);
            let found = batch(&mut model, &steps, STEP_LEN, OUT);
            assert_eq!(found, expected, "chunks of {samples}, round {round}");
            kept = left;
        }
    }
}

/// Host memory, pinned memory, device memory, a stream of the caller's: one after the other,
/// without a drain between them.
fn every_way() {
    let backend = backend();
    let mut model = ready(&backend, &artifact(&running_sum(1)));
    let context = backend.context().expect("there is a device");
    let (own, foreign) = [Stream::new(context), Stream::new(context)].into();
    let (own, foreign) = (own.expect("a stream"), foreign.expect("a stream"));
    let steps: Vec<i8> = random(51, 7 * STEP_LEN).iter().map(|value| value / 8).collect();
    let parts: Vec<&[i8]> = steps.chunks(STEP_LEN).collect();
    let (expected, _) = running_sums(INITIAL, &steps);
    for _ in 0..2 {
        let mut found = vec![0_i8; 7 * OUT];
        let mut outputs = found.chunks_mut(OUT);
        let mut next = || outputs.next().expect("one each");
        model.infer_one(parts[0], next()).expect("host memory");
        let mut pinned = PinnedBuffer::new(context, STEP_LEN).expect("there is memory");
        pinned.as_mut_slice().copy_from_slice(bytemuck::cast_slice(parts[1]));
        model.infer_one(&pinned, next()).expect("pinned memory");
        // Two steps in one call.
        let mut input = DeviceBuffer::new(context, 2 * STEP_LEN).expect("there is memory");
        let mut output = DeviceBuffer::new(context, 2 * OUT).expect("there is memory");
        let pair = [parts[2], parts[3]].concat();
        input.upload(bytemuck::cast_slice(&pair), &own).expect("the bytes fit");
        model.infer_on_device(input.view(), output.view_mut()).expect("device memory");
        let mut both = [0_u8; 2 * OUT];
        output.download(&mut both, &own).expect("the bytes fit");
        let both: &[i8] = bytemuck::cast_slice(&both);
        next().copy_from_slice(&both[..OUT]);
        next().copy_from_slice(&both[OUT..]);
        let mut input = DeviceBuffer::new(context, STEP_LEN).expect("there is memory");
        let mut output = DeviceBuffer::new(context, OUT).expect("there is memory");
        input.upload(bytemuck::cast_slice(parts[4]), &foreign).expect("the bytes fit");
        enqueue(&mut model, &foreign, &input, &mut output);
        let late = next();
        // These wait for the step on the caller's stream.
        model.infer_one(parts[5], next()).expect("host memory");
        next().copy_from_slice(&batch(&mut model, parts[6], STEP_LEN, OUT));
        output.download(bytemuck::cast_slice_mut(late), &foreign).expect("the bytes fit");
        assert_eq!(found, expected);
        model.reset().expect("the model resets");
    }
}

/// Three streams, their samples in one launch after the other; the first is that of other ways.
fn streams() {
    const STREAMS: usize = 3;
    let backend = backend().with_streams(STREAMS);
    let mut model = ready(&backend, &artifact(&running_sum(1)));
    assert_eq!(model.streams(), STREAMS);
    let context = backend.context().expect("there is a device");
    let own = Stream::new(context).expect("a stream");
    let mut kept = [INITIAL; STREAMS];
    for (round, samples) in [(0, 1), (1, 4), (2, 2)] {
        let steps = random(61 + round, STREAMS * samples * STEP_LEN);
        let steps: Vec<i8> = steps.iter().map(|value| value / 8).collect();
        let mut expected = Vec::new();
        for (kept, steps) in kept.iter_mut().zip(steps.chunks_exact(samples * STEP_LEN)) {
            let (outputs, left) = running_sums(*kept, steps);
            expected.extend(outputs);
            *kept = left;
        }
        let mut input = DeviceBuffer::new(context, steps.len()).expect("there is memory");
        let mut output = DeviceBuffer::new(context, expected.len()).expect("there is memory");
        input.upload(bytemuck::cast_slice(&steps), &own).expect("the bytes fit");
        model.infer_streams_on_device(input.view(), output.view_mut()).expect("device memory");
        let mut found = vec![0_i8; expected.len()];
        output.download(bytemuck::cast_slice_mut(&mut found), &own).expect("the bytes fit");
        assert_eq!(found, expected, "round {round}");
        let mut states = vec![0; STREAMS * state_of(INITIAL).len()];
        model.read_state(&mut states).expect("the lengths are equal");
        assert_eq!(states, kept.map(state_of).concat(), "round {round}");
        let (outputs, left) = running_sums(kept[0], &STEPS[..STEP_LEN]);
        assert_eq!(batch(&mut model, &STEPS[..STEP_LEN], STEP_LEN, OUT), outputs);
        kept[0] = left;
    }
    let input = DeviceBuffer::new(context, 4 * STEP_LEN).expect("there is memory");
    let mut output = DeviceBuffer::new(context, 4 * OUT).expect("there is memory");
    let uneven = model.infer_streams_on_device(input.view(), output.view_mut());
    assert_eq!(uneven.map_err(|error| error.kind()), Err(InferenceErrorKind::ShapeOrTypeMismatch));
    assert_eq!(ready(&backend, &artifact(&mean_and_sum(1))).streams(), 1);
}

/// `init` runs the model once on zeros, which here represent steps of one.
fn warm_up() {
    let mut draft = running_sum(1);
    draft.tensors[1].zero_point = -1;
    let mut model = ready(&backend(), &artifact(&draft));
    let one_more: Vec<i8> = STEPS.iter().map(|value| value + 1).collect();
    let (expected, _) = running_sums(INITIAL, &one_more);
    for _ in 0..2 {
        assert_eq!(batch(&mut model, &STEPS, STEP_LEN, OUT), expected);
        model.reset().expect("the model resets");
    }
}

fn on_device() {
    let backend = backend();
    let mut model = ready(&backend, &artifact(&mixed()));
    let context = backend.context().expect("there is a device");
    let stream = Stream::new(context).expect("there is a stream");
    let (input_len, output_len) = (12 + 2 * LEN, MEAN_LEN + 12 + LEN);
    let inputs = random(61, 5 * input_len);
    let inputs: &[u8] = bytemuck::cast_slice(&inputs);
    let mut input = DeviceBuffer::new(context, inputs.len()).expect("there is memory");
    let mut output = DeviceBuffer::new(context, 5 * output_len).expect("there is memory");
    input.upload(inputs, &stream).expect("the bytes fit");
    model.infer_on_device(input.view(), output.view_mut()).expect("the model runs");
    let mut found = vec![0_u8; 5 * output_len];
    output.download(&mut found, &stream).expect("the bytes fit");
    let mut cpu = ArtifactBackend::new().load(&artifact(&mixed())).expect("the model loads");
    cpu.init().expect("the model initialises");
    for (input, found) in inputs.chunks(input_len).zip(found.chunks(output_len)) {
        let mut expected = vec![0_u8; output_len];
        cpu.infer_one(input, expected.as_mut_slice()).expect("the payloads fit");
        assert_eq!(found, expected);
    }
}

fn lengths() {
    let backend = backend();
    let mut model = ready(&backend, &artifact(&running_sum(1)));
    let context = backend.context().expect("there is a device");
    for (input_len, output_len) in [(STEP_LEN, STEP_LEN), (STEP_LEN, OUT - 1), (OUT, OUT), (3, 6)] {
        let input = DeviceBuffer::new(context, input_len).expect("there is memory");
        let mut output = DeviceBuffer::new(context, output_len).expect("there is memory");
        let refused = model.infer_on_device(input.view(), output.view_mut());
        let kind = refused.expect_err("the lengths are wrong").kind();
        assert_eq!(kind, InferenceErrorKind::ShapeOrTypeMismatch, "{input_len} to {output_len}");
        let said = model.last_error();
        assert!(matches!(said, Some(CudaError::Payload(PayloadError::Bytes { .. }))), "{said:?}");
    }
    let mut short = [0_i8; STEP_LEN];
    let refused = model.infer_one(&STEPS[..STEP_LEN], &mut short[..]).expect_err("one output");
    assert_eq!(refused.kind(), InferenceErrorKind::ShapeOrTypeMismatch);
    let need = CudaError::Payload(PayloadError::Bytes { have: STEP_LEN, need: OUT });
    assert_eq!(model.last_error(), Some(&need));
    // None of them was a step.
    assert_eq!(batch(&mut model, &STEPS, STEP_LEN, OUT), STEPS_BY_HAND);
}
