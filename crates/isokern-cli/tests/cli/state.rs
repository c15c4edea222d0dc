//! Models that keep state between inputs: one stream a run, which each run begins anew.

use isokern_model::digest;
use isokern_model::encode::set_self_test;
use serde_json::Value;

use crate::backend::{driver, ran, simulated};
use crate::drafts::{INITIAL, LEN, bytes, running_sum, running_sum_of, sums, twice, zero_sum};
use crate::program::{Folder, isokern};

/// Three samples, of which the last two saturate.
const STEPS: [i8; 3 * LEN] = [1, 2, 3, 4, 100, -100, 90, 0, 100, -100, -1, 1];

/// Returns what the state is after each of the steps.
fn running_sums(steps: &[i8]) -> Vec<i8> {
    let mut state = INITIAL.to_vec();
    let mut outputs = Vec::new();
    for step in steps.chunks(LEN) {
        state = sums(step, &state);
        outputs.extend_from_slice(&state);
    }
    outputs
}

#[test]
fn samples_are_one_stream_and_each_run_begins_anew() {
    let folder = Folder::new();
    let model = folder.write("sum.ikm", &running_sum());
    let input = folder.write("steps.i8", &bytes(&STEPS));
    let target = folder.path("out.i8");
    for set in ["plain", "auto", "plain"] {
        let run = ["run", &model, "-i", &input, "-o", &target, "--instructions", set];
        let ran = isokern(run);
        assert!(folder.read("out.i8") == bytes(&running_sums(&STEPS)), "{set}");
        let line = "state      4 bytes, kept from one input to the next";
        assert!(ran.text().lines().any(|found| found == line), "{}", ran.text());
    }
    let digest = format!("{:016x}\n", digest::fnv1a(&running_sums(&STEPS)));
    assert_eq!(isokern(["run", &model, "-q", "-i", &input]).text(), digest);
}

#[test]
fn the_stream_is_the_same_in_every_mode_and_on_the_stand_in() {
    let folder = Folder::new();
    let model = folder.write("sum.ikm", &running_sum());
    // More steps than a ring has buffers.
    let steps: Vec<i8> = STEPS.iter().copied().cycle().take(20 * LEN).collect();
    let input = folder.write("steps.i8", &bytes(&steps));
    let expected = folder.write("sums.i8", &bytes(&running_sums(&steps)));
    let run = ["run", &model, "-i", &input, "--stream", "--expect", &expected];
    let (_kept, driver) = driver();
    let modes = [["--mode", "ring"], ["--mode", "megakernel"]];
    let options = [["--timeout", "1h"], ["--backend", "cuda"]];
    let all = modes.iter().chain(&options).map(|option| option.as_slice());
    for more in all.chain([&options.concat()[..], &[]]) {
        let arguments: Vec<&str> = run.iter().chain(more).copied().collect();
        let done = ran(simulated(&driver, &arguments));
        let line = format!("expected   80 values of output 0 \"sum\" equal {expected}");
        assert!(done.text().lines().any(|found| found == line), "{more:?}: {}", done.text());
    }
    let limited = ["--mode", "ring", "--timeout", "1h"];
    let done = isokern(run.iter().chain(&limited));
    assert!(done.text().contains("80 values of"), "{}", done.text());
}

