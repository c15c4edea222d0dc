//! `isokern run` and `isokern bench` with models of several inputs and outputs.

use isokern_model::digest;
use isokern_model::encode::set_self_test;
use serde_json::{Value, json};

use crate::drafts::{HOSTILE, LEN, addition, bytes, mixed, sums};
use crate::inference::npy;
use crate::program::{Folder, isokern};

/// Two samples of the summands.
const LEFT: [i8; 2 * LEN] = [1, 2, 100, -100, 5, -6, 7, 127];
const RIGHT: [i8; 2 * LEN] = [3, -4, 100, -100, 0, 0, -128, 1];
/// Two samples of three values.
const WORDS: [i32; 6] = [0, -1, 70_000, i32::MIN, i32::MAX, 5];

fn words(bytes_of: fn(i32) -> [u8; 4]) -> Vec<u8> {
    WORDS.iter().flat_map(|word| bytes_of(*word)).collect()
}

/// Returns the digest of the two samples of [`mixed`]: sums and words, sample after sample.
fn digest_of_mixed() -> String {
    let (sums, words) = (sums(&LEFT, &RIGHT), words(i32::to_le_bytes));
    let words: Vec<i8> = words.iter().map(|byte| byte.cast_signed()).collect();
    let samples = sums.chunks(LEN).zip(words.chunks(12));
    let packed: Vec<i8> = samples.flat_map(|(sum, word)| [sum, word].concat()).collect();
    format!("{:016x}\n", digest::fnv1a(&packed))
}

#[test]
fn inputs_are_given_by_name_and_by_index() {
    let folder = Folder::new();
    let model = folder.write("add.ikm", &addition());
    let left = folder.write("left.i8", &bytes(&LEFT));
    let right = folder.write("rate=1.npy", &npy("|i1", "(2, 4)", &bytes(&RIGHT)));
    let target = folder.path("sum.i8");
    let expected = bytes(&sums(&LEFT, &RIGHT));
    for [one, other] in [["left=", "right="], ["0=", "1="], ["0=", "right="]] {
        for swapped in [false, true] {
            let mut files = [format!("{one}{left}"), format!("{other}{right}")];
            if swapped {
                files.swap(0, 1);
            }
            for mode in ["batch", "ring"] {
                let run = ["run", &model, "-i", &files[0], "-i", &files[1], "-o", &target];
                let ran = isokern(run.iter().chain(&["--mode", mode]));
                assert!(ran.text().contains("2 samples of 2 inputs, each gives 1x4 int8"));
                assert!(folder.read("sum.i8") == expected, "{files:?}, {mode}");
            }
        }
    }
}

#[test]
fn outputs_of_two_types_are_written_and_shown_by_name() {
    let folder = Folder::new();
    let model = folder.write("mixed.ikm", &mixed());
    let left = format!("left={}", folder.write("left.i8", &bytes(&LEFT)));
    let right = format!("right={}", folder.write("right.i8", &bytes(&RIGHT)));
    let arrays = [
        ("raw", words(i32::to_le_bytes)),
        ("little.npy", npy("<i4", "(2, 3)", &words(i32::to_le_bytes))),
        ("big.npy", npy(">i4", "(2, 3)", &words(i32::to_be_bytes))),
    ];
    for (file, array) in arrays {
        let third = format!("2={}", folder.write(file, &array));
        let inputs = ["run", &model, "-i", &left, "-i", &right, "-i", &third];
        for mode in ["batch", "ring"] {
            let quiet = isokern(inputs.iter().chain(&["--quiet", "--mode", mode]));
            assert_eq!(quiet.text(), digest_of_mixed(), "{file}, {mode}");
        }
        let sum = format!("sum={}", folder.path("sum.npy"));
        let copy = format!("1={}", folder.path("copy.npy"));
        let ran = isokern(inputs.iter().chain(&["-o", &copy, "-o", &sum, "--top", "1"]));
        assert!(folder.read("sum.npy") == npy("|i1", "(2, 4)", &bytes(&sums(&LEFT, &RIGHT))));
        assert!(folder.read("copy.npy") == npy("<i4", "(2, 3, 1)", &words(i32::to_le_bytes)));
        for line in [
            "input 0 \"left\": 1x4 int8",
            "input 2 \"raw\\u{1b}[2J\": 1x3 int32",
            "output 0 \"sum\": 1x4 int8",
            // 100 + 100 is cut to 127.
            "      0    2 (127.0000, 127)",
            "output 1 \"copy\": 3x1 int32",
            "      0  0               -1              70000",
        ] {
            assert!(ran.text().lines().any(|found| found == line), "no {line} in {}", ran.text());
        }
        assert_eq!(ran.text().matches("written ").count(), 2, "{}", ran.text());
        assert!(!ran.text().contains('\u{1b}'), "a name moves the cursor: {:?}", ran.text());
        let one = isokern(inputs.iter().chain(&["-o", "copy=-"]));
        assert!(one.stdout == words(i32::to_le_bytes), "{}", one.stderr);
    }
}

