//! What every backend must do with models of several ports and with state.
//!
//! Each check loads models of its own, in both layouts.

use isokern_core::compute::{ModelMetadata, PortMetadata, Quantization, Shape};
use isokern_core::{
    Batch, ComputeModel, DType, InferenceError, InferenceErrorKind, Message, MessageHeader,
};
use isokern_model::encode::Draft;
use isokern_model::layout::Layout;

use crate::conformance::Subject;
use crate::drafts::{self, Numbers, WindowShape};
use crate::port_models::{
    INITIAL, LEN, MEAN_LEN, QUANTISATION, STATE_GAP, STEP_LEN, STEPS, STEPS_BY_HAND, leaked,
    mean_and_sum, mean_of, mixed, running_sum, running_sums, sum, sum_of,
};

/// Values of `left`, of `right`, and the sums that a person worked out.
const BY_HAND: [[i8; LEN]; 3] = [
    [3, 13, 3, 3, 3, 0, 127, -128, 100, -100, 5, -5],
    [-5, -5, 3, -3, -7, -1, 127, -128, -128, 127, -4, -6],
    [1, 11, 3, 2, 0, -1, 127, -128, 67, -69, 3, -7],
];
/// The means of those sums: 61, -114 and 62 quarters.
const MEANS_BY_HAND: [i8; MEAN_LEN] = [15, -29, 16];

