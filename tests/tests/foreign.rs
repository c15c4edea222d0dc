//! Checks the answers that `foreign/kernels.rs` expects against a run of the same sources on the
//! host: a C++ compiler builds `fixtures/foreign/cuda/*.cu` with one host thread for each thread of
//! a block (`fixtures/foreign/host`). The PTX itself is not read here beyond the names of its
//! entries.

#[path = "foreign/kernels.rs"]
mod kernels;

use kernels::{Argument, Case};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SOURCES: [&str; 7] =
    ["atomics", "floats", "integers", "intrinsics", "reduce", "tiles", "warps"];
const COMPILERS: usize = 3;

/// Builds `run` from the sources and returns its path.
fn build() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/foreign");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign");
    fs::create_dir_all(&out).expect("the target folder is writable");
    for source in SOURCES {
        let name = format!("{source}.cu");
        let text = fs::read_to_string(folder.join("cuda").join(&name)).expect("a source is there");
        fs::write(out.join(&name), sized(&text)).expect("the target folder is writable");
    }
    let program = out.join("run");
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let built = Command::new(&compiler)
        .args(["-std=c++20", "-O1", "-ffp-contract=off", "-fwrapv", "-pthread", "-I"])
        .arg(&out)
        .arg(folder.join("host/run.cpp"))
        .arg("-o")
        .arg(&program)
        .output()
        .unwrap_or_else(|error| panic!("{compiler}: {error}. Fix: install a C++20 compiler"));
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    program
}

/// Gives dynamic shared memory, which has no size in CUDA, 48 KiB of 4-byte words.
fn sized(text: &str) -> String {
    let line = |line: &str| match line.contains("extern __shared__") {
        true => line.replace("extern __shared__", "static").replace("[]", "[12288]") + "\n",
        false => line.to_owned() + "\n",
    };
    text.lines().map(line).collect()
}

/// Returns the buffers of a case, one after another, after `run` has run it.
fn run(program: &Path, case: &Case) -> Vec<u8> {
    let size = |[x, y, z]: [u32; 3]| [x, y, z].map(|length| length.to_string());
    let mut child = Command::new(program)
        .arg(case.entry)
        .args(size(case.grid))
        .args(size(case.block))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program that was just built starts");
    let mut input = Vec::new();
    for argument in &case.arguments {
        let (kind, bytes) = match argument {
            Argument::Buffer { bytes, .. } => (b'b', bytes),
            Argument::Scalar(bytes) => (b's', bytes),
        };
        input.push(kind);
        input.extend((bytes.len() as u64).to_le_bytes());
        input.extend(bytes);
    }
    let mut pipe = child.stdin.take().expect("standard input is a pipe");
    pipe.write_all(&input).expect("the program reads its input");
    drop(pipe);
    let output = child.wait_with_output().expect("the program ends");
    assert!(output.status.success(), "{}: {}", case.entry, output.status);
    output.stdout
}

/// Returns what `run` must write, buffer by buffer.
fn expected(case: &Case) -> Vec<&[u8]> {
    case.arguments
        .iter()
        .filter_map(|argument| match argument {
            Argument::Buffer { bytes, expected } => Some(expected.as_deref().unwrap_or(bytes)),
            Argument::Scalar(_) => None,
        })
        .collect()
}

#[test]
fn every_expected_answer_is_what_the_sources_compute() {
    let program = build();
    // The answers do not depend on the compiler of the PTX: one case an entry is enough.
    let mut cases = kernels::all();
    cases.sort_by_key(|case| case.entry);
    cases.dedup_by_key(|case| case.entry);
    for case in &cases {
        let found = run(&program, case);
        let mut rest = found.as_slice();
        for (index, expected) in expected(case).into_iter().enumerate() {
            assert!(rest.len() >= expected.len(), "{}: too few bytes", case.entry);
            let (buffer, after) = rest.split_at(expected.len());
            let differs = buffer.iter().zip(expected).position(|(a, b)| a != b);
            assert_eq!(differs, None, "{}: byte of buffer {index}", case.entry);
            rest = after;
        }
        assert!(rest.is_empty(), "{}: too many bytes", case.entry);
    }
}

#[test]
fn every_entry_of_every_file_has_a_case() {
    let cases = kernels::all();
    for case in &cases {
        let start = format!(".visible .entry {}(", case.entry);
        assert!(case.ptx.contains(&start), "{} has no {}", case.file, case.entry);
        assert!(case.shared <= 48 << 10 && !case.arguments.is_empty(), "{}", case.entry);
    }
    let mut files: Vec<_> = cases.iter().map(|case| (case.file, case.ptx)).collect();
    files.dedup();
    assert_eq!(files.len(), COMPILERS * SOURCES.len());
    for (file, ptx) in files {
        assert!(!ptx.contains(".extern .func"), "{file}: nothing defines a function it calls");
        let entries = ptx.matches(".entry").count();
        let covered = cases.iter().filter(|case| case.file == file).count();
        assert_eq!(covered, entries, "{file}");
    }
}
