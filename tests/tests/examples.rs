//! Runs examples of the crates and looks at what they print.

use std::path::Path;
use std::process::Command;

/// Runs an example, the built one of the folder `ISOKERN_EXAMPLES` or else as its page says, and
/// returns what it printed.
fn printed(package: &str, example: &str) -> String {
    printed_with(package, example, &[])
}

/// Runs an example with variables of the environment.
fn printed_with(package: &str, example: &str, variables: &[(&str, &str)]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = match std::env::var_os("ISOKERN_EXAMPLES") {
        Some(folder) => Command::new(Path::new(&folder).join(example)),
        None => {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let features = if package == "isokern-core" { "std" } else { "" };
            let mut command = Command::new(cargo);
            command.args(["run", "--quiet", "-p", package, "--features", features]);
            command.args(["--example", example]);
            command
        }
    };
    // The environment of the one who runs the tests does not choose what is printed.
    command.current_dir(root).env("NO_COLOR", "1").env_remove("RUST_LOG");
    command.envs(variables.iter().copied());
    let output = command.output().expect("the example or cargo starts");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{printed}\n{complaints}", output.status);
    printed
}

fn check(package: &str, example: &str, expected: &[&str]) {
    let printed = printed(package, example);
    for piece in expected {
        assert!(printed.contains(piece), "`{example}` did not print `{piece}`:\n{printed}");
    }
}

#[test]
fn a_kernel_of_one_s_own() {
    check(
        "isokern-guard",
        "batch_kernel",
        &["mean 49.995, largest deviation 50.005", "error 2002: invalid input"],
    );
}

#[test]
fn limits_that_hold() {
    let stopped = "1 stopped at a safe point, 0 ran on to its end, Healthy";
    let ran_on = "0 stopped at a safe point, 1 ran on to its end, Healthy";
    check(
        "isokern-guard",
        "deadline",
        &["Ok(100)", "Err(Timeout", "1 detached, Unhealthy", stopped, ran_on],
    );
}

#[test]
fn rules_of_the_kernel_s_own() {
    let expected = [
        "kernel.call{kernel=\"square\" version=\"1.0\" request_id=1",
        "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 parent_span_id=00f067aa0ba902b7",
        "at work side=12",
        "1: alice has 144",
        "2: mallory has error 2005",
        "3: alice has error 2013",
        "4: alice has error 2006",
        "without a context: error 2007",
    ];
    check("isokern-guard", "governed", &expected);
}

/// A kernel with metadata of its own, an error of your own through `?`, a registry.
#[test]
fn bar7_a_registry_of_kernels_and_errors_through_the_question_mark() {
    let expected = [
        "stats/mean of `1 2 6` is 3",
        "stats/mean of ``: 2013, 1",
        "stats/mean of `1 two`: 2013, 2",
        "stats/first of `7 8` is 7",
        "stats/first of `seven`: 2002, 0",
        "stats/last: no such kernel",
    ];
    check("isokern-guard", "registry", &expected);
}

/// `initialize` and `shutdown` as futures, a state, a message of two lines, a shared handler.
#[test]
fn bar7_a_ring_handler_with_a_beginning_and_an_end() {
    let expected = [
        "begins\n",
        "tenant 0: mean 1 of 16",
        "tenant 1: mean 2 of 32",
        "tenant 2: the handler refused: kernel error 2002",
        "ends with 32 points",
        "the actor is faulted",
        "its clean-up: Some(",
        "2013",
    ];
    check("isokern-cli", "scorer", &expected);
}

/// A payload, a model, a backend and an error of your own, in a batch and in a fallback.
#[test]
fn bar7_a_backend_of_one_s_own() {
    let expected = [
        "the model has 0 bytes. Fix: pass one byte, the factor.",
        "Secondary, because: Some(InvalidArtifact)",
        "[3.0] [6.0, 12.0]",
        "Err(ShapeOrTypeMismatch)",
    ];
    check("isokern-core", "own_backend", &expected);
}

