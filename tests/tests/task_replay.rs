//! The suite of tasks on the blocks of a replay, seed for seed, with the orders that a weak device
//! and a weak host allow; and a run that is stopped, or whose time ends, at any step.
//!
//! `ISOKERN_ACTORS=FOLDER` names the folder with the PTX of `tests/actors/device`, which the stage
//! `ptx` builds. Without it the tests are skipped. `ISOKERN_SEEDS` says how many seeds each test
//! tries, and `ISOKERN_STRIDE` how many steps lie between two ends.

use core::cell::Cell;
use core::time::Duration;
use std::process::ExitCode;
use std::sync::Arc;

use isokern_core::MegakernelConfig;
use isokern_core::megakernel::{MegakernelReport, TaskPriority};
use isokern_ring::{Controls, Submitter, megakernel};
use isokern_simcuda::replay::{Verdict, judge};
use isokern_test_actors::{Chore, Chores};
use isokern_tests::device::{Device, named_folder, read};
use isokern_tests::replay_words::Orders;
use isokern_tests::seeds::{Host, seeds};
use isokern_tests::task_replay::{
    ReplayBlocks, ReplayRunning, ReplayStage, ReplayTasks, TaskReplay, Workers,
};
use isokern_tests::task_suite::{test_named, tests, walk_moves};
use isokern_tests::trials::{run, trial_unless};

const TARGET: u32 = 80;
/// Tests whose tasks go on for so long that many seeds of them take hours.
const LONG: [&str; 2] =
    ["wherever_a_budget_ends_the_sum_holds", "a_stop_leaves_tasks_for_the_next_slice"];
/// Seeds of those.
const FEW: u64 = 2;
/// Steps of the device between two cuts, and ns, unless `ISOKERN_STRIDE` says otherwise.
const STRIDE: usize = 97;
const STRIDE_NS: usize = 1009;
/// Slices after which one that is too short is left alone.
const SLICES: usize = 40;

fn main() -> ExitCode {
    let folder = named_folder("ISOKERN_ACTORS");
    let no_folder = "ISOKERN_ACTORS names no folder with the device code of the suite";
    let missing = folder.is_none().then_some(no_folder);
    let text = folder.map(|folder| read(&folder.join("test_actors_sm80.ptx")));
    let text: Arc<str> = text.unwrap_or_default().into();
    let named = tests::<ReplayStage<'_, '_>>().into_iter().map(|(name, _)| name).enumerate();
    let sized = named.flat_map(|named| [(named, 4), (named, 16)]);
    let sized = sized.filter(|((_, name), count)| *count == 4 || !LONG.contains(name));
    let text_of_suite = Arc::clone(&text);
    let of_suite = sized.map(move |(named, count)| {
        let text = Arc::clone(&text_of_suite);
        let name = format!("{count}_workers::{}", named.1);
        trial_unless(missing, name, move || in_seeds(&text, named, count))
    });
    let (moving, stopped) = (Arc::clone(&text), Arc::clone(&text));
    let stops = trial_unless(missing, "a_stop_at_any_step_loses_nothing", move || {
        cut_everywhere((&stopped, 0, STRIDE), stop_after);
    });
    let budgets = trial_unless(missing, "time_that_ends_at_any_moment_loses_nothing", move || {
        cut_everywhere((&text, 1, STRIDE_NS), in_slices_of);
    });
    let moved = trial_unless(missing, "futures_go_on_on_other_workers", move || moves(&moving));
    run(of_suite.chain([stops, budgets, moved]))
}

/// The host of a seed: both kinds, by turns.
const fn host_of(seed: u64) -> Host {
    if seed.is_multiple_of(2) { Host::Strong } else { Host::Weak }
}

/// Runs a test in seeds that are its own: all tests together try all seeds.
fn in_seeds(text: &str, (index, name): (usize, &str), count: u32) {
    let device = Device::new(text, TARGET);
    let test_count = tests::<ReplayStage<'_, '_>>().len();
    let wanted = seeds(1);
    for round in 0..if LONG.contains(&name) { wanted.min(FEW) } else { wanted } {
        let seed = round * test_count as u64 + index as u64;
        let ran = in_replay(&device, Workers::of_suite(count), seed, |blocks| {
            test_named(name)(&ReplayStage::new(blocks.clone()));
        });
        ran.unwrap_or_else(|why| panic!("{:?}, seed {seed}: {why}", host_of(seed)));
    }
}

/// In every seed some future goes on on another block than the one on which it began.
fn moves(text: &str) {
    let device = Device::new(text, TARGET);
    for count in [4, 16] {
        for seed in 0..seeds(4) {
            let ran = in_replay(&device, Workers::of_suite(count), seed, |blocks| {
                assert_ne!(walk_moves(&ReplayStage::new(blocks.clone())), 0, "none moved");
            });
            ran.unwrap_or_else(|why| panic!("{count} workers, seed {seed}: {why}"));
        }
    }
}

