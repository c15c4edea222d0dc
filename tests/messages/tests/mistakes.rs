//! Pins what the compiler says to mistakes that users make: a message is a part of the interface.
//!
//! The texts are those of the pinned compiler. After a change that is meant, write them anew with
//! `TRYBUILD=overwrite cargo test -p isokern-messages`, and read the difference.

use std::fs;
use trybuild::TestCases;

#[test]
fn every_mistake_has_its_message() {
    TestCases::new().compile_fail("cases/*.rs");
}

/// Some mistakes show when code is generated for types that are known, and not before: with a case
/// that passes beside them, the suite builds what it else only checks.
#[test]
fn s4_every_mistake_of_sizes_has_its_message() {
    let cases = TestCases::new();
    cases.pass("built/message_that_fits.rs");
    cases.compile_fail("built/message_of_64_bytes.rs");
    cases.compile_fail("built/ring_of_65_bytes.rs");
}

/// With the library's source the compiler shows lines of it, and not every machine has that.
#[test]
fn no_message_depends_on_the_source_of_the_standard_library() {
    let mut messages = 0;
    let folders = ["cases", "built"].map(|folder| fs::read_dir(folder).expect("it is there"));
    for entry in folders.into_iter().flatten() {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_some_and(|extension| extension == "stderr") {
            let text = fs::read_to_string(&path).expect("a message is text");
            assert!(!text.contains("$RUST"), "{}", path.display());
            messages += 1;
        }
    }
    assert!(messages > 0, "no message is pinned");
}
