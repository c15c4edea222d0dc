//! `isokern policy`: configurations, flags and files that are refused, each with its exit code.

use crate::program::{Folder, isokern};

fn policy(arguments: &[&str]) -> crate::program::Ran {
    isokern(["policy"].iter().chain(arguments))
}

#[test]
fn what_cannot_be_launched_is_refused_as_the_library_does() {
    for (arguments, word, remedy) in [
        (["--queue-len", "1", "--worker-count", "0"].as_slice(), "worker_count", "at least 1"),
        (&["--queue-len", "1", "--max-wall-time", "0s"], "max_wall_time", "longest time"),
        (&["--queue-len", "0", "--max-workgroup-size-x", "0"], "max_workgroup_size_x", "device"),
        (&["--tasks", "1x1/0/0|3x9/0/0"], "state word 9", "TaskSlot"),
        (&["--queue-len", "4294967295"], "hit capacity for 4294967295", "fewer tasks"),
        (
            &["--queue-len", "1", "--resident-device-bytes", "18446744073709551615"],
            "18446744073709551615 resident bytes",
            "resident_device_bytes",
        ),
        (
            &["--queue-len", "1", "--device-memory-budget-bytes", "16383"],
            "needs 16384 bytes",
            "raise device_memory_budget_bytes",
        ),
    ] {
        for json in [&["--json"][..], &[]] {
            let ran = policy(&[arguments, json].concat());
            let (error, fix) = ran.error_and_fix(1);
            assert!(error.contains(word), "{error}");
            assert!(fix.contains(remedy), "{fix}");
        }
    }
}

#[test]
fn a_configuration_of_nobody_or_no_time_is_refused_in_a_file_too() {
    let folder = Folder::new();
    let time = "max_wall_time = { secs = 0, nanos = 0 }\n";
    for (text, word) in [("worker_count = 0\n", "worker_count"), (time, "max_wall_time")] {
        let path = folder.write("zero.toml", text.as_bytes());
        let ran = policy(&["--queue-len", "1", "--config", &path]);
        assert!(ran.error_and_fix(1).0.starts_with(word));
        // A flag over it makes it good.
        let good = ["--worker-count", "1", "--max-wall-time", "1ms"];
        let ran = policy(&[&["--queue-len", "1", "--config", &path], good.as_slice()].concat());
        assert!(ran.text().contains("at most 1ms"));
    }
}

#[test]
fn a_file_with_a_fault_is_refused_by_name() {
    let folder = Folder::new();
    for (name, text, word, remedy) in [
        ("a.toml", "worker_count = 1\nworkers = 2\n", "line 2: unknown field `workers`", "--help"),
        ("b.toml", "[workload]\nhot_opcodes = 2\n", "line 2: unknown field `hot_opcodes`", "line"),
        ("c.toml", "worker_count = \"many\"\n", "line 1: invalid type", "line"),
        (
            "d.toml",
            "[workload]\nresident_device_bytes = 9223372036854775808\n",
            "workload.resident_device_bytes is 9223372036854775808",
            "JSON",
        ),
        (
            "e.toml",
            "[workload]\nresident_device_bytes = 18446744073709551616\n",
            "line 2: invalid type: integer `18446744073709551616`",
            "line",
        ),
        ("f.json", "{\"workers\": 2}", "unknown field `workers`", "config"),
        ("g.json", "{\"workload\": {\"x\": 2}}", "unknown field `x`", "config"),
        ("h.json", "[64]", "no JSON object", "worker_count"),
        ("i.json", "{\"max_wall_time\": \"60s\"}", "Duration", "secs"),
        ("j.json", "worker_count = 1", "line 1 column 1", "config"),
    ] {
        let path = folder.write(name, text.as_bytes());
        let ran = policy(&["--queue-len", "1", "--json", "--config", &path]);
        let (error, fix) = ran.error_and_fix(1);
        assert!(error.starts_with(&format!("{path}: ")) && error.contains(word), "{error}");
        assert!(fix.contains(remedy), "{fix}");
    }
    let path = folder.write("k.toml", b"worker_count = \xff");
    let ran = policy(&["--queue-len", "1", "--config", &path]);
    assert!(ran.error_and_fix(1).0.contains("byte 15 is not UTF-8"));
}

#[test]
fn flags_of_another_form_are_a_wrong_command_line() {
    for (arguments, word, remedy) in [
        (["--queue-len", "1", "--max-wall-time", "5"].as_slice(), "\"5\" is not a time", "5ms"),
        (&["--queue-len", "1", "--max-wall-time", "soon"], "\"soon\" is not a time", "60s"),
        (&["--tasks", "20"], "group 0 is \"20\"", "20x1/0/0"),
        (&["--tasks", "1x1/0/0|2x1/0"], "group 1 is \"2x1/0\"", "20x1/0/0"),
        (&["--tasks", "1x1/0/-4"], "the age of group 0 is \"-4\"", "4294967295"),
        (&["--tasks", "4294967295x1/0/0"], "more than 1048576 slots", "--queue-len"),
        (&["--queue-len", "1", "--config", "-"], "standard input does not say", "--format toml"),
        (&["--queue-len", "1", "--config", "a.yaml"], "a.yaml does not say", "--format json"),
    ] {
        let ran = policy(arguments);
        let (error, fix) = ran.error_and_fix(2);
        assert!(error.contains(word), "{error}");
        assert!(fix.contains(remedy), "{fix}");
    }
    for arguments in [
        [].as_slice(),
        &["--queue-len", "1", "--tasks", "1x1/0/0"],
        &["--queue-len", "4294967296"],
        &["--queue-len", "1", "--worker-count", "-1"],
        &["--queue-len", "1", "--frontier-density-bps", "65536"],
        &["--queue-len", "1", "--previous", "Diagonal"],
        &["--queue-len", "1", "--format", "toml"],
    ] {
        let ran = policy(arguments);
        assert!(ran.error(2).contains("--help"), "{}", ran.stderr);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_of_the_system() {
    let folder = Folder::new();
    let missing = folder.path("no.toml");
    let ran = policy(&["--queue-len", "1", "--config", &missing]);
    let (error, fix) = ran.error_and_fix(3);
    assert!(error.starts_with(&format!("cannot read {missing}: ")), "{error}");
    assert!(fix.contains("path"), "{fix}");
}

#[test]
fn the_help_says_what_the_defaults_mean() {
    let ran = policy(&["--help"]);
    let text = ran.text().split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "[default: 64]",
        "[default: 60s]",
        "[default: 0, unbounded]",
        "[default: 0, inferred from queue and nodes]",
        "[default: 1024]",
        "[default: 65535]",
        "NVIDIA",
        "max_wall_time = { secs = 5, nanos = 0 }",
        "COUNTxSTATE/REQUEUE_COUNT/AGE",
        "consumed, advice",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(ran.text().lines().all(|line| line.chars().count() <= 100));
}
