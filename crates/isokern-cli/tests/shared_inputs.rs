//! Files that users brought, beside the repository in `../shared/reports/inputs`, given to the
//! program: each gives what its row says. Public models in `../shared/zoo` give the outputs of
//! TFLite Micro, or are refused with what to do. Without those folders the tests are skipped.
//!
//! `X.tflite` is a model, `X.in.npy` are inputs for it and `X.tflm.npy` what TFLite Micro answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use isokern_model::Model;
use isokern_model::layout::Layout;
use isokern_tests::trials;
use isokern_tests::vectors::other_folder;
use isokern_tests::zoo::{self, NO_ZOO};

/// What a file gives.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// A model that converts and answers as TFLite Micro does.
    Answers,
    /// A model that is refused: words of the error, and words of the remedy.
    Refused(&'static str, &'static str),
    /// An array for a model: it runs, and this is reported on standard error and standard output.
    Runs { model: &'static str, note: &'static str, text: &'static str },
    /// An array for a model that is refused: words of the error, and words of the remedy.
    Unfit { model: &'static str, error: &'static str, fix: &'static str },
}

use Outcome::{Answers, Refused, Runs, Unfit};

/// A model of the repository, for images of 8x8.
const DIGITS: &str = "tests/models/models/digits.tflite";
/// A model beside the repository, for images of 32x32x3.
const IMAGES: &str = "models/ic_resnet8_int8.tflite";
/// A model beside the repository, of one number: a sine.
const SINE: &str = "zoo/models/b8ba5f16-esp-tflite-micro-model.tflite";

/// Why the tests are skipped, where they are.
const NO_INPUTS: &str = "no files of users are beside the repository, in ../shared/reports/inputs";

const FILES: &[(&str, Outcome)] = &[
    ("conv1d_expand_dims.tflite", Answers),
    ("digits_f64.npy", Runs { model: DIGITS, note: "", text: "8 (0.9961, 127)" }),
    (
        "digits_u8.npy",
        Unfit { model: DIGITS, error: "of type `|u1`, is 209: int8 goes from", fix: "floats" },
    ),
    ("float_wrapped.tflite", Answers),
    (
        "hot255_f32.npy",
        Runs { model: DIGITS, note: "64 of 64 values are outside the range", text: "1 input" },
    ),
    ("keras3_dense_1x4x8.tflite", Answers),
    ("keras_dynamic_flatten.tflite", Answers),
    ("lfs_pointer.tflite", Refused("is the pointer that Git LFS", "git lfs pull")),
    ("max_pool.tflite", Answers),
    ("mean_gap.tflite", Answers),
    (
        "nchw.npy",
        Unfit {
            model: IMAGES,
            error: "the shape 2x3x32x32, which is none for 1x32x32x3",
            fix: "x.transpose(0, 2, 3, 1)",
        },
    ),
    ("page.tflite", Refused("is a web page", "download the file itself")),
    ("sine_x.npy", Runs { model: SINE, note: "", text: "1  1.0421 (127)" }),
    ("time_distributed_conv.tflite", Answers),
    ("two_subgraphs.tflite", Answers),
    (
        "wrong.npy",
        Unfit {
            model: IMAGES,
            error: "the shape 64x48, which is none for 1x32x32x3",
            fix: "the axes of the model in their order",
        },
    ),
];

fn main() -> ExitCode {
    let folder = other_folder().join("reports/inputs");
    let missing = (!folder.is_dir()).then_some(NO_INPUTS);
    let of_rows = FILES.iter().map(|&(name, outcome)| {
        let folder = folder.clone();
        trials::trial_unless(missing, format!("shared_input_{name}"), move || {
            check(&folder, name, outcome);
        })
    });
    let rows: Vec<_> = of_rows.collect();
    let complete = trials::trial_unless(missing, "every_shared_input_has_a_row", move || {
        check_complete(&folder);
    });
    let zoo = zoo::rows();
    let missing = zoo.is_empty().then_some(NO_ZOO);
    let count = zoo.len();
    let all = trials::trial_unless(missing, "every_public_model_has_a_test", move || {
        assert_eq!(count, 63);
    });
    let zoo = zoo
        .into_iter()
        .map(|row| trials::trial(format!("public_model_{}", row.id()), move || check_public(&row)));
    trials::run(rows.into_iter().chain([complete, all]).chain(zoo))
}

/// Gives a public model to the program, with its inputs, and panics unless it gives the outputs
/// of TFLite Micro, or refuses those that are refused with what to do. A model with state gives
/// them in both modes, with what every variable holds.
fn check_public(row: &zoo::Row) {
    if row.is_refused() {
        isokern(&["inspect".as_ref(), &row.path()]).check_refused("operator", "");
        isokern(&["convert".as_ref(), &row.path(), "--check".as_ref()]).check_refused("", "");
        return;
    }
    assert_answers(&row.path(), &row.inputs(), &row.outputs());
    if row.sequence {
        let scratch = tempfile::tempdir().expect("a temporary folder");
        check_stream(row, "ring", None);
        check_stream(row, "batch", Some(&scratch.path().join("states.bin")));
    }
}

/// Runs the steps of a model with state, and compares outputs and, where states are written to a
/// file, variables.
fn check_stream(row: &zoo::Row, mode: &str, states: Option<&Path>) {
    let (file, inputs, outputs) = (row.path(), row.inputs(), row.outputs());
    let mut words: Vec<&Path> = vec!["run".as_ref(), &file, "--stream".as_ref()];
    words.extend(["-i".as_ref(), inputs[0].as_path(), "--expect".as_ref(), &outputs[0]]);
    words.extend::<[&Path; 2]>(["--mode".as_ref(), mode.as_ref()]);
    if let Some(states) = states {
        words.extend(["--state".as_ref(), states]);
    }
    let ran = isokern(&words);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains(" equal "), "{}", ran.stdout);
    let Some(states) = states else { return };
    let artifact = row.case().convert(Layout::Row);
    let model = Model::parse(artifact.bytes()).expect("it was just converted");
    let states = fs::read(states).expect("the states are there");
    let states: Vec<Vec<u8>> = states.chunks(model.state_bytes()).map(<[u8]>::to_vec).collect();
    assert_eq!(zoo::variables_in(&model, &states), zoo::variables(row.id()), "{mode}");
}

