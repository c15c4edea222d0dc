//! The facade gives the reference's bytes on every device, in every mode, whatever the types of its
//! values; and says in words what it does not take.
//!
//! The tests of the GPU need the stand-in.

use core::time::Duration;
use std::fs;
use std::process::ExitCode;

use isokern::guard::SystemClock;
use isokern::samples::Samples;
use isokern::{
    AllowAll, AsValues, Device, Environment, Error, ExecutionContext, KernelMode, Model, Plan,
    PortError, Principal, Session,
};
use isokern_core::KernelError;
use isokern_tests::standin;
use isokern_tests::trials::{on_models_of_any_ports, run, trial, trial_unless};
use isokern_tests::vectors::{Case, own_cases_of_any_ports, own_folder};

fn main() -> ExitCode {
    let everywhere =
        on_models_of_any_ports("every_mode_gives_the_reference_s_bytes", every_mode_gives_bytes);
    let own = [
        ("real_numbers_go_in_and_out_by_the_model_s_scale", reals as fn()),
        ("values_have_the_types_of_their_ports", types),
        ("inputs_are_found_by_name_and_index", named_inputs),
        ("a_stream_goes_on_until_it_is_reset", streams),
        ("a_batch_is_one_sample_after_another", batches),
        ("a_limit_stops_a_run_and_the_next_one_is_whole", limits),
        ("a_context_refuses_and_lets_pass", contexts),
        ("what_is_not_taken_is_said_with_names_and_shapes", refusals),
        ("files_are_known_by_their_bytes", files),
        ("a_mode_chooses_the_processor_and_says_why", modes_choose_the_processor),
    ];
    let gpu = [
        ("a_gpu_gives_the_reference_s_bytes", on_a_gpu as fn()),
        ("auto_is_the_gpu_where_one_is", auto_is_the_gpu),
        ("a_limit_on_a_gpu_is_kept_and_the_next_run_is_whole", gpu_limits),
        ("a_context_on_a_gpu_refuses_and_lets_pass", gpu_contexts),
        ("a_gpu_refuses_modes", gpu_refusals),
        ("a_stream_on_a_gpu_goes_on_until_it_is_reset", gpu_streams),
        ("a_model_that_stays_on_a_gpu_gives_the_reference_s_bytes", gpu_ring),
        ("a_stream_that_stays_on_a_gpu_begins_again_on_its_block", gpu_ring_streams),
        ("a_model_whose_inputs_are_tasks_of_a_gpu_gives_the_reference_s_bytes", gpu_tasks),
        ("a_stream_of_tasks_of_a_gpu_begins_again", gpu_task_streams),
    ];
    run(everywhere
        .into_iter()
        .chain(own.map(|(name, test)| trial(name, test)))
        .chain(gpu.map(|(name, test)| trial_unless(standin::missing(), name, test))))
}

fn model(name: &str) -> Model {
    Model::open(own_folder().join(format!("models/{name}.tflite"))).expect("it converts")
}

fn case(name: &str) -> Case {
    let mut cases = own_cases_of_any_ports().into_iter();
    cases.find(|case| case.name == name).expect("the model is there")
}

fn bytes(values: &[i8]) -> Vec<u8> {
    values.iter().map(|value| value.cast_unsigned()).collect()
}

/// Runs a case's inputs, and compares every byte.
fn check(case: &Case, session: &mut Session) {
    let input_bytes = session.model().inputs().sample_bytes();
    let samples = Samples::new(bytes(&case.inputs), input_bytes);
    let (outputs, latencies) =
        session.run_samples(&samples, None, |_, _| Ok(())).expect("every sample runs");
    let place = session.place();
    assert!(outputs == bytes(&case.outputs), "{} on {place}: other bytes", case.name);
    assert_eq!(latencies.count(), samples.count(), "{}", case.name);
}

fn every_mode_gives_bytes(cases: &[Case]) {
    for case in cases {
        let model = Model::named(&case.name, &case.tflite).expect("it converts");
        for mode in KernelMode::ALL {
            let plan = Plan::new(Device::Cpu).with_mode(mode);
            let mut session = model.session_with(plan).expect("it starts");
            check(case, &mut session);
            session.finish().expect("it ends");
        }
    }
}