/// A check by its name.
pub type PortCheck<S> = (&'static str, fn(&S));

/// Returns the checks by name.
#[must_use]
pub const fn checks<S: Subject>() -> [PortCheck<S>; 9]
where
    S::Model: ComputeModel<[u8], [u8]>,
{
    [
        ("inputs_are_packed_in_order", inputs_are_packed_in_order),
        ("outputs_are_packed_in_order", outputs_are_packed_in_order),
        ("ports_of_several_types_are_bytes", ports_of_several_types_are_bytes),
        ("ports_are_described", ports_are_described),
        ("state_lasts_until_reset", state_lasts_until_reset),
        ("a_batch_steps_the_state_in_order", a_batch_steps_the_state_in_order),
        ("two_models_share_no_state", two_models_share_no_state),
        ("images_inside_are_runs_of_one", images_inside_are_runs_of_one),
        ("wrong_lengths_are_refused", wrong_lengths_are_refused),
    ]
}

/// Calls `check` with a new model of `draft`, in both layouts.
fn each<S: Subject>(subject: &S, draft: &Draft, check: impl Fn(S::Model)) {
    for layout in [Layout::Row, Layout::Packed] {
        check(load(subject, draft, layout));
    }
}

/// Checks two inputs of different scales against a person's and against real arithmetic.
pub fn inputs_are_packed_in_order<S: Subject>(subject: &S) {
    let [left, right, expected] = BY_HAND;
    assert_eq!(sum_of(&left, &right), expected, "the expectation is wrong");
    each(subject, &sum(1), |mut model| {
        assert_eq!(infer(&mut model, &[left, right].concat(), LEN), expected);
        let swapped = infer(&mut model, &[right, left].concat(), LEN);
        assert_eq!(swapped, sum_of(&right, &left));
        assert_ne!(swapped, expected);
        let numbers = &mut Numbers::new(1);
        for _ in 0..20 {
            let inputs = numbers.bytes(2 * LEN);
            let (left, right) = inputs.split_at(LEN);
            assert_eq!(infer(&mut model, &inputs, LEN), sum_of(left, right), "{inputs:?}");
        }
    });
}

/// Checks that outputs come in the order of the model, not of its operators.
pub fn outputs_are_packed_in_order<S: Subject>(subject: &S) {
    let [left, right, sums] = BY_HAND;
    each(subject, &mean_and_sum(1), |mut model| {
        let outputs = infer(&mut model, &[left, right].concat(), MEAN_LEN + LEN);
        assert_eq!(outputs, [MEANS_BY_HAND.as_slice(), &sums].concat());
        for port in [0, 1] {
            let place = output_port(&model, port).expect("there are two").range();
            let expected: &[i8] = if port == 0 { &MEANS_BY_HAND } else { &sums };
            assert_eq!(&outputs[place], expected);
        }
        let inputs = Numbers::new(2).bytes(7 * 2 * LEN);
        let expected = inputs.chunks_exact(2 * LEN).flat_map(|pair| {
            let sums = sum_of(&pair[..LEN], &pair[LEN..]);
            [mean_of(&sums), sums].concat()
        });
        let found = batch(&mut model, &inputs, 2 * LEN, MEAN_LEN + LEN);
        assert_eq!(found, expected.collect::<Vec<i8>>());
    });
}

/// Checks a model whose ports are of two element types.
pub fn ports_of_several_types_are_bytes<S: Subject>(subject: &S)
where
    S::Model: ComputeModel<[u8], [u8]>,
{
    let [left, right, sums] = BY_HAND;
    let raw: &[u8] = bytemuck::cast_slice(&[i32::MIN, -2, 0x0102_0304]);
    let join = |parts: [&[i8]; 2]| bytemuck::cast_slice::<i8, u8>(&parts.concat()).to_vec();
    each(subject, &mixed(), |mut model| {
        let inputs = [raw, &join([&left, &right])].concat();
        let mut outputs = vec![77_u8; MEAN_LEN + raw.len() + LEN];
        let done = model.infer_one(inputs.as_slice(), outputs.as_mut_slice());
        done.expect("bytes are taken");
        let expected = [&join([&MEANS_BY_HAND, &[]]), raw, &join([&sums, &[]])].concat();
        assert_eq!(outputs, expected);
        let ports = [0, 1, 2].map(|at| output_port(&model, at).expect("there are three"));
        assert_eq!(ports.map(|port| port.dtype()), [DType::I8, DType::I32, DType::I8]);
        assert_eq!(ports.map(|port| port.range()), [0..3, 3..15, 15..27]);
        // All values of one type would be another model's.
        let inputs = vec![0_i8; inputs.len()];
        let refused = ComputeModel::<[i8], [i8]>::infer_one(&mut model, &inputs, &mut [0_i8; 27]);
        assert_kind(refused, InferenceErrorKind::ShapeOrTypeMismatch);
    });
}

/// Checks what models say of their ports, before `init` too.
pub fn ports_are_described<S: Subject>(subject: &S) {
    let model = subject.load(leaked(&mean_and_sum(2), Layout::Row)).expect("it loads");
    let described = metadata(&model);
    assert_eq!((described.input_count(), described.output_count()), (2, 2));
    assert_eq!(described.state_bytes(), 0);
    assert_eq!(described.max_input_bytes(), Some(4 * LEN));
    assert_eq!(described.max_output_bytes(), Some(2 * (MEAN_LEN + LEN)));
    let [left, right, sum] = QUANTISATION;
    let (whole, mean) = ([2, 2, 2, 3], [2, 1, 1, 3]);
    let rows = [(0, left, 0..24), (1, right, 24..48)];
    for (at, quantisation, range) in rows {
        check_port(input_port(&model, at), whole, quantisation, range);
    }
    check_port(output_port(&model, 0), mean, sum, 0..6);
    check_port(output_port(&model, 1), whole, sum, 6..30);
    for at in [2, 3, usize::MAX] {
        assert_eq!((input_port(&model, at), output_port(&model, at)), (None, None), "{at}");
    }
    let stateful = subject.load(leaked(&running_sum(1), Layout::Row)).expect("it loads");
    assert_eq!(metadata(&stateful).state_bytes(), STATE_GAP + STEP_LEN);
}

/// Checks that a run starts on what the run before left, and `reset` brings the start back.
pub fn state_lasts_until_reset<S: Subject>(subject: &S) {
    each(subject, &running_sum(1), |mut model| {
        for _ in 0..3 {
            assert_eq!(one_by_one(&mut model, &STEPS), STEPS_BY_HAND);
            reset(&mut model);
        }
        // In the middle, too.
        assert_eq!(one_by_one(&mut model, &STEPS[..STEP_LEN]), STEPS_BY_HAND[..2 * STEP_LEN]);
        reset(&mut model);
        assert_eq!(one_by_one(&mut model, &STEPS), STEPS_BY_HAND);
        let init = ComputeModel::<[i8], [i8]>::init(&mut model);
        init.expect("again it does nothing");
        let (expected, _) = running_sums([-128, -117, 127, 61], &STEPS);
        assert_eq!(one_by_one(&mut model, &STEPS), expected);
    });
}

/// Checks that a batch is the loop of single runs, and the next batch goes on from there.
pub fn a_batch_steps_the_state_in_order<S: Subject>(subject: &S) {
    each(subject, &running_sum(1), |mut model| {
        assert_eq!(batch(&mut model, &STEPS, STEP_LEN, 2 * STEP_LEN), STEPS_BY_HAND);
        reset(&mut model);
        let (numbers, mut kept) = (&mut Numbers::new(3), INITIAL);
        for samples in [5, 1, 9, 5, 70, 2] {
            let steps: Vec<i8> =
                numbers.bytes(samples * STEP_LEN).iter().map(|value| value / 8).collect();
            let (expected, left) = running_sums(kept, &steps);
            let found = if samples == 2 {
                one_by_one(&mut model, &steps)
            } else {
                batch(&mut model, &steps, STEP_LEN, 2 * STEP_LEN)
            };
            assert_eq!(found, expected, "a batch of {samples}");
            kept = left;
        }
    });
}

/// Checks that what one model keeps, another of the same bytes does not see.
pub fn two_models_share_no_state<S: Subject>(subject: &S) {
    let blob = leaked(&running_sum(1), Layout::Packed);
    let [mut one, mut other] = [0, 1].map(|_| ready(subject.load(blob).expect("it loads")));
    for (step, expected) in STEPS.chunks(STEP_LEN).zip(STEPS_BY_HAND.chunks(2 * STEP_LEN)) {
        assert_eq!(infer(&mut one, step, 2 * STEP_LEN), expected);
    }
    assert_eq!(one_by_one(&mut other, &STEPS), STEPS_BY_HAND);
    reset(&mut one);
    let (expected, _) = running_sums([-128, -117, 127, 61], &STEPS);
    assert_eq!(one_by_one(&mut other, &STEPS), expected);
    assert_eq!(one_by_one(&mut one, &STEPS), STEPS_BY_HAND);
}

/// Checks that a model of two images gives what two runs of the model of one image give.
pub fn images_inside_are_runs_of_one<S: Subject>(subject: &S) {
    let numbers = || Numbers::new(11);
    let shape = |images| WindowShape {
        images,
        input: [7, 6, 5],
        kernel: [3, 2],
        stride: [2, 1],
        dilation: [1, 1],
        same: true,
    };
    let drafts: [(&str, [Draft; 2]); 6] = [
        ("conv2d", [1, 2].map(|n| drafts::conv2d(&mut numbers(), &shape(n), 9))),
        ("depthwise", [1, 2].map(|n| drafts::depthwise_conv2d(&mut numbers(), &shape(n), 2))),
        ("dense", [1, 2].map(|n| drafts::fully_connected(&mut numbers(), n, 20, 7, 0))),
        ("pool", [1, 2].map(|n| drafts::pool(&mut numbers(), &shape(n)))),
        ("softmax", [1, 2].map(|n| drafts::softmax(&mut numbers(), n, 9))),
        ("mean and sum", [mean_and_sum(1), mean_and_sum(2)]),
    ];
    for (what, [one, two]) in drafts {
        each(subject, &two, |mut model| {
            let mut alone = load(subject, &one, Layout::Row);
            let inputs = lengths(&model, &input_port);
            let outputs = lengths(&model, &output_port);
            let values = Numbers::new(12).bytes(inputs.iter().sum());
            let found = infer(&mut model, &values, outputs.iter().sum());
            for image in 0..2 {
                let output_len = outputs.iter().sum::<usize>() / 2;
                let single = infer(&mut alone, &image_of(&values, &inputs, image), output_len);
                assert_eq!(image_of(&found, &outputs, image), single, "{what}, image {image}");
            }
        });
    }
    // With state, each image has its own.
    each(subject, &running_sum(2), |mut model| {
        let steps = Numbers::new(13).bytes(6 * STEP_LEN);
        let found = steps.chunks_exact(2 * STEP_LEN);
        let found: Vec<i8> = found.flat_map(|pair| infer(&mut model, pair, 4 * STEP_LEN)).collect();
        for image in 0..2 {
            let own = steps.chunks(2 * STEP_LEN).flat_map(|pair| image_of(pair, &[8], image));
            let (expected, _) = running_sums(INITIAL, &own.collect::<Vec<i8>>());
            let runs = found.chunks(4 * STEP_LEN).flat_map(|run| image_of(run, &[8, 8], image));
            assert_eq!(runs.collect::<Vec<i8>>(), expected, "image {image}");
        }
    });
}

/// Checks that payloads of wrong lengths are refused and step no state.
pub fn wrong_lengths_are_refused<S: Subject>(subject: &S) {
    let mismatch = InferenceErrorKind::ShapeOrTypeMismatch;
    each(subject, &mean_and_sum(1), |mut model| {
        let (input, output) = (2 * LEN, MEAN_LEN + LEN);
        for (input, output) in
            [(LEN, output), (input - 1, output), (input + 1, output), (input, LEN), (input, 0)]
        {
            let (inputs, mut outputs) = (vec![0_i8; input], vec![77_i8; output]);
            assert_kind(model.infer_one(inputs.as_slice(), outputs.as_mut_slice()), mismatch);
            assert!(outputs.iter().all(|&value| value == 77), "an output changed");
        }
    });
    each(subject, &running_sum(1), |mut model| {
        let mut outputs = [77_i8; 2 * STEP_LEN];
        let refused = model.infer_one([1_i8; 3].as_slice(), outputs.as_mut_slice());
        assert_kind(refused, mismatch);
        // The second message of a batch is short: none of it runs.
        let payloads = [[1_i8; STEP_LEN].as_slice(), &[1; STEP_LEN - 1]];
        let messages = payloads.map(|payload| Message::new(MessageHeader::new(), payload));
        let mut bytes = [77_i8; 4 * STEP_LEN];
        let mut targets: Vec<&mut [i8]> = bytes.chunks_exact_mut(2 * STEP_LEN).collect();
        assert_kind(model.infer_batch(Batch::new(&messages), &mut targets), mismatch);
        assert_eq!(one_by_one(&mut model, &STEPS), STEPS_BY_HAND, "a refused run left its mark");
    });
}

/// Returns the samples of a batch, run together.
pub fn batch<M>(model: &mut M, inputs: &[i8], input_len: usize, output_len: usize) -> Vec<i8>
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

fn load<S: Subject>(subject: &S, draft: &Draft, layout: Layout) -> S::Model {
    ready(subject.load(leaked(draft, layout)).expect("the model loads"))
}

fn ready<M: ComputeModel<[i8], [i8]>>(mut model: M) -> M {
    model.init().expect("the model initialises");
    model
}

fn infer<M: ComputeModel<[i8], [i8]>>(model: &mut M, input: &[i8], output_len: usize) -> Vec<i8> {
    let mut output = vec![77_i8; output_len];
    model.infer_one(input, output.as_mut_slice()).expect("the payloads fit");
    output
}

/// Runs steps of [`running_sum`], one after the other.
fn one_by_one<M: ComputeModel<[i8], [i8]>>(model: &mut M, steps: &[i8]) -> Vec<i8> {
    steps.chunks_exact(STEP_LEN).flat_map(|step| infer(model, step, 2 * STEP_LEN)).collect()
}

fn reset<M: ComputeModel<[i8], [i8]>>(model: &mut M) {
    model.reset().expect("the model resets");
}

fn metadata<M: ComputeModel<[i8], [i8]>>(model: &M) -> ModelMetadata {
    model.metadata()
}

fn input_port<M: ComputeModel<[i8], [i8]>>(model: &M, position: usize) -> Option<PortMetadata> {
    model.input_port(position)
}

fn output_port<M: ComputeModel<[i8], [i8]>>(model: &M, position: usize) -> Option<PortMetadata> {
    model.output_port(position)
}

/// Returns the lengths of all ports on one side.
fn lengths<M>(model: &M, port: &impl Fn(&M, usize) -> Option<PortMetadata>) -> Vec<usize> {
    (0..).map_while(|position| port(model, position)).map(|port| port.bytes()).collect()
}

/// Returns one image of two: of each port's half, in order.
fn image_of(payload: &[i8], ports: &[usize], image: usize) -> Vec<i8> {
    let (mut rest, mut found) = (payload, Vec::new());
    for bytes in ports {
        let (port, tail) = rest.split_at(*bytes);
        found.extend_from_slice(&port[image * bytes / 2..(image + 1) * bytes / 2]);
        rest = tail;
    }
    found
}

fn check_port(
    port: Option<PortMetadata>,
    shape: [u32; 4],
    (scale, zero_point): (f32, i16),
    range: core::ops::Range<usize>,
) {
    let port = port.expect("there is such a port");
    assert_eq!(port.dtype(), DType::I8);
    assert_eq!(port.shape(), Some(Shape::new(shape)));
    assert_eq!(port.quantization(), Some(Quantization::new(scale, zero_point.into())));
    assert_eq!((port.range(), port.bytes()), (range.clone(), range.len()));
}

fn assert_kind(result: Result<(), InferenceError>, kind: InferenceErrorKind) {
    assert_eq!(result.map_err(InferenceError::kind), Err(kind));
}
