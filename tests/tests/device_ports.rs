//! Packed ports, and the states of many streams in one launch, of the shipped PTX.

use isokern_core::compute::ModelArtifact;
use isokern_core::device::{BatchParameters, FaultCode};
use isokern_model::layout::Layout;
use isokern_tests::device::{Device, TARGETS, ptx};
use isokern_tests::drafts::Numbers;
use isokern_tests::port_models::{
    LEN, STEP_LEN, mean_and_sum, mean_of, running_sum, running_sums, state_of, sum_of,
};

/// Bytes from one stream's state to the next: more than it has.
const STRIDE: usize = 32;
/// What is between the states.
const UNTOUCHED: u8 = 0xA5;

fn artifact() -> ModelArtifact {
    ModelArtifact::from_bytes(running_sum(1).encode(Layout::Packed).expect("it is a model"))
}

#[test]
fn ports_are_packed_in_order() {
    let draft = mean_and_sum(1);
    let artifact = ModelArtifact::from_bytes(draft.encode(Layout::Packed).expect("it is a model"));
    let inputs = Numbers::new(20).bytes(5 * 2 * LEN);
    let expected = inputs.chunks_exact(2 * LEN).flat_map(|pair| {
        let sums = sum_of(&pair[..LEN], &pair[LEN..]);
        [mean_of(&sums), sums].concat()
    });
    let expected: Vec<i8> = expected.collect();
    for target in TARGETS {
        let device = Device::new(&ptx(target), target);
        let run = device.batch(&artifact, &inputs, |_| {});
        let run = run.unwrap_or_else(|fault| panic!("sm_{target}: {fault}"));
        assert_eq!(run.record.fault().map(|fault| fault.to_string()), None, "sm_{target}");
        assert_eq!(run.outputs, expected, "sm_{target}");
    }
}

#[test]
fn every_stream_steps_its_own_state() {
    for target in TARGETS {
        let device = Device::new(&ptx(target), target);
        // One stream; three, the last with fewer samples; each sample one; more than blocks.
        for (samples, stream_samples) in [(7, 7), (10, 4), (5, 1), (3, 100), (300, 2)] {
            check(&device, samples, stream_samples);
        }
    }
}

/// Runs a batch, then a second one that goes on from the states of the first.
fn check(device: &Device, samples: usize, stream_samples: usize) {
    let what = format!("{samples} samples in streams of {stream_samples}");
    let numbers = &mut Numbers::new(21);
    let streams = samples.div_ceil(stream_samples);
    let mut kept: Vec<[i8; STEP_LEN]> = (0..streams)
        .map(|_| numbers.bytes(STEP_LEN).try_into().expect("it has this length"))
        .collect();
    let memory = device.upload(&states(&kept));
    for _ in 0..2 {
        let steps: Vec<i8> =
            numbers.bytes(samples * STEP_LEN).iter().map(|value| value / 4).collect();
        let run = device.batch_with_parameters(&artifact(), &steps, |parameters| {
            parameters.state = memory;
            parameters.state_stride = STRIDE as u64;
            parameters.stream_samples = stream_samples as u64;
        });
        let run = run.unwrap_or_else(|fault| panic!("{what}: {fault}"));
        assert_eq!(run.record.fault().map(|fault| fault.to_string()), None, "{what}");
        let mut expected = Vec::new();
        for (kept, steps) in kept.iter_mut().zip(steps.chunks(stream_samples * STEP_LEN)) {
            let (outputs, left) = running_sums(*kept, steps);
            expected.extend(outputs);
            *kept = left;
        }
        assert!(run.outputs == expected, "{what}: outputs differ");
        assert_eq!(device.download(memory, streams * STRIDE), states(&kept), "{what}");
        if samples > 100 {
            assert!((run.launch.blocks as usize) < streams, "a block has one stream");
        }
    }
}

fn states(kept: &[[i8; STEP_LEN]]) -> Vec<u8> {
    let padded = |kept: &[i8; STEP_LEN]| {
        let mut state = state_of(*kept);
        state.resize(STRIDE, UNTOUCHED);
        state
    };
    kept.iter().flat_map(padded).collect()
}

#[test]
fn a_launch_without_place_for_the_state_is_written_down() {
    type Change = fn(&mut BatchParameters);
    let rows: [(&str, Change); 3] = [
        ("no state", |parameters| parameters.state = 0),
        ("a short stride", |parameters| parameters.state_stride = 6),
        ("streams of no samples", |parameters| parameters.stream_samples = 0),
    ];
    let device = Device::new(&ptx(80), 80);
    let before = states(&[[1, 2, 3, 4]; 2]);
    for (what, change) in rows {
        let memory = device.upload(&before);
        let run = device.batch_with_parameters(&artifact(), &[1; 2 * STEP_LEN], |parameters| {
            parameters.state = memory;
            parameters.state_stride = STRIDE as u64;
            change(parameters);
        });
        let run = run.unwrap_or_else(|fault| panic!("{what}: {fault}"));
        let fault = run.record.fault().expect("there is a fault");
        assert_eq!(fault.code(), Some(FaultCode::Parameters), "{what}: {fault}");
        assert!(run.outputs.iter().all(|byte| *byte == 0x5A), "{what}: outputs were written");
        assert_eq!(device.download(memory, before.len()), before, "{what}: the state changed");
    }
}
