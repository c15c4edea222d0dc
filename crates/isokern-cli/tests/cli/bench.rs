//! `isokern bench`: every figure is there, and they agree with each other. None is judged.

use isokern_model::encode::set_self_test;
use serde_json::Value;

use crate::program::{Folder, IMAGE, fixture, fixture_bytes, isokern};

/// Runs the bench with `--json` and these arguments.
fn bench(more: &[&str]) -> Value {
    let model = fixture("digits.ikm");
    let ran = isokern(["bench", &model, "--json"].iter().chain(more));
    serde_json::from_str(ran.text()).expect("the output is one JSON object")
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count or time"))
}

/// Returns the names of an object's fields.
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("it is an object").keys().map(String::as_str).collect()
}

/// Checks that quantiles are in order, and returns how many runs they are of.
fn check_quantiles(summary: &Value) -> u64 {
    assert_eq!(keys(summary), ["max_ns", "p50_ns", "p999_ns", "p99_ns", "run_count"]);
    let [p50, p99, p999, max] =
        ["p50_ns", "p99_ns", "p999_ns", "max_ns"].map(|key| number(&summary[key]));
    assert!(0 < p50 && p50 <= p99 && p99 <= p999 && p999 <= max, "{summary}");
    number(&summary["run_count"])
}

fn check_throughput(report: &Value, count: u64, under_way_count: u64) {
    let throughput = &report["throughput"];
    assert_eq!(
        keys(throughput),
        ["elapsed_ns", "inference_count", "inferences_per_second", "under_way_count"]
    );
    assert_eq!(number(&throughput["inference_count"]), count);
    assert_eq!(number(&throughput["under_way_count"]), under_way_count);
    let seconds = number(&throughput["elapsed_ns"]) as f64 / 1e9;
    let rate = throughput["inferences_per_second"].as_f64().expect("it is a number");
    assert!((rate * seconds / count as f64 - 1.0).abs() < 1e-6, "{throughput}");
}

const KEYS: [&str; 18] = [
    "backend",
    "batch",
    "build",
    "counts",
    "device",
    "driver_calls",
    "input",
    "latency",
    "machine",
    "mode",
    "model",
    "operators",
    "overhead",
    "self_test",
    "tasks",
    "throughput",
    "wait",
    "warm_up_run_count",
];

fn check_head(report: &Value, mode: &str, thread_count: u64) {
    assert_eq!(keys(report), KEYS);
    assert_eq!(report["mode"], mode);
    assert_eq!(report["self_test"], "passed");
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    assert_eq!(report["build"], build);
    assert_eq!(report["model"], fixture("digits.ikm").as_str());
    let machine = &report["machine"];
    assert_eq!(
        keys(machine),
        [
            "architecture",
            "available_thread_count",
            "instruction_set",
            "processor",
            "system",
            "timer_ns",
            "used_thread_count"
        ]
    );
    assert_eq!(number(&machine["used_thread_count"]), thread_count);
    assert_eq!(machine["architecture"], std::env::consts::ARCH);
    if cfg!(target_arch = "x86_64") {
        assert!(machine["processor"].as_str().is_some_and(|name| !name.is_empty()), "{machine}");
    }
}

#[test]
fn batch_mode_times_inferences_and_operators() {
    let report = bench(&["--runs", "25", "--instructions", "plain"]);
    check_head(&report, "batch", 1);
    assert_eq!(report["machine"]["instruction_set"], "plain");
    assert_eq!(number(&report["warm_up_run_count"]), 3);
    assert_eq!(check_quantiles(&report["latency"]), 25);
    check_throughput(&report, 25, 1);
    let elapsed_ns = number(&report["throughput"]["elapsed_ns"]);
    assert!(number(&report["latency"]["p50_ns"]) * 12 < elapsed_ns, "half the runs, and more");

    let model = isokern(["inspect", &fixture("digits.ikm"), "--json"]);
    let model: Value = serde_json::from_str(model.text()).unwrap();
    let expected = model["operators"].as_array().unwrap();
    let operators = report["operators"].as_array().unwrap();
    assert_eq!(operators.len(), expected.len());
    let mut share = 0.0;
    for (operator, expected) in operators.iter().zip(expected) {
        assert_eq!(keys(operator), ["index", "kind", "p50_ns", "p99_ns", "share"]);
        assert_eq!(operator["index"], expected["index"]);
        assert_eq!(operator["kind"], expected["kind"]);
        assert!(number(&operator["p50_ns"]) <= number(&operator["p99_ns"]), "{operator}");
        share += operator["share"].as_f64().unwrap();
    }
    assert!((share - 1.0).abs() < 1e-9, "{share}");
    assert!(report["overhead"].is_null() && report["wait"].is_null());
}