fn on_a_gpu() {
    for case in own_cases_of_any_ports() {
        let model = Model::named(&case.name, &case.tflite).expect("it converts");
        let mut session = model.session(Device::Cuda { ordinal: 0 }).expect("there is a device");
        check(&case, &mut session);
    }
}

fn reals() {
    let model = model("digits");
    let case = case("digits");
    let port = model.input(0).expect("it has one");
    let quantization = port.quantization().expect("it is int8");
    let mut session = model.session(Device::Cpu).expect("it starts");
    let images = case.inputs.chunks_exact(port.value_count());
    for (image, expected) in images.zip(case.outputs.chunks_exact(10)) {
        let reals: Vec<f32> =
            image.iter().map(|&code| quantization.dequantize(code.into())).collect();
        let outputs = session.run(&reals).expect("it runs");
        assert_eq!(outputs.to_vec::<i8>(0).expect("they are int8"), expected);
        let output = outputs.at(0).expect("it has one");
        let scale = output.quantization().expect("it is int8");
        let scores: Vec<f32> = outputs.to_vec(0).expect("they stand for real numbers");
        let found: Vec<i32> = scores.iter().map(|&score| scale.quantize(score)).collect();
        assert_eq!(found, expected.iter().map(|&code| code.into()).collect::<Vec<i32>>());
        let best = outputs.highest(0, 1).expect("they are classes")[0];
        assert!(scores.iter().all(|&score| score <= best.score), "{best:?} of {scores:?}");
        let mut target = [0.0; 10];
        outputs.read(0, &mut target).expect("it has the length");
        assert_eq!(scores, target);
    }
    // What is outside of the range is cut to it.
    let extreme: Vec<f32> = (0..64).map(|at| if at % 2 == 0 { 1e30 } else { -1e30 }).collect();
    let cut: Vec<i8> = (0..64).map(|at| if at % 2 == 0 { 127 } else { -128 }).collect();
    let found = session.run(&extreme).expect("it runs").bytes().to_vec();
    assert_eq!(session.run(&cut).expect("it runs").bytes(), found);
}

fn types() {
    // uint8 in and out, and float32 in and out.
    let (model, case) = (model("byte_ends"), case("byte_ends"));
    let count = model.input(0).expect("it has one").value_count();
    let image = &bytes(&case.inputs)[..count];
    let mut session = model.session(Device::Cpu).expect("it starts");
    let outputs = session.run(image).expect("it takes uint8");
    let values: Vec<u8> = outputs.to_vec(0).expect("it gives uint8");
    assert_eq!(values, bytes(&case.outputs)[..values.len()]);
    let refused = session.run(&vec![0_i8; count]).expect_err("it is uint8").to_string();
    assert!(
        refused.contains("the values are i8, input 0") && refused.contains("uint8"),
        "{refused}"
    );

    let (floats, case) = (self::model("float_ends"), self::case("float_ends"));
    let count = floats.input(0).expect("it has one").value_count();
    let input = &bytes(&case.inputs)[..4 * count];
    let reals: Vec<f32> =
        input.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let mut session = floats.session(Device::Cpu).expect("it starts");
    let outputs = session.run(&reals).expect("it takes float32");
    let values: Vec<f32> = outputs.to_vec(0).expect("it gives float32");
    let found: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(found, bytes(&case.outputs)[..found.len()]);
}

fn named_inputs() {
    let (model, case) = (model("two_inputs"), case("two_inputs"));
    assert_eq!((model.inputs().count(), model.outputs().count()), (2, 2));
    let mut session = model.session(Device::Cpu).expect("it starts");
    let sample = case.inputs.get(..model.inputs().sample_bytes()).expect("there is one");
    let [one, two] = [0, 1].map(|index| model.inputs().at(index).expect("it has two"));
    let (left, right) = (&sample[one.range.clone()], &sample[two.range.clone()]);
    let expected = bytes(&case.outputs[..model.outputs().sample_bytes()]);
    let by_index = session.run(&[(1, right), (0, left)]).expect("both are given");
    assert_eq!(by_index.bytes(), expected);
    assert!(!one.name.is_empty() && !two.name.is_empty());
    let pairs = [(one.name.as_str(), left), (two.name.as_str(), right)];
    assert_eq!(session.run(&pairs).expect("both are given").bytes(), expected);
    // Each in a type of its own.
    let quantization = one.quantization().expect("it is int8");
    let reals: Vec<f32> = left.iter().map(|&code| quantization.dequantize(code.into())).collect();
    let mixed = [(0, reals.as_values()), (1, right.as_values())];
    let outputs = session.run(&mixed).expect("both are given");
    assert_eq!(outputs.bytes(), expected);
    let second = model.output(1).expect("it has two");
    let values: Vec<i8> = outputs.to_vec(second.name.as_str()).expect("it has the name");
    assert_eq!(bytes(&values), expected[second.range.clone()]);
}

