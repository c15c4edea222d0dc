//! `isokern bench --backend cuda` on the stand-in for a driver: figures agree, none is judged.

use serde_json::Value;

use crate::backend::{driver, ran, simulated};
use crate::program::{fixture, isokern};

#[test]
fn figures_of_a_simulated_device_say_so() {
    let (_kept, folder) = driver();
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    let bench =
        ["bench", &model, "--backend", "cuda", "-i", &input, "--runs", "12", "--batch", "5"];
    let json = ran(simulated(&folder, &[&bench[..], &["--json"]].concat()));
    let report: Value = serde_json::from_str(json.text()).expect("it is one JSON object");
    assert_eq!((&report["backend"], &report["self_test"]), (&"cuda".into(), &"passed".into()));
    let device = &report["device"];
    assert_eq!(device["simulated"], true);
    assert!(device["name"].as_str().is_some_and(|name| name.contains("simulated")), "{device}");
    assert_eq!(device["path"], "host to device to host");
    assert_eq!(report["latency"]["run_count"], 12);
    assert!(report["latency"]["p50_ns"].as_u64() > Some(0), "{report}");
    let batch = &report["batch"];
    assert_eq!((&batch["sample_count"], &batch["latency"]["run_count"]), (&5.into(), &3.into()));
    let throughput = &batch["throughput"];
    assert_eq!(
        (&throughput["inference_count"], &throughput["under_way_count"]),
        (&15.into(), &5.into())
    );
    let text = ran(simulated(&folder, &bench));
    let text = text.text();
    for words in [
        "simulated on the processor: no time here says anything of a GPU",
        "path       host to device to host",
        "One inference executes, counted exactly (times: --json):",
    ] {
        assert!(text.contains(words), "no {words:?} in {text}");
    }
    assert!(!text.contains("inferences a second"), "counts stand in place of times: {text}");
    // The same in every run, as text and as JSON.
    let counts = &report["counts"];
    let count = |key: &str| counts[key].as_u64().expect("it is a count");
    let (threads, dots) = (count("thread_instruction_count"), count("dot_lane_count"));
    assert!(threads > 1_000_000 && dots > 10_000, "{counts}");
    assert!(count("shared_pass_count") >= count("shared_request_count"), "{counts}");
    let row = text.lines().find(|line| line.contains("lanes of dp4a")).expect("it has a row");
    let digits: String = row.chars().skip(20).filter(char::is_ascii_digit).collect();
    assert_eq!(digits, dots.to_string(), "{row}");
}

#[test]
fn a_model_that_stays_is_measured_beside_launches_and_takes_no_driver_call() {
    let (_kept, folder) = driver();
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    let bench = ["bench", &model, "--backend", "cuda", "--mode", "ring", "-i", &input];
    let bench = [&bench[..], &["--runs", "9", "--wait", "yield"]].concat();
    let json = ran(simulated(&folder, &[&bench[..], &["--json"]].concat()));
    let report: Value = serde_json::from_str(json.text()).expect("it is one JSON object");
    assert_eq!((&report["backend"], &report["mode"]), (&"cuda".into(), &"ring".into()));
    assert_eq!((&report["device"]["simulated"], &report["wait"]), (&true.into(), &"yield".into()));
    let runs = [&report["latency"], &report["overhead"]["direct"]].map(|it| &it["run_count"]);
    assert_eq!(runs, [9, 9]);
    let throughput = &report["throughput"];
    assert_eq!(
        (&throughput["inference_count"], &throughput["under_way_count"]),
        (&9.into(), &8.into())
    );
    let calls = &report["driver_calls"];
    assert_eq!(calls["asked"], 0);
    assert!(calls["launched"].as_u64() > Some(2), "copies, a launch, a wait: {calls}");
    assert_eq!((&report["counts"], &report["batch"]), (&Value::Null, &Value::Null));
    let text = ran(simulated(&folder, &bench));
    let text = text.text();
    for words in [
        ": ring mode, cuda, 1 thread",
        "simulated on the processor: no time here says anything of a GPU",
        "Every answer is the launch's. Driver calls, counted exactly",
        "a question to the model that stays      0",
    ] {
        assert!(text.contains(words), "no {words:?} in {text}");
    }
    assert!(!text.contains("latency"), "counts stand in place of times: {text}");
}

#[test]
fn a_stream_that_stays_on_a_device_is_the_launched_one() {
    let (_kept, folder) = driver();
    let model = fixture("streams/keyword.tflite");
    let bench = ["bench", &model, "--backend", "cuda", "--mode", "ring", "--runs", "5", "--json"];
    let json = ran(simulated(&folder, &bench));
    let report: Value = serde_json::from_str(json.text()).expect("it is one JSON object");
    assert_eq!(report["driver_calls"]["asked"], 0, "{report}");
    assert_eq!(report["latency"]["run_count"], 5);
}

#[test]
fn without_a_gpu_there_is_nothing_to_measure() {
    let (_kept, folder) = driver();
    let model = fixture("digits.ikm");
    let mut program = simulated(&folder, &["bench", &model, "--backend", "cuda"]);
    program.env("ISOKERN_SIM_DEVICES", "0");
    let refused = ran(program);
    let (error, fix) = refused.error_and_fix(1);
    assert!(error.contains("found no GPU") && fix.contains("nvidia-smi"), "{error}");
}

#[test]
fn what_a_gpu_and_a_processor_do_not_have_is_refused() {
    let model = fixture("digits.ikm");
    let ring = isokern(["bench", &model, "--backend", "cuda", "--mode", "ring", "--batch", "4"]);
    assert!(ring.error_and_fix(2).1.contains("--mode batch"), "{}", ring.stderr);
    let batch = isokern(["bench", &model, "--batch", "4"]);
    assert!(batch.error_and_fix(2).1.contains("--backend cuda"), "{}", batch.stderr);
    let none = isokern(["bench", &model, "--backend", "cuda", "--batch", "0"]);
    assert_eq!(none.code, Some(2), "{}", none.stderr);
}
