//! `cargo xtask bundle`: one folder that tests and measures on a GPU machine without Rust.
//!
//! `docs/bundle.md` says what is in it and how it is used. The stand-in for a driver is not.

mod folder;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::process;
use crate::ptx::actors;
use crate::repository;
use crate::standin;
use folder::Folder;

/// Bytes that all files together may have.
const BYTES_MAX: u64 = 60_000_000;
/// The models that are measured: this one, and those of the reference folder.
const DIGITS: &str = "digits";

/// How the device code that is not shipped is built: with what is only measured.
const DEVICE_CODE: [&str; 3] = ["--unchecked", "--features", "measured"];

/// What the table of the stage must have: what the device is, rows that need device code which is
/// not shipped, and a model by each way to run it.
const STAGE_WORDS: [&str; 9] = [
    "simulated",
    "| round trip | an echo that stays |",
    "| link | a message passed on |",
    "| round trip | an empty task |",
    "| empty, 1 worker |",
    "| 5 us, 4 workers |",
    "| 1 us, a graph of 100 launches |",
    "| one inference | digits, a task |",
    "| one inference | digits, a graph each |",
];

/// What `cargo xtask bundle` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where the folder is made; an earlier bundle there is replaced [default: target/bundle].
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// Builds the programs and fills the folder.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    make(arguments.output.as_deref(), Profile::Release)
}

/// Fills the folder with programs of this profile.
fn make(output: Option<&Path>, profile: Profile) -> Result<(), Failure> {
    let output = output.map(Path::to_owned);
    let output = output.unwrap_or_else(|| repository::target_dir().join("bundle"));
    let programs = Programs::build(profile)?;
    let mut folder = Folder::make(&output)?;
    for (name, program) in [
        ("isokern", &programs.isokern),
        ("gpu-probes", &programs.probes),
        ("cuda-tests", &programs.tests),
    ] {
        let to = folder.place(&format!("bin/{name}"))?;
        strip(program, &to)?;
    }
    let root = repository::root();
    for (file, name) in [
        ("run.sh", "run.sh"),
        ("peers.py", "peers.py"),
        ("launch_twin.c", "launch_twin.c"),
        ("bundle-readme.txt", "README.txt"),
    ] {
        folder.copy(&root.join("tests/gpu").join(file), name)?;
    }
    let device_code = actors::build_suite("bundled-actors", &DEVICE_CODE)?;
    for file in folder::files(&device_code)?.iter().filter(|file| file.ends_with(".ptx")) {
        folder.copy(&device_code.join(file), &format!("actors/{file}"))?;
    }
    add_models(&mut folder, &root.join("tests/models"), "own", |name| name == DIGITS)?;
    match reference() {
        Some(reference) => add_models(&mut folder, &reference, "reference", |_| true)?,
        None => println!("without the reference models: set ISOKERN_VECTORS to their folder"),
    }
    let bytes = folder.finish()?;
    println!("{}: {:.1} MB", output.display(), bytes as f64 / 1e6);
    check_size(bytes)
}

/// Runs the check stage: makes the bundle of the programs that other stages have built, and runs
/// all of it on the stand-in, which says in the table that the device is simulated.
pub(crate) fn run_stage() -> Result<(), Failure> {
    make(None, Profile::Dev)?;
    let driver = standin::folder()?;
    let folder = repository::target_dir().join("bundle");
    let mut script = Command::new(folder.join("run.sh"));
    script.current_dir(&folder).arg("--quick").env("LD_LIBRARY_PATH", driver.join("lib64"));
    let table = process::output_or_message(&mut script)?;
    print!("{table}");
    for needed in STAGE_WORDS {
        if !table.contains(needed) {
            return Err(Failure::Check(format!("the bundle's table has no `{needed}`")));
        }
    }
    Ok(())
}

/// What is carried, as cargo built it.
struct Programs {
    isokern: PathBuf,
    probes: PathBuf,
    tests: PathBuf,
}

/// How programs are built, by cargo's name for it.
#[derive(Clone, Copy)]
enum Profile {
    /// What a bundle is made of.
    Release,
    /// What the tests are made of, with the features of the whole workspace: built already.
    Dev,
}

impl Profile {
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Release => &["--release"],
            Self::Dev => &["--workspace", "--all-features"],
        }
    }

    const fn folder(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "debug",
        }
    }
}

impl Programs {
    fn build(profile: Profile) -> Result<Self, Failure> {
        let mut cargo = process::cargo();
        cargo.arg("build").args(profile.words());
        process::run(cargo.args(["--bin", "isokern", "--package", "isokern-cli"]))?;
        let mut cargo = process::cargo();
        cargo.args(["test", "--no-run", "--package", "isokern-tests"]).args(profile.words());
        cargo.args(["--test", "cuda", "--message-format", "json-render-diagnostics"]);
        let messages = process::output_or_message(&mut cargo)?;
        let tests = executable(&messages, "cuda")?;
        // Tests of a package come with its programs.
        let probes = executable(&messages, "gpu-probes")?;
        let isokern = repository::target_dir().join(profile.folder()).join("isokern");
        Ok(Self { isokern, probes, tests })
    }
}