fn in_replay(
    device: &Device,
    workers: Workers,
    seed: u64,
    test: impl Fn(&ReplayBlocks<'_, '_>),
) -> Result<(), Box<Verdict>> {
    judge(
        || host_of(seed).replay(&device.memory, seed),
        |replay| TaskReplay::new(device, workers).run(replay, Orders::Kept, &test),
    )
}

/// Tasks of each kind, which end by themselves: 9 of the host's, one of which fails, and 2 spawned.
const ENDS: (u64, u64, u64) = (8, 1, 2);

/// Returns a number of the environment.
fn number(variable: &str, otherwise: usize) -> usize {
    let text = std::env::var(variable).ok();
    text.map_or(otherwise, |text| text.parse().expect("a number"))
}

type Ends<'a, 'r> =
    (Submitter<ReplayTasks<'a, 'r>>, Controls<ReplayTasks<'a, 'r>, ReplayRunning<'a, 'r>>);

/// Submits tasks of every kind in slices of this length, and says all that they wait for.
fn submit<'a, 'r>(blocks: &ReplayBlocks<'a, 'r>, max_wall_time: Duration) -> Ends<'a, 'r> {
    let worker_count = blocks.worker_count();
    let config = MegakernelConfig { worker_count, max_wall_time, ..MegakernelConfig::new() };
    let started = megakernel(blocks, Chores, config).unwrap_or_else(|error| panic!("{error}"));
    let (mut submitter, _, controls) = started.split();
    let chores = [
        Chore::Done.with(0),
        Chore::Yield.with(1),
        Chore::Requeue.with(1).with_priority(TaskPriority::Low),
        Chore::Spawn.with(2).with_priority(TaskPriority::High),
        Chore::Fault.with(7),
        Chore::Look.with(2).with_priority(TaskPriority::Critical),
    ];
    for chore in chores {
        submitter.try_submit(chore).unwrap_or_else(|error| panic!("{error}"));
    }
    let held = submitter.try_submit(Chore::Done.with(0).held()).expect("there is room");
    submitter.try_submit(Chore::Yield.with(1).with_join(held)).expect("there is room");
    let waiting = submitter.try_submit(Chore::Pause.with(2)).expect("there is room");
    submitter.resume(waiting, 2).expect("there is room");
    submitter.release(held).expect("there is room");
    (submitter, controls)
}

/// Whether nothing is left; every task has then ended as it says.
fn is_done(report: &MegakernelReport) -> bool {
    assert!(report.is_accounted(), "{report:?}");
    let is_done = report.left() == 0 && report.spawned_left == 0;
    if is_done {
        let ends = (report.done, report.faulted, report.spawned_ended);
        assert_eq!((ends, report.spawned), (ENDS, ENDS.2), "{report:?}");
    }
    is_done
}

/// Stops after so many steps of the device, and lets the rest run in a second slice. Returns
/// whether there was a rest.
fn stop_after(blocks: &ReplayBlocks<'_, '_>, steps: usize) -> bool {
    let (_submitter, mut controls) = submit(blocks, Duration::MAX);
    blocks.side().wait(steps as u32);
    let was_done = is_done(&controls.stop());
    controls.next_slice().unwrap_or_else(|error| panic!("{error}"));
    assert!(is_done(&controls.finish()), "a second slice ends all");
    !was_done
}

/// Runs slices of so many ns until all has ended, or slices are too short for that. Returns whether
/// there was more than one.
fn in_slices_of(blocks: &ReplayBlocks<'_, '_>, wall_ns: usize) -> bool {
    let (_submitter, mut controls) = submit(blocks, Duration::from_nanos(wall_ns as u64));
    for slice in 0..SLICES {
        if is_done(&controls.wait()) {
            return slice > 0;
        }
        controls.next_slice().unwrap_or_else(|error| panic!("{error}"));
    }
    is_done(&controls.wait());
    true
}

/// Cuts in a row that leave nothing, after which later ones leave nothing either. A stop may be
/// seen late, so one such cut says little.
const UNCUT: usize = 16;

/// Cuts the same run later and later, until cuts leave nothing.
fn cut_everywhere(
    (text, first, stride): (&str, usize, usize),
    cut: impl Fn(&ReplayBlocks<'_, '_>, usize) -> bool,
) {
    let device = Device::new(text, TARGET);
    let seed = seeds(1) - 1;
    let (mut count, mut uncut_count) = (0, 0);
    for at in (first..).step_by(number("ISOKERN_STRIDE", stride)) {
        let was_cut = Cell::new(false);
        let ran = in_replay(&device, Workers::of_suite(4), seed, |blocks| {
            was_cut.set(cut(blocks, at));
        });
        ran.unwrap_or_else(|why| panic!("cut at {at}: {why}"));
        if was_cut.get() {
            (count, uncut_count) = (count + 1, 0);
        } else {
            uncut_count += 1;
        }
        if uncut_count == UNCUT {
            eprintln!("{count} runs were cut before their end, the last at about {at}");
            break;
        }
    }
    assert!(count > 3, "only {count} were cut");
}
