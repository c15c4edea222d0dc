//! Models as tasks on the shipped PTX in replays, in weak seeds: a critical task that comes between
//! two operators runs after the one that begins, and what gave way goes on with the same bytes; a
//! thread of the crew that stays behind when a task gives way is noticed.

use isokern_core::MegakernelConfig;
use isokern_core::megakernel::{MegakernelReport, TaskEnd, TaskHandle, TaskOutcome, TaskPriority};
use isokern_core::ring::PopError;
use isokern_model::layout::Layout;
use isokern_ring::{Completions, megakernel};
use isokern_simcuda::replay::{Replay, Verdict, judge};
use isokern_tests::device::{Device, TARGETS, ptx};
use isokern_tests::replay_words::Orders;
use isokern_tests::seeds::{Host, SEEDS, planted_by, seeds};
use isokern_tests::task_replay::{
    OnBlocks, ReplayBlocks, ReplayModel, ReplayTasks, TaskReplay, Workers,
};
use isokern_tests::vectors::{Case, own_cases};

const TARGET: u32 = 80;
/// Entered by the leader after each call of the crew: once an operator, and once when a task leaves
/// its activations.
const AFTER_CALL: &[&str] = &["11model_tasks", "5go_on"];

/// Operators of digits.
const OPERATORS: usize = 9;

fn model(name: &str) -> Case {
    let case = own_cases().into_iter().find(|case| case.name == name);
    case.unwrap_or_else(|| panic!("no model {name}"))
}

fn wait<'a, 'r>(
    blocks: &ReplayBlocks<'a, 'r>,
    completions: &mut Completions<ReplayTasks<'a, 'r>>,
    task: TaskHandle,
) -> TaskEnd {
    loop {
        match completions.try_take(task) {
            Err(PopError::Empty) => blocks.side().wait(1),
            end => return end.unwrap_or_else(|error| panic!("{task:?}: {error}")),
        }
    }
}

/// What is expected of the order of the two tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The critical one runs when the operator has that begins as it comes.
    Exact,
    /// A load of a weak device may be of what was, so it may run later.
    Any,
}

/// Submits a critical task when the crew of the one worker was called so often for a normal one, at
/// one moment for the device, and compares the outputs of both.
fn overtake(
    device: &Device,
    case: &Case,
    replay: impl Fn() -> Replay,
    (after, order): (usize, Order),
) -> Result<(), Box<Verdict>> {
    let artifact = case.convert(Layout::Packed);
    judge(
        || replay().marking_entries(device.function(AFTER_CALL)),
        |replay| {
            let model = ReplayModel::new(device, &artifact, 2);
            let workers =
                Workers { entry: "isokern_workers", count: 1, host_slots: 2, spawn_slots: 0 };
            let grid = TaskReplay::new(device, workers).with_model(&model);
            grid.run(replay, Orders::Kept, |blocks| {
                let (calls, report) = both(blocks, (case, &model), after);
                assert!(report.is_accounted() && report.done == 2, "{report:?}");
                if order == Order::Exact {
                    // That operator, and the critical task's; between them the normal task's
                    // activations are left, unless it was its last.
                    let yields = u64::from(after + 1 < OPERATORS);
                    let others = 1 + yields as usize;
                    assert_eq!((calls, report.yields), (others + OPERATORS, yields));
                }
                for place in [0, 1] {
                    let outputs = model.answer(place);
                    let wanted = case.outputs.chunks_exact(outputs.len()).nth(place as usize);
                    assert_eq!(Some(outputs.as_slice()), wanted, "place {place}");
                }
            })
        },
    )
}

