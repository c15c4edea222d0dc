//! `isokern convert`: the same bytes each time, whole files or none.

use std::fs;

use crate::program::{Folder, fixture, fixture_bytes, isokern};

fn convert(source: &str, target: &str, layout: &str) -> String {
    isokern(["convert", source, "-o", target, "--layout", layout]).text().to_owned()
}

#[test]
fn the_committed_model_is_what_the_program_writes() {
    let folder = Folder::new();
    let target = folder.path("digits.ikm");
    let summary = isokern(["convert", &fixture("models/digits.tflite"), "-o", &target]);
    let words = ["9 operators", "2,208 weight bytes", "1,536 arena bytes", "(read: 10,696)"];
    for word in words {
        assert!(summary.text().contains(word), "{}", summary.text());
    }
    let committed = fixture_bytes("digits.ikm");
    assert!(folder.read("digits.ikm") == committed, "convert digits.tflite to digits.ikm again");
    assert_eq!(folder.names(), ["digits.ikm"]);
}

#[test]
fn a_layout_is_changed_and_changed_back() {
    let folder = Folder::new();
    let [row, packed, again] = ["row.ikm", "packed.ikm", "again.ikm"].map(|name| folder.path(name));
    for model in ["digits", "residual", "conv_shapes", "depthwise_shapes", "dense"] {
        let source = fixture(&format!("models/{model}.tflite"));
        convert(&source, &row, "row");
        convert(&source, &packed, "packed");
        convert(&row, &again, "packed");
        assert!(folder.read("again.ikm") == folder.read("packed.ikm"), "{model}: row to packed");
        convert(&packed, &again, "row");
        assert!(folder.read("again.ikm") == folder.read("row.ikm"), "{model}: packed to row");
        assert!(folder.read("row.ikm") != folder.read("packed.ikm"), "{model}");
    }
}