#[test]
fn the_state_after_each_step_is_written_and_has_a_digest() {
    let folder = Folder::new();
    let model = folder.write("sum.ikm", &running_sum());
    let input = folder.write("steps.i8", &bytes(&STEPS));
    let states = bytes(&running_sums(&STEPS));
    let digests: Vec<String> = running_sums(&STEPS)
        .chunks(LEN)
        .map(|state| format!("{:016x}", digest::fnv1a(state)))
        .collect();
    let (_kept, driver) = driver();
    let limit = ["--timeout", "1h"];
    for (backend, limit) in
        [("cpu", &[][..]), ("cpu", &limit), ("cuda", &[]), ("cuda", &limit), ("auto", &[])]
    {
        let (raw, npy) = (folder.path("state.bin"), folder.path("state.npy"));
        let run = ["run", &model, "-i", &input, "--backend", backend, "--state"];
        let run = |target: &str, more: &str| {
            let arguments = [&run[..], &[target, more], limit].concat();
            ran(simulated(&driver, &arguments))
        };
        let report: Value = serde_json::from_str(run(&raw, "--json").text()).expect("it is JSON");
        assert_eq!(report["state_digests"], serde_json::json!(digests), "{backend}");
        assert!(folder.read("state.bin") == states, "{backend}");
        let done = run(&npy, "--stream");
        let last = format!("           digest {} after the last input", digests[2]);
        assert!(done.text().lines().any(|line| line == last), "{}", done.text());
        let written = folder.read("state.npy");
        assert!(written.ends_with(&states), "{backend}");
        assert!(String::from_utf8_lossy(&written[..128]).contains("'|u1'"), "{backend}");
        assert!(String::from_utf8_lossy(&written[..128]).contains("(3, 4)"), "{backend}");
    }
    let (target, one) = (folder.path("s.bin"), ["run", &model, "-i", &input, "--state"]);
    for mode in ["ring", "megakernel"] {
        let ran = isokern(one.iter().chain(&[target.as_str(), "--mode", mode]));
        let (error, fix) = ran.error_and_fix(2);
        assert!(error.contains("--mode"), "{error}");
        assert!(fix.starts_with("leave --mode"), "{fix}");
    }
    let ran = isokern(one.iter().chain(&[target.as_str(), "-o", &target]));
    assert!(ran.error_and_fix(2).0.contains("s.bin"), "{}", ran.stderr);
    let stateless = folder.write("twice.ikm", &twice(&[1, LEN as u32]));
    let ran = isokern(["run", &stateless, "-i", &input, "--state", &target]);
    assert!(ran.error_and_fix(2).0.contains("keeps no state"), "{}", ran.stderr);
}

#[test]
fn frames_are_cut_into_steps() {
    let folder = Folder::new();
    let frames = |count: u64, frame: u64, values: &[i8]| {
        let header =
            format!("{{'descr': '|i1', 'fortran_order': False, 'shape': ({count}, {frame}), }}");
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", length.as_slice(), header.as_bytes(), &bytes(values)].concat()
    };
    let input = folder.write("frames.npy", &frames(6, 2, &STEPS));
    let target = folder.path("out.i8");
    let model = folder.write("sum.ikm", &running_sum_of(&[1, 2, 2]));
    let _ = isokern(["run", &model, "-i", &input, "-o", &target]).text();
    assert!(folder.read("out.i8") == bytes(&running_sums(&STEPS)));
    let odd = folder.write("odd.npy", &frames(5, 2, &STEPS[..10]));
    let ran = isokern(["run", &model, "-i", &odd]);
    let (error, fix) = ran.error_and_fix(1);
    assert!(error.contains("5 frames, and a step of the model takes 2"), "{error}");
    assert_eq!(fix, "cut off the last 1, or add frames");

    // Without state each step is a sample of its own: frames are taken where that is meant.
    let model = folder.write("twice.ikm", &twice(&[1, 2, 2]));
    let ran = isokern(["run", &model, "-i", &input]);
    assert!(ran.error_and_fix(1).0.contains("shape 6x2"), "{}", ran.stderr);
    let ran = isokern(["run", &model, "-i", &input, "-o", &target, "--stream"]);
    assert!(ran.text().contains("state      none: "), "{}", ran.text());
    assert!(folder.read("out.i8") == bytes(&sums(&STEPS, &STEPS)));
}