#[test]
fn megakernel_mode_times_tasks_beside_direct_runs() {
    let report = bench(&["--mode", "megakernel", "--runs", "40"]);
    check_head(&report, "megakernel", 2);
    assert_eq!(check_quantiles(&report["latency"]), 40);
    check_throughput(&report, 40, 8);
    assert_eq!(check_quantiles(&report["overhead"]["direct"]), 40);
    let nothing = Value::Null;
    assert_eq!([&report["operators"], &report["wait"], &report["batch"]], [&nothing; 3]);
    let tasks = &report["tasks"];
    assert_eq!(keys(tasks), ["empty_task_ns", "waits", "worker_count"]);
    assert_eq!(number(&tasks["worker_count"]), 1);
    assert!(tasks["empty_task_ns"].as_f64().is_some_and(|ns| ns > 0.0), "{tasks}");
    assert_eq!(keys(&tasks["waits"]), ["critical", "normal", "yield_count"]);
    let of = |class: &str| check_quantiles(&tasks["waits"][class]);
    assert_eq!((of("critical"), of("normal")), (5, 35), "one in eight is critical");

    let ran = isokern(["bench", &fixture("digits.ikm"), "--mode", "megakernel", "--runs", "20"]);
    for line in ["overhead   p50", "empty task ", "critical   p50", "normal     p50"] {
        assert!(ran.text().lines().any(|found| found.starts_with(line)), "{}", ran.text());
    }
}

#[test]
fn ring_mode_times_questions_beside_direct_runs() {
    for wait in ["spin", "yield", "park"] {
        let report = bench(&["--mode", "ring", "--runs", "40", "--wait", wait]);
        check_head(&report, "ring", 2);
        assert_eq!(report["wait"], wait);
        assert_eq!(number(&report["warm_up_run_count"]), 4);
        assert_eq!(check_quantiles(&report["latency"]), 40);
        check_throughput(&report, 40, 8);
        let overhead = &report["overhead"];
        assert_eq!(keys(overhead), ["direct", "p50_ns", "p99_ns"]);
        assert_eq!(check_quantiles(&overhead["direct"]), 40);
        let [p50, p99] = ["p50_ns", "p99_ns"].map(|key| overhead[key].as_i64().unwrap());
        assert!(p50 <= p99, "{overhead}");
        // No difference is larger than the longest question.
        assert!(p99 <= report["latency"]["max_ns"].as_i64().unwrap(), "{report}");
        assert!(report["operators"].is_null());
    }
}

#[test]
fn time_ends_a_measurement_and_one_run_is_enough() {
    for mode in ["batch", "ring"] {
        let report = bench(&["--mode", mode, "--time", "30ms"]);
        assert!(number(&report["throughput"]["elapsed_ns"]) >= 30_000_000, "{report}");
        assert!(check_quantiles(&report["latency"]) >= 1);
        for least in [["--time", "0s"], ["--runs", "1"]] {
            let report = bench(&[&["--mode", mode], least.as_slice()].concat());
            assert_eq!(check_quantiles(&report["latency"]), 1);
            check_throughput(&report, 1, 1);
            if mode == "ring" {
                check_only_pair(&report);
            }
        }
    }
}

/// Checks that with one pair the overhead is the difference of its two times, but for their
/// rounding.
fn check_only_pair(report: &Value) {
    let overhead = &report["overhead"];
    let ns = |value: &Value| value.as_f64().expect("it is a number");
    let (asked, direct) = (ns(&report["latency"]["p50_ns"]), ns(&overhead["direct"]["p50_ns"]));
    let bound = 0.002 * (asked + direct) + 2.0;
    for key in ["p50_ns", "p99_ns"] {
        assert!((ns(&overhead[key]) - (asked - direct)).abs() <= bound, "{report}");
    }
}

#[test]
fn inputs_of_one_s_own_are_taken_in_turns() {
    let input = fixture("vectors/digits.in.i8");
    for mode in ["batch", "ring", "megakernel"] {
        let report = bench(&["-i", &input, "--mode", mode, "--runs", "70"]);
        assert_eq!(keys(&report["input"]), ["count", "source"]);
        assert_eq!(number(&report["input"]["count"]), 32);
        assert_eq!(report["input"]["source"], input.as_str());
    }
    let report = bench(&["--runs", "1"]);
    assert_eq!(number(&report["input"]["count"]), 1);
    assert_eq!(report["input"]["source"], "generated from seed 1");
}

