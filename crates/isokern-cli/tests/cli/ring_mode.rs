//! `isokern run --mode ring` and `--timeout` in every mode.

use crate::program::{Folder, IMAGE, fixture, fixture_bytes, isokern};

const MODES: [&str; 3] = ["batch", "ring", "megakernel"];

#[test]
fn the_digest_is_that_of_batch_mode_and_the_latency_says_what_it_is() {
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    let texts = MODES.map(|mode| {
        let ran = isokern(["run", &model, "-i", &input, "--mode", mode]);
        let times = ["latency", "           from "];
        let without_times = |line: &&str| !times.iter().any(|start| line.starts_with(start));
        let lines = ran.text().lines().filter(without_times).map(str::to_owned);
        let timed = "from question to collected answer, up to 8 inputs under way";
        assert_eq!(ran.text().contains(timed), mode == "ring", "{}", ran.text());
        assert_eq!(ran.text().contains("two threads"), mode == "ring", "{}", ran.text());
        assert_eq!(ran.text().contains("one thread"), mode == "batch", "{}", ran.text());
        lines.collect::<Vec<_>>()
    });
    assert_eq!(texts[0], texts[1]);
    assert_eq!(texts[0], texts[2]);
    assert!(texts[1].iter().any(|line| line.contains("04de18928f895f4a")), "{texts:?}");
}

#[test]
fn fewer_inputs_than_slots_are_enough() {
    let folder = Folder::new();
    let images = fixture_bytes("vectors/digits.in.i8");
    let expected = fixture_bytes("vectors/digits.out.tflm.i8");
    let target = folder.path("out.i8");
    for count in [1, 2, 9] {
        let input = folder.write("in.i8", &images[..count * IMAGE]);
        let model = fixture("digits.ikm");
        let ran = isokern(["run", &model, "-i", &input, "-o", &target, "--mode", "ring"]);
        let under_way =
            if count == 1 { "1 input".to_owned() } else { format!("{} inputs", count.min(8)) };
        assert!(ran.text().contains(&format!("up to {under_way} under way")), "{}", ran.text());
        assert!(folder.read("out.i8") == expected[..count * 10]);
    }
}

#[test]
fn a_time_limit_that_is_kept_changes_no_byte() {
    let folder = Folder::new();
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    let target = folder.path("out.i8");
    let expected = fixture_bytes("vectors/digits.out.tflm.i8");
    for mode in MODES {
        for limit in ["20m", "1h", "1000y"] {
            let limited = ["--mode", mode, "--timeout", limit];
            let arguments = ["run", &model, "-i", &input, "-o", &target];
            let _ = isokern(arguments.iter().chain(&limited)).text();
            assert!(folder.read("out.i8") == expected, "{mode}, {limit}");
        }
    }
}

#[test]
fn a_time_limit_that_cannot_be_kept_stops_the_run() {
    let folder = Folder::new();
    let (model, input) = (fixture("digits.ikm"), fixture("vectors/digits.in.i8"));
    let target = folder.path("out.i8");
    for mode in MODES {
        for limit in ["1ns", "0s"] {
            let arguments = ["run", &model, "-i", &input, "-o", &target, "--timeout", limit];
            let ran = isokern(arguments.iter().chain(&["--mode", mode]));
            let (error, fix) = ran.error_and_fix(4);
            assert!(
                error.contains("input 0 has no answer within ") && error.ends_with(limit),
                "{error}"
            );
            assert!(fix.contains("--timeout"), "{fix}");
            assert!(folder.names().is_empty(), "nothing may be written");
        }
        let soon = ["run", &model, "-i", &input, "--mode", mode, "--timeout", "soon"];
        let ran = isokern(soon);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(ran.stderr.contains("--timeout"), "{}", ran.stderr);
    }
}

#[test]
fn what_is_refused_in_batch_mode_is_refused_in_the_others() {
    let folder = Folder::new();
    let input = folder.write("short.i8", &[0; IMAGE - 1]);
    let answers = MODES.map(|mode| {
        let ran = isokern(["run", &fixture("digits.ikm"), "-i", &input, "--mode", mode]);
        ran.error(1).to_owned()
    });
    assert_eq!([&answers[1], &answers[2]], [&answers[0]; 2]);
    assert!(answers[0].contains("63 bytes"), "{answers:?}");
}
