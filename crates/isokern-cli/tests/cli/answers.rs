//! What `isokern run` says of outputs: values, labels, comparisons, JSON.

use isokern_model::digest;
use isokern_model::encode::set_self_test;
use serde_json::{Value, json};

use crate::drafts::{LEN, addition, bytes, mixed, sums, twice};
use crate::inference::npy;
use crate::program::{Folder, IMAGE, Ran, fixture, fixture_bytes, isokern};

/// A model and the files that it runs on.
struct Sum {
    folder: Folder,
    model: String,
    inputs: [String; 2],
}

/// Two samples of the summands, and what they give.
const LEFT: [i8; 2 * LEN] = [1, 2, 100, -100, 5, -6, 7, 127];
const RIGHT: [i8; 2 * LEN] = [3, -4, 100, -100, 0, 0, -128, 1];

impl Sum {
    fn new() -> Self {
        let folder = Folder::new();
        let model = folder.write("add.ikm", &addition());
        let left = format!("left={}", folder.write("left.i8", &bytes(&LEFT)));
        let right = format!("right={}", folder.write("right.i8", &bytes(&RIGHT)));
        Self { folder, model, inputs: [left, right] }
    }

    fn run(&self, more: &[&str]) -> Ran {
        let [left, right] = &self.inputs;
        isokern(["run", &self.model, "-i", left, "-i", right].iter().chain(more))
    }
}

/// Returns a model with one input and one output of this shape, and what a run of some samples
/// prints.
fn printed(dims: &[u32], values: &[i8]) -> String {
    let folder = Folder::new();
    let model = folder.write("same.ikm", &twice(dims));
    let input = folder.write("x.i8", &bytes(values));
    isokern(["run", &model, "-i", &input]).text().to_owned()
}

/// Returns whether there is a line that is this one.
fn has_line(text: &str, line: &str) -> bool {
    text.lines().any(|found| found == line)
}

#[test]
fn c04_one_value_is_printed() {
    let text = printed(&[1, 1], &[3, -4]);
    for line in ["  input  value (code)", "      0  6.0000 (6)", "      1  -8.0000 (-8)"] {
        assert!(has_line(&text, line), "no {line} in {text}");
    }
}

#[test]
fn c04_the_highest_of_a_thousand_and_more_are_printed() {
    for len in [999, 1000, 1001, 5000] {
        let mut values = vec![-3_i8; len];
        values[len - 1] = 9;
        values[17] = 5;
        let text = printed(&[1, len as u32], &values);
        assert!(has_line(&text, "  input  highest outputs: index (value, code)"), "{text}");
        let line = format!("      0  {} (18.0000, 18)", len - 1);
        assert!(text.contains(&line) && text.contains(" 17 (10.0000, 10)"), "{text}");
    }
}

