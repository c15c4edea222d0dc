//! `isokern inspect`: the text for people, the keys for programs.

use serde_json::{Value, json};

use crate::program::{Folder, fixture, isokern};

const KEYS: [&str; 21] = [
    "file",
    "source_format",
    "file_bytes",
    "conversion",
    "profile",
    "format_version",
    "layout",
    "blob_bytes",
    "constant_bytes",
    "checksum",
    "source_sha256",
    "self_test",
    "arena_bytes",
    "weight_bytes",
    "macs",
    "state_bytes",
    "inputs",
    "outputs",
    "tensors",
    "operators",
    "prediction",
];

fn report(model: &str) -> Value {
    serde_json::from_str(isokern(["inspect", "--json", model]).text()).expect("it prints JSON")
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("it is an object").keys().map(String::as_str).collect()
}

#[test]
fn the_json_has_the_promised_keys() {
    let report = report(&fixture("digits.ikm"));
    let (mut found, mut promised) = (keys(&report), KEYS);
    found.sort_unstable();
    promised.sort_unstable();
    assert_eq!(found, promised);
    assert_eq!(report["source_format"], "ikm");
    assert_eq!(report["profile"], json!({ "name": "tflm", "version": 1 }));
    assert_eq!(report["layout"], "row");
    assert_eq!(report["arena_bytes"], 1536);
    assert_eq!(report["weight_bytes"], 2208);
    assert_eq!(report["macs"], 29184);
    assert_eq!(report["state_bytes"], 0);
    assert_eq!(report["inputs"][0]["shape"], json!([1, 8, 8, 1]));
    assert_eq!(report["outputs"][0]["zero_point"], -128);
    let sha256 = "1aebd1576e48244f6bbac3ec625feac3947b1a8114b650657434131d5c2ab123";
    assert_eq!(report["source_sha256"], sha256);
}

#[test]
fn operators_and_tensors_add_up() {
    for model in ["digits", "residual", "conv_dilated", "pool_add", "depthwise_shapes"] {
        let report = report(&fixture(&format!("models/{model}.tflite")));
        let operators = report["operators"].as_array().expect("operators are a list");
        let tensors = report["tensors"].as_array().expect("tensors are a list");
        let sum = |key: &str| operators.iter().filter_map(|op| op[key].as_u64()).sum::<u64>();
        assert_eq!(Some(sum("macs")), report["macs"].as_u64(), "{model}");
        assert_eq!(Some(sum("weight_bytes")), report["weight_bytes"].as_u64(), "{model}");
        let number = |tensor: &Value, key: &str| tensor[key].as_u64().expect("it is a number");
        let end = |tensor: &Value| number(tensor, "offset") + number(tensor, "bytes");
        assert_eq!(tensors.iter().map(end).max(), report["arena_bytes"].as_u64());
        let mut next = operators[0]["inputs"][0].clone();
        for (index, operator) in operators.iter().enumerate() {
            assert_eq!(operator["index"], index);
            let inputs = operator["inputs"].as_array().expect("inputs are a list");
            let output = &operator["outputs"][0];
            assert!(inputs.iter().all(|input| input.as_u64() < output.as_u64()));
            next = output.clone();
        }
        assert_eq!(next, report["outputs"][0]["index"], "{model}");
    }
}

#[test]
fn windows_and_activations_are_reported() {
    let residual = report(&fixture("models/residual.tflite"));
    let expected = json!({
        "kernel": [3, 3], "stride": [2, 2], "dilation": [1, 1],
        "padding_before": [0, 0], "padding_after": [1, 1],
    });
    assert_eq!(residual["operators"][4]["window"], expected);
    assert_eq!(residual["operators"][8]["activation"], json!({ "min": -116, "max": 127 }));
    assert_eq!(residual["operators"][3]["inputs"], json!([1, 3]));
    assert_eq!(residual["operators"][3]["window"], Value::Null);
    let dilated = report(&fixture("models/conv_dilated.tflite"));
    assert_eq!(dilated["operators"][1]["window"]["dilation"], json!([1, 2]));
}

