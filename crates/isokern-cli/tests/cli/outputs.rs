//! What is written where: no file that is read, data and text apart, no byte lost in silence.
#![cfg(unix)]

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use crate::drafts;
use crate::program::{Folder, IMAGE, Ran, command, fixture, fixture_bytes, isokern};

const DIGITS: &str = "models/digits.tflite";

/// Runs a line of the shell, the program being `$0` and these its other words.
fn shell(line: &str, words: &[&str]) -> Ran {
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", line, env!("CARGO_BIN_EXE_isokern")]).args(words);
    shell.output().expect("there is a shell").into()
}

/// Returns a folder with a model, an input, and other names for both.
fn with_names() -> Folder {
    let folder = Folder::new();
    let model = folder.write("m.tflite", &fixture_bytes(DIGITS));
    let input = folder.write("in.npy", &fixture_bytes("vectors/digits.in.i8")[..IMAGE]);
    for (file, kind) in [(&model, "model"), (&input, "input")] {
        symlink(file, folder.path(&format!("{kind}-link"))).expect("a link");
        symlink(format!("{kind}-link"), folder.path(&format!("{kind}-far"))).expect("a link");
        fs::hard_link(file, folder.path(&format!("{kind}-hard"))).expect("a link");
    }
    fs::create_dir(folder.path("sub")).expect("a folder");
    folder
}