#[test]
fn files_that_do_not_match_the_inputs_are_refused() {
    let folder = Folder::new();
    let model = folder.write("add.ikm", &addition());
    let file = folder.write("x.i8", &bytes(&LEFT));
    let by = |key: &str| format!("{key}={file}");
    let list = "input 0 \"left\": 1x4 int8, input 1 \"right\": 1x4 int8";
    let refused = |given: &[&str], code, words: &[&str], remedy: &str| {
        let given = given.iter().flat_map(|given| ["--input", *given]);
        let ran = isokern(["run", &model].into_iter().chain(given));
        let (error, fix) = ran.error_and_fix(code);
        for word in words {
            assert!(error.contains(word), "no {word} in {error}");
        }
        assert!(fix.contains(remedy), "no {remedy} in {fix}");
    };
    refused(&[&file], 2, &["does not say which input it is for", list], &by("--input 0"));
    refused(&[&by("midst")], 2, &["no input", "midst", list], "--input NAME=FILE");
    refused(&[&by("2")], 2, &["no input", list], "--input INDEX=FILE");
    let words = ["no file is given for input 1 \"right\"", list];
    refused(&[&by("left")], 2, &words, "--input 1=FILE");
    let words = ["two files are given for input 0 \"left\""];
    refused(&[&by("left"), &by("0")], 2, &words, "pass one of them");
    refused(&["left=-", "right=-"], 2, &["- is given for two inputs"], "a file of its own");
    let half = format!("right={}", folder.write("half.i8", &bytes(&LEFT[..LEN])));
    let words = ["input 0 \"left\" has 2 samples", "input 1 \"right\" has 1 sample"];
    refused(&[&by("left"), &half], 1, &words, "the same number of samples");
    let long = format!("right={}", folder.write("long.i8", &[0; 5]));
    let words = ["long.i8 for input 1 \"right\"", "5 bytes", "1x4"];
    refused(&[&by("left"), &long], 1, &words, "give int8 inputs");
    let array = npy("<i4", "(2, 4)", &[1; 32]);
    let array = format!("right={}", folder.write("words.npy", &array));
    refused(
        &[&by("left"), &array],
        1,
        &["words.npy for input 1", "`<i4`"],
        "integers from -128 to 127",
    );
}

#[test]
fn arrays_of_another_type_and_outputs_without_a_place_are_refused() {
    let folder = Folder::new();
    let model = folder.write("mixed.ikm", &mixed());
    let file = folder.write("x.i8", &bytes(&LEFT));
    let (left, right) = (format!("0={file}"), format!("1={file}"));
    let real = format!("2={}", folder.write("real.npy", &npy("<f4", "(2, 3)", &[0; 24])));
    let ran = isokern(["run", &model, "-i", &left, "-i", &right, "-i", &real]);
    let (error, fix) = ran.error_and_fix(1);
    assert!(error.contains("`<f4`") && fix.contains("int32"), "{error}: {fix}");

    let third = format!("2={}", folder.write("words", &words(i32::to_le_bytes)));
    let target = folder.path("out.npy");
    let (sum, copy) = (format!("sum={target}"), format!("copy={target}"));
    let wrong: [(&[&str], &str); 4] = [
        (&[&target], "which output"),
        (&["difference=d.npy"], "no output \"difference\""),
        (&[&sum, &sum], "two files are given for output 0"),
        (&[&sum, &copy], "is given for two outputs"),
    ];
    for (outputs, words) in wrong {
        let outputs = outputs.iter().flat_map(|output| ["-o", *output]);
        let inputs = ["run", &model, "-i", &left, "-i", &right, "-i", &third];
        let ran = isokern(inputs.into_iter().chain(outputs));
        let (error, fix) = ran.error_and_fix(2);
        assert!(error.contains(words), "{error}: {fix}");
        assert!(!folder.names().contains(&"out.npy".to_owned()), "nothing may be written");
    }
}

