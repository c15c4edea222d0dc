//! Models as tasks without workers: stopped after every operator, other tasks in between, they give
//! TFLite Micro's bytes; and each misuse is distinguished.

use std::process::ExitCode;
use std::sync::mpsc;

use isokern_core::{InferenceError, TaskSlot};
use isokern_cpu::tasks::{
    ModelFault, ModelRequest, ModelStep, ModelTable, ModelTableError, ModelTablePlan, TableTasks,
    TaskAskError,
};
use isokern_cpu::{ArtifactBackend, CpuProgram, InstructionSet};
use isokern_model::layout::Layout;
use isokern_tests::streams::{OUTPUT_LEN, Stream, variables};
use isokern_tests::trials::{on_models_of_any_ports, run, trial, trial_unless};
use isokern_tests::vectors::Case;
use isokern_tests::zoo::{self, NO_ZOO, SMALL_MACS};

fn main() -> ExitCode {
    let missing = Stream::missing();
    let missing = missing.as_deref();
    let stopped = "stopping_after_every_operator_gives_the_same_bytes";
    let mut trials = Vec::from(on_models_of_any_ports(stopped, stopped_after_every_operator));
    let no_zoo = zoo::rows().is_empty().then_some(NO_ZOO);
    let tests: [(&str, Option<&str>, Check); 7] = [
        ("streams_of_the_zoo_stop_after_every_operator", no_zoo, streams_of_the_zoo),
        ("a_stream_keeps_its_state_over_claims", missing, a_stream_keeps_its_state_over_claims),
        ("a_half_step_begins_again", missing, a_half_step_begins_again),
        ("a_stream_has_one_task_in_flight", missing, a_stream_has_one_task_in_flight),
        ("who_only_asks_takes_nothing_from_a_worker", missing, who_only_asks_takes_nothing),
        ("tasks_that_were_not_asked_fault", None, tasks_that_were_not_asked_fault),
        ("a_plan_is_refused_with_its_bytes", None, a_plan_is_refused_with_its_bytes),
    ];
    trials.extend(tests.map(|(name, missing, test)| trial_unless(missing, name, test)));
    trials.push(trial("places_go_round", places_go_round));
    run(trials)
}

type Check = fn();

fn load(case: &Case, layout: Layout, set: InstructionSet) -> CpuProgram<'static> {
    let backend = ArtifactBackend::new().with_instruction_set(set);
    backend.load_program(&case.convert(layout)).expect("the artifact is a model")
}

fn table(program: CpuProgram<'static>, in_flight: usize, streams: &[u32]) -> ModelTable {
    let plan = ModelTablePlan { in_flight, streams, memory_limit: None };
    ModelTable::new(vec![program], plan).expect("there is memory")
}

/// Writes the inputs, which are one after the other, and returns the request.
fn ask(
    tasks: TableTasks<'_>,
    place: u32,
    stream: Option<u32>,
    inputs: &[i8],
) -> Result<ModelRequest, TaskAskError> {
    tasks.ask(place, 0, stream, |program, arena| {
        let mut rest = inputs;
        for port in 0..program.model().input_count() {
            let target = program.input_at_in(arena, port)?;
            let (now, later) = rest.split_at(target.len());
            target.copy_from_slice(bytemuck::cast_slice(now));
            rest = later;
        }
        Ok(())
    })
}

/// Returns the outputs of a place, one after the other.
fn answer(tasks: TableTasks<'_>, place: u32) -> Vec<i8> {
    let outputs = tasks.answer(place, |program, arena| {
        let mut outputs = Vec::new();
        for port in 0..program.model().output_count() {
            outputs.extend_from_slice(program.output_at_in(arena, port)?);
        }
        Ok::<_, InferenceError>(bytemuck::cast_slice(&outputs).to_vec())
    });
    outputs.expect("the task is done").expect("the place fits")
}

/// Returns a claim of a task that is stopped as soon as it may be; `None` when it is done.
fn claim(tasks: TableTasks<'_>, task: TaskSlot) -> Option<TaskSlot> {
    match tasks.run(&task, |_| true) {
        ModelStep::Done => None,
        ModelStep::Stopped { next } => {
            assert_eq!(next, task.continuation_pc() + 1, "one operator a claim");
            let claimed = task.claim().expect("it waits");
            Some(claimed.yield_at(next, 0).expect("it runs"))
        }
        ModelStep::Fault(fault) => panic!("{fault}"),
    }
}

