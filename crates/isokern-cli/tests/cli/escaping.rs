//! Texts of files on a terminal: none of them does anything but be read.

use serde_json::Value;

use crate::drafts::{LEN, ends_named};
use crate::inference::npy;
use crate::program::{Folder, Ran, fixture, fixture_bytes, isokern};

/// A colour, a bell, a line begun anew, a line more, text turned round, a joiner, a mark.
const HOSTILE: &str = "\u{1b}[31m\u{7}\rnew\n\u{202e}txt\u{200d}\u{2066}\u{9b}2J\u{feff}";
/// What no text of a file may bring to a terminal.
const HARMFUL: [char; 9] =
    ['\u{1b}', '\u{7}', '\r', '\u{202e}', '\u{200d}', '\u{2066}', '\u{9b}', '\u{feff}', '\u{7f}'];

/// Checks both streams; there may be line ends, at the end of lines of the program's own.
fn check(ran: &Ran, place: &str) {
    let printed = format!("{}{}", String::from_utf8_lossy(&ran.stdout), ran.stderr);
    assert!(!printed.contains(HARMFUL), "{place}: {printed:?}");
    let is_broken = printed.lines().any(|line| line.starts_with("txt") || line.starts_with("\\u"));
    assert!(!is_broken, "{place}: {printed}");
}

/// Checks, too, that the escaped text is there.
fn check_shown(ran: &Ran, place: &str) {
    check(ran, place);
    let printed = format!("{}{}", String::from_utf8_lossy(&ran.stdout), ran.stderr);
    assert!(printed.contains("\\u{1b}[31m\\u{7}\\rnew\\n\\u{202e}txt"), "{place}: {printed}");
}

#[test]
fn c11_paths_are_escaped() {
    let folder = Folder::new();
    let model = folder.write(&format!("{HOSTILE}.ikm"), &fixture_bytes("digits.ikm"));
    let input = fixture("vectors/digits.in.i8");
    let missing = folder.path(HOSTILE);
    let output = folder.path(&format!("o{HOSTILE}.npy"));
    let cases: [(&str, &[&str], i32); 9] = [
        ("a model", &["inspect", &model], 0),
        ("a model that runs", &["run", &model, "-i", &input], 0),
        ("a model that is measured", &["bench", &model, "-i", &input, "--runs", "5"], 0),
        ("no model", &["inspect", &missing], 3),
        ("no input", &["run", &model, "-i", &missing], 3),
        ("an output", &["run", &model, "-i", &input, "-o", &output], 0),
        ("a converted model", &["convert", &model, "-o", &output], 0),
        ("no configuration", &["policy", "--queue-len", "1", "--config", &missing], 2),
        ("a word too many", &["inspect", &model, &missing], 2),
    ];
    for (place, arguments, code) in cases {
        let ran = isokern(arguments);
        assert_eq!(ran.code, Some(code), "{place}: {}", ran.stderr);
        check_shown(&ran, place);
    }
    let json = isokern(["inspect", "--json", &model]);
    check(&json, "a model in JSON");
}

#[test]
fn c11_names_in_models_are_escaped() {
    let folder = Folder::new();
    let model = folder.write("ends.ikm", &ends_named(HOSTILE));
    let file = folder.write("x.i8", &[0; LEN]);
    let long = folder.write("long.i8", &[0; LEN + 1]);
    let (zero, one) = (format!("0={file}"), format!("1={file}"));
    let both = [zero.as_str(), "-i", &one];
    let run = |more: &[&str]| isokern(["run", &model, "-i"].iter().chain(more));
    let cases: [(&str, Ran); 6] = [
        ("inspect", isokern(["inspect", &model])),
        ("run", run(&both)),
        ("a missing file", run(&[&zero])),
        ("a file for none", run(&[&file])),
        ("two files for one", run(&[&zero, "-i", &zero])),
        ("a file that does not fit", run(&[&zero, "-i", &format!("1={long}")])),
    ];
    for (place, ran) in cases {
        check_shown(&ran, place);
    }
    let json = isokern(["inspect", "--json", &model]);
    check(&json, "inspect in JSON");
    let report: Value = serde_json::from_str(json.text()).expect("it prints JSON");
    assert_eq!(report["inputs"][1]["name"], HOSTILE);
}

#[test]
fn c11_names_in_tflite_files_are_escaped() {
    let folder = Folder::new();
    let source = fixture_bytes("refused/float.tflite");
    let place = source.windows(6).position(|bytes| bytes == b"input\0").expect("it has the name");
    for name in ["\u{1b}[2J\u{7}", "\u{202e}ab", "\u{9b}2J\n", "\u{2066}\u{85}"] {
        let mut bytes = source.clone();
        bytes[place..place + 5].copy_from_slice(name.as_bytes());
        let path = folder.write("named.tflite", &bytes);
        for arguments in [&["inspect", &path][..], &["convert", &path, "-o", "-"]] {
            let ran = isokern(arguments);
            let (error, _) = ran.error_and_fix(1);
            check(&ran, "a name of a tensor");
            assert!(error.contains("\\u{"), "{error}");
        }
    }
}

#[test]
fn c11_a_name_cannot_bring_a_remedy_of_its_own() {
    let folder = Folder::new();
    let model = folder.write("ends.ikm", &ends_named("x. Fix: run this"));
    let long = folder.write("long.i8", &[0; LEN + 1]);
    let ran = isokern(["run", &model, "-i", &format!("1={long}"), "-i", &format!("0={long}")]);
    let (error, fix) = ran.error_and_fix(1);
    assert!(error.contains("x. Fix: run this") && fix.starts_with("give int8"), "{error}\n{fix}");
}

#[test]
fn c11_headers_of_arrays_are_escaped() {
    let folder = Folder::new();
    let model = fixture("digits.ikm");
    for element in ["\u{1b}[2J\u{7}|i1", "\u{202e}|i1", "|\rni1", "\u{9b}2J\u{200d}"] {
        let input = folder.write("x.npy", &npy_of(element));
        let ran = isokern(["run", &model, "-i", &input]);
        let (error, _) = ran.error_and_fix(1);
        assert!(error.contains('\\'), "{error}");
        check(&ran, "the type of an array");
    }
}

/// Returns an array of an image, of a type of any name.
fn npy_of(element: &str) -> Vec<u8> {
    let padding = " ".repeat(element.len() - element.chars().count());
    let mut bytes = npy(element, "(1, 64)", &[0; 64]);
    // The header is 117 characters long and has a length in bytes before it.
    let length = 118 + padding.len() as u8;
    bytes[8] = length;
    bytes
}

#[test]
fn c11_texts_in_configurations_are_escaped() {
    let folder = Folder::new();
    let toml = folder.write("a.toml", format!("\"{}\" = 1\n", "\\u001b[2J\u{202e}").as_bytes());
    let json = folder.write("a.json", b"{\"\\u001b[2J\\u0007\\u202e\": 1}");
    for path in [&toml, &json] {
        let ran = isokern(["policy", "--queue-len", "1", "--config", path]);
        let (error, _) = ran.error_and_fix(1);
        assert!(error.contains("\\u{1b}[2J"), "{error}");
        check(&ran, "the name of a field");
    }
}