/// Runs a normal task and, once the crew was called so often for it, a critical one. Returns how
/// often it was called from then to the critical one's end.
fn both(
    blocks: &ReplayBlocks<'_, '_>,
    (case, model): (&Case, &ReplayModel<'_>),
    after: usize,
) -> (usize, MegakernelReport) {
    let started = megakernel(blocks, OnBlocks, MegakernelConfig::new());
    let (mut submitter, mut completions, controls) =
        started.unwrap_or_else(|error| panic!("{error}")).split();
    let [normal, critical] = [0, 1].map(|place| {
        let inputs = case.inputs.chunks_exact(model.input_len()).nth(place as usize);
        model.ask(place, inputs.expect("there are two samples"))
    });
    let normal = submitter.try_submit(normal).expect("there is a slot");
    while blocks.side().mark_count() < after {
        blocks.side().wait(1);
    }
    blocks.side().hold(true);
    let calls = blocks.side().mark_count();
    let critical = submitter.try_submit(critical.with_priority(TaskPriority::Critical));
    let critical = critical.expect("there is a slot");
    blocks.side().hold(false);
    let end = wait(blocks, &mut completions, critical);
    let calls = blocks.side().mark_count() - calls;
    assert_eq!(end.outcome, TaskOutcome::Done);
    assert_eq!(wait(blocks, &mut completions, normal).outcome, TaskOutcome::Done);
    (calls, controls.finish())
}

#[test]
fn a_critical_task_runs_after_the_operator_that_begins_as_it_comes() {
    let case = model("digits");
    for target in TARGETS {
        let device = Device::new(&ptx(target), target);
        for seed in 0..seeds(1) {
            for after in 1..OPERATORS {
                let replay = || Replay::new(&device.memory, seed);
                let ran = overtake(&device, &case, replay, (after, Order::Exact));
                ran.unwrap_or_else(|why| panic!("sm_{target}, seed {seed}, after {after}: {why}"));
            }
        }
    }
}

#[test]
fn what_gives_way_goes_on_with_the_same_bytes_in_weak_seeds() {
    let case = model("digits");
    for target in TARGETS {
        let device = Device::new(&ptx(target), target);
        for seed in 0..seeds(OPERATORS as u64) {
            let replay = || host_of(seed).replay(&device.memory, seed);
            let ran = overtake(&device, &case, replay, (after(seed), Order::Any));
            ran.unwrap_or_else(|why| panic!("sm_{target}, seed {seed}: {why}"));
        }
    }
}

/// The text with the second thread of the crew kept from leaving its part of the activations.
fn with_a_rank_behind(part: &str) -> String {
    let call = part.find("5ports4copy").expect("activations are copied");
    let head = "st.param.b32 \t[param0], ";
    let store = part[..call].rfind(head).expect("the first argument is the rank");
    let rank = part[store + head.len()..].split(';').next().expect("a register");
    let skip = format!(
        "{{ .reg .pred %is_second; setp.eq.u32 %is_second, {rank}, 1; \
         @%is_second mov.u32 {rank}, 0x7fffffff; }}\n"
    );
    [&part[..store], &skip, &part[store..]].concat()
}

/// Digits knows its digit all the same; of this model every byte shows.
#[test]
fn a_rank_that_stays_behind_when_a_task_gives_way_is_noticed() {
    let case = model("pool_add");
    let ran = |device: &Device, seed| {
        let replay = || host_of(seed).replay(&device.memory, seed);
        overtake(device, &case, replay, (1, Order::Any))
    };
    let whole = Device::new(&ptx(TARGET), TARGET);
    ran(&whole, 0).unwrap_or_else(|why| panic!("unchanged: {why}"));
    let device = planted_by(TARGET, "11model_tasks5leave", with_a_rank_behind);
    let found = (0..SEEDS).find_map(|seed| Some((seed, ran(&device, seed).err()?)));
    let (seed, why) = found.expect("it is noticed");
    eprintln!("a rank behind: seed {seed}: {}", why.wrong);
}

/// The host of a seed: both kinds, by turns.
const fn host_of(seed: u64) -> Host {
    if seed.is_multiple_of(2) { Host::Strong } else { Host::Weak }
}

/// The calls of a seed after which the critical task comes.
const fn after(seed: u64) -> usize {
    1 + seed as usize % (OPERATORS - 1)
}
