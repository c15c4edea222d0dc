//! The operators that TFLite Micro has and Isokern has not, as `docs/models.md` lists them.
//!
//! `ISOKERN_OPERATORS=write` writes the list anew.

use std::path::{Path, PathBuf};

use isokern_import::error::UnsupportedOperator;
use isokern_import::{ImportError, operator_names};
use serde::Deserialize;

const BEGIN: &str = "<!-- operators: begin -->\n";
const END: &str = "<!-- operators: end -->";

/// What `list_operators.py` read from TFLite Micro's source.
#[derive(Deserialize)]
struct Record {
    builtin: Vec<String>,
    custom: Vec<String>,
}

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)
}

fn record() -> Record {
    let text = std::fs::read(path("tests/models/tflm_operators.json"));
    serde_json::from_slice(&text.expect("the file is in the repository")).expect("it is JSON")
}

/// Returns what `convert` says to do about an operator that it does not have.
fn remedy(name: &str) -> String {
    let operators = vec![UnsupportedOperator { index: 0, name: name.to_owned() }];
    let error = ImportError::Unsupported { operators, supported: operator_names().collect() };
    let message = error.to_string();
    let (_, fix) = message.split_once(". Fix: for ").expect("there is a remedy");
    let (_, fix) = fix.split_once(", ").expect("the name is before it");
    // The names of all others are above this list.
    fix.split(", from CONV_2D").next().unwrap_or_default().to_owned()
}

/// Returns the list as it should be in the document.
fn list(record: &Record) -> String {
    let has = |name: &String| operator_names().any(|one| one == name);
    let (there, missing): (Vec<&String>, Vec<&String>) =
        record.builtin.iter().partition(|name| has(name));
    let customs = record.custom.iter().map(|name| format!("CUSTOM `{name}`"));
    let missing: Vec<String> = missing.into_iter().cloned().chain(customs).collect();
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for name in &missing {
        let remedy = remedy(name);
        match groups.iter_mut().find(|(other, _)| *other == remedy) {
            Some((_, names)) => names.push(name),
            None => groups.push((remedy, vec![name])),
        }
    }
    let all = record.builtin.len() + record.custom.len();
    let names: Vec<&str> = there.iter().map(|name| name.as_str()).collect();
    let mut text = format!("{} of {all} convert: {}.\n\n", there.len(), names.join(", "));
    text += &format!("{} do not:\n\n| operators | what to do |\n|---|---|\n", missing.len());
    for (remedy, names) in groups {
        text += &format!("| {} | {remedy} |\n", names.join(", "));
    }
    text
}

#[test]
fn the_document_lists_what_tflite_micro_has_and_the_converter_has_not() {
    let file = path("docs/models.md");
    let document = std::fs::read_to_string(&file).expect("the document is there");
    let (before, rest) = document.split_once(BEGIN).expect("the list begins");
    let (found, after) = rest.split_once(END).expect("the list ends");
    let expected = list(&record());
    if std::env::var_os("ISOKERN_OPERATORS").is_some_and(|wish| wish == "write") {
        let text = format!("{before}{BEGIN}{expected}{END}{after}");
        std::fs::write(&file, text).expect("the document is written");
    } else {
        assert!(found == expected, "docs/models.md should have:\n{expected}");
    }
}

#[test]
fn every_operator_of_the_converter_is_one_of_tflite_micro() {
    let record = record();
    for name in operator_names() {
        assert!(record.builtin.iter().any(|one| one == name), "{name}");
    }
}
