//! Plants one violation after the other and expects the rule to name it.

use super::{Doors, File, LINES_MAX, check};

fn messages(path: &str, text: &str, page: &str) -> Vec<String> {
    let texts = [(path, text.to_owned()), ("docs/safety.md", page.to_owned())];
    let doors = Doors::read(&texts);
    let mut found = check(&File { path, text }, &doors);
    found.extend(doors.check_all_open());
    found.iter().map(ToString::to_string).collect()
}

fn body(text: &str) -> String {
    format!("//! What this file does, in words.\n\n{text}")
}

#[test]
fn clean_source_passes() {
    let clean = [
        "use a::{b, c};\nfn f(p: *const u8) -> usize { 2 * 3 }\n",
        "/// Never unsafe, no todo!() and no use a::*; in here.\nfn f() {}\n",
        "#[ignore = \"takes an hour\"]\nfn f() {}\n",
        "#![deny(unsafe_code)]\n",
        "mod utilities;\n",
        "not_todo!();\n",
    ];
    for text in clean {
        let found = messages("crates/a/src/b.rs", &body(text), "");
        assert!(found.is_empty(), "{text}: {found:?}");
    }
}

#[test]
fn planted_violations_are_found() {
    let wide = format!("// {}\n", "x".repeat(98));
    let cases = [
        ("fn f() { todo!() }\n", "a.rs:3: `todo!`"),
        ("fn f() { dbg!(1); }\n", "a.rs:3: `dbg!`"),
        ("mod util;\n", "a.rs:3: module `util`"),
        ("use a::*;\n", "a.rs:3: glob"),
        ("pub use a::{\n    b::*,\n};\n", "a.rs:4: glob"),
        ("#[ignore]\nfn f() {}\n", "a.rs:3: `#[ignore]`"),
        ("unsafe fn f() {}\n", "a.rs:3: `unsafe`"),
        (wide.as_str(), "a.rs:3: 101 columns"),
    ];
    for (text, start) in cases {
        let found = messages("a.rs", &body(text), "");
        assert!(found.len() == 1 && found[0].starts_with(start), "{start}: {found:?}");
    }
}

#[test]
fn the_first_line_is_a_sentence() {
    let good = ["//! Does a thing,\n//! and another.\n", "//! `cargo` does a thing.\n//!\n//! x\n"];
    for text in good {
        assert!(messages("a.rs", text, "").is_empty(), "{text}");
    }
    for text in ["", "fn f() {}\n", "//! does a thing.\n", "//! Does a thing\n", "//! Things.\n"] {
        assert_eq!(messages("a.rs", text, "").len(), 1, "{text}");
    }
}

#[test]
fn length_counts_what_is_not_a_test() {
    let long = body(&"fn f() {}\n".repeat(LINES_MAX));
    assert_eq!(messages("crates/a/src/b.rs", &long, "").len(), 1);
    assert!(messages("crates/a/tests/b.rs", &long, "").is_empty());
    let tests = "#[cfg(test)]\nmod tests {\n".to_owned() + &"fn f() {}\n".repeat(LINES_MAX);
    assert!(messages("crates/a/src/b.rs", &body(&tests), "").is_empty());
}

#[test]
fn doors_are_listed_and_open() {
    let page = "# Safety\n\n| file | why |\n|---|---|\n| `a.rs` | reason |\n| `make` | other |\n";
    assert!(messages("a.rs", &body("unsafe fn f() {}\n"), page).is_empty());
    let found = messages("a.rs", &body("fn f() {}\n"), page);
    assert_eq!(found, ["docs/safety.md:5: `a.rs` has no unsafe code"]);
}