#[test]
fn a_path_with_an_equals_sign_is_a_path_where_there_is_one_input() {
    let folder = Folder::new();
    let model = folder.write("sum.ikm", &crate::drafts::running_sum());
    let path = folder.write("rate=3.i8", &[0; LEN]);
    let plain = isokern(["run", &model, "-q", "-i", &path]);
    for key in ["step=", "0="] {
        let named = isokern(["run", &model, "-q", "-i", &format!("{key}{path}")]);
        assert_eq!(named.text(), plain.text());
        let ran = isokern(["run", &model, "-q", "-i", key]);
        let (error, fix) = ran.error_and_fix(2);
        assert_eq!(error, format!("--input {key} names no file"));
        assert_eq!(fix, format!("pass --input {key}FILE"));
    }
    // A name that the model does not have, before a file that is there.
    let ran = isokern(["run", &model, "-q", "-i", &format!("stop={}", folder.path("rate=3.i8"))]);
    let (error, fix) = ran.error_and_fix(2);
    assert!(error.contains("the model has no input \"stop\"; it has input 0"), "{error}");
    assert!(fix.contains("--input NAME=FILE"), "{fix}");
}

#[test]
fn bench_generates_one_sequence_over_all_inputs() {
    let folder = Folder::new();
    let mut blob = mixed();
    let mut values = [0; 2 * LEN + 12];
    digest::generate_input(7, &mut values);
    let (left, rest) = values.split_at(LEN);
    let (right, words) = rest.split_at(LEN);
    let expected = digest::fnv1a(&[&sums(left, right), words].concat());
    set_self_test(&mut blob, 7, expected).expect("the bytes are a model");
    let model = folder.write("mixed.ikm", &blob);
    for mode in ["batch", "ring"] {
        let ran = isokern(["bench", &model, "--json", "--runs", "5", "--mode", mode]);
        let report: Value = serde_json::from_str(ran.text()).expect("it prints JSON");
        assert_eq!(report["self_test"], "passed", "{mode}");
        assert_eq!(report["input"], json!({ "source": "generated from seed 7", "count": 1 }));
        assert_eq!(report["latency"]["run_count"], 5);
    }
    set_self_test(&mut blob, 7, expected ^ 1).expect("the bytes are a model");
    let model = folder.write("wrong.ikm", &blob);
    let ran = isokern(["bench", &model, "--runs", "1"]);
    assert!(ran.error_and_fix(1).0.contains("self-test"), "{}", ran.stderr);
}

#[test]
fn bench_takes_a_file_for_each_input() {
    let folder = Folder::new();
    let model = folder.write("add.ikm", &addition());
    let left = format!("left={}", folder.write("left.i8", &bytes(&LEFT)));
    let right = format!("right={}", folder.write("right.i8", &bytes(&RIGHT)));
    let ran = isokern(["bench", &model, "--json", "--runs", "5", "-i", &right, "-i", &left]);
    let report: Value = serde_json::from_str(ran.text()).expect("it prints JSON");
    assert_eq!(report["input"]["count"], 2);
    assert_eq!(report["input"]["source"], format!("{right}, {left}"));
    let ran = isokern(["bench", &model, "--runs", "5", "-i", &left]);
    assert!(ran.error_and_fix(2).0.contains("no file is given for input 1"), "{}", ran.stderr);
}

#[test]
fn inspect_shows_every_end_with_its_escaped_name() {
    let folder = Folder::new();
    let model = folder.write("mixed.ikm", &mixed());
    let ran = isokern(["inspect", &model]);
    for line in [
        "  input 0    1x4 int8, scale 1, zero point 0  \"left\"",
        "  input 2    1x3 int32, scale 1, zero point 0  \"raw\\u{1b}[2J\"",
        "  output 1   3x1 int32, scale 1, zero point 0  \"copy\"",
    ] {
        assert!(ran.text().lines().any(|found| found == line), "no {line} in {}", ran.text());
    }
    assert!(!ran.text().contains('\u{1b}'), "a name moves the cursor: {:?}", ran.text());
    let json = isokern(["inspect", "--json", &model]);
    let report: Value = serde_json::from_str(json.text()).expect("it prints JSON");
    let names = |key: &str| -> Vec<Value> {
        let ports = report[key].as_array().expect("ports are a list");
        ports.iter().map(|port| json!([port["name"], port["index"], port["dtype"]])).collect()
    };
    let inputs = [json!(["left", 0, "i8"]), json!(["right", 1, "i8"]), json!([HOSTILE, 3, "i32"])];
    assert_eq!(names("inputs"), inputs);
    assert_eq!(names("outputs"), [json!(["sum", 2, "i8"]), json!(["copy", 4, "i32"])]);
}
