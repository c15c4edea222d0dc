//! What the CUDA backend says where there is no driver, no real one, an old one, no device.
//!
//! Every situation is a process of its own, with a library that a C compiler makes for it. A
//! panic ends that process, as with `panic = "abort"`. A test whose situation cannot be made
//! here is skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, abort};
use std::{env, panic};

use isokern_core::InferenceError;
use isokern_cuda::CudaBackend;
use isokern_tests::standin::library_path;
use isokern_tests::trials;
use libtest_mimic::Failed;

/// Set in the processes that look for a device.
const CHILD: &str = "ISOKERN_DETECTION_CHILD";

/// A library that answers some calls in a way of its own.
struct Fake {
    name: &'static str,
    /// Functions, in C.
    answers: &'static str,
    /// A function that it lacks.
    missing: Option<&'static str>,
    /// What the error has to say.
    expected: &'static [&'static str],
}

const FAKES: &[Fake] = &[
    Fake {
        name: "a_stub_library_is_told",
        answers: "int cuInit(unsigned flags) { return 34; }",
        missing: None,
        expected: &["StubLibrary", "`stubs`", "code 0x401"],
    },
    Fake {
        name: "a_missing_function_is_named",
        answers: "",
        missing: Some("cuGraphLaunch"),
        expected: &["MissingSymbol", "cuGraphLaunch", "update the driver", "code 0x402"],
    },
    Fake {
        name: "no_device_is_told_by_cu_init",
        answers: "int cuInit(unsigned flags) { return 100; }",
        missing: None,
        expected: &["NoDevice", "nvidia-smi", "code 0x403"],
    },
    Fake {
        name: "no_device_is_told_by_the_count",
        answers: "int cuDriverGetVersion(int *v) { *v = 12080; return 0; }\n\
                  int cuDeviceGetCount(int *count) { *count = 0; return 0; }",
        missing: None,
        expected: &["NoDevice", "code 0x403"],
    },
    Fake {
        name: "an_old_driver_is_told_with_both_releases",
        answers: "int cuDriverGetVersion(int *v) { *v = 10020; return 0; }",
        missing: None,
        expected: &["DriverTooOld", "release 10.2", "needs 11.4", "code 0x405"],
    },
    Fake {
        name: "an_old_device_is_told_with_both_capabilities",
        answers: "int cuDriverGetVersion(int *v) { *v = 12080; return 0; }\n\
                  int cuDeviceGetCount(int *count) { *count = 1; return 0; }\n\
                  int cuDeviceGetAttribute(int *v, int which, int device) {\n\
                      *v = which == 75 ? 6 : 1; return 0; }",
        missing: None,
        expected: &["DeviceTooOld", "capability 6.1", "needs 7.5", "code 0x406"],
    },
    Fake {
        name: "another_code_of_cu_init_is_passed_on",
        answers: "int cuInit(unsigned flags) { return 803; }",
        missing: None,
        expected: &["cuInit", "803", "differ in version", "code 0x4"],
    },
    Fake {
        name: "a_code_nobody_knows_is_passed_on_as_a_number",
        answers: "int cuInit(unsigned flags) { return 999; }",
        missing: None,
        expected: &["cuInit", "CUDA_ERROR_UNKNOWN", "code 0x4"],
    },
];

fn main() -> ExitCode {
    if env::var_os(CHILD).is_some() {
        return look();
    }
    let compiler = Command::new("cc").arg("--version").output().is_ok();
    let no_compiler = (!compiler).then_some("there is no C compiler `cc` to make libraries with");
    let standin = library_path().is_file();
    let no_standin = (!standin).then_some("the stand-in is not built");
    let system = run(&[]).is_ok_and(|said| !said.contains("NoLibrary"));
    let library = system.then_some("this machine has a driver library, and none must be found");
    let trial = |missing, name, test: fn() -> Result<(), Failed>| {
        trials::trial_unless(missing, name, move || finish(test()))
    };
    let fakes = FAKES
        .iter()
        .map(|fake| trials::trial_unless(no_compiler, fake.name, || finish(check(fake))));
    let others = [
        trial(library, "no_library_is_told", no_library),
        trial(library, "c12_a_library_that_does_not_load_is_told_with_the_reason", no_code),
        trial(
            library.or(no_compiler),
            "c12_a_library_that_the_driver_needs_in_turn_is_named",
            no_other_library,
        ),
        trial(no_standin, "no_device_of_the_standin_is_told", simulated_no_device),
        trial(no_standin, "a_driver_older_than_the_ptx_is_told", simulated_old_driver),
        trial(no_standin, "a_device_of_the_standin_is_found", simulated_device),
    ];
    trials::run(fakes.chain(others))
}

/// Panics with what failed.
fn finish(result: Result<(), Failed>) {
    if let Err(failed) = result {
        panic!("{}", failed.message().unwrap_or_default());
    }
}

/// Returns the child: looks for a device and says what it found.
fn look() -> ExitCode {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |what| {
        report(what);
        abort();
    }));
    match CudaBackend::new(0) {
        Ok(_) => println!("found"),
        Err(error) => println!("{error:?}\n{error}\n{}", InferenceError::from(&error)),
    }
    ExitCode::SUCCESS
}