/// Two tasks in turns, an operator each.
fn stopped_after_every_operator(cases: &[Case]) {
    for case in cases {
        for (layout, set) in [
            (Layout::Row, InstructionSet::PLAIN),
            (Layout::Packed, InstructionSet::PLAIN),
            (Layout::Packed, InstructionSet::detect()),
        ] {
            let program = load(case, layout, set);
            let model = program.model();
            let (input_len, output_len) = (model.input_bytes(), model.output_bytes());
            let operator_count = model.operator_count();
            let is_small = model.header().macs() <= SMALL_MACS;
            let table = table(program.clone(), 2, &[]);
            let tasks = table.tasks();
            let pairs: Vec<_> = case.pairs(input_len, output_len).collect();
            let count = if is_small { 8 } else { 2 };
            for pair in pairs.chunks(2).take(count) {
                let mut waiting: Vec<_> = (0..)
                    .zip(pair)
                    .map(|(place, (input, _))| {
                        ask(tasks, place, None, input).expect("it is free").task()
                    })
                    .collect();
                let mut claim_count = 0;
                while !waiting.is_empty() {
                    claim_count += waiting.len();
                    waiting = waiting.into_iter().filter_map(|task| claim(tasks, task)).collect();
                }
                assert_eq!(claim_count, pair.len() * operator_count, "{}", case.name);
                for (place, (_, expected)) in (0..).zip(pair) {
                    let label = format!("{}, {}, {set}", case.name, layout.name());
                    assert!(answer(tasks, place) == *expected, "{label}: the outputs differ");
                }
            }
        }
    }
}

/// Two streams of each model with state, in turns, and the state after each step.
fn streams_of_the_zoo() {
    let mut model_count = 0;
    for row in zoo::rows().into_iter().filter(|row| row.sequence && !row.is_refused()) {
        let case = row.case();
        let program = load(&case, Layout::Packed, InstructionSet::detect());
        let model = program.model();
        if model.state_bytes() == 0 {
            continue;
        }
        model_count += 1;
        let table = table(program.clone(), 2, &[0, 0]);
        let tasks = table.tasks();
        let mut states = [Vec::new(), Vec::new()];
        for (input, expected) in case.pairs(model.input_bytes(), model.output_bytes()) {
            let mut waiting = vec![];
            for index in 0..2 {
                let request = ask(tasks, index, Some(index), input).expect("one at a time");
                waiting.push(request.task());
            }
            while !waiting.is_empty() {
                waiting = waiting.into_iter().filter_map(|task| claim(tasks, task)).collect();
            }
            for index in 0..2 {
                assert!(answer(tasks, index) == expected, "{}: the outputs differ", case.name);
                let state = tasks.state(index, <[u8]>::to_vec).expect("no task is in flight");
                states[index as usize].push(state);
            }
        }
        let expected = zoo::variables(row.id());
        for states in &states {
            assert_eq!(zoo::variables_in(&model, states), expected, "{}", case.name);
        }
    }
    assert!(model_count >= 3, "the zoo has models with state");
}

fn keyword() -> (Stream, ModelTable) {
    let stream = Stream::keyword();
    let program = ArtifactBackend::new().load_program(&stream.artifact(Layout::Packed));
    let table = table(program.expect("the artifact is a model"), 2, &[0, 0]);
    (stream, table)
}

/// Runs a task to its end, stopped after every operator.
fn run_whole(tasks: TableTasks<'_>, task: TaskSlot) {
    let mut waiting = Some(task);
    while let Some(task) = waiting {
        waiting = claim(tasks, task);
    }
}