/// A configuration, a plan, and task slots in place.
#[test]
fn bar7_task_slots_by_hand() {
    let expected = ["500 done, 0 left", "0 done, 500 under way or not begun"];
    check("isokern-core", "task_slots", &expected);
}

/// A file, a session, values in and out.
#[test]
fn a_model_in_twelve_lines() {
    check("isokern", "twelve_lines", &["1x8x8x1 int8", "1x10 int8", "Identity", "[0."]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = root.join("crates/isokern/examples/twelve_lines.rs");
    let text = std::fs::read_to_string(text).expect("it is there");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("//"));
    assert!(lines.count() <= 12, "{text}");
}

/// A picture of another size than the model's input is read and shrunk.
#[test]
fn a_picture_through_a_classifier() {
    let printed = printed("isokern", "picture");
    let mut lines = printed.lines();
    let first = lines.next().unwrap_or_default();
    assert!(first.ends_with("16 by 16 pixels, as 1x8x8x1 int8"), "{printed}");
    assert!(lines.next().is_some_and(|line| line.starts_with("class 3 with 0.9")), "{printed}");
}

/// Rows of a file through an autoencoder: those with a fault are found, and no others.
#[test]
fn rows_of_sensors_through_an_autoencoder() {
    let printed = printed("isokern", "sensor");
    let found = printed.lines().map(|line| line.split(": error ").next().unwrap_or_default());
    let found: Vec<&str> = found.collect();
    let expected = ["row 17", "row 18", "row 41", "3 of 60 rows above 0.01"];
    assert_eq!(found, expected, "{printed}");
}

/// A stream of features through a model with state.
#[test]
fn a_wake_word_from_features() {
    check("isokern", "wake_word", &["heard at step 4: 0.5", "heard 1 times in 48 steps"]);
}

/// The same program with a device, which is the stand-in, and without.
#[test]
fn a_gpu_with_fallback() {
    let on = |devices| on_standin("isokern", "gpu_fallback", devices);
    let with = on("1");
    assert!(with.starts_with("on Isokern simulated device"), "{with}");
    assert!(with.contains("40 bytes, the same on the processor"), "{with}");
    assert!(with.contains("asked for: Isokern simulated device"), "{with}");
    let without = on("0");
    assert!(without.contains("not on a GPU, for the CUDA driver found no GPU. Fix: "), "{without}");
    assert!(without.contains("40 bytes, the same on the processor"), "{without}");
    assert!(without.contains("asked for: tests/models/models/digits.tflite: "), "{without}");
}

/// Blocks of a resident kernel answer four threads; each answer is compared by the example.
#[test]
fn a_detector_that_stays_on_the_gpu() {
    let printed = on_standin("isokern-cli", "gpu_actor", "1");
    assert!(printed.starts_with("device: Isokern simulated device"), "{printed}");
    assert!(printed.contains("\n80 answers, all the processor's\n"), "{printed}");
    assert_eq!(printed.matches("is stopped\n").count(), 4, "{printed}");
}

/// A graph of model runs that blocks of a resident kernel execute by themselves.
#[test]
fn a_graph_of_model_runs_on_the_gpu() {
    let printed = on_standin("isokern-cli", "dag_gpu", "1");
    assert!(printed.starts_with("device: Isokern simulated device"), "{printed}");
    assert!(printed.contains("\n11 outputs, all the processor's\n"), "{printed}");
    assert!(printed.ends_with("11 runs, accounted: true\n"), "{printed}");
}

/// Runs an example over the stand-in driver with so many devices.
fn on_standin(package: &str, example: &str, devices: &str) -> String {
    let library = isokern_tests::standin::library_path();
    let folder = library.with_file_name(format!("standin-of-{example}"));
    std::fs::create_dir_all(&folder).expect("a folder for the library");
    std::fs::copy(&library, folder.join("libcuda.so")).expect("the stand-in was built");
    let path = folder.to_str().expect("the path is UTF-8");
    let variables = [("LD_LIBRARY_PATH", path), ("ISOKERN_SIM_DEVICES", devices)];
    printed_with(package, example, &variables)
}