/// Returns what a child says with these variables, and no library but the system's otherwise.
fn run(variables: &[(&str, &Path)]) -> Result<String, Failed> {
    let mut child = Command::new(env::current_exe()?);
    child.env(CHILD, "1").env_remove("LD_LIBRARY_PATH").envs(variables.iter().copied());
    let output = child.output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    Err(format!("{}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}

fn expect(said: &str, expected: &[&str]) -> Result<(), Failed> {
    let remedy = ["Fix: "];
    match expected.iter().chain(&remedy).find(|part| !said.contains(**part)) {
        None => Ok(()),
        Some(part) => Err(format!("`{part}` is not in: {said}").into()),
    }
}

fn check(fake: &Fake) -> Result<(), Failed> {
    let folder = build(fake)?;
    expect(&run(&[("LD_LIBRARY_PATH", &folder)])?, fake.expected)
}

fn no_library() -> Result<(), Failed> {
    expect(&run(&[])?, &["NoLibrary", "install NVIDIA's driver", "code 0x400"])
}

/// Tries files that are no libraries, under either name.
fn no_code() -> Result<(), Failed> {
    let cases: [(&str, &[u8], &str); 3] = [
        ("libcuda.so", b"", "file too short"),
        ("libcuda.so.1", &[b'a'; 4096], "invalid ELF header"),
        ("libcuda.so", b"\x7fELF", "file too short"),
    ];
    for (index, (name, bytes, reason)) in cases.into_iter().enumerate() {
        let folder = folder(&format!("no_code_{index}"))?;
        fs::write(folder.join(name), bytes)?;
        let said = run(&[("LD_LIBRARY_PATH", &folder)])?;
        expect(&said, &["LibraryNotLoaded", "is there and does not load", name, reason])?;
        expect(&said, &["install NVIDIA's driver", "code 0x40b"])?;
    }
    Ok(())
}

/// Checks a library that needs one which is not there.
fn no_other_library() -> Result<(), Failed> {
    let folder = folder("no_other_library")?;
    fs::write(folder.join("none.c"), "int answer(void) { return 42; }\n")?;
    fs::write(folder.join("cuda.c"), "int answer(void); int cuInit(void) { return answer(); }\n")?;
    let built = |output: &str, arguments: &[&str]| -> Result<(), Failed> {
        let mut compiler = Command::new("cc");
        compiler.current_dir(&folder).args(["-shared", "-fPIC", "-o", output]).args(arguments);
        let built = compiler.output()?;
        let said = || String::from_utf8_lossy(&built.stderr).into_owned();
        if built.status.success() { Ok(()) } else { Err(said().into()) }
    };
    built("libnvgone.so", &["none.c"])?;
    built("libcuda.so", &["cuda.c", "-Wl,--no-as-needed", "-L.", "-lnvgone"])?;
    fs::remove_file(folder.join("libnvgone.so"))?;
    let said = run(&[("LD_LIBRARY_PATH", &folder)])?;
    expect(&said, &["LibraryNotLoaded", "libnvgone.so", "No such file"])
}

fn simulated_no_device() -> Result<(), Failed> {
    let folder = standin("none")?;
    let said = run(&[("LD_LIBRARY_PATH", &folder), ("ISOKERN_SIM_DEVICES", Path::new("0"))])?;
    expect(&said, &["NoDevice"])
}

fn simulated_old_driver() -> Result<(), Failed> {
    let folder = standin("old")?;
    let said = run(&[("LD_LIBRARY_PATH", &folder), ("ISOKERN_SIM_DRIVER", Path::new("11040"))])?;
    expect(&said, &["DriverTooOld", "release 11.4", "needs 11.8"])
}

fn simulated_device() -> Result<(), Failed> {
    let folder = standin("found")?;
    let said = run(&[("LD_LIBRARY_PATH", &folder)])?;
    if said.trim() == "found" { Ok(()) } else { Err(said.into()) }
}

/// Returns a folder with the stand-in under the name that programs look for.
fn standin(name: &str) -> Result<PathBuf, Failed> {
    let folder = folder(name)?;
    fs::copy(library_path(), folder.join("libcuda.so"))?;
    Ok(folder)
}

fn folder(name: &str) -> Result<PathBuf, Failed> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("detection").join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Builds a library with every function the backend looks up; those without an answer of their
/// own succeed and do nothing.
fn build(fake: &Fake) -> Result<PathBuf, Failed> {
    let folder = folder(fake.name)?;
    let mut source = format!("{}\n", fake.answers);
    for symbol in symbols()? {
        let answered = fake.answers.contains(&format!("int {symbol}("));
        if !answered && fake.missing != Some(symbol.as_str()) {
            source += &format!("int {symbol}(void) {{ return 0; }}\n");
        }
    }
    let file = folder.join("fake.c");
    fs::write(&file, source)?;
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-w", "-o"]).arg(folder.join("libcuda.so")).arg(&file);
    let built = compiler.output()?;
    if built.status.success() {
        return Ok(folder);
    }
    Err(String::from_utf8_lossy(&built.stderr).into_owned().into())
}

/// Returns the functions that the backend looks up, from its source.
fn symbols() -> Result<Vec<String>, Failed> {
    let file = "../crates/isokern-cuda/src/driver/library.rs";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file))?;
    let quoted = text.split('"').skip(1).step_by(2).filter(|name| name.starts_with("cu"));
    let mut symbols: Vec<String> = quoted.map(str::to_owned).collect();
    symbols.sort();
    symbols.dedup();
    if symbols.len() < 30 {
        return Err(format!("only {} functions in {file}", symbols.len()).into());
    }
    Ok(symbols)
}
