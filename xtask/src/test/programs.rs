//! Test programs, as many at a time as there are processors.
//!
//! Cargo runs one after the other, and many of ours work on one thread. What a program prints comes
//! out whole when it has ended.

use crate::failure::Failure;
use crate::process;
use core::num::NonZero;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// A test program as cargo built it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Program {
    /// The folder of its package, where cargo would run it.
    folder: PathBuf,
    source: String,
    executable: PathBuf,
}

/// Builds the test programs with `cargo`, runs all of them with `arguments` and hands each line of
/// what they print to `read`; fails when one of them failed.
pub(super) fn run(
    cargo: &mut Command,
    arguments: &[String],
    read: impl FnMut(&str) + Send,
) -> Result<(), Failure> {
    cargo.args(["--no-run", "--message-format", "json-render-diagnostics"]);
    let messages = process::output_or_message(cargo)?;
    let mut programs = programs(&messages).into_iter();
    let queue = Mutex::new(&mut programs);
    let output = Mutex::new((read, Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                // The queue is free again while the program runs.
                let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some(program) = next() {
                    let ended = program.run(cargo, arguments);
                    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
                    let (read, failed) = &mut *output;
                    println!("     Running {} ({})", program.source, program.executable.display());
                    let (lines, is_good) =
                        ended.unwrap_or_else(|error| (vec![error.to_string()], false));
                    for line in lines {
                        println!("{line}");
                        read(&line);
                    }
                    if !is_good {
                        failed.push(program.source.clone());
                    }
                }
            });
        }
    });
    let (_, failed) = output.into_inner().unwrap_or_else(PoisonError::into_inner);
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::Check(format!("test programs failed: {}", failed.join(", "))))
}

impl Program {
    /// Runs it in its folder, and returns what it printed and whether it ended well.
    fn run(&self, cargo: &Command, arguments: &[String]) -> io::Result<(Vec<String>, bool)> {
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(&self.executable);
        command.args(arguments).current_dir(&self.folder);
        // What cargo tells a test program, and what its own call was told.
        command.env("CARGO", cargo.get_program()).env("CARGO_MANIFEST_DIR", &self.folder);
        for (name, value) in cargo.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdout(writer.try_clone()?).stderr(writer);
        let mut child = command.spawn()?;
        // It holds the ends that are written to, and would keep the pipe open.
        drop(command);
        let mut lines = Vec::new();
        for line in BufReader::new(reader).split(b'\n') {
            lines.push(String::from_utf8_lossy(&line?).into_owned());
        }
        let status = child.wait()?;
        if !status.success() {
            lines.push(format!("{} ended with {status}", self.source));
        }
        Ok((lines, status.success()))
    }
}

/// Returns the test programs in cargo's messages, one JSON object a line.
fn programs(messages: &str) -> Vec<Program> {
    let tests = process::built(messages).filter(|built| built["profile"]["test"] == true);
    let programs = tests.filter_map(|built| {
        let executable = built["executable"].as_str()?.into();
        let folder = Path::new(built["manifest_path"].as_str()?).parent()?.to_owned();
        let source = Path::new(built["target"]["src_path"].as_str()?);
        let source = source.strip_prefix(crate::repository::root()).unwrap_or(source);
        Some(Program { folder, source: source.display().to_string(), executable })
    });
    programs.collect()
}

#[cfg(test)]
mod tests {
    use super::{Program, programs, run};
    use crate::process;
    use std::process::Command;

    #[test]
    fn test_programs_are_found_in_cargo_s_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","manifest_path":"/a/b/Cargo.toml","target":"#,
            r#"{"src_path":"/a/b/tests/c.rs"},"profile":{"test":true},"executable":"/t/c-1"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","manifest_path":"/a/b/Cargo.toml","target":"#,
            r#"{"src_path":"/a/b/src/main.rs"},"profile":{"test":false},"executable":"/t/b"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let program = Program {
            folder: "/a/b".into(),
            source: "/a/b/tests/c.rs".to_owned(),
            executable: "/t/c-1".into(),
        };
        assert_eq!(programs(messages), [program]);
    }

    #[test]
    fn a_program_s_lines_and_its_end_are_known() {
        let program = |executable: &str| Program {
            folder: "/".into(),
            source: "it".to_owned(),
            executable: executable.into(),
        };
        let arguments = |text: &str| ["-c".to_owned(), text.to_owned()];
        let mut cargo = process::cargo();
        cargo.env("ISOKERN_TOLD", "7");
        let shell = program("/bin/sh");
        let (lines, is_good) = shell
            .run(&cargo, &arguments("echo $ISOKERN_TOLD; echo two >&2; pwd"))
            .expect("there is a shell");
        assert_eq!((lines, is_good), (["7", "two", "/"].map(str::to_owned).to_vec(), true));
        let (lines, is_good) = shell.run(&cargo, &arguments("exit 3")).expect("there is a shell");
        assert!(!is_good && lines[0].contains("exit status: 3"), "{lines:?}");
        assert!(program("/no/such/program").run(&cargo, &[]).is_err());
    }

    #[test]
    fn what_cannot_be_built_is_a_failure() {
        assert!(run(Command::new("false").arg("--"), &[], |_| ()).is_err());
    }
}