/// The committed stream: a keyword model, its frames, and what TFLite Micro gives.
fn stream() -> (Model, Vec<i8>, Vec<u8>) {
    let file = |name: &str| fs::read(own_folder().join("streams").join(name)).expect("it is there");
    let model = Model::open(own_folder().join("streams/keyword.tflite")).expect("it converts");
    let input = file("keyword.in.i8").iter().map(|byte| byte.cast_signed()).collect();
    (model, input, file("keyword.out.tflm.u8"))
}

/// Runs the stream step by step, again after a reset, and as one batch.
fn step_through(mut session: Session) {
    let (model, frames, expected) = stream();
    let step = model.input(0).expect("it has one").value_count();
    for _ in 0..2 {
        let mut found = Vec::new();
        for frame in frames.chunks_exact(step) {
            found.extend_from_slice(session.run(frame).expect("it runs").bytes());
        }
        assert!(found == expected, "{}: other bytes", session.place());
        session.reset().expect("it starts again");
    }
    let outputs = session.run_batch(&frames).expect("it runs");
    assert!(outputs.bytes() == expected, "other bytes in a batch");
}

fn streams() {
    let (model, frames, _) = stream();
    for mode in KernelMode::ALL {
        let plan = Plan::new(Device::Cpu).with_mode(mode);
        step_through(model.session_with(plan).expect("it starts"));
    }
    // The state itself, in the modes that show it.
    let step = model.input(0).expect("it has one").value_count();
    let states = [KernelMode::Batch, KernelMode::Megakernel].map(|mode| {
        let plan = Plan::new(Device::Cpu).with_mode(mode);
        let mut session = model.session_with(plan).expect("it starts");
        session.run(&frames[..step]).expect("it runs");
        let mut state = Vec::new();
        session.append_state(&mut state).expect("it is shown");
        state
    });
    assert_eq!(states[0].len(), model.state_bytes());
    assert_eq!(states[0], states[1]);
}

fn gpu_streams() {
    let (model, ..) = stream();
    step_through(model.session(Device::Cuda { ordinal: 0 }).expect("there is a device"));
}

fn batches() {
    let (model, case) = (model("two_inputs"), case("two_inputs"));
    let sample_bytes = model.inputs().sample_bytes();
    let count = case.inputs.len() / sample_bytes;
    assert!(count > 1, "a batch has more than one");
    let column = |index: usize| -> Vec<i8> {
        let range = model.inputs().at(index).expect("it has two").range.clone();
        let samples = case.inputs.chunks_exact(sample_bytes);
        samples.flat_map(|sample| &sample[range.clone()]).copied().collect()
    };
    let (left, right) = (column(0), column(1));
    let devices = [Device::Cpu, Device::Auto].map(|device| (device, KernelMode::Batch));
    let modes = KernelMode::ALL.map(|mode| (Device::Cpu, mode));
    for (device, mode) in devices.into_iter().chain(modes) {
        let mut session = model.session_with(Plan::new(device).with_mode(mode)).expect("it starts");
        let outputs = session.run_batch(&[(0, &left), (1, &right)]).expect("it runs");
        assert_eq!(outputs.sample_count(), count);
        assert!(outputs.bytes() == bytes(&case.outputs), "{mode:?}: other bytes");
        let each: Vec<u8> = outputs.samples().flat_map(|sample| sample.bytes().to_vec()).collect();
        assert!(each == outputs.bytes(), "the samples are all there is");
        let last = outputs.sample(count - 1).expect("it is the last");
        assert!(outputs.bytes().ends_with(last.bytes()) && outputs.sample(count).is_none());
        let none: [(usize, &[i8]); 2] = [(0, &[]), (1, &[])];
        assert_eq!(session.run_batch(&none).expect("none is no error").sample_count(), 0);
    }
}