fn a_stream_keeps_its_state_over_claims() {
    let (stream, table) = keyword();
    let tasks = table.tasks();
    for round in 0..2 {
        for (at, (input, output, state)) in stream.steps().enumerate() {
            // The place changes, the stream does not.
            let place = (at % 2) as u32;
            let request = ask(tasks, place, Some(1), input).expect("one at a time");
            run_whole(tasks, request.task());
            let found = answer(tasks, place);
            assert_eq!(found, [output.cast_signed(); OUTPUT_LEN], "round {round}, step {at}");
            let kept = tasks.state(1, <[u8]>::to_vec).expect("no task is in flight");
            assert_eq!(variables(&tasks.programs()[0].model(), &kept), state, "step {at}");
        }
        tasks.reset(1).expect("no task is in flight");
    }
}

fn a_half_step_begins_again() {
    let (stream, table) = keyword();
    let tasks = table.tasks();
    let steps: Vec<_> = stream.steps().collect();
    for (input, ..) in &steps[..3] {
        let request = ask(tasks, 0, Some(0), input).expect("one at a time");
        run_whole(tasks, request.task());
        let _ = answer(tasks, 0);
    }
    // A task that is cancelled in its middle has changed the state in part.
    let request = ask(tasks, 0, Some(0), steps[3].0).expect("one at a time");
    let mut task = request.task();
    for _ in 0..tasks.programs()[0].model().operator_count() - 1 {
        task = claim(tasks, task).expect("an operator is left");
    }
    tasks.release(0).expect("no worker has it");
    assert!(matches!(tasks.run(&task, |_| true), ModelStep::Fault(ModelFault::NotAsked)));
    for (at, (input, output, _)) in steps.iter().enumerate().take(4) {
        let request = ask(tasks, 0, Some(0), input).expect("one at a time");
        run_whole(tasks, request.task());
        assert_eq!(answer(tasks, 0), [output.cast_signed()], "step {at} of a new stream");
    }
}

fn a_stream_has_one_task_in_flight() {
    let (stream, table) = keyword();
    let tasks = table.tasks();
    let input = &stream.inputs[..stream.inputs.len() / stream.outputs.len()];
    assert_eq!(ask(tasks, 0, None, input), Err(TaskAskError::NoStreamNamed { model: 0 }));
    let _first = ask(tasks, 0, Some(0), input).expect("both are free");
    let second = ask(tasks, 1, Some(0), input);
    assert_eq!(second, Err(TaskAskError::StreamInUse { stream: 0, place: 0 }));
    assert_eq!(tasks.reset(0), Err(TaskAskError::StreamInUse { stream: 0, place: 0 }));
    let other = ask(tasks, 1, Some(1), input).expect("another stream");
    // A task that names a stream of another one does not get at its state.
    let forged = ModelRequest { param: 0, ..other };
    assert!(matches!(tasks.run(&forged.task(), |_| true), ModelStep::Fault(ModelFault::NoStream)));
}

/// A side that asks for what is another task's, again and again, while a worker runs that task.
fn who_only_asks_takes_nothing() {
    let (stream, table) = keyword();
    let tasks = table.tasks();
    let (input, ..) = stream.steps().next().expect("it has steps");
    let (requests, tasks_of_worker) = mpsc::channel::<TaskSlot>();
    let (ends, ends_of_worker) = mpsc::channel();
    let table = &table;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for task in tasks_of_worker {
                let _ = ends.send(table.tasks().run(&task, |_| false));
            }
        });
        for round in 0..2000 {
            let request = ask(tasks, 0, Some(0), input).expect("it is free");
            requests.send(request.task()).expect("the worker waits");
            let end = loop {
                assert_ne!(tasks.free_place(), Some(0), "round {round}");
                let here = ask(tasks, 0, Some(1), input);
                assert_eq!(here, Err(TaskAskError::PlaceInUse { place: 0 }), "round {round}");
                assert!(ask(tasks, 1, Some(0), input).is_err(), "round {round}");
                assert!(tasks.reset(0).is_err() && tasks.state(0, |_| ()).is_err());
                let _ = tasks.release(1);
                if let Ok(end) = ends_of_worker.try_recv() {
                    break end;
                }
            };
            assert_eq!(end, ModelStep::Done, "round {round}");
            let _ = answer(tasks, 0);
        }
        drop(requests);
    });
}

fn digits() -> Case {
    let cases = isokern_tests::vectors::own_cases();
    cases.into_iter().find(|case| case.name == "digits").expect("it is committed")
}

