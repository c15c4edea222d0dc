//! Outputs of the three kinds of test programs, and what is read from them.

use super::Tally;

fn tally(output: &str) -> Tally {
    let mut tally = Tally::default();
    output.lines().for_each(|line| tally.read(line));
    tally
}

const LIBTEST: &str = "
running 3 tests
test ring::tests::full ... ok
test ring::tests::an_hour ... ignored, takes an hour
test ring::tests::nobody_says_why ... ignored

test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 4 filtered out; finished in 0.00s
";

const MIMIC: &str = "
running 3 tests
test every_row         ... ok
test reference::layers ... ignored (no models beside the repository (see docs/testing.md))
test reference::sums   ... ignored (no models beside the repository (see docs/testing.md))

test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 2.31s
";

const RUSTDOC: &str = "
running 2 tests
test crates/isokern-core/src/lib.rs - (line 12) ... ok
test crates/isokern-core/src/ring.rs - ring::Ring (line 7) - compile fail ... ok

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.30s

all doctests ran in 1.31s; merged doctests compilation took 1.00s
";

#[test]
fn p09_the_last_line_counts_what_was_skipped_and_names_it() {
    let tally = tally(&[LIBTEST, MIMIC, RUSTDOC].concat());
    let wanted = "\
skipped (takes an hour):
    ring::tests::an_hour
skipped (no stated reason):
    ring::tests::nobody_says_why
skipped (no models beside the repository (see docs/testing.md)):
    reference::layers
    reference::sums
xtask test: 4 passed, 0 failed, 4 skipped";
    assert_eq!(tally.to_string(), wanted);
    assert!(tally.judge().is_ok());
}

#[test]
fn what_failed_is_named_and_fails() {
    let output = "running 2 tests\n\
        test a::b - should panic ... FAILED\n\
        test a::c ... ok\n\
        test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished\n";
    let tally = tally(output);
    let wanted = "failed:  a::b - should panic\nxtask test: 1 passed, 1 failed, 0 skipped";
    assert_eq!(tally.to_string(), wanted);
    assert_eq!(tally.judge().unwrap_err().to_string(), "tests failed: 1");
}

#[test]
fn a_program_without_a_last_line_fails() {
    let tally = tally(&["running 7 tests\ntest a ... ok\n", MIMIC].concat());
    let message = tally.judge().unwrap_err().to_string();
    assert_eq!(message, "test programs without a last line: 1");
}

#[test]
fn no_program_at_all_fails() {
    assert_eq!(tally("").judge().unwrap_err().to_string(), "no test program ran");
}

#[test]
fn skips_in_terse_output_are_counted_without_a_name() {
    let output = "running 3 tests\ni.i\n\
        test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished\n";
    let wanted = "skipped: 2 tests whose names were not printed\n\
        xtask test: 1 passed, 0 failed, 2 skipped";
    assert_eq!(tally(output).to_string(), wanted);
}

#[test]
fn colours_do_not_matter() {
    let output = "test a ... \u{1b}[33mignored (no device)\u{1b}[0m\n\
        test result: \u{1b}[32mok\u{1b}[0m. 0 passed; 0 failed; 1 ignored; 0 measured\n";
    let wanted = "skipped (no device):\n    a\nxtask test: 0 passed, 0 failed, 1 skipped";
    assert_eq!(tally(output).to_string(), wanted);
}

#[test]
fn what_a_test_prints_itself_is_passed_over() {
    for line in ["running fast tests", "test result: none", "test bench: x", "a test b ... ignored"]
    {
        let tally = tally(line);
        assert_eq!(tally.to_string(), "xtask test: 0 passed, 0 failed, 0 skipped", "{line}");
        assert_eq!((tally.started, tally.ended), (0, 0), "{line}");
    }
}