#[test]
fn c03_an_output_is_never_a_file_that_is_read() {
    let folder = with_names();
    let path = |name: &str| folder.path(name);
    let (model, input) = (path("m.tflite"), path("in.npy"));
    let unharmed = |what: &str| {
        assert!(folder.read("m.tflite") == fixture_bytes(DIGITS), "{what}");
        assert!(folder.read("in.npy") == fixture_bytes("vectors/digits.in.i8")[..IMAGE], "{what}");
    };
    let names = |kind: &str, file: &str| {
        let others = [format!("{kind}-link"), format!("{kind}-far"), format!("{kind}-hard")];
        others.into_iter().chain([file.to_owned(), format!("sub/../{file}")])
    };
    for name in names("model", "m.tflite") {
        for (read, written) in [(&model, path(&name)), (&path(&name), model.clone())] {
            let ran = isokern(["convert", read, "-o", &written]);
            let (error, fix) = ran.error_and_fix(2);
            assert!(error.contains("is the same file as") && error.contains(read), "{error}");
            assert!(fix.contains("another file"), "{fix}");
            unharmed(&name);
        }
        let ran = isokern(["run", &model, "-i", &input, "-o", &path(&name)]);
        assert!(ran.error_and_fix(2).0.contains("m.tflite"), "{}", ran.stderr);
        unharmed(&name);
    }
    for name in names("input", "in.npy") {
        let ran = isokern(["run", &model, "-i", &input, "-o", &path(&name)]);
        assert!(ran.error_and_fix(2).0.contains("in.npy"), "{}", ran.stderr);
        unharmed(&name);
    }
    // Standard input and standard output may be such a file, too.
    let ran = shell("\"$0\" run \"$1\" -i - -o \"$2\" < \"$2\"", &[&model, &input]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let ran = shell("\"$0\" convert \"$1\" -o - >> \"$1\"", &[&model]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    unharmed("standard streams");
}

#[test]
fn c03_a_packed_model_is_not_replaced_by_its_other_layout() {
    let folder = Folder::new();
    let model = folder.write("m.ikm", &fixture_bytes("digits.ikm"));
    let ran = isokern(["convert", &model, "-o", &model, "--layout", "packed"]);
    let _ = ran.error_and_fix(2);
    assert!(folder.read("m.ikm") == fixture_bytes("digits.ikm"));
    assert_eq!(folder.names(), ["m.ikm"]);
}

#[test]
fn c03_two_outputs_are_two_files() {
    let folder = Folder::new();
    let model = folder.write("mixed.ikm", &drafts::mixed());
    let inputs =
        [("a", 4), ("b", 4), ("c", 12)].map(|(name, bytes)| folder.write(name, &vec![1; bytes]));
    symlink("out", folder.path("out-link")).expect("a link to what is not there");
    for (first, second) in [("out", "out-link"), ("out", "./out"), ("-", "/dev/stdout")] {
        let place = |name: &str| match name {
            "-" | "/dev/stdout" => name.to_owned(),
            name => folder.path(name),
        };
        let ran = command()
            .args(["run", &model])
            .args(
                inputs
                    .iter()
                    .enumerate()
                    .flat_map(|(index, file)| ["-i".to_owned(), format!("{index}={file}")]),
            )
            .args(["-o", &format!("0={}", place(first)), "-o", &format!("1={}", place(second))])
            .output()
            .expect("the program starts");
        let ran = Ran::from(ran);
        assert!(ran.error_and_fix(2).0.contains("two outputs"), "{first}: {}", ran.stderr);
    }
}

#[test]
fn c09_text_goes_to_standard_error_where_standard_output_has_data() {
    let (model, input) = (fixture(DIGITS), fixture("vectors/digits.in.i8"));
    let folder = Folder::new();
    for place in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        for (pipe, what) in [("| cat", "a pipe"), ("> \"$4\" && cat \"$4\"", "a file")] {
            if what == "a file" && !cfg!(target_os = "linux") {
                continue;
            }
            let target = folder.path("out");
            let words = [model.as_str(), place, &input, &target];
            let ran = shell(&format!("\"$0\" convert \"$1\" -o \"$2\" {pipe}"), &words);
            assert!(ran.stdout == fixture_bytes("digits.ikm"), "{place} to {what}");
            assert!(ran.stderr.contains("9 operators"), "{place} to {what}: {}", ran.stderr);
            let ran = shell(&format!("\"$0\" run \"$1\" -i \"$3\" -o \"$2\" {pipe}"), &words);
            let expected = fixture_bytes("vectors/digits.out.tflm.i8");
            assert!(ran.stdout == expected, "{place} to {what}");
            assert!(ran.stderr.contains("digest     04de18928f895f4a"), "{}", ran.stderr);
        }
    }
    // What others wrote and will write to the same file stays.
    let kept = shell(
        "{ echo before; \"$0\" convert \"$1\" -o /dev/stdout 2> /dev/null; echo after; } > \"$2\"",
        &[&model, &folder.path("shared")],
    );
    assert_eq!(kept.code, Some(0), "{}", kept.stderr);
    let expected = [b"before\n", fixture_bytes("digits.ikm").as_slice(), b"after\n"].concat();
    assert!(folder.read("shared") == expected);
}

#[cfg(target_os = "linux")]
#[test]
fn c09_other_descriptors_are_written_as_they_are() {
    let folder = Folder::new();
    let target = folder.write("log", b"before\n");
    let line = "\"$0\" convert \"$1\" -o /dev/fd/3 3>> \"$2\"";
    let ran = shell(line, &[&fixture(DIGITS), &target]);
    assert!(ran.text().contains("9 operators"), "the text is not data of descriptor 3");
    assert!(folder.read("log") == [b"before\n", fixture_bytes("digits.ikm").as_slice()].concat());
}

/// Returns commands that print, or write data to standard output.
fn printing() -> Vec<Vec<String>> {
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    let (model, input) = (model.as_str(), input.as_str());
    let commands: [&[&str]; 12] = [
        &["--help"],
        &["--version"],
        &["run", "--help"],
        &["demo"],
        &["devices"],
        &["policy", "--queue-len", "9"],
        &["inspect", model],
        &["inspect", model, "--json"],
        &["bench", model, "--runs", "1"],
        &["run", model, "-i", input],
        &["run", model, "-i", input, "-o", "-"],
        &["convert", model, "-o", "-"],
    ];
    commands.iter().map(|words| words.iter().map(|&word| word.to_owned()).collect()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn c10_bytes_that_are_lost_are_an_error() {
    for words in printing() {
        let full = File::options().write(true).open("/dev/full").expect("Linux has it");
        let output = command().args(&words).stdout(full).output().expect("the program starts");
        let ran = Ran::from(output);
        let (error, fix) = last_two(&ran.stderr);
        assert_eq!(ran.code, Some(3), "{words:?}: {}", ran.stderr);
        assert!(error.starts_with("error: cannot write to standard output: No space"), "{error}");
        assert!(fix.contains("space"), "{fix}");

        let mut line = "exec \"$0\" \"$@\" >&-".to_owned();
        for line in [line.clone(), {
            line.push_str(" <&-");
            line
        }] {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let ran = shell(&line, &words);
            let (error, fix) = last_two(&ran.stderr);
            assert_eq!(ran.code, Some(3), "{words:?}: {}", ran.stderr);
            assert_eq!(error, "error: cannot write to standard output: it is closed");
            assert!(fix.contains("/dev/null"), "{fix}");
        }
    }
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    for words in [
        ["convert", &model, "-o", "/dev/full"].as_slice(),
        &["run", &model, "-i", &input, "-o", "/dev/full"],
    ] {
        let ran = isokern(words);
        let (error, fix) = ran.error_and_fix(3);
        assert!(error.starts_with("cannot write /dev/full: No space"), "{error}");
        assert!(fix.contains("space"), "{fix}");
    }
    // Nothing is lost where nothing is said on a closed standard output, or it is not wanted.
    let ran = shell("\"$0\" convert \"$1\" -o - > /dev/null 2>&1", &[&model]);
    assert_eq!(ran.code, Some(0));
    let ran = shell("\"$0\" convert \"$1\" -o - 1<> /dev/null", &[&model]);
    assert_eq!(ran.code, Some(0));
}

#[test]
fn c10_a_reader_that_has_enough_ends_the_program_by_its_signal() {
    const SIGPIPE: i32 = 13;
    let start = |words: Vec<String>| {
        let mut shell = std::process::Command::new("sh");
        // Processes that other tests are about to start have the reader for a moment.
        shell.args(["-c", "sleep 0.3; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_isokern")]);
        shell.args(&words).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = shell.spawn().expect("there is a shell");
        drop(child.stdout.take());
        (words, child)
    };
    let started: Vec<_> = printing().into_iter().map(start).collect();
    for (words, child) in started {
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!(output.status.signal(), Some(SIGPIPE), "{words:?}: {}", output.status);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("error"), "{words:?}");
    }
}

/// Returns the last two lines: an error and its remedy.
fn last_two(text: &str) -> (&str, &str) {
    let lines: Vec<&str> = text.lines().collect();
    let [.., error, fix] = lines[..] else { panic!("no error and remedy in: {text}") };
    (error, fix)
}
