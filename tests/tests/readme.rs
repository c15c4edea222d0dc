//! Runs what the README promises: its first command, word for word.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The command a reader tries first.
const MAIN_JOB: &str = "cargo run --release -p isokern-cli -- demo";

/// The command a contributor tries first. Not run here: this test is a part of it.
const TESTS: &str = "cargo xtask test";

/// Pieces of what the main job must print.
const EXPECTED: [&str; 2] = ["accuracy", "digest"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn readme() -> String {
    let path = root().join("README.md");
    std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("README.md must be in the root folder, with the commands in it: {error}")
    })
}

/// Returns the lines of the first block fenced as `sh`, without comments and blank lines.
fn first_shell_block(markdown: &str) -> Vec<&str> {
    let block = markdown.lines().skip_while(|line| line.trim() != "```sh").skip(1);
    block
        .take_while(|line| line.trim() != "```")
        .map(|line| line.split(" #").next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

#[test]
fn the_first_block_is_found() {
    let text = "# A\n\n```text\nx\n```\n\n```sh\n# why\na b   # c\n\nd\n```\n\n```sh\ne\n```\n";
    assert_eq!(first_shell_block(text), ["a b", "d"]);
    assert!(first_shell_block("# A\n").is_empty());
}

#[test]
fn the_main_job_runs_as_written() {
    let readme = readme();
    let commands = first_shell_block(&readme);
    assert!(commands.contains(&MAIN_JOB), "the first sh block lacks `{MAIN_JOB}`: {commands:?}");
    assert!(readme.contains(TESTS), "README.md lacks `{TESTS}`");

    let mut words = MAIN_JOB.split_whitespace();
    assert_eq!(words.next(), Some("cargo"));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output =
        Command::new(cargo).args(words).current_dir(root()).output().expect("cargo starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{printed}\n{complaints}", output.status);
    for piece in EXPECTED {
        assert!(printed.contains(piece), "`{MAIN_JOB}` did not print `{piece}`:\n{printed}");
    }
}
