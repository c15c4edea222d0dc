//! `isokern demo`, and what the program says of itself.

use crate::backend::{driver, ran, simulated};
use crate::drafts::twice;
use crate::program::{Folder, Ran, command, fixture, isokern};

/// FNV-1a over the outputs for all held-back images; the same on every machine.
const DIGEST: &str = "46864ad3550d00d9";

#[test]
fn the_demo_is_accurate_and_gives_the_pinned_digest() {
    for (arguments, threads) in [
        (vec!["demo"], "one thread"),
        (vec!["demo", "--mode", "batch"], "one thread"),
        (vec!["demo", "--mode", "ring"], "two threads"),
        (vec!["demo", "--mode", "megakernel"], "workers on all threads"),
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
        for (mode, words) in [
            ("ring", "from question to collected answer, up to 8 inputs"),
            ("ring", "outputs in ring mode equal those of batch mode"),
            ("megakernel", "from submission to collected outputs, up to 8 tasks under way"),
            ("megakernel", "outputs in megakernel mode equal those of batch mode"),
        ] {
            assert_eq!(text.contains(words), arguments.contains(&mode), "{words}: {text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}

/// The stand-in executes what a GPU would; 360 images are asked of one block that stays.
#[test]
fn the_demo_on_a_device_gives_the_same_digest_and_no_time_of_a_simulated_one() {
    let (_kept, folder) = driver();
    let ran = ran(simulated(&folder, &["demo", "--backend", "cuda", "--mode", "ring"]));
    let text = ran.text();
    for line in [
        "accuracy   359 of 360 held-back images (99.7 %)",
        "digest     46864ad3550d00d9 over 3,600 output bytes",
        "outputs in ring mode on the device equal the processor's with every set",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert!(
        text.contains("latency    none of a simulated device") && !text.contains("µs"),
        "{text}"
    );
}

#[test]
fn the_demo_on_no_gpu_says_why() {
    let none = |backend| {
        let mut demo = command();
        demo.args(["demo", "--backend", backend]).env("LD_LIBRARY_PATH", "");
        Ran::from(demo.output().expect("the program starts"))
    };
    let auto = none("auto");
    assert!(auto.text().contains("not on a GPU: no CUDA driver library"), "{}", auto.text());
    let cuda = none("cuda");
    assert_eq!(cuda.code, Some(1));
    assert!(cuda.stderr.contains("fix: install NVIDIA's driver"), "{}", cuda.stderr);
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
    for command in [["demo", "--mode", "kernel"], ["demo", "--mode", "Ring"]] {
        let ran = isokern(command);
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.contains("possible values: batch, ring, megakernel"), "{}", ran.stderr);
    }
    assert_eq!(isokern(["convert", "--layout", "diagonal", "a", "-o", "b"]).code, Some(2));
}

#[test]
fn a_wake_word_is_heard_where_its_mean_comes_above_the_threshold() {
    let folder = Folder::new();
    // One value a step, of which the model gives twice: 0, or 2.
    let model = folder.write("word.ikm", &twice(&[1, 1]));
    let features = folder.write("frames.i8", &[0, 0, 1, 1, 1, 0, 0, 0, 1, 0]);
    let demo = ["demo", "--wake-word", &model, "--features", &features];
    for mode in ["batch", "ring", "megakernel"] {
        let more = ["--mode", mode, "--window", "4", "--threshold", "0.9"];
        let ran = isokern(demo.iter().chain(&more));
        let lines: Vec<&str> = ran.text().lines().filter(|line| line.contains("heard")).collect();
        let last = "heard once in 10 steps; the highest mean is 1.500, at step 4; above 0.9 counts";
        assert_eq!(lines, ["heard      at step 3: 1.000 over 4 steps", last], "{mode}");
    }
    let never = isokern(demo.iter().chain(&["--threshold", "1", "--window", "9"]));
    assert!(never.text().contains("heard 0 times in 10 steps"), "{}", never.text());
    let (digits, image) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    let ran = isokern(["demo", "--wake-word", &digits, "--features", &image]);
    let (error, fix) = ran.error_and_fix(1);
    assert!(error.contains("1x10 int8; a wake word is one probability a step"), "{error}");
    assert!(fix.contains("isokern run --stream"), "{fix}");
    for wrong in [&["--features", &image][..], &["--wake-word", &digits], &["--threshold", "0.5"]] {
        let ran = isokern(["demo"].iter().chain(wrong));
        assert!(ran.stderr.contains("required"), "{}", ran.stderr);
    }
    let ran = isokern(demo.iter().chain(&["--threshold", "1.5"]));
    assert!(ran.stderr.contains("it is no number from 0 to 1"), "{}", ran.stderr);
}

#[test]
fn the_matrix_has_one_digest_a_row() {
    let record = include_str!("../../../../tests/matrix.md");
    let rows = |shown: &Ran| -> Vec<(String, String)> {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let lines = shown.text().lines().map(words).filter(|words| words.len() > 3);
        let rows = lines.map(|words| (words[0].clone(), words[2].clone()));
        rows.filter(|(_, digest)| digest.len() == 16).collect()
    };
    let (_kept, folder) = driver();
    let mut alone = command();
    alone.args(["demo", "--matrix"]).env("LD_LIBRARY_PATH", "");
    let alone = Ran::from(alone.output().expect("the program starts"));
    for (shown, cells, gpu) in [
        (
            ran(simulated(&folder, &["demo", "--matrix"])),
            216,
            "cuda is the PTX on a simulated device",
        ),
        (alone, 108, "not on a GPU"),
    ] {
        assert!(shown.text().contains(&format!("36 models, {cells} cells")), "{}", shown.text());
        assert!(shown.text().contains(gpu), "{}", shown.text());
        let rows = rows(&shown);
        let recorded = rows.iter().filter(|(name, digest)| {
            record.lines().any(|line| {
                let cells: Vec<&str> = line.split('|').map(str::trim).collect();
                cells.len() > 3 && cells[1] == name && cells[3] == digest
            })
        });
        assert_eq!((recorded.count(), rows.len()), (36, 36), "{}", shown.text());
        assert!(shown.text().lines().all(|line| line.len() <= 100), "{}", shown.text());
    }
    let refused = isokern(["demo", "--matrix", "--mode", "ring"]);
    assert!(refused.error(2).contains("--matrix"));
}