/// Returns the program of a target in cargo's messages, one JSON object a line.
fn executable(messages: &str, target: &str) -> Result<PathBuf, Failure> {
    let mut built = process::built(messages).filter(|built| built["target"]["name"] == target);
    let path = built.find_map(|built| built["executable"].as_str().map(PathBuf::from));
    path.ok_or_else(|| Failure::Check(format!("cargo named no program for the target {target}")))
}

/// Copies a program without its symbols.
fn strip(program: &Path, to: &Path) -> Result<(), Failure> {
    let mut strip = Command::new("strip");
    process::run_quietly(strip.arg("-s").arg("-o").arg(to).arg(program)).map_err(|failure| {
        match failure {
            Failure::Build(isokern_ptx::Error::Start { .. }) => {
                Failure::Missing { what: "strip", how: "run `apt-get install binutils`".to_owned() }
            }
            failure => failure,
        }
    })
}

/// Adds a folder of vectors for the tests, and packs the models of it that are measured.
fn add_models(
    folder: &mut Folder,
    from: &Path,
    name: &str,
    is_measured: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    for file in folder::files(&from.join("vectors"))? {
        if is_vector(&file) {
            folder.copy(&from.join("vectors").join(&file), &format!("{name}/vectors/{file}"))?;
        }
    }
    for file in folder::files(&from.join("models"))? {
        let Some(model) = int8_model(&file) else { continue };
        let source = from.join("models").join(&file);
        folder.copy(&source, &format!("{name}/models/{file}"))?;
        if is_measured(model) {
            pack(folder, &source, model)?;
            let inputs = from.join("vectors").join(format!("{model}.in.i8"));
            folder.copy(&inputs, &format!("inputs/{model}.i8"))?;
        }
    }
    Ok(())
}

/// Converts a model and describes it, with the program that is carried.
fn pack(folder: &mut Folder, source: &Path, model: &str) -> Result<(), Failure> {
    let packed = format!("models/{model}.ikm");
    let description = format!("models/{model}.json");
    let to = folder.place(&packed)?;
    let source = source.canonicalize();
    let source = source.map_err(|source| Failure::Path { path: to.clone(), source })?;
    process::output_or_message(
        folder.program("isokern").arg("convert").arg(source).arg("-o").arg(&packed),
    )?;
    let text =
        process::output_or_message(folder.program("isokern").args(["inspect", &packed, "--json"]))?;
    folder.write(&description, &text)
}

/// Returns the folder of reference models: what `ISOKERN_VECTORS` names, else `shared` beside the
/// repository; none where it is not there.
fn reference() -> Option<PathBuf> {
    let named = std::env::var_os("ISOKERN_VECTORS").map(PathBuf::from);
    let folder = repository::root().join(named.unwrap_or_else(|| "../shared".into()));
    folder.join("vectors/manifest.json").is_file().then_some(folder)
}

/// Returns whether the tests read this file of a folder of vectors.
fn is_vector(file: &str) -> bool {
    file.ends_with(".i8") || ["manifest.json", "layers.json"].contains(&file)
}

/// Returns the name of the model in this file, unless it is another kind of file or a float model.
fn int8_model(file: &str) -> Option<&str> {
    file.strip_suffix(".tflite").filter(|name| !name.contains("fp32"))
}

fn check_size(bytes: u64) -> Result<(), Failure> {
    if bytes <= BYTES_MAX {
        return Ok(());
    }
    Err(Failure::Check(format!(
        "the bundle has {bytes} bytes, more than {BYTES_MAX}; carry fewer models"
    )))
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, check_size, executable, int8_model, is_vector};

    #[test]
    fn a_bundle_that_is_too_large_is_refused() {
        assert!(check_size(BYTES_MAX).is_ok());
        let refused = check_size(BYTES_MAX + 1).map_err(|failure| failure.to_string());
        assert!(refused.is_err_and(|text| text.contains("60000001 bytes")));
    }

    #[test]
    fn float_models_and_other_files_stay_behind() {
        assert_eq!(int8_model("kws_int8.tflite"), Some("kws_int8"));
        assert_eq!(int8_model("kws_fp32.tflite"), None);
        assert_eq!(int8_model("kws_int8.onnx"), None);
        assert!(is_vector("a.in.i8") && is_vector("manifest.json"));
        assert!(!is_vector("README.md") && !is_vector("a.in.f32"));
    }

    #[test]
    fn programs_are_found_in_cargo_s_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"cuda"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"cuda"},"executable":"t/cuda-1"}"#,
        );
        assert!(executable(messages, "cuda").is_ok_and(|path| path.ends_with("cuda-1")));
        assert!(executable(messages, "gpu-probes").is_err());
    }
}
