//! `isokern devices` and `isokern run --backend`, on the stand-in for a driver.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::program::{Folder, Ran, command, fixture, fixture_bytes, isokern};

/// Returns the program with the stand-in as its driver.
pub(crate) fn simulated(folder: &Path, arguments: &[&str]) -> Command {
    let mut program = command();
    program.args(arguments).env("LD_LIBRARY_PATH", folder);
    program
}

/// Returns a folder with the stand-in under the name that programs look for; it is where cargo puts
/// the libraries that tests depend on.
pub(crate) fn driver() -> (tempfile::TempDir, PathBuf) {
    let test = env::current_exe().expect("the test has a path");
    let library = test.parent().expect("it lies in a folder").join("libisokern_simcuda.so");
    let folder = tempfile::tempdir().expect("a folder for the library");
    std::fs::copy(&library, folder.path().join("libcuda.so")).expect("the stand-in was built");
    let path = folder.path().to_path_buf();
    (folder, path)
}

/// Runs a program on the stand-in. On a busy machine that says when a kernel takes long, which is
/// not the program's to say.
pub(crate) fn ran(mut program: Command) -> Ran {
    let mut ran = Ran::from(program.output().expect("the program starts"));
    let is_told = |line: &&str| {
        !(line.starts_with("isokern-simcuda: ") && line.contains(" waits for kernel "))
    };
    ran.stderr = ran.stderr.split_inclusive('\n').filter(is_told).collect();
    ran
}

#[test]
fn devices_name_the_processor_and_every_gpu() {
    let (_kept, folder) = driver();
    let mut program = simulated(&folder, &["devices"]);
    program.env("ISOKERN_SIM_DEVICES", "2");
    let listed = ran(program);
    let lines: Vec<&str> = listed.text().lines().collect();
    let [cpu, first, second] = lines[..] else { panic!("not three lines: {lines:?}") };
    assert!(cpu.starts_with("cpu     "), "{cpu}");
    for (line, start) in [(first, "cuda 0 "), (second, "cuda 1 ")] {
        assert!(line.starts_with(start) && line.contains("compute 9.0"), "{line}");
        assert!(line.contains("imulat"), "a stand-in says that it is one: {line}");
    }
}

#[test]
fn devices_say_why_there_is_no_gpu() {
    let (_kept, folder) = driver();
    let mut program = simulated(&folder, &["devices"]);
    program.env("ISOKERN_SIM_DEVICES", "0");
    let listed = ran(program);
    let text = listed.text();
    assert!(text.contains("cuda    none: the CUDA driver found no GPU"), "{text}");
    assert!(text.contains("fix: check `nvidia-smi`"), "{text}");
}

#[test]
fn devices_say_which_gpu_is_not_usable() {
    let (_kept, folder) = driver();
    let mut program = simulated(&folder, &["devices"]);
    program.env("ISOKERN_SIM_DRIVER", "11040");
    let listed = ran(program);
    let text = listed.text();
    assert!(text.contains("not usable: the CUDA driver is of release 11.4"), "{text}");
}

#[test]
fn c13_a_full_device_is_told_in_words_and_auto_runs_on_the_processor() {
    let (_kept, folder) = driver();
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    let target = folder.join("out.i8");
    let target = target.to_str().expect("the path is UTF-8");
    let run = |backend, variable: (&str, &str)| {
        let arguments = ["run", &model, "-i", &input, "--backend", backend, "-o", target];
        let mut program = simulated(&folder, &arguments);
        program.env(variable.0, variable.1);
        ran(program)
    };
    // Too little memory in all, and none left at one call or another of a life.
    let mut causes = vec![("ISOKERN_SIM_MEMORY".to_owned(), "4096".to_owned())];
    for call in ["cuMemAlloc_v2:1", "cuMemAlloc_v2:2", "cuMemHostAlloc:1", "cuModuleLoadDataEx:1"] {
        causes.push(("ISOKERN_SIM_FAIL".to_owned(), format!("{call}=OUT_OF_MEMORY")));
    }
    for (variable, value) in &causes {
        let variable = (variable.as_str(), value.as_str());
        let auto = run("auto", variable);
        let line = auto.text().lines().find(|line| line.starts_with("backend "));
        let line = line.unwrap_or_else(|| panic!("{value}: no reason in {}", auto.text()));
        assert!(line.starts_with("backend    cpu, for ") && line.contains("memory"), "{line}");
        assert!(!line.contains("code 0x"), "{value}: {line}");
        let written = std::fs::read(target).expect("it was written");
        assert!(written == fixture_bytes("vectors/digits.out.tflm.i8"), "{value}");
        let refused = run("cuda", variable);
        let (error, fix) = refused.error_and_fix(1);
        assert!(error.contains("memory") && !error.contains("code 0x"), "{error}");
        assert!(!fix.is_empty());
    }
}