fn limits() {
    KernelMode::ALL.into_iter().for_each(|mode| limits_of(Plan::new(Device::Cpu).with_mode(mode)));
}

fn gpu_limits() {
    limits_of(Plan::new(Device::Cuda { ordinal: 0 }));
    // What was launched ends, on the stand-in later than this: its answer and its state are none.
    let (model, frames, expected) = stream();
    let step = model.input(0).expect("it has one").value_count();
    let outputs = model.outputs().sample_bytes();
    let mut session = model.session(Device::Cuda { ordinal: 0 }).expect("there is a device");
    let limit = Duration::from_micros(1);
    let late = session.run_within(limit, &frames[..step]).map(|_| ()).expect_err("it is late");
    assert!(matches!(&late, Error::Timeout { limit: said, .. } if *said == limit), "{late}");
    let again = session.run(&frames[..step]).expect("it runs");
    assert!(again.bytes() == &expected[..outputs], "a late step is left in the state");
    // So with packed samples, one of which is late.
    let samples = Samples::new(bytes(&frames), step);
    let late = session.run_samples(&samples, Some(limit), |_, _| Ok(()));
    assert!(late.is_err_and(|error| matches!(error, Error::Timeout { input_index: 0, .. })));
    let (again, _) = session.run_samples(&samples, None, |_, _| Ok(())).expect("it runs");
    assert!(again == expected, "a late sample is left in the state");
}

fn on_gpu(name: &str) -> Session {
    model(name).session(Device::Cuda { ordinal: 0 }).expect("there is a device")
}

fn limits_of(plan: Plan) {
    let (model, frames, expected) = stream();
    let step = model.input(0).expect("it has one").value_count();
    let outputs = model.outputs().sample_bytes();
    let mut session = model.session_with(plan).expect("it starts");
    let long = Duration::from_secs(3600);
    let first = session.run_within(long, &frames[..step]).expect("an hour is enough");
    assert!(first.bytes() == &expected[..outputs], "{plan:?}");
    let stopped = session.run_within(Duration::ZERO, &frames[step..2 * step]);
    let error = stopped.map(|_| ()).expect_err("no time is too little");
    assert!(matches!(error, Error::Timeout { limit: Duration::ZERO, .. }), "{plan:?}: {error}");
    // What was stopped has left no half step: the stream begins again.
    let again = session.run(&frames[..step]).expect("it runs");
    assert!(again.bytes() == &expected[..outputs], "{plan:?}: a half step is left");
}

fn contexts() {
    contexts_of(model("digits").session(Device::Cpu).expect("it starts"));
}

fn gpu_contexts() {
    contexts_of(on_gpu("digits"));
    let mut session = on_gpu("digits");
    let environment = Environment::new(SystemClock, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("alice", &[]))
        .with_time_limit(Duration::from_micros(1));
    let late = session.run_with_context(&context, &[0_i8; 64]).map(|_| ());
    // The moment is past before the call or at its end.
    let is_late = |error: &Error| {
        let refused = matches!(error, Error::Kernel { source: KernelError::DeadlineExceeded, .. });
        refused || matches!(error, Error::Timeout { .. })
    };
    assert!(late.is_err_and(|error| is_late(&error)), "a late answer is none");
}

fn contexts_of(mut session: Session) {
    let environment = Environment::new(SystemClock, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("alice", &[]));
    let image = [0_i8; 64];
    let expected = session.run(&image).expect("it runs").bytes().to_vec();
    let hour = context.with_time_limit(Duration::from_secs(3600));
    for context in [context, hour] {
        let outputs = session.run_with_context(&context, &image).expect("it may");
        assert_eq!(outputs.bytes(), expected);
    }
    let late = session.run_with_context(&context.with_deadline_ns(1), &image);
    let error = late.map(|_| ()).expect_err("the moment is past");
    let is_late = matches!(error, Error::Kernel { source: KernelError::DeadlineExceeded, .. });
    assert!(is_late, "{error}");
}