/// Converts a model, and panics unless it gives these outputs for these inputs, a file for each
/// port.
fn assert_answers(file: &Path, inputs: &[PathBuf], outputs: &[PathBuf]) {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let model = scratch.path().join("m.ikm");
    let converted = isokern(&["convert".as_ref(), file, "-o".as_ref(), &model]);
    assert_eq!(converted.code, Some(0), "{}", converted.stderr);
    let mut words: Vec<PathBuf> = vec!["run".into(), model];
    for (option, files) in [("-i", inputs), ("--expect", outputs)] {
        for (port, file) in files.iter().enumerate() {
            let named = format!("{port}={}", file.display());
            let value = if files.len() > 1 { named.into() } else { file.clone() };
            words.extend([option.into(), value]);
        }
    }
    let words: Vec<&Path> = words.iter().map(PathBuf::as_path).collect();
    let ran = isokern(&words);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.stdout.matches(" equal ").count(), outputs.len(), "{}", ran.stdout);
}

/// Panics unless every file has a row, or is the input or answer of a model that has one.
fn check_complete(folder: &Path) {
    for entry in folder.read_dir().expect("the folder is there") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name in UTF-8");
        let model = [".in.npy", ".tflm.npy"].iter().find_map(|end| name.strip_suffix(end));
        let row = model.map_or_else(|| name.clone(), |model| format!("{model}.tflite"));
        assert!(FILES.iter().any(|(known, _)| *known == row), "{name} has no row");
    }
}

fn check(folder: &Path, name: &str, outcome: Outcome) {
    let file = folder.join(name);
    match outcome {
        Answers => {
            let [input, output] = [file.with_extension("in.npy"), file.with_extension("tflm.npy")];
            assert_answers(&file, &[input], &[output]);
        }
        Refused(error, fix) => {
            isokern(&["inspect".as_ref(), &file]).check_refused(error, fix);
        }
        Runs { model, note, text } => {
            let ran = isokern(&["run".as_ref(), &model_path(model), "-i".as_ref(), &file]);
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
            assert!(ran.stdout.contains(text), "{}", ran.stdout);
            assert_eq!(ran.stderr.is_empty(), note.is_empty(), "{}", ran.stderr);
            assert!(ran.stderr.contains(note), "{}", ran.stderr);
        }
        Unfit { model, error, fix } => {
            let ran = isokern(&["run".as_ref(), &model_path(model), "-i".as_ref(), &file]);
            ran.check_refused(error, fix);
        }
    }
}

/// Returns the path of a model, of the repository or beside it.
fn model_path(model: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = if model == DIGITS { root } else { other_folder() };
    fs::canonicalize(folder.join(model)).expect("the model is there")
}

/// What a run of the program printed and how it ended.
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ran {
    /// Panics unless it was refused with these words in the error and in the remedy.
    fn check_refused(&self, error: &str, fix: &str) {
        assert_eq!(self.code, Some(1), "{}", self.stderr);
        let (first, second) = self.stderr.split_once("\nfix: ").expect("an error and a remedy");
        assert!(first.contains(error), "{first}");
        assert!(second.contains(fix), "{second}");
        assert_eq!(self.stdout, "");
    }
}

fn isokern(words: &[&Path]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_isokern")).args(words).output();
    let output = output.expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