#[test]
fn c04_a_matrix_is_printed_by_rows() {
    let values: Vec<i8> = (0..2 * 3 * 2 * 2).collect();
    let text = printed(&[1, 3, 2, 2], &values);
    for line in [
        "  input  row        value (code)",
        "      0  [0, 0]     0.0000 (0)      2.0000 (2)",
        "      0  [2, 1]     20.0000 (20)    22.0000 (22)",
        "      1  [1, 1]     36.0000 (36)    38.0000 (38)",
        "    ...  4 more values; --output FILE writes them all",
    ] {
        assert!(has_line(&text, line), "no {line} in {text}");
    }
    let text = printed(&[2, 7], &[1; 14]);
    let line = format!("      0  [1]        {}...", "2.0000 (2)      ".repeat(5));
    let line = line.replace("      ...", " ...");
    assert!(has_line(&text, &line), "no {line} in {text}");
    assert!(has_line(&text, "    ...  4 more values; --output FILE writes them all"), "{text}");
    assert!(text.lines().skip(1).all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn c04_values_that_stand_for_no_real_numbers_are_printed() {
    let folder = Folder::new();
    let model = folder.write("mixed.ikm", &mixed());
    let left = format!("0={}", folder.write("l", &[1; LEN]));
    let right = format!("1={}", folder.write("r", &[2; LEN]));
    let words: Vec<u8> = [7, i32::MIN, 70_000].iter().flat_map(|word| word.to_le_bytes()).collect();
    let words = format!("2={}", folder.write("w", &words));
    let inputs = ["run", &model, "-i", &left, "-i", &right, "-i", &words];
    let ran = isokern(inputs);
    for line in ["  input  value", "      0  7               -2147483648     70000"] {
        assert!(has_line(ran.text(), line), "no {line} in {}", ran.text());
    }
    let ran = isokern(inputs.iter().chain(&["--top", "0"]));
    let line = "output 1 \"copy\": 3x1 int32, --output 1=FILE writes it";
    assert!(has_line(ran.text(), line), "no {line} in {}", ran.text());
}

#[test]
fn labels_name_the_classes() {
    let folder = Folder::new();
    let words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let labels = folder.write("labels.txt", (words.join("\r\n") + "\n\n").as_bytes());
    let input = folder.write("x.i8", &fixture_bytes("vectors/digits.in.i8")[IMAGE..2 * IMAGE]);
    let model = fixture("digits.ikm");
    let run = ["run", &model, "-i", &input, "--labels"];
    let ran = isokern(run.iter().chain(&[labels.as_str(), "--top", "2"]));
    let line = "      0    8 eight (0.9961, 127)  9 nine (0.0039, -127)";
    assert!(has_line(ran.text(), line), "{}", ran.text());

    let refused = |labels: &[u8], code, words: &[&str]| {
        let labels = folder.write("labels.txt", labels);
        let ran = isokern(run.iter().chain(&[labels.as_str()]));
        let (error, fix) = ran.error_and_fix(code);
        for word in words {
            assert!(error.contains(word) || fix.contains(word), "no {word}: {error}: {fix}");
        }
    };
    refused(words[1..].join("\n").as_bytes(), 1, &["9 labels", "10 classes", "background"]);
    refused(b"", 1, &["0 labels"]);
    refused(b"a\n\xFF", 1, &["byte 2 is not UTF-8"]);
    let ran = isokern(run.iter().chain(&["no-labels.txt"]));
    assert!(ran.error_and_fix(3).0.contains("no-labels.txt"), "{}", ran.stderr);
    let ran = isokern(run.iter().chain(&["1=labels.txt", "--labels", &labels]));
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
}

#[test]
fn c11_labels_are_escaped() {
    let folder = Folder::new();
    let hostile = "\u{1b}[2J\u{7}\r\u{202e}x";
    let labels = folder.write("labels", format!("{}\n", [hostile; 10].join("\n")).as_bytes());
    let input = folder.write("x.i8", &fixture_bytes("vectors/digits.in.i8")[..IMAGE]);
    for json in [false, true] {
        let run = ["run", &fixture("digits.ikm"), "-i", &input, "--labels", &labels];
        let ran = isokern(run.iter().chain(if json { &["--json"][..] } else { &[] }));
        assert!(!ran.text().contains(['\u{1b}', '\u{7}', '\r', '\u{202e}']), "{:?}", ran.text());
        if json {
            let report: Value = serde_json::from_str(ran.text()).expect("it prints JSON");
            assert_eq!(report["outputs"][0]["classes"][0][0]["label"], hostile);
        } else {
            assert!(ran.text().contains("\\u{1b}[2J\\u{7}\\r\\u{202e}x ("), "{}", ran.text());
        }
    }
}

#[test]
fn outputs_are_compared_with_what_is_expected() {
    let sum = Sum::new();
    let expected = sums(&LEFT, &RIGHT);
    let wide: Vec<u8> = expected.iter().flat_map(|&value| i64::from(value).to_be_bytes()).collect();
    let real: Vec<u8> = expected.iter().flat_map(|&value| f64::from(value).to_le_bytes()).collect();
    for (name, file) in [
        ("raw", bytes(&expected)),
        ("own.npy", npy("|i1", "(2, 1, 4)", &bytes(&expected))),
        ("wide.npy", npy(">i8", "(2, 4)", &wide)),
        ("real.npy", npy("<f8", "(2, 4)", &real)),
    ] {
        let file = sum.folder.write(name, &file);
        for given in [file.clone(), format!("sum={file}"), format!("0={file}")] {
            let ran = sum.run(&["--expect", &given]);
            let line = format!("expected   8 values of output 0 \"sum\" equal {file}");
            assert!(has_line(ran.text(), &line), "{}", ran.text());
        }
    }

    // Values 2 and 6 of the second sample are other ones.
    let mut other = expected.clone();
    other[LEN + 2] += 3;
    other[LEN + 3] -= 1;
    let (own, real) = (bytes(&other), |value: &i8| f32::from(*value).to_le_bytes());
    let real: Vec<u8> = other.iter().flat_map(real).collect();
    for (name, file) in [
        ("raw", own.clone()),
        ("own.npy", npy("|i1", "(2, 4)", &own)),
        ("real.npy", npy("<f4", "(2, 4)", &real)),
    ] {
        let file = sum.folder.write(name, &file);
        let target = sum.folder.path("out.i8");
        let ran = sum.run(&["--expect", &file, "-o", &target, "-q"]);
        assert_eq!(ran.code, Some(1));
        assert!(sum.folder.read("out.i8") == bytes(&expected), "what there is is written");
        assert_eq!(ran.stdout.len(), 17, "the digest is printed");
        let words = format!(
            "2 of 8 values of output 0 \"sum\" differ from {file}, by up to 3: sample 1 has at \
             [0, 2] the value -121"
        );
        assert!(ran.stderr.contains(&words) && ran.stderr.contains("not -118"), "{}", ran.stderr);
        assert_eq!(sum.run(&["--expect", &file, "--tolerance", "3", "-q"]).code, Some(0));
        assert_eq!(sum.run(&["--expect", &file, "--tolerance", "2.9", "-q"]).code, Some(1));
    }
}

#[test]
fn c01_what_is_expected_has_the_shape_of_the_output() {
    let sum = Sum::new();
    let refused = |name: &str, file: &[u8], words: &str| {
        let file = sum.folder.write(name, file);
        let ran = sum.run(&["--expect", &file]);
        let (error, _) = ran.error_and_fix(1);
        assert!(error.contains(name) && error.contains(words), "{error}");
    };
    refused("t.npy", &npy("|i1", "(4, 2)", &[0; 8]), "the shape 4x2, which is none for 1x4");
    refused("one.npy", &npy("|i1", "(1, 4)", &[0; 4]), "has 1 sample, the run has 2 samples");
    refused("cut", &[0; 7], "7 bytes");
    refused("none", &[], "no bytes");
    refused("c.npy", &npy("<c8", "(2, 4)", &[0; 64]), "<c8");
    let ran = sum.run(&["--expect", "x", "--expect", "0=y"]);
    assert!(ran.error_and_fix(2).0.contains("two files are given for output 0"), "{}", ran.stderr);
    let mixed = sum.folder.write("mixed.ikm", &mixed());
    let ran = isokern(["run", &mixed, "--random", "--expect", "x"]);
    assert!(ran.error_and_fix(2).1.contains("--expect NAME=FILE"), "{}", ran.stderr);
    let ran = sum.run(&["--expect", "x", "--tolerance", "-1"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("it is no number from 0 up"), "{}", ran.stderr);
}

#[test]
fn a_tolerance_is_of_what_is_expected() {
    let ran = Sum::new().run(&["--tolerance", "1"]);
    assert!(ran.error(2).contains("--expect <"), "{}", ran.stderr);
}

#[test]
fn a_difference_without_end_has_no_tolerance() {
    let sum = Sum::new();
    for (name, value) in [("nan", f32::NAN), ("inf", f32::INFINITY)] {
        let values = [value.to_le_bytes(); 2 * LEN].concat();
        let file = sum.folder.write("x.npy", &npy("<f4", "(2, 4)", &values));
        let ran = sum.run(&["--expect", &file]);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.to_lowercase().contains(name), "{}", ran.stderr);
        assert!(ran.stderr.ends_with("\nfix: find out which of both is right\n"), "{}", ran.stderr);
    }
}

#[test]
fn json_has_everything_of_a_run() {
    let sum = Sum::new();
    let reals = [-200.0_f32, 2.0, 100.0, -100.0, 5.0, -6.0, 7.0, 127.0];
    let reals: Vec<u8> = reals.iter().flat_map(|real| real.to_le_bytes()).collect();
    let left = sum.folder.write("reals.npy", &npy("<f4", "(2, 4)", &reals));
    let file = sum.folder.write("expected.npy", &npy("|i1", "(2, 4)", &[0; 2 * LEN]));
    let target = sum.folder.path("out.npy");
    let given = format!("left={left}");
    let run = ["run", &sum.model, "--json", "-i", &given, "-i", &sum.inputs[1], "-o", &target];
    let ran = isokern(run.iter().chain(&["--expect", &file, "--top", "1"]));
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("1 of 8 values are outside"), "{}", ran.stderr);
    let report: Value = serde_json::from_slice(&ran.stdout).expect("it prints JSON");
    let found = [
        ("sample_count", json!(2)),
        ("mode", json!("batch")),
        ("state_bytes", json!(0)),
        ("fallback_reason", json!(null)),
    ];
    for (key, value) in found {
        assert_eq!(report[key], value, "{key}");
    }
    let clipped = |of, below| json!({"of_count": of, "below_count": below, "above_count": 0});
    let input = |name, clipped, source| {
        json!({"name": name, "shape": [1, 4], "dtype": "i8", "scale": 1.0, "zero_point": 0,
            "source": source, "clipped": clipped})
    };
    let source = format!("{left} for input 0 \"left\"");
    assert_eq!(report["inputs"][0], input("left", clipped(8, 1), source));
    let source = format!("{} for input 1 \"right\"", sum.folder.path("right.i8"));
    assert_eq!(report["inputs"][1], input("right", clipped(0, 0), source));
    let values = json!([[-125, -2, 127, -128], [5, -6, -121, 127]]);
    let output = &report["outputs"][0];
    assert_eq!((&output["name"], &output["file"]), (&json!("sum"), &json!(target)));
    assert_eq!(output["values"], values);
    let reals = json!([[-125.0, -2.0, 127.0, -128.0], [5.0, -6.0, -121.0, 127.0]]);
    assert_eq!(output["reals"], reals);
    let class = json!({"class": 2, "label": null, "real": 127.0, "value": 127});
    assert_eq!(output["classes"][0], json!([class]));
    let first = json!({"sample_index": 0, "index": "[0, 0]", "value": -125, "real": null,
        "expected": 0});
    let expected = json!([{"output": "output 0 \"sum\"", "file": file, "compared_count": 8,
        "differing_count": 8, "greatest": 128.0, "first": first}]);
    assert_eq!(report["expected"], expected);
    let times = report["latency"]["times_ns"].as_array().expect("it is a list");
    assert_eq!(times.len(), 2);
    assert!(report["latency"]["max_ns"].as_u64() >= report["latency"]["p50_ns"].as_u64());
    let digest = digest::fnv1a(&[-125, -2, 127, -128, 5, -6, -121, 127]);
    assert_eq!(report["digest"], format!("{digest:016x}"));

    let ran = sum.run(&["--json", "-o", "-"]);
    assert!(ran.error_and_fix(2).0.contains("standard output"), "{}", ran.stderr);
    assert_eq!(sum.run(&["--json", "--quiet"]).code, Some(2));
}

#[test]
fn real_numbers_are_written_on_request() {
    let folder = Folder::new();
    let model = fixture("digits.ikm");
    let images = fixture_bytes("vectors/digits.in.i8");
    let input = folder.write("x.i8", &images);
    let outputs = fixture_bytes("vectors/digits.out.tflm.i8");
    // The outputs have scale 1/256 and zero point -128.
    let real = |byte: &u8| (f32::from(byte.cast_signed()) + 128.0) / 256.0;
    let reals: Vec<u8> = outputs.iter().flat_map(|byte| real(byte).to_le_bytes()).collect();
    for (name, expected) in [("r.npy", npy("<f4", "(32, 10)", &reals)), ("r.f32", reals.clone())] {
        let target = folder.path(name);
        let ran = isokern(["run", &model, "-i", &input, "-o", &target, "--reals"]);
        assert!(ran.text().contains("04de18928f895f4a"), "the digest is that of the bytes");
        assert!(folder.read(name) == expected, "{name}");
    }
    // And they are what the program itself expects of them.
    let target = folder.path("r.npy");
    let ran = isokern(["run", &model, "-i", &input, "--expect", &target]);
    assert!(ran.text().contains("320 values of output 0"), "{}", ran.text());

    let mixed = folder.write("mixed.ikm", &mixed());
    let copy = format!("copy={}", folder.path("copy.npy"));
    let ran = isokern(["run", &mixed, "--random", "-o", &copy, "--reals"]);
    let (error, _) = ran.error_and_fix(1);
    assert!(error.contains("output 1 \"copy\"") && error.contains("no real numbers"), "{error}");
    let ran = isokern(["run", &model, "-i", &input, "--reals"]);
    assert_eq!(ran.code, Some(2), "--reals without --output");
}

#[test]
fn a_generated_sample_is_that_of_its_seed() {
    let sum = Sum::new();
    let mut values = [0; 2 * LEN];
    digest::generate_input(7, &mut values);
    let digest = digest::fnv1a(&sums(&values[..LEN], &values[LEN..]));
    for random in [&["--random", "7"][..], &["--random=7"]] {
        let ran = isokern(["run", &sum.model, "-q"].iter().chain(random));
        assert_eq!(ran.text(), format!("{digest:016x}\n"));
    }
    // Without a seed it is the self-test.
    let mut blob = addition();
    set_self_test(&mut blob, 7, 1).expect("the bytes are a model");
    let model = sum.folder.write("tested.ikm", &blob);
    assert_eq!(isokern(["run", &model, "-q", "--random"]).text(), format!("{digest:016x}\n"));
    let refused: [&[&str]; 4] = [
        &["run", &model, "--random", "0"],
        &["run", &model, "--random", "x"],
        &["run", &model, "--random", "-i", &model],
        &["run", &model],
    ];
    for arguments in refused {
        assert_eq!(isokern(arguments).code, Some(2), "{arguments:?}");
    }
}

#[test]
fn standard_input_is_given_once() {
    let sum = Sum::new();
    let ran = sum.run(&["--expect", "-", "--labels", "-"]);
    assert!(ran.error_and_fix(2).0.contains("standard input"), "{}", ran.stderr);
}

#[test]
fn the_self_test_of_a_model_can_be_run() {
    let folder = Folder::new();
    let ran = isokern(["selftest", &fixture("digits.ikm")]);
    assert!(ran.text().lines().any(|line| line == "passed     plain"), "{}", ran.text());
    assert!(!ran.text().contains("failed"), "{}", ran.text());

    let ran = isokern(["selftest", &folder.write("none.ikm", &addition())]);
    let (error, fix) = ran.error_and_fix(1);
    assert!(error.contains("no self-test") && fix.contains("convert"), "{error}: {fix}");

    let mut blob = addition();
    set_self_test(&mut blob, 3, 5).expect("the bytes are a model");
    let model = folder.write("wrong.ikm", &blob);
    let ran = isokern(["selftest", &model]);
    assert_eq!(ran.code, Some(1));
    let text = String::from_utf8_lossy(&ran.stdout);
    assert!(text.contains("failed     plain: "), "{text}");
    assert!(ran.stderr.contains("not 0000000000000005"), "{}", ran.stderr);
}