#[test]
fn standard_output_takes_the_model_alone() {
    let ran = isokern(["convert", &fixture("models/digits.tflite"), "-o", "-"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout == fixture_bytes("digits.ikm"));
}

#[test]
fn what_cannot_be_written_leaves_nothing_behind() {
    let folder = Folder::new();
    let source = fixture("models/digits.tflite");
    let missing = folder.path("no/such/folder.ikm");
    let ran = isokern(["convert", &source, "-o", &missing]);
    let (error, fix) = ran.error_and_fix(3);
    assert!(error.starts_with(&format!("cannot write {missing}: ")), "{error}");
    assert!(!error.contains(".part"), "{error}");
    assert!(fix.contains("folder"), "{fix}");
    let taken = folder.path("taken.ikm");
    fs::create_dir(&taken).expect("a folder can be made");
    let ran = isokern(["convert", &source, "-o", &taken]);
    assert!(ran.error_and_fix(3).0.contains("taken.ikm"));
    assert_eq!(folder.names(), ["taken.ikm"]);
    assert_eq!(fs::read_dir(&taken).expect("it is still a folder").count(), 0);
}

#[test]
fn a_refused_model_leaves_the_old_file_as_it_was() {
    let folder = Folder::new();
    let target = folder.write("old.ikm", b"old");
    let ran = isokern(["convert", &fixture("refused/division.tflite"), "-o", &target]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(folder.read("old.ikm"), b"old");
    assert_eq!(folder.names(), ["old.ikm"]);
}

#[test]
fn a_check_writes_nothing_and_says_whether_a_file_converts() {
    let folder = Folder::new();
    let source = fixture("models/ends.tflite");
    let ran = isokern(["convert", "--check", &source]);
    let start = format!("{source}: converts to 4 operators, 60 weight bytes, ");
    assert!(ran.text().starts_with(&start), "{}", ran.text());
    let end = "; 1 operator left out, whose output nothing reads\n";
    assert!(ran.text().ends_with(end), "{}", ran.text());
    assert_eq!(isokern(["convert", "--check", &fixture("digits.ikm")]).code, Some(0));
    let refused = isokern(["convert", &fixture("refused/division.tflite"), "--check"]);
    assert!(refused.error_and_fix(1).0.ends_with("operator 1 (DIV) is not supported"));
    for words in [["convert", &source].as_slice(), &["convert", &source, "--check", "-o", "-"]] {
        assert_eq!(isokern(words).code, Some(2));
    }
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn everything_that_keeps_a_file_from_converting_is_told() {
    let source = fixture("refused/several.tflite");
    for words in [["convert", &source, "--check"].as_slice(), &["convert", &source, "-o", "-"]] {
        let ran = isokern(words);
        let lines: Vec<&str> = ran.error(1).lines().collect();
        let start = format!("error: {source}: ");
        let expected = [
            ("operators 0, 3 (DIV) are not supported", "for DIV, multiply by the reciprocal"),
            ("operator 1 (NEG) is not supported", "for NEG, replace it, or do its step"),
            ("operator 2 (RSQRT): its input has the zero point", "let the model hold them above"),
        ];
        assert_eq!(lines.len(), 2 * expected.len(), "{}", ran.stderr);
        for (lines, (wrong, fix)) in lines.chunks(2).zip(expected) {
            let found = lines[0].strip_prefix(&start).expect("the file is named");
            assert!(found.starts_with(wrong), "{found}");
            assert!(lines[1].starts_with(&format!("fix: {fix}")), "{}", lines[1]);
        }
    }
}

#[cfg(unix)]
#[test]
fn links_devices_and_permissions_stay_what_they_are() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::new();
    let source = fixture("models/digits.tflite");
    let file = folder.write("file.ikm", b"old");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("it is our file");
    let link = folder.path("link.ikm");
    symlink(&file, &link).expect("a link can be made");
    convert(&source, &link, "row");
    let found = fs::symlink_metadata(&link).expect("the link is there");
    assert!(found.file_type().is_symlink());
    assert!(folder.read("file.ikm") == fixture_bytes("digits.ikm"));
    let mode = fs::metadata(&file).expect("the file is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    // Bits that new files would not get are kept, and a link to nothing leads to the new file.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("it is our file");
    convert(&source, &link, "packed");
    let mode = fs::metadata(&file).expect("the file is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o666);
    fs::remove_file(&file).expect("it is our file");
    convert(&source, &link, "row");
    let found = fs::symlink_metadata(&link).expect("the link is there");
    assert!(found.file_type().is_symlink());
    assert!(folder.read("file.ikm") == fixture_bytes("digits.ikm"));
    convert(&source, "/dev/null", "row");
}

/// The header has what a program declares, the source the bytes and the kinds of the model.
#[test]
fn a_model_as_c_has_its_bytes_its_kinds_and_its_sizes() {
    let folder = Folder::new();
    let target = folder.path("my-digits.c");
    let ran = isokern(["convert", &fixture("models/digits.tflite"), "--emit", "c", "-o", &target]);
    assert!(ran.text().contains("my-digits.h: 9 operators"), "{}", ran.text());
    assert_eq!(folder.names(), ["my-digits.c", "my-digits.h"]);
    let text = |name| String::from_utf8(folder.read(name)).expect("C is text");
    let (source, header) = (text("my-digits.c"), text("my-digits.h"));
    let bytes = source.split_once("blob[4445] = {").expect("the model").1;
    let bytes: Vec<u8> = bytes
        .split_once('}')
        .expect("its end")
        .0
        .split(',')
        .filter_map(|byte| byte.trim().parse().ok())
        .collect();
    assert!(bytes == fixture_bytes("digits.ikm"));
    let kinds: Vec<_> = source.lines().filter(|line| line.contains("&isokern_kind_")).collect();
    assert_eq!(kinds.len(), 6, "{kinds:?}");
    for line in [
        "#define MY_DIGITS_ARENA_BYTES 1536",
        "#define MY_DIGITS_STATE_BYTES 0",
        "#define MY_DIGITS_INPUT_COUNT 1",
        "#define MY_DIGITS_INPUT_0_BYTES 64",
        "#define MY_DIGITS_OUTPUT_0_DTYPE ISOKERN_DTYPE_I8",
        "#define MY_DIGITS_OUTPUT_0_SCALE 0.00390625f",
        "#define MY_DIGITS_OUTPUT_0_ZERO_POINT (-128)",
        "extern const isokern_model my_digits_model;",
    ] {
        assert!(header.lines().any(|found| found == line), "{line}:\n{header}");
    }
}

#[test]
fn c_goes_to_a_source_file_alone() {
    let folder = Folder::new();
    let digits = fixture("models/digits.tflite");
    for name in [folder.path("digits.ikm"), folder.path("digits"), "-".to_owned()] {
        let ran = isokern(["convert", &digits, "--emit", "c", "-o", &name]);
        let (error, fix) = ran.error_and_fix(2);
        assert!(error.contains("a source file and a header"), "{error}");
        assert!(fix.contains(".c"), "{fix}");
    }
    assert!(folder.names().is_empty());
}