#[test]
fn as_many_samples_are_generated_as_are_asked_for() {
    let folder = Folder::new();
    let model = folder.write("sum.ikm", &running_sum());
    let target = folder.path("out.i8");
    let run = ["run", &model, "--random", "7", "--steps", "5", "-o", &target];
    assert!(isokern(run).text().contains("5 inputs of 1x4 int8"));
    let mut steps = [0; 5 * LEN];
    digest::generate_input(7, &mut steps);
    assert!(folder.read("out.i8") == bytes(&running_sums(&steps)));
    let input = folder.write("steps.i8", &bytes(&STEPS));
    let ran = isokern(["run", &model, "-i", &input, "--steps", "5"]);
    assert!(ran.error_and_fix(2).1.contains("--random"), "{}", ran.stderr);
}

#[test]
fn a_stream_is_measured_in_both_modes() {
    let folder = Folder::new();
    let model = folder.write("sum.ikm", &running_sum());
    let input = folder.write("steps.i8", &bytes(&STEPS));
    for mode in ["batch", "ring"] {
        let bench = ["bench", &model, "--mode", mode, "--runs", "20", "-i", &input, "--json"];
        let report: Value = serde_json::from_str(isokern(bench).text()).expect("it is JSON");
        assert_eq!(report["latency"]["run_count"], 20, "{mode}");
    }
}

#[test]
fn the_self_test_starts_from_the_initial_state() {
    let folder = Folder::new();
    let mut blob = running_sum();
    let mut step = [0; LEN];
    digest::generate_input(1, &mut step);
    let digest = digest::fnv1a(&sums(&step, &INITIAL));
    set_self_test(&mut blob, 1, digest).expect("the bytes are a model");
    let model = folder.write("sum.ikm", &blob);
    let ran = isokern(["bench", &model, "--json", "--runs", "20"]);
    let report: Value = serde_json::from_str(ran.text()).expect("it prints JSON");
    assert_eq!(report["self_test"], "passed");
    assert_eq!(report["latency"]["run_count"], 20);
}

#[test]
fn inspect_tells_state_from_arena() {
    let folder = Folder::new();
    let model = folder.write("sum.ikm", &running_sum());
    let json = isokern(["inspect", "--json", &model]);
    let report: Value = serde_json::from_str(json.text()).expect("it prints JSON");
    assert_eq!(report["state_bytes"], 4);
    let regions = report["tensors"].as_array().expect("tensors are a list").iter();
    let regions: Vec<&Value> = regions.map(|tensor| &tensor["region"]).collect();
    assert_eq!(regions, ["arena", "state", "arena"]);
    assert_eq!(report["operators"][1]["outputs"], serde_json::json!([1]));
    let initial = serde_json::json!({ "value": null, "is_tflm_reset": false });
    assert_eq!(report["tensors"][1]["initial"], initial);
    assert_eq!(report["tensors"][0]["initial"], Value::Null);

    let ran = isokern(["inspect", &model]);
    let line = "  state      4 bytes, kept from one run to the next";
    assert!(ran.text().lines().any(|found| found == line), "{}", ran.text());
    assert!(ran.text().contains("which differs in tensor 1\n"), "{}", ran.text());
    assert!(ran.text().contains("  varies  "), "{}", ran.text());
    // Bytes 0..4 are the input's, never the state's; they are free once it was read.
    let map: Vec<&str> = ran.text().lines().skip_while(|line| !line.starts_with("Arena")).collect();
    assert!(map.iter().any(|line| line.ends_with("0..4  0 0 . .")), "{map:#?}");
    assert!(map.iter().any(|line| line.ends_with("4..8  . 2 2 2")), "{map:#?}");
}

#[test]
fn inspect_names_a_state_that_a_reset_of_tflite_micro_gives_too() {
    let folder = Folder::new();
    let model = folder.write("sum.ikm", &zero_sum());
    let json = isokern(["inspect", "--json", &model]);
    let report: Value = serde_json::from_str(json.text()).expect("it prints JSON");
    let initial = serde_json::json!({ "value": 0, "is_tflm_reset": true });
    assert_eq!(report["tensors"][1]["initial"], initial);
    let ran = isokern(["inspect", &model]);
    assert!(!ran.text().contains("CALL_ONCE"), "{}", ran.text());
}
