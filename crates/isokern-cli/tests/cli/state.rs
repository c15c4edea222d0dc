//! Models that keep state between inputs: one stream a run, which each run begins anew.

use isokern_model::digest;
use isokern_model::encode::set_self_test;
use serde_json::Value;

use crate::drafts::{INITIAL, LEN, bytes, running_sum, sums};
use crate::program::{Folder, isokern};

/// Three samples, of which the last two saturate.
const STEPS: [i8; 3 * LEN] = [1, 2, 3, 4, 100, -100, 90, 0, 100, -100, -1, 1];

/// What the state is after each of the steps.
fn running_sums() -> Vec<i8> {
    let mut state = INITIAL.to_vec();
    let mut outputs = Vec::new();
    for step in STEPS.chunks(LEN) {
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
        assert!(folder.read("out.i8") == bytes(&running_sums()), "{set}");
        let line = "state      4 bytes, kept from one input to the next";
        assert!(ran.text().lines().any(|found| found == line), "{}", ran.text());
    }
    let digest = format!("{:016x}\n", digest::fnv1a(&running_sums()));
    assert_eq!(isokern(["run", &model, "-q", "-i", &input]).text(), digest);
}

#[test]
fn a_ring_and_a_time_limit_have_no_memory_for_state() {
    let folder = Folder::new();
    let model = folder.write("sum.ikm", &running_sum());
    let input = folder.write("steps.i8", &bytes(&STEPS));
    for more in [&["--mode", "ring"][..], &["--timeout", "1s"]] {
        let ran = isokern(["run", &model, "-i", &input].iter().chain(more));
        let (error, fix) = ran.error_and_fix(2);
        assert!(error.contains("4 bytes of state") && error.contains(more[0]), "{error}");
        assert_eq!(fix, "run it in batch mode without --timeout");
    }
    let ran = isokern(["bench", &model, "--mode", "ring", "--runs", "1"]);
    assert!(ran.error_and_fix(2).0.contains("4 bytes of state"), "{}", ran.stderr);
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

    let ran = isokern(["inspect", &model]);
    let line = "  state      4 bytes, kept from one run to the next";
    assert!(ran.text().lines().any(|found| found == line), "{}", ran.text());
    // Bytes 0..4 are the input's, never the state's; they are free once it was read.
    let map: Vec<&str> = ran.text().lines().skip_while(|line| !line.starts_with("Arena")).collect();
    assert!(map.iter().any(|line| line.ends_with("0..4  0 0 . .")), "{map:#?}");
    assert!(map.iter().any(|line| line.ends_with("4..8  . 2 2 2")), "{map:#?}");
}
