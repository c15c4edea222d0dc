//! Kinds counted in planted sources: in code, not in comments, tests and other meanings.

use super::{Kinds, TABLE};

const ROWS: &str = "macro_rules! operators {
    () => {};
}

operators! {
    1 DepthwiseConv2d \"DEPTHWISE_CONV_2D\" \"Each channel for itself.\"
    // A comment.
    4 Add \"ADD\" \"A sum.\"
}
";

fn read(files: &[(&str, &str)]) -> Kinds {
    let texts = files.iter().map(|(path, text)| (*path, (*text).to_owned()));
    Kinds::read(&[(TABLE.0, ROWS.to_owned())].into_iter().chain(texts).collect::<Vec<_>>())
}

/// Returns the numbers in the table: outside, then for each target.
fn numbers(files: &[(&str, &str)]) -> Vec<Vec<usize>> {
    let table = read(files).to_string();
    let row = |line: &str| {
        line.split_whitespace().skip(1).map(|number| number.parse().unwrap()).collect()
    };
    table.lines().skip(1).map(row).collect()
}

#[test]
fn words_and_literals_of_code_count() {
    let path = "crates/isokern-import/src/a.rs";
    let named = [
        "fn f() { g(DepthwiseConv2d) }",
        "use x::DepthwiseConv2dView;",
        "DepthwiseConv2dBody { }",
        "depthwise_conv2d::lower()",
        "let a = \"DEPTHWISE_CONV_2D\";",
    ];
    // The table itself names every kind.
    for text in named {
        assert_eq!(numbers(&[(path, text)])[0], [2, 0, 0, 0, 0, 0, 0, 0], "{text}");
    }
    let other = [
        "// DepthwiseConv2d",
        "/// See [`DepthwiseConv2d`].\nfn f() {}",
        "fn f() {}\n#[cfg(test)]\nmod tests {\n    use x::DepthwiseConv2d;\n}\n",
        "let a = \"DepthwiseConv2d\"; // \"DEPTHWISE_CONV_2D\"",
        "depthwise_conv2d_fast(MyDepthwiseConv2d)",
    ];
    for text in other {
        assert_eq!(numbers(&[(path, text)])[0], [1, 0, 0, 0, 0, 0, 0, 0], "{text}");
    }
    let early = "#[cfg(test)]\nmod tests;\nuse x::DepthwiseConv2d;\n";
    assert_eq!(numbers(&[(path, early)])[0][0], 2);
}

#[test]
fn a_word_with_other_meanings_counts_as_a_kind_only() {
    let path = "crates/isokern-cpu/src/a.rs";
    for text in ["AddView { a }", "OpKind::Add => 1", "model::operators::add::sum(a)"] {
        assert_eq!(numbers(&[(path, text)])[1][0], 2, "{text}");
    }
    for text in ["use core::ops::Add;", "a.add(b)", "MyOpKind::Add", "operators::address"] {
        assert_eq!(numbers(&[(path, text)])[1][0], 1, "{text}");
    }
}

#[test]
fn tests_and_other_crates_do_not_count() {
    let paths = [
        "crates/isokern-model/tests/a.rs",
        "crates/isokern-import/src/lower/tests.rs",
        "crates/isokern-import/src/lower/refusals.rs",
        "crates/isokern-cpu/src/a_tests.rs",
        "crates/isokern-core/src/a.rs",
        "tests/benches/a.rs",
        "docs/a.md",
    ];
    for path in paths {
        assert_eq!(numbers(&[(path, "AddView")])[1], [1, 0, 0, 0, 0, 0, 0, 0], "{path}");
    }
}

#[test]
fn faster_loops_count_for_their_targets() {
    let cases = [
        ("crates/isokern-ops/src/dual_mac.rs", [1, 0, 0, 0, 0, 0, 0, 0]),
        ("crates/isokern-ops/src/dual_mac/dots.rs", [1, 1, 0, 0, 0, 0, 0, 0]),
        ("crates/isokern-cpu/src/smlad.rs", [1, 1, 0, 0, 0, 0, 0, 0]),
        ("crates/isokern-ops/src/lane_mac/dots.rs", [1, 0, 1, 0, 0, 0, 0, 0]),
        ("crates/isokern-ops/src/single_mac/dense.rs", [1, 0, 0, 1, 0, 0, 0, 0]),
        ("crates/isokern-ops/src/block_mac/dense.rs", [1, 0, 0, 0, 1, 0, 0, 0]),
        ("crates/isokern-ops/src/depthwise/tile.rs", [1, 1, 0, 1, 1, 0, 0, 0]),
        ("crates/isokern-ops/src/quad_mac/dots.rs", [1, 0, 0, 0, 0, 1, 0, 0]),
        ("crates/isokern-cpu/src/vector.rs", [1, 0, 0, 0, 0, 0, 0, 0]),
        ("crates/isokern-cpu/src/vector/avx2.rs", [1, 0, 0, 0, 0, 0, 1, 0]),
        ("crates/isokern-cpu/src/vector/avx512_add.rs", [1, 0, 0, 0, 0, 0, 0, 1]),
        ("crates/isokern-cpu/src/vector/tile.rs", [1, 0, 0, 0, 0, 0, 1, 1]),
        ("crates/isokern-cpu/src/vectors.rs", [2, 0, 0, 0, 0, 0, 0, 0]),
    ];
    for (path, expected) in cases {
        assert_eq!(numbers(&[(path, "AddView")])[1], expected, "{path}");
    }
}

#[test]
fn too_many_files_are_listed() {
    let path = |number| format!("crates/isokern-import/src/a{number}.rs");
    let paths: Vec<String> = (0..6).map(path).collect();
    let of = |count: usize| {
        paths[..count].iter().map(|path| (path.as_str(), "AddView")).collect::<Vec<_>>()
    };
    assert!(read(&of(5)).check().is_empty());
    let found = read(&of(6)).check();
    assert_eq!(found.len(), 1);
    let message = found[0].to_string();
    assert!(message.starts_with(&format!("{}:8: `Add` is named in 7 files", TABLE.0)), "{message}");
    assert!(message.ends_with("src/a5.rs, crates/isokern-model/src/operators.rs"), "{message}");

    let vector = |name: &'static str| (name, "AddView");
    let shared = vector("crates/isokern-cpu/src/vector/add.rs");
    assert!(read(&[shared]).check().is_empty());
    let found = read(&[shared, vector("crates/isokern-cpu/src/vector/avx2.rs")]).check();
    assert_eq!(found.len(), 1);
    assert!(found[0].to_string().contains("`Add` is named in 2 files for avx2, at most 1: "));
}

#[test]
fn a_table_without_rows_is_a_violation() {
    let found = Kinds::read(&[(TABLE.0, "operators! {}\n".to_owned())]).check();
    assert_eq!(found.len(), 1);
}