fn refusals() {
    let two = model("two_inputs");
    let mut session = two.session(Device::Cpu).expect("it starts");
    let [one, other] = [0, 1].map(|index| two.inputs().at(index).expect("it has two"));
    let (left, right) = (vec![0_i8; one.value_count()], vec![0_i8; other.value_count()]);
    let mut refused = |inputs: &[(&str, &[i8])]| match session.run(inputs) {
        Err(Error::Port { name, source }) => {
            assert!(name.ends_with("two_inputs.tflite"), "{name}");
            source
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("{inputs:?} was taken"),
    };
    assert!(matches!(refused(&[("0", &left)]), PortError::Missing { .. }));
    assert!(matches!(refused(&[("0", &left), ("0", &left)]), PortError::Twice { .. }));
    let unknown = refused(&[("0", &left), ("nobody", &right)]).to_string();
    assert!(unknown.contains("\"nobody\"") && unknown.contains(&one.facts()), "{unknown}");
    let short = refused(&[("0", &left[1..]), ("1", &right)]).to_string();
    let have = format!("{} values are given for {one} ({})", left.len() - 1, one.facts());
    assert!(short.starts_with(&have) && short.contains("Fix: "), "{short}");
    let unnamed = session.run(&left).map(|_| ()).expect_err("there are two").to_string();
    assert!(unnamed.contains("which input") && unnamed.contains(&other.facts()), "{unnamed}");
    let uneven = session.run_batch(&[(0, &left), (1, &[right.clone(), right].concat())]);
    let uneven = uneven.map(|_| ()).expect_err("they are 1 and 2").to_string();
    assert!(uneven.contains("a sample") && uneven.contains(&other.to_string()), "{uneven}");

    let digits = model("digits");
    let mut session = digits.session(Device::Cpu).expect("it starts");
    let mut image = [0.0_f32; 64];
    image[5] = f32::NAN;
    let nan = session.run(&image).map(|_| ()).expect_err("it is none").to_string();
    assert!(nan.contains("value 5 for input 0"), "{nan}");
    let integers = session.run(&[0_i32; 64]).map(|_| ()).expect_err("they are 32 bits").to_string();
    assert!(integers.contains("the values are i32") && integers.contains("use i8"), "{integers}");
    let outputs = session.run(&[0_i8; 64]).expect("it runs");
    let element = outputs.to_vec::<u8>(0).map(|_| ()).expect_err("they are int8").to_string();
    assert!(element.contains("1x10 int8"), "{element}");
    let missing = outputs.at(1).map(|_| ()).expect_err("there is one").to_string();
    assert!(missing.contains("no output \"1\"") && missing.contains("1x10 int8"), "{missing}");
    let short = outputs.read(0, &mut [0_i8; 9]).expect_err("it is short").to_string();
    assert!(short.contains('9') && short.contains("10"), "{short}");
}

fn files() {
    let packed = Model::open(own_folder().join("digits.ikm")).expect("it is packed");
    let converted = model("digits");
    let image = [3_i8; 64];
    let answers = [packed, converted].map(|model| {
        let mut session = model.session(Device::Cpu).expect("it starts");
        session.run(&image).expect("it runs").bytes().to_vec()
    });
    assert_eq!(answers[0], answers[1]);
    let named = |name: &str, bytes: &[u8]| Model::named(name, bytes).expect_err("it is none");
    assert!(matches!(named("x", b"nothing"), Error::NotAModel { .. }));
    let text = named("a\u{1b}[2J.onnx", b"nothing").to_string();
    assert!(text.starts_with("a\\u{1b}[2J.onnx is neither"), "{text}");
    let refused = fs::read(own_folder().join("refused/float.tflite")).expect("it is there");
    assert!(matches!(named("float", &refused), Error::Import { .. }));
    let cut = fs::read(own_folder().join("digits.ikm")).expect("it is there");
    assert!(matches!(named("cut", &cut[..cut.len() - 1]), Error::Format { .. }));
    let gone = Model::open("no/such.tflite").expect_err("there is none").to_string();
    assert!(gone.starts_with("cannot read no/such.tflite: ") && gone.contains("Fix: "), "{gone}");
    // What a `main` prints that returns it.
    let printed = format!("{:?}", Model::open("no/such.tflite").expect_err("there is none"));
    assert_eq!(printed, gone);
}

fn modes_choose_the_processor() {
    let plan = Plan::new(Device::Auto).with_mode(KernelMode::Megakernel).with_trace();
    let first = model("digits").session_with(plan).expect("it starts");
    assert!(first.is_on_gpu() && first.fallback_reason().is_none(), "a GPU has traces, too");
    // A model stays on a GPU alone: the next one goes to the processor.
    let second = model("digits").session_with(plan).expect("it starts");
    assert!(!second.is_on_gpu());
    let reason = second.fallback_reason().expect("it says why");
    assert!(reason.contains("has a resident kernel of this process. Fix: "), "{reason}");
    assert!(second.place().contains("worker"), "{}", second.place());
    let called = model("digits").session(Device::Cpu).expect("it starts");
    assert_eq!(called.fallback_reason(), None, "nothing else was asked for");
}

fn auto_is_the_gpu() {
    let session = model("digits").session(Device::Auto).expect("it starts");
    assert!(session.is_on_gpu() && session.fallback_reason().is_none());
    assert!(session.place().contains("simulated device"), "{}", session.place());
}

fn gpu_ring() {
    gpu_stays(KernelMode::Ring);
}

fn gpu_tasks() {
    gpu_stays(KernelMode::Megakernel);
}

/// A model that stays on the GPU in this mode.
fn gpu_stays(mode: KernelMode) {
    let plan = Plan::new(Device::Cuda { ordinal: 0 }).with_mode(mode);
    for name in ["digits", "residual", "two_inputs"] {
        let case = case(name);
        let mut session = model(name).session_with(plan).expect("it starts");
        assert!(session.is_on_gpu());
        check(&case, &mut session);
        let refused = model(name).session_with(plan).map(|_| ()).expect_err("one stays already");
        let text = refused.to_string();
        assert!(matches!(refused, Error::Resident { .. }) && text.contains("Fix: "), "{text}");
        // One that is called goes beside it; late answers are none, and the next is whole.
        let sample = case.inputs[..session.model().inputs().sample_bytes()].to_vec();
        let samples = Samples::new(bytes(&sample), sample.len());
        let late = session.run_samples(&samples, Some(Duration::ZERO), |_, _| Ok(()));
        assert!(matches!(late, Err(Error::Timeout { .. })), "it has no time");
        let (outputs, _) = session.run_samples(&samples, None, |_, _| Ok(())).expect("it runs");
        assert!(outputs == bytes(&case.outputs[..outputs.len()]), "{name}");
        session.finish().expect("the kernel ends");
    }
    let automatic = Plan::new(Device::Auto).with_mode(mode);
    let session = model("digits").session_with(automatic).expect("it starts");
    assert!(session.is_on_gpu() && session.place().contains("simulated"), "{}", session.place());
}

fn gpu_ring_streams() {
    gpu_staying_streams(KernelMode::Ring);
}

fn gpu_task_streams() {
    gpu_staying_streams(KernelMode::Megakernel);
}

fn gpu_staying_streams(mode: KernelMode) {
    let stream = isokern_tests::streams::Stream::keyword();
    let model = Model::named("keyword", &stream.tflite).expect("it converts");
    let sample_bytes = model.inputs().sample_bytes();
    let plan = Plan::new(Device::Cuda { ordinal: 0 }).with_mode(mode);
    let mut session = model.session_with(plan).expect("it starts");
    let samples = Samples::new(bytes(&stream.inputs[..5 * sample_bytes]), sample_bytes);
    // The plan has room for one pool: each actor leaves its own to the next.
    for round in 0..20 {
        let (outputs, _) = session.run_samples(&samples, None, |_, _| Ok(())).expect("it runs");
        assert_eq!(outputs, stream.outputs[..5], "round {round}");
        session.reset().expect("it begins again");
    }
    session.finish().expect("the kernel ends");
}

fn gpu_refusals() {
    let device = Device::Cuda { ordinal: 0 };
    let stream = isokern_tests::streams::Stream::keyword();
    let keyword = Model::named("keyword", &stream.tflite).expect("it converts");
    let plan = Plan::new(device).with_mode(KernelMode::Megakernel);
    let mut session = keyword.session_with(plan).expect("it starts");
    let refused = session.append_state(&mut Vec::new()).expect_err("it is on the device");
    assert!(matches!(refused, Error::NotOnGpu { .. }), "{refused}");
    assert!(
        refused.to_string().contains("no state to read in megakernel mode. Fix: "),
        "{refused}"
    );
    drop(session);
    let absent = model("digits").session(Device::Cuda { ordinal: 99 }).map(|_| ());
    let text = absent.expect_err("there are not so many").to_string();
    assert!(text.contains("digits.tflite") && text.contains("device 99"), "{text}");
}