#[test]
fn c14_the_stand_in_s_cu_init_fails_with_any_code_of_a_driver() {
    let (_kept, folder) = driver();
    for (failure, words) in [
        ("cuInit:1=803", ["CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "restart the machine"]),
        ("cuInit:1=SYSTEM_DRIVER_MISMATCH", ["differ in version", "restart the machine"]),
        ("cuInit:1=34", ["the toolkit's stub", "`stubs`"]),
    ] {
        let mut program = simulated(&folder, &["devices"]);
        program.env("ISOKERN_SIM_FAIL", failure);
        let listed = ran(program);
        assert_eq!((listed.code, listed.stderr.as_str()), (Some(0), ""), "{failure}");
        let text = String::from_utf8_lossy(&listed.stdout);
        assert!(words.iter().all(|word| text.contains(word)), "{failure}: {text}");
    }
}

#[test]
fn every_backend_gives_the_same_digest() {
    let (_kept, folder) = driver();
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    let run = ["run", &model, "--input", &input, "--quiet"];
    let cpu = isokern(run);
    for backend in ["cuda", "auto"] {
        let gpu = ran(simulated(&folder, &[&run[..], &["--backend", backend]].concat()));
        assert_eq!(gpu.text(), cpu.text(), "{backend}");
    }
    let told = ran(simulated(&folder, &["run", &model, "--input", &input, "--backend", "cuda"]));
    assert!(told.text().contains("host to host"), "{}", told.text());
    assert!(told.text().contains("imulat"), "no time passes for a GPU's: {}", told.text());
}

#[test]
fn without_a_gpu_cuda_fails_and_auto_says_why_it_is_the_cpu() {
    let (_kept, folder) = driver();
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    let run = |backend| {
        let arguments = ["run", &model, "--input", &input, "--backend", backend];
        let mut program = simulated(&folder, &arguments);
        program.env("ISOKERN_SIM_DEVICES", "0");
        ran(program)
    };
    let refused = run("cuda");
    let (error, fix) = refused.error_and_fix(1);
    assert!(
        error.contains("the CUDA driver found no GPU") && fix.contains("nvidia-smi"),
        "{error}"
    );
    let auto = run("auto");
    assert!(auto.text().contains("backend    cpu, for the CUDA driver found no GPU"));
}

#[test]
fn a_model_that_stays_on_a_gpu_gives_the_bytes_of_batch_mode() {
    let (_kept, driver) = driver();
    let folder = Folder::new();
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    let target = folder.path("out.i8");
    for backend in ["cuda", "auto"] {
        let run = ["run", &model, "-i", &input, "-o", &target, "--mode", "ring"];
        let found = ran(simulated(&driver, &[&run[..], &["--backend", backend]].concat()));
        let text = found.text();
        assert!(text.contains("imulat") && text.contains("a block that stays"), "{text}");
        assert!(text.contains("from question to collected answer, up to 8 inputs under way"));
        assert!(folder.read("out.i8") == fixture_bytes("vectors/digits.out.tflm.i8"), "{backend}");
    }
}

#[test]
fn tasks_on_a_gpu_give_the_same_outputs_and_a_trace_of_the_blocks() {
    let (_kept, driver) = driver();
    let folder = Folder::new();
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    let target = folder.path("out.i8");
    let run = ["run", &model, "-i", &input, "-o", &target, "--mode", "megakernel"];
    for more in [&["--backend", "cuda", "--workers", "2"][..], &["--backend", "auto"]] {
        let found = ran(simulated(&driver, &[&run[..], more].concat()));
        let text = found.text();
        assert!(text.contains("imulat") && text.contains("blocks as workers"), "{text}");
        assert!(text.contains("from submission to collected outputs, up to 8 tasks under way"));
        assert!(folder.read("out.i8") == fixture_bytes("vectors/digits.out.tflm.i8"), "{more:?}");
    }
    let trace = folder.path("trace.json");
    let traced = ["--backend", "cuda", "--workers", "2", "--trace", &trace];
    let found = ran(simulated(&driver, &[&run[..], &traced].concat()));
    assert!(found.text().contains(&trace), "{}", found.text());
    assert!(folder.read("out.i8") == fixture_bytes("vectors/digits.out.tflm.i8"));
    let file: Value = serde_json::from_slice(&folder.read("trace.json")).expect("it is JSON");
    let events = file["traceEvents"].as_array().expect("it has events");
    let claims: Vec<&Value> = events.iter().filter(|event| event["ph"] == "X").collect();
    let tasks: BTreeSet<u64> =
        claims.iter().filter_map(|claim| claim["args"]["task"].as_u64()).collect();
    assert_eq!((claims.len(), tasks), (32, (0..32).collect()), "each task has one claim");
    let mut ends = [0.0_f64; 2];
    for claim in claims {
        assert_eq!((&claim["args"]["end"], &claim["cat"]), (&"done".into(), &"normal".into()));
        let [start, length] = ["ts", "dur"].map(|key| claim[key].as_f64().expect("a number"));
        let block = claim["tid"].as_u64().expect("a number") as usize;
        assert!(length > 0.0 && ends[block] <= start + 0.001, "a block has one at a time: {claim}");
        ends[block] = start + length;
    }
}

#[test]
fn a_time_limit_on_a_gpu_changes_no_byte_or_writes_nothing() {
    let (_kept, driver) = driver();
    let folder = Folder::new();
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    let target = folder.path("out.i8");
    let run = |backend, limit| {
        let run = ["run", &model, "-i", &input, "-o", &target, "--backend", backend];
        ran(simulated(&driver, &[&run[..], &["--timeout", limit]].concat()))
    };
    // On the stand-in a launch takes longer than a microsecond: it ends, and its answer is late.
    for (backend, limit) in [("cuda", "0s"), ("cuda", "1us"), ("auto", "0s"), ("auto", "1us")] {
        let late = run(backend, limit);
        let (error, fix) = late.error_and_fix(4);
        let said = error.contains("input 0 has no answer within ") && error.ends_with(limit);
        assert!(said && fix.contains("--timeout"), "{backend}: {error}");
        assert!(folder.names().is_empty(), "nothing may be written");
    }
    for backend in ["cuda", "auto"] {
        let kept = run(backend, "1h");
        assert!(kept.text().contains("imulat"), "a GPU was asked for: {}", kept.text());
        assert!(folder.read("out.i8") == fixture_bytes("vectors/digits.out.tflm.i8"), "{backend}");
    }
}

#[test]
fn a_measurement_on_a_gpu_names_the_device() {
    let (_kept, folder) = driver();
    let model = fixture("digits.ikm");
    let bench = ["bench", &model, "--backend", "cuda", "--runs", "3"];
    let json = ran(simulated(&folder, &[&bench[..], &["--json"]].concat()));
    let report: serde_json::Value = serde_json::from_str(json.text()).expect("it is JSON");
    assert_eq!(report["backend"], "cuda");
    assert!(
        report["device"]["name"].as_str().is_some_and(|name| name.contains("imulat")),
        "{report}"
    );
    assert_eq!(report["self_test"], "passed");
    assert_eq!(report["latency"]["run_count"], 3);
    assert!(report["latency"]["p50_ns"].as_u64().is_some_and(|time| time > 0), "{report}");
    assert!(report["operators"].is_null());
    let text = ran(simulated(&folder, &bench));
    assert!(text.text().contains("device ") && text.text().contains("imulat"), "{}", text.text());
    let refused = isokern(["bench", &model, "--backend", "auto"]);
    let (error, fix) = refused.error_and_fix(2);
    assert!(error.contains("one backend") && fix.contains("isokern devices"), "{error}");
}