#[test]
fn the_text_says_what_each_figure_is_the_time_of() {
    let model = fixture("models/digits.tflite");
    let lines = |mode: &str| {
        let ran = isokern(["bench", &model, "--runs", "20", "--mode", mode]);
        ran.text().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let has = |lines: &[String], start: &str, words: &[&str]| {
        let found = lines
            .iter()
            .any(|line| line.starts_with(start) && words.iter().all(|word| line.contains(word)));
        assert!(found, "no line with {start} and {words:?} in {lines:#?}");
    };
    let batch = lines("batch");
    has(&batch, "latency ", &["p50", "p99", "p99.9", "max", "20 runs"]);
    has(&batch, "   ", &["input copied in, run, output copied out"]);
    has(&batch, "throughput ", &["inferences a second, one after another: 20 in"]);
    has(&batch, "Operators", &["clock"]);
    has(&batch, "  0  CONV_2D", &["%"]);
    let ring = lines("ring");
    has(&ring, "   ", &["from question to collected answer, one under way"]);
    has(&ring, "throughput ", &["8 under way: 20 in"]);
    has(&ring, "direct ", &["20 runs"]);
    has(&ring, "overhead ", &["p50", "p99", "by pairs"]);
    for lines in [batch, ring] {
        has(&lines, "machine ", &[std::env::consts::ARCH, "thread"]);
        has(&lines, "self-test ", &["passed"]);
        has(&lines, "warm-up ", &["2 runs, not counted"]);
        assert_eq!(
            lines.iter().any(|line| line.starts_with("build ")),
            cfg!(debug_assertions),
            "only a debug build says so"
        );
        // The first line has the path in it.
        assert!(lines.iter().skip(1).all(|line| line.chars().count() <= 100), "{lines:#?}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let folder = Folder::new();
    let model = fixture("digits.ikm");
    let short = folder.write("short.i8", &[0; IMAGE - 1]);
    for mode in ["batch", "ring", "megakernel"] {
        let ran = isokern(["bench", &model, "-i", &short, "--mode", mode]);
        assert!(ran.error_and_fix(1).0.contains("63 bytes"), "{}", ran.stderr);
        let mut changed = fixture_bytes("digits.ikm");
        let last = changed.len() - 1;
        changed[last] ^= 1;
        let changed = folder.write("changed.ikm", &changed);
        let ran = isokern(["bench", &changed, "--mode", mode]);
        assert!(ran.error_and_fix(1).0.contains("checksum"), "{}", ran.stderr);
    }
    let ran = isokern(["bench", "no-such-model.ikm"]);
    assert!(ran.error_and_fix(3).0.contains("no-such-model.ikm"));
    let ran = isokern(["bench", &model, "--wait", "spin"]);
    assert!(ran.error_and_fix(2).1.contains("--mode ring"), "{}", ran.stderr);
    let wrong: [&[&str]; 5] = [
        &["--runs", "0"],
        &["--runs", "5", "--time", "1s"],
        &["--time", "soon"],
        &["--mode", "kernel"],
        &["--wait", "sleep"],
    ];
    for more in wrong {
        let ran = isokern(["bench", &model].iter().chain(more));
        assert_eq!((ran.code, ran.stdout.len()), (Some(2), 0), "{more:?}: {}", ran.stderr);
    }
}

#[test]
fn a_model_that_fails_its_self_test_is_not_measured() {
    let folder = Folder::new();
    let mut bytes = fixture_bytes("digits.ikm");
    set_self_test(&mut bytes, 1, 42).expect("the bytes are a model");
    let model = folder.write("wrong.ikm", &bytes);
    for mode in ["batch", "ring", "megakernel"] {
        let ran = isokern(["bench", &model, "--mode", mode, "--runs", "1"]);
        let (error, fix) = ran.error_and_fix(1);
        assert!(error.contains("differ from the model's self-test"), "{error}");
        assert!(fix.contains("--instructions plain"), "{fix}");
    }
    set_self_test(&mut bytes, 0, 0).expect("the bytes are a model");
    let model = folder.write("without.ikm", &bytes);
    let ran = isokern(["bench", &model, "--json", "--runs", "1"]);
    let report: Value = serde_json::from_str(ran.text()).expect("it is JSON");
    assert_eq!(report["self_test"], "none");
    assert_eq!(report["input"]["source"], "generated from seed 1");
}
