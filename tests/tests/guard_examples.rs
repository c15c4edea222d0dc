//! Runs the examples of `isokern-guard` and looks at what they print.

use std::path::Path;
use std::process::Command;

/// Runs an example as its page says and returns what it printed.
fn printed(example: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["run", "--quiet", "-p", "isokern-guard", "--example", example];
    let mut command = Command::new(cargo);
    // The environment of the one who runs the tests does not choose what is printed.
    command.args(arguments).current_dir(root).env("NO_COLOR", "1").env_remove("RUST_LOG");
    let output = command.output().expect("cargo starts");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{printed}\n{complaints}", output.status);
    printed
}

fn check(example: &str, expected: &[&str]) {
    let printed = printed(example);
    for piece in expected {
        assert!(printed.contains(piece), "`{example}` did not print `{piece}`:\n{printed}");
    }
}

#[test]
fn a_kernel_of_one_s_own() {
    check("batch_kernel", &["mean 49.995, largest deviation 50.005", "error 2002: invalid input"]);
}

#[test]
fn limits_that_hold() {
    let stopped = "1 stopped at a safe point, 0 ran on to its end, Healthy";
    let ran_on = "0 stopped at a safe point, 1 ran on to its end, Healthy";
    check("deadline", &["Ok(100)", "Err(Timeout", "1 detached, Unhealthy", stopped, ran_on]);
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
    check("governed", &expected);
}