#[test]
fn a_model_is_the_same_before_and_after_conversion() {
    let folder = Folder::new();
    let (tflite, ikm) = (fixture("models/digits.tflite"), folder.path("digits.ikm"));
    let _ = isokern(["convert", &tflite, "-o", &ikm]).text();
    let (mut before, mut after) = (report(&tflite), report(&ikm));
    for key in ["file", "source_format", "file_bytes", "conversion"] {
        assert_ne!(before[key], after[key]);
        before[key] = Value::Null;
        after[key] = Value::Null;
    }
    assert_eq!(before, after);
}

/// The committed figures are what an emulator counted.
#[test]
fn predictions_are_within_a_twentieth_of_what_was_counted() {
    let figures = std::fs::read_to_string(fixture("../firmware/figures.md")).expect("it is there");
    let counted = |model: &str| {
        let row = format!("| mps2-an386 | {model} | smlad |");
        let row = figures.lines().find(|line| line.starts_with(&row)).expect("it was measured");
        row.split('|').nth(11).and_then(|cell| cell.trim().parse::<u64>().ok()).expect("a count")
    };
    for (name, file) in [
        ("digits", "digits.ikm"),
        ("residual", "models/residual.tflite"),
        ("keyword", "streams/keyword.tflite"),
    ] {
        let ran = isokern(["inspect", "--json", "--target", "cortex-m4", &fixture(file)]);
        let report: Value = serde_json::from_str(ran.text()).expect("it prints JSON");
        let prediction = &report["prediction"];
        let (counted, predicted) = (counted(name), prediction["instructions"].as_u64().unwrap());
        assert!(100 * predicted.abs_diff(counted) <= 5 * counted, "{name}: {predicted}, {counted}");
        let operators = prediction["operators"].as_array().expect("it is a list");
        let sum: u64 = operators.iter().filter_map(|one| one["instructions"].as_u64()).sum();
        assert_eq!(sum, predicted);
        assert_eq!(operators.len(), report["operators"].as_array().unwrap().len());
        assert_eq!(prediction["unknown"], json!([]));
    }
}

#[test]
fn predictions_are_in_the_text_and_an_unknown_target_is_refused() {
    let model = fixture("digits.ikm");
    let ran = isokern(["inspect", &model, "--target", "cortex-m4"]);
    assert!(ran.text().contains(" instructions of a cortex-m4 for one inference\n"));
    assert!(!isokern(["inspect", &model]).text().contains("instructions"));
    let refused = isokern(["inspect", &model, "--target", "z80"]);
    assert!(refused.error(2).contains("[possible values: cortex-m4]"), "{}", refused.stderr);
}

#[test]
fn what_is_left_out_is_told() {
    let model = fixture("models/ends.tflite");
    let found = report(&model);
    let counts = json!({ "operators": 4, "unused_operators": 1, "unused_graphs": 0 });
    assert_eq!(found["conversion"], counts);
    assert_eq!(report(&fixture("digits.ikm"))["conversion"], Value::Null);
    let line = "\n  left out   1 operator, whose output nothing reads\n";
    assert!(isokern(["inspect", &model]).text().contains(line));
    let line = "\n  left out   1 other graph, which nothing calls\n";
    assert!(isokern(["inspect", &fixture("models/second_graph.tflite")]).text().contains(line));
}

#[test]
fn the_text_shows_where_tensors_lie() {
    let ran = isokern(["inspect", &fixture("digits.ikm")]);
    let text = ran.text();
    for line in [
        "  profile    tflm v1",
        "  input      1x8x8x1 int8, scale 0.003921569, zero point -128  \"x\"",
        "  totals     9 operators, 29,184 MACs, 2,208 weight bytes, 2,973 constant bytes",
        "  arena      1,536 bytes, inputs and outputs inside",
        "Arena (1,536 bytes)",
    ] {
        assert!(text.lines().any(|found| found == line), "no line `{line}` in:\n{text}");
    }
    assert!(text.contains("DEPTHWISE_CONV_2D"), "{text}");
    // The first line has the path in it.
    assert!(
        text.lines().skip(1).all(|line| line.len() <= 100 && line.trim_end() == line),
        "{text}"
    );
}
