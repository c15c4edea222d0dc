//! `gpu-probes` on the stand-in: every measurement has its line, and what is wrong is a failure.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use isokern_tests::standin::library_path;
use serde_json::Value;

/// Returns a folder of this test's own, with the stand-in under the name that programs look for.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _absent_at_first = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("there is room");
    symlink(library_path(), folder.join("libcuda.so.1")).expect("the folder is new");
    folder
}

fn probes(folder: &Path, words: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gpu-probes"));
    command.args(words).env("LD_LIBRARY_PATH", folder).envs(environment.iter().copied());
    command.output().expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_measurement_has_a_line_and_a_row() {
    let folder = folder("every_measurement");
    for run in ["1", "2"] {
        let output = probes(&folder, &["--quick", "--run", run], &[]);
        assert!(output.status.success(), "{}", said(&output));
        fs::write(folder.join(format!("probes.run{run}.jsonl")), &output.stdout).expect("room");
        let lines: Vec<Value> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line is one JSON object"))
            .collect();
        let device = lines.first().expect("there are lines");
        assert_eq!((&device["id"], &device["simulated"]), (&"device".into(), &true.into()));
        for (id, count) in [
            ("chase", 3),
            ("litmus", 9),
            ("launch+sync", 5),
            ("enqueue", 5),
            ("launches in a row", 2),
            ("model enqueue", 2),
            ("model on device", 2),
            ("one inference", 4),
            ("skipped", 2), // The device code of links and of tasks is not committed.
        ] {
            let found = lines.iter().filter(|line| line["id"] == id).count();
            assert_eq!(found, count, "{id}");
        }
        for line in lines.iter().filter(|line| line["unit"] == "ns") {
            let at = |key: &str| line[key].as_f64().expect("it is a number");
            assert!(0.0 < at("min") && at("min") <= at("p50"), "{line}");
            assert!(at("p50") <= at("p99") && at("p99") <= at("max"), "{line}");
            assert!(line["path"].is_string(), "a time says what it is the time of: {line}");
        }
    }
    let table = probes(&folder, &["table", folder.to_str().expect("it is UTF-8")], &[]);
    let text = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.status.success(), "{}", said(&table));
    assert!(text.contains("no time below says anything of a GPU"), "{text}");
    assert!(text.contains("Litmus tests: 18, violations: 0."), "{text}");
    let row = text.lines().find(|line| line.starts_with("| chase | L2 |"));
    assert!(row.is_some_and(|row| row.ends_with("3 x 2 |")), "{text}");
}

#[test]
fn what_goes_wrong_is_told_and_ends_in_failure() {
    let folder = folder("what_goes_wrong");
    let cases = [
        (("ISOKERN_SIM_DEVICES", "0"), "found no GPU"),
        (("ISOKERN_SIM_FAIL", "cuLaunchKernel:3=700"), "cuLaunchKernel"),
        (("ISOKERN_SIM_FAIL", "cuMemHostAlloc:1=2"), "cuMemHostAlloc"),
        (("ISOKERN_SIM_FAIL", "cuStreamEndCapture:1=900"), "cuStreamEndCapture"),
    ];
    for (environment, words) in cases {
        let output = probes(&folder, &["--quick"], &[environment]);
        assert_eq!(output.status.code(), Some(1), "{environment:?}");
        assert!(said(&output).contains(words), "{environment:?}: {}", said(&output));
    }
    assert_eq!(probes(&folder, &["--slow"], &[]).status.code(), Some(2));
    assert_eq!(probes(&folder, &["table", "no-such-folder"], &[]).status.code(), Some(1));
}
