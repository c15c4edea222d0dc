//! What the shipped PTX executes for a model, counted, beside what `docs/benchmarks.md` records: a
//! kind that is added must not slow down models that do without it.

use std::thread;

use isokern_model::Model;
use isokern_model::layout::Layout;
use isokern_simcuda::machine::Counts;
use isokern_tests::counts::{ModelCounts, cases, count, count_with};
use isokern_tests::device::{Device, ptx};
use isokern_tests::resident::{StepCounts, steps_of};
use isokern_tests::vectors::all_cases;

const BENCHMARKS: &str = include_str!("../../docs/benchmarks.md");
/// The most that a count may be above the record, or below it: then the record is to be written
/// anew.
const SHARE_MAX: f64 = 0.02;
/// The target of the record.
const TARGET: u32 = 90;
/// Models, and their rows.
const ROWS: [(&str, &str); 6] = [
    ("digits", "digits"),
    ("residual", "residual"),
    ("ad01_int8", "AD autoencoder"),
    ("ic_resnet8_int8", "IC ResNet-8"),
    ("kws_dscnn_int8", "KWS DS-CNN"),
    ("vww_mnv1_int8", "VWW MobileNetV1 0.25"),
];

/// Returns the millions of thread-instructions in a row of the record.
fn recorded(row: &str) -> f64 {
    let table = BENCHMARKS.split("| M thread-instructions |").nth(1).expect("there is a table");
    let line = table.lines().find(|line| line.starts_with(&format!("| {row} |")));
    let cell = line.and_then(|line| line.split('|').nth(2)).expect("the model has a row");
    cell.trim().parse().expect("it is a number")
}

#[test]
fn models_of_the_first_kinds_take_what_the_record_says() {
    let device = Device::new(&ptx(TARGET), TARGET);
    let mut compared = 0;
    for case in all_cases() {
        let Some((_, row)) = ROWS.iter().find(|(name, _)| *name == case.name) else { continue };
        let artifact = case.convert(Layout::Packed);
        let model = Model::parse(artifact.bytes()).expect("it was just converted");
        let run = device.batch(&artifact, &case.inputs[..model.input_bytes()], |_| {});
        let run = run.unwrap_or_else(|fault| panic!("{}: {fault}", case.name));
        let (found, recorded) = (run.counters.thread_instructions as f64 / 1e6, recorded(row));
        let share = found / recorded - 1.0;
        assert!(share.abs() <= SHARE_MAX, "{}: {found} M, recorded {recorded} M", case.name);
        compared += 1;
    }
    assert!(compared >= 2, "the models of the repository are always there");
}

#[test]
fn counts_by_function_are_the_same_on_one_thread_and_on_two() {
    let cases: Vec<_> = cases().into_iter().filter(|case| case.name != "vww_mnv1_int8").collect();
    assert!(cases.len() >= 2, "the models of the repository are always there");
    let alone: Vec<ModelCounts> = cases.iter().map(count).collect();
    let beside: Vec<ModelCounts> = thread::scope(|scope| {
        let runs: Vec<_> = cases.iter().map(|case| scope.spawn(|| count(case))).collect();
        runs.into_iter().map(|run| run.join().expect("it counts")).collect()
    });
    assert_eq!(alone, beside);
    for counts in alone {
        let sum: u64 = counts.functions.values().map(|it| it.thread_instructions).sum();
        assert_eq!(
            sum, counts.total.thread_instructions,
            "{}: every instruction has a function",
            counts.model
        );
        assert!(counts.chain > 0 && counts.blocks > 0, "{}", counts.model);
        assert_eq!(
            counts.registers % 8,
            0,
            "{}: the recorded figure, not an estimate",
            counts.model
        );
    }
}

/// The text with one more instruction in a function, a move of a register to itself after the
/// function's first addition.
fn with_a_move_in(text: &str, function: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut heads = lines.iter().enumerate().filter(|(_, line)| {
        line.contains(function) && (line.contains(".func") || line.contains(".entry"))
    });
    // The last head is the definition; declarations come before it.
    let (head, _) = heads.next_back().expect("the function is in the text");
    let add = lines.iter().skip(head).position(|line| line.trim_start().starts_with("add.s32"));
    let add = head + add.expect("it adds");
    let register = lines[add].split_whitespace().nth(1).expect("a result").trim_end_matches(',');
    let more = format!("mov.b32 {register}, {register};");
    lines.insert(add + 1, more);
    lines.join("\n")
}

#[test]
fn one_more_instruction_shows_in_the_function_that_has_it_alone() {
    let cases = cases();
    let digits = cases.iter().find(|case| case.name == "digits").expect("it is always there");
    let before = count(digits);
    let largest = |(name, counts): (&String, &Counts)| (counts.thread_instructions, name.clone());
    let (_, function) = before.functions.iter().map(largest).max().expect("functions ran");
    let after = count_with(&with_a_move_in(&ptx(TARGET), &function), digits);
    let moved: Vec<&String> = before
        .functions
        .iter()
        .filter(|(name, counts)| after.functions.get(*name) != Some(counts))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(moved, [&function]);
    let more = after.functions[&function].thread_instructions
        - before.functions[&function].thread_instructions;
    assert!(more > 0, "{function} went past the move");
    assert_eq!(after.total.thread_instructions, before.total.thread_instructions + more);
    eprintln!("{function}: {more} of {} more", before.total.thread_instructions);
}

#[test]
fn steps_of_a_resident_block_are_the_same_in_every_order_and_show_one_more_instruction() {
    let cases: Vec<_> = cases().into_iter().filter(|case| case.name == "digits").collect();
    let text = ptx(TARGET);
    let first = steps_of(&text, &cases, 1);
    let names: Vec<&str> = first.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["64 looks in vain", "a question to digits"]);
    for step in &first {
        let row = BENCHMARKS.lines().find(|line| line.starts_with(&format!("| {} |", step.name)));
        let cell = row.and_then(|row| row.split('|').nth(2)).expect("the step has a row");
        let recorded: f64 = cell.replace(' ', "").parse().expect("it is a number");
        let share = step.total.thread_instructions as f64 / recorded - 1.0;
        assert!(share.abs() <= SHARE_MAX, "{}: recorded {recorded}", step.name);
    }
    for seed in 2..5 {
        assert_eq!(steps_of(&text, &cases, seed), first, "seed {seed}");
    }
    let look = |step: &StepCounts| {
        let mut all = step.functions.iter().filter(|(name, _)| name.contains("4look4look"));
        let (name, counts) = all.next().expect("it looks");
        assert!(all.next().is_none(), "one function looks");
        (name.clone(), counts.thread_instructions)
    };
    let (name, before) = look(&first[0]);
    let longer = steps_of(&with_a_move_in(&text, &name), &cases, 1);
    let more = look(&longer[0]).1 - before;
    assert!(more > 0 && more % 32 == 0, "{more} more, by a whole warp");
    let total = |steps: &[StepCounts]| steps[0].total.thread_instructions;
    assert_eq!(total(&longer), total(&first) + more);
}
