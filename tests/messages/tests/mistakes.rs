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

/// With the library's source the compiler shows lines of it, and not every machine has that.
#[test]
fn no_message_depends_on_the_source_of_the_standard_library() {
    let mut messages = 0;
    for entry in fs::read_dir("cases").expect("the cases are there") {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_some_and(|extension| extension == "stderr") {
            let text = fs::read_to_string(&path).expect("a message is text");
            assert!(!text.contains("$RUST"), "{}", path.display());
            messages += 1;
        }
    }
    assert!(messages > 0, "no message is pinned");
}
