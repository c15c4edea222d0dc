//! `isokern run --mode megakernel`: workers, their trace, and what belongs to other modes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::program::{Folder, fixture, fixture_bytes, isokern};

/// Runs the digits as tasks with a trace, and returns its events.
fn traced(workers: &str) -> Vec<Value> {
    let folder = Folder::new();
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    let (target, trace) = (folder.path("out.i8"), folder.path("trace.json"));
    let mode = ["--mode", "megakernel", "--workers", workers, "--trace", &trace];
    let ran = isokern(["run", &model, "-i", &input, "-o", &target].iter().chain(&mode));
    assert!(ran.text().contains(&trace), "{}", ran.text());
    assert!(folder.read("out.i8") == fixture_bytes("vectors/digits.out.tflm.i8"));
    let file: Value = serde_json::from_slice(&folder.read("trace.json")).expect("it is JSON");
    file["traceEvents"].as_array().expect("it has events").clone()
}

#[test]
fn a_trace_has_a_track_for_each_worker_and_every_task() {
    for workers in ["1", "2"] {
        let events = traced(workers);
        let of_kind = |kind: &'static str| events.iter().filter(move |event| event["ph"] == kind);
        let tracks: BTreeSet<u64> = of_kind("M")
            .filter(|event| event["name"] == "thread_name")
            .map(|event| event["tid"].as_u64().expect("it is a number"))
            .collect();
        let mut ends = BTreeMap::new();
        for event in of_kind("X") {
            let arguments = &event["args"];
            assert!(tracks.contains(&event["tid"].as_u64().expect("it is a number")), "{event}");
            assert!(["ts", "dur"].iter().all(|key| event[*key].as_f64().is_some()), "{event}");
            assert_eq!((&event["cat"], &arguments["class"]), (&"normal".into(), &"normal".into()));
            if arguments["end"] == "done" {
                *ends.entry(arguments["task"].as_u64().expect("it is a number")).or_insert(0) += 1;
            } else {
                assert_eq!(arguments["end"], "yield", "{event}");
            }
        }
        assert!(!tracks.is_empty() && tracks.iter().all(|track| *track < 2), "{tracks:?}");
        assert_eq!(ends, (0..32).map(|task| (task, 1)).collect(), "each task is done once");
    }
}

#[test]
fn workers_and_traces_are_for_tasks() {
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    for option in [["--workers", "2"], ["--trace", "t.json"]] {
        for mode in ["batch", "ring"] {
            let run = ["run", &model, "-i", &input, "--mode", mode];
            let ran = isokern(run.iter().chain(&option));
            let (error, fix) = ran.error_and_fix(2);
            assert!(
                error.contains(option[0]) && fix.contains("--mode megakernel"),
                "{error} {fix}"
            );
        }
    }
    let run = ["run", &model, "-i", &input, "--mode", "megakernel"];
    for wrong in [["--workers", "0"], ["--workers", "-1"]] {
        assert_eq!(isokern(run.iter().chain(&wrong)).code, Some(2));
    }
    let ran = isokern(run.iter().chain(&["--trace", &model]));
    assert!(ran.error_and_fix(2).0.contains("is the same file"), "{}", ran.stderr);
}
