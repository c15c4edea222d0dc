//! `isokern demo`, and what the program says of itself.

use crate::program::isokern;

/// FNV-1a over the outputs for all held-back images; the same on every machine.
const DIGEST: &str = "46864ad3550d00d9";

#[test]
fn the_demo_is_accurate_and_gives_the_pinned_digest() {
    for (arguments, threads) in [
        (vec!["demo"], "one thread"),
        (vec!["demo", "--mode", "batch"], "one thread"),
        (vec!["demo", "--mode", "ring"], "two threads"),
    ] {
        let ran = isokern(&arguments);
        let text = ran.text();
        let line = |word: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(word));
            line.unwrap_or_else(|| panic!("no line `{word}` in:\n{text}")).trim()
        };
        let numbers: Vec<u32> =
            line("accuracy").split_whitespace().filter_map(|word| word.parse().ok()).collect();
        assert_eq!(numbers, [359, 360]);
        assert!(line("digest").starts_with(DIGEST), "{text}");
        let latency = line("latency");
        for word in ["median", "p99", threads] {
            assert!(latency.contains(word), "{latency}");
        }
        let same = line("same bits");
        assert!(same.contains("plain") && same.contains("TFLite Micro"), "{same}");
        let is_ring = arguments.contains(&"ring");
        for words in
            ["from question to collected answer, up to 8 inputs", "the ring's outputs equal"]
        {
            assert_eq!(text.contains(words), is_ring, "{words}: {text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}

#[test]
fn the_version_names_profile_and_format() {
    let ran = isokern(["--version"]);
    let expected = concat!(
        "isokern ",
        env!("CARGO_PKG_VERSION"),
        " (numeric profile tflm v1, model format 2)\n"
    );
    assert_eq!(ran.text(), expected);
}

#[test]
fn the_help_states_the_exit_codes() {
    let ran = isokern(["--help"]);
    for line in [
        "Exit codes:",
        "  0  done",
        "  1  a model",
        "  2  the command",
        "  3  a file",
        "  4  a time",
    ] {
        assert!(ran.text().contains(line), "{line}");
    }
    for command in ["demo", "convert", "inspect", "run", "bench", "policy"] {
        let _ = isokern([command, "--help"]).text();
    }
    assert_eq!(isokern(["no-such-command"]).code, Some(2));
    for command in [["demo", "--mode", "megakernel"], ["demo", "--mode", "Ring"]] {
        let ran = isokern(command);
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.contains("possible values: batch, ring"), "{}", ran.stderr);
    }
    assert_eq!(isokern(["convert", "--layout", "diagonal", "a", "-o", "b"]).code, Some(2));
}