fn tasks_that_were_not_asked_fault() {
    let table = table(load(&digits(), Layout::Packed, InstructionSet::PLAIN), 2, &[]);
    let tasks = table.tasks();
    let request = ask(tasks, 1, None, &[0; 64]).expect("it is free");
    let fault = |task: TaskSlot| match tasks.run(&task, |_| true) {
        ModelStep::Fault(fault) => {
            assert_eq!(ModelFault::of_code(fault.code()), Some(fault));
            assert!(fault.to_string().contains(". Fix: "), "{fault}");
            fault
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(TaskSlot::ready(1)), ModelFault::NoModel);
    assert_eq!(fault(ModelRequest { place: 2, ..request }.task()), ModelFault::NoPlace);
    assert_eq!(fault(request.task().with_output_handle(0)), ModelFault::OutputElsewhere);
    assert_eq!(fault(ModelRequest { place: 0, ..request }.task()), ModelFault::NotAsked);
    let claimed = request.task().claim().expect("it is ready");
    assert_eq!(fault(claimed.yield_at(2, 0).expect("it runs")), ModelFault::NotAsked);
    // None of these has touched the task that was asked.
    run_whole(tasks, request.task());
    assert_eq!(fault(request.task()), ModelFault::NotAsked, "once");
    assert_eq!(answer(tasks, 1).len(), 10);
}

fn a_plan_is_refused_with_its_bytes() {
    let program = load(&digits(), Layout::Packed, InstructionSet::PLAIN);
    let arena_bytes = program.model().arena_bytes().next_multiple_of(64);
    let plan =
        |in_flight, limit| ModelTablePlan { in_flight, streams: &[], memory_limit: Some(limit) };
    let make =
        |plan| ModelTable::new(vec![program.clone()], plan).map(|table| table.memory_bytes());
    assert_eq!(make(plan(5, 5 * arena_bytes)), Ok(5 * arena_bytes));
    let (in_flight, memory_bytes, limit_bytes) = (5, 5 * arena_bytes, 5 * arena_bytes - 1);
    let refused = ModelTableError::OverLimit { in_flight, memory_bytes, limit_bytes };
    assert_eq!(make(plan(5, limit_bytes)), Err(refused));
    assert!(refused.to_string().contains(&memory_bytes.to_string()), "{refused}");
    let unlimited = ModelTablePlan { memory_limit: None, ..plan(usize::MAX, 0) };
    assert_eq!(make(unlimited), Err(ModelTableError::OutOfMemory { memory_bytes: usize::MAX }));
    let stream = ModelTablePlan { streams: &[3], ..ModelTablePlan::default() };
    assert_eq!(make(stream), Err(ModelTableError::NoModel { model: 3 }));
}

fn places_go_round() {
    let table = table(load(&digits(), Layout::Packed, InstructionSet::PLAIN), 2, &[]);
    let tasks = table.tasks();
    assert_eq!(tasks.free_place(), Some(0));
    let request = ask(tasks, 0, None, &[0; 64]).expect("it is free");
    assert_eq!(tasks.free_place(), Some(1));
    assert_eq!(ask(tasks, 0, None, &[0; 64]), Err(TaskAskError::PlaceInUse { place: 0 }));
    assert_eq!(ask(tasks, 2, None, &[0; 64]), Err(TaskAskError::NoPlace { place: 2 }));
    assert_eq!(ask(tasks, 1, Some(0), &[0; 64]), Err(TaskAskError::NoState { model: 0 }));
    let early = tasks.answer(0, |_, _| ());
    assert_eq!(early, Err(TaskAskError::NotDone { place: 0 }));
    // While a worker has the place nobody else gets at it.
    let mut seen = Vec::new();
    let step = tasks.run(&request.task(), |_| {
        seen.push((tasks.release(0), tasks.free_place()));
        false
    });
    assert_eq!(step, ModelStep::Done);
    let operator_count = tasks.programs()[0].model().operator_count();
    let busy = (Err(TaskAskError::PlaceInUse { place: 0 }), Some(1));
    assert_eq!(seen, vec![busy; operator_count - 1]);
    assert_eq!(answer(tasks, 0).len(), 10);
    assert_eq!(tasks.free_place(), Some(0));
}
