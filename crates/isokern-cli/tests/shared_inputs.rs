//! Files that users brought, beside the repository in `../shared/reports/inputs`, given to the
//! program: each gives what its row says. Public models in `../shared/zoo` give the outputs of
//! TFLite Micro, or are refused with what to do. Without those folders the tests are skipped.
//!
//! `X.tflite` is a model, `X.in.npy` are inputs for it and `X.tflm.npy` what TFLite Micro answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use isokern_tests::trials;
use isokern_tests::vectors::other_folder;

/// What a file gives.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// A model that converts and answers as TFLite Micro does.
    Answers,
    /// A model that is refused: words of the error, and words of the remedy.
    Refused(&'static str, &'static str),
    /// An array for a model: it runs, and this is told on standard error and standard output.
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
const NO_ZOO: &str = "no public models are beside the repository, in ../shared/zoo";

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
    let zoo = other_folder().join("zoo");
    let missing = (!zoo.join("manifest.json").is_file()).then_some(NO_ZOO);
    let zoo = trials::trial_unless(missing, "every_zoo_model_answers_or_has_a_remedy", move || {
        check_zoo(&zoo);
    });
    trials::run(rows.into_iter().chain([complete, zoo]))
}

/// Gives public models to the program, each with its inputs, and panics unless it gives the outputs
/// of TFLite Micro, or refuses the model with what to do. Models once converted stay so.
fn check_zoo(zoo: &Path) {
    let manifest = fs::read_to_string(zoo.join("manifest.json")).expect("the manifest is there");
    let rows: serde_json::Value = serde_json::from_str(&manifest).expect("it is JSON");
    let rows = rows.as_array().expect("a list of models");
    let mut answering = 0;
    for row in rows {
        let text = |key: &str| row[key].as_str().expect("a text");
        let (name, model) = (text("name"), zoo.join("models").join(text("file")));
        let ports = |side: &str| 0..row[side].as_array().expect("a list").len();
        let vector = |end: String| zoo.join("vectors").join(format!("{name}.{end}.npy"));
        let inputs: Vec<_> = ports("inputs").map(|at| vector(format!("in{at}"))).collect();
        let outputs: Vec<_> = ports("outputs").map(|at| vector(format!("out{at}.tflm"))).collect();
        let is_stream = row["sequence"] == true;
        let ran = isokern(&["inspect".as_ref(), &model]);
        if ran.code == Some(0) || row["converts_before"] == true {
            assert_answers(&model, &inputs, &outputs, is_stream);
            answering += 1;
        } else {
            ran.check_refused(name, "");
        }
    }
    println!("{answering} of {} models give the outputs of TFLite Micro", rows.len());
}

/// Converts a model, and panics unless it gives these outputs for these inputs.
fn assert_answers(file: &Path, inputs: &[PathBuf], outputs: &[PathBuf], is_stream: bool) {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let model = scratch.path().join("m.ikm");
    let converted = isokern(&["convert".as_ref(), file, "-o".as_ref(), &model]);
    assert_eq!(converted.code, Some(0), "{}", converted.stderr);
    let mut words: Vec<PathBuf> = vec!["run".into(), model];
    if is_stream {
        words.push("--stream".into());
    }
    for (option, paths) in [("-i", inputs), ("--expect", outputs)] {
        for (position, path) in paths.iter().enumerate() {
            words.extend([option.into(), format!("{position}={}", path.display()).into()]);
        }
    }
    let ran = isokern(&words.iter().map(PathBuf::as_path).collect::<Vec<_>>());
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
            assert_answers(&file, &[input], &[output], false);
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

/// The path of a model, of the repository or beside it.
fn model_path(model: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = if model == DIGITS { root } else { other_folder() };
    fs::canonicalize(folder.join(model)).expect("the model is there")
}

/// What a run of the program left behind.
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
