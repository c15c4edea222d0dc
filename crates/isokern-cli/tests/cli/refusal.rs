//! Models that are refused: the message names file, place and remedy.

use crate::program::{Folder, fixture, fixture_bytes, isokern};

#[test]
fn an_unsupported_operator_is_named_with_its_index() {
    let path = fixture("refused/division.tflite");
    for arguments in [
        vec!["inspect", &path],
        vec!["inspect", "--json", &path],
        vec!["run", &path, "-i", &path],
        vec!["convert", &path, "-o", "-"],
    ] {
        let ran = isokern(arguments);
        let (error, fix) = ran.error_and_fix(1);
        assert_eq!(error, format!("{path}: operator 1 (DIV) is not supported"));
        assert!(fix.contains("for DIV, multiply by the reciprocal"), "{fix}");
    }
}

#[test]
fn models_of_another_form_are_refused() {
    for (name, word) in [("float", "FLOAT32"), ("division", "DIV")] {
        let ran = isokern(["inspect", &fixture(&format!("refused/{name}.tflite"))]);
        let (error, _) = ran.error_and_fix(1);
        assert!(error.contains(name) && error.contains(word), "{error}");
    }
}

#[test]
fn a_missing_model_is_an_error_of_the_system() {
    for arguments in [["inspect", "no/such/model.ikm"], ["inspect", "no-such-model.tflite"]] {
        let ran = isokern(arguments);
        let (error, fix) = ran.error_and_fix(3);
        assert!(error.starts_with(&format!("cannot read {}: ", arguments[1])), "{error}");
        assert!(fix.contains("path"), "{fix}");
    }
    let ran = isokern(["run", &fixture("digits.ikm"), "-i", "no/such/input.i8"]);
    assert!(ran.error_and_fix(3).0.contains("no/such/input.i8"));
    let ran = isokern(["inspect", &fixture("models")]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn every_error_of_the_system_comes_with_what_to_do() {
    let folder = Folder::new();
    let model = fixture("digits.ikm");
    let link = folder.path("loop");
    std::os::unix::fs::symlink("loop", &link).expect("a link");
    let file = folder.write("file", b"x");
    let cases = [
        (link, "symbolic link", "check the path"),
        (format!("{file}/below"), "Not a directory", "a part of it is a file"),
        (folder.path(&"n".repeat(300)), "File name too long", "another name"),
        (folder.path(""), "", "not a folder"),
    ];
    for (path, what, remedy) in cases {
        for words in [
            vec!["inspect", &path],
            vec!["run", &model, "-i", &path],
            vec!["run", &model, "--random", "--labels", &path],
            vec!["run", &model, "--random", "--expect", &path],
            vec!["run", &model, "--random", "-o", &path],
            vec!["convert", &model, "-o", &path],
            vec!["policy", "--queue-len", "1", "--format", "toml", "--config", &path],
        ] {
            let ran = isokern(&words);
            let (error, fix) = ran.error_and_fix(3);
            assert!(error.contains(what), "{words:?}: {error}");
            assert!(fix.contains(remedy), "{words:?}: {fix}");
        }
    }
}

#[test]
fn a_number_below_zero_is_told_with_its_option() {
    let model = fixture("digits.ikm");
    for words in [
        ["run", &model, "--random"].as_slice(),
        &["run", &model, "--random", "--top"],
        &["bench", &model, "--runs"],
        &["run", &model, "--random", "--timeout"],
        &["bench", &model, "--batch"],
        &["bench", &model, "--time"],
        &["policy", "--queue-len"],
        &["policy", "--queue-len", "1", "--memory-pressure-bps"],
    ] {
        let ran = isokern(words.iter().chain(&["-1"]));
        let option = words.last().expect("an option");
        let start = format!("error: invalid value '-1' for '{option} ");
        assert!(ran.error(2).starts_with(&start), "{}", ran.stderr);
    }
    let ran = isokern(["policy", "--queue-len", "1", "--max-wall-time", "-5ms"]);
    assert!(ran.error_and_fix(2).0.contains("-5ms"), "{}", ran.stderr);
}

#[test]
fn a_cut_model_is_refused_at_every_length() {
    let folder = Folder::new();
    let whole = fixture_bytes("digits.ikm");
    for length in [8, 100, 128, 1000, whole.len() - 1] {
        let path = folder.write("cut.ikm", &whole[..length]);
        let ran = isokern(["inspect", &path]);
        let (error, fix) = ran.error_and_fix(1);
        assert!(error.starts_with(&format!("{path}: model has {length} bytes")), "{error}");
        assert!(fix.contains("file"), "{fix}");
    }
    let source = fixture_bytes("models/digits.tflite");
    for length in [8, 100, 1000, source.len() - 1000] {
        let path = folder.write("cut.tflite", &source[..length]);
        let _ = isokern(["inspect", &path]).error_and_fix(1);
    }
}

#[test]
fn a_changed_model_is_refused() {
    let folder = Folder::new();
    let mut bytes = fixture_bytes("digits.ikm");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let path = folder.write("changed.ikm", &bytes);
    let ran = isokern(["run", &path, "-i", &fixture("vectors/digits.in.i8")]);
    assert!(ran.error_and_fix(1).0.contains("checksum"));
}

#[test]
fn what_is_no_model_is_refused_whatever_its_name() {
    let folder = Folder::new();
    let files: [(&str, &[u8]); 3] = [
        ("text.tflite", b"This is not a model at all.\n"),
        ("short.ikm", b"IK"),
        ("zeros.tflite", &[0; 4096]),
    ];
    for (name, bytes) in files {
        let ran = isokern(["inspect", &folder.write(name, bytes)]);
        let (error, fix) = ran.error_and_fix(1);
        assert!(error.contains(name) && error.contains("neither"), "{error}");
        assert!(fix.contains(".tflite") && fix.contains(".ikm"), "{fix}");
    }
    // And what is one is read, whatever its name.
    let path = folder.write("model.bin", &fixture_bytes("digits.ikm"));
    let _ = isokern(["inspect", &path]).text();
}

#[test]
fn instructions_that_are_not_there_are_a_wrong_command_line() {
    let input = fixture("vectors/digits.in.i8");
    for set in ["plain", "avx2", "avx512vnni"] {
        let arguments = ["run", &fixture("digits.ikm"), "-i", &input, "--instructions", set, "-q"];
        let ran = isokern(arguments);
        if ran.code == Some(2) {
            assert_ne!(set, "plain");
            let (error, fix) = ran.error_and_fix(2);
            assert!(error.contains(set) && fix.contains("plain"), "{error}: {fix}");
        } else {
            assert_eq!(ran.text(), "04de18928f895f4a\n");
        }
    }
}
