//! What the resident kernel executes while it looks in vain, and for one question of a row: parts
//! of one run, between two entries of a function by the thread that leads the block.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Mutex;

use isokern_core::actor::{ActorPlan, AddressedActor, MailboxShape, Mailboxes};
use isokern_core::compute::ModelArtifact;
use isokern_core::device::{ActorShape, BlockOrder, ORDER_BYTES, REPORT_BYTES, resident_key};
use isokern_core::ring::{BufferHandle, PoolLayout};
use isokern_core::{MessageHeader, Resident};
use isokern_model::layout::Layout;
use isokern_ring::Requester;
use isokern_simcuda::machine::Counts;
use isokern_simcuda::program::Program;
use isokern_simcuda::replay::Replay;
use isokern_test_actors::{Do, FIRST_SUM, Script};

use super::{BUFFERS, LONG, Memory, ResidentReplay, mapped};
use crate::counts::TARGET;
use crate::device::{Device, ptx};
use crate::replay_words::{HostSide, Orders, Shared};
use crate::task_replay::empty_task;
use crate::vectors::{Case, all_cases};

/// The models that are asked; the second where the reference vectors are.
const MODELS: [&str; 2] = ["digits", "ad01_int8"];

/// Pieces of the name of what is entered once for up to 64 looks, and once for each answer.
const LOOK: &[&str] = &["8resident", "4look4look"];
const ANSWER: &[&str] = &["6runner4hand", "6answer"];
/// The same of a script alone.
const SCRIPT_ANSWER: &[&str] = &["6runner4hand", "6answer", "6Script"];

/// Entries after which a block that has nothing to do goes on as it goes.
const ENTRIES: usize = 4;
/// Steps of the device between two looks at its profile.
const STEPS: u32 = 64;

/// The entry of the device code of scripts, and the numbers of their actor.
const SCRIPTS: &str = "isokern_test_actors";
const SLOTS: usize = 4;
const MAILBOXES: usize = 2;

/// What a block executes for one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepCounts {
    /// What the step is.
    pub name: String,
    /// Threads of the block.
    pub threads: u32,
    /// All functions together.
    pub total: Counts,
    /// Functions that ran, by the names that the PTX has.
    pub functions: BTreeMap<String, Counts>,
}

impl StepCounts {
    /// Returns the counts of a step, by name and threads of a block, from those of each function
    /// of its program.
    pub(crate) fn new(
        (name, threads): (&str, u32),
        program: &Program,
        counts: Vec<Counts>,
    ) -> Self {
        let mut functions: BTreeMap<String, Counts> = BTreeMap::new();
        let mut total = Counts::default();
        for (index, counts) in counts.into_iter().enumerate() {
            total += counts;
            if counts != Counts::default()
                && let Some(function) = program.function(index)
            {
                *functions.entry(function.name.clone()).or_default() += counts;
            }
        }
        Self { name: name.to_owned(), threads, total, functions }
    }
}

/// Returns the steps of the shipped resident kernel that can be counted here and, with the PTX of
/// the test actors for [`TARGET`], an echo and 16 empty tasks.
///
/// # Panics
///
/// Where an answer is wrong, or two steps that are the same differ.
#[must_use]
pub fn steps(scripts: Option<&str>) -> Vec<StepCounts> {
    let is_asked = |case: &Case| MODELS.contains(&case.name.as_str());
    let mut cases: Vec<Case> = all_cases().into_iter().filter(is_asked).collect();
    cases.sort_by_key(|case| MODELS.iter().position(|name| *name == case.name));
    let mut all = steps_of(&ptx(TARGET), &cases, 1);
    all.extend(scripts.map(|scripts| echo(scripts, 1)));
    all.extend(scripts.map(|scripts| empty_task(scripts, 1)));
    all
}

/// Returns the steps of a text of PTX, in an order of warps that follows from a seed: 64 looks in
/// vain for messages to the first model, and a question to each.
///
/// # Panics
///
/// As [`steps`].
#[must_use]
pub fn steps_of(text: &str, cases: &[Case], seed: u64) -> Vec<StepCounts> {
    let mut all = Vec::new();
    for case in cases {
        let device = Device::new(text, TARGET);
        let artifact = case.convert(Layout::Packed);
        if all.is_empty() {
            all.push(in_vain(&device, &artifact, seed));
        }
        all.push(question(&device, case, &artifact, seed));
    }
    all
}

/// Counts 64 looks in vain, with one poll of the actor's life and the sleeps in between.
fn in_vain(device: &Device, artifact: &ModelArtifact, seed: u64) -> StepCounts {
    let resident = ResidentReplay::new(device, artifact).with_whole_block();
    let mut replay = Replay::new(&device.memory, seed).marking_entries(device.function(LOOK));
    resident.launch(&mut replay);
    let shared = Mutex::new(&mut replay);
    resident.begin(HostSide::new(&shared, Orders::Kept), 1).expect("the actor begins");
    let first = HostSide::new(&shared, Orders::Kept).mark_count() + ENTRIES;
    run_until(&shared, first + 2);
    resident.step("64 looks in vain", &shared, [first, first + 1])
}

/// Counts a question to a model, of a row of them.
fn question(device: &Device, case: &Case, artifact: &ModelArtifact, seed: u64) -> StepCounts {
    let resident = ResidentReplay::new(device, artifact).with_whole_block();
    let replay = Replay::new(&device.memory, seed);
    // The crew may be late for the entry, but not for the call that follows.
    let mut replay = replay.marking_barriers_after(device.function(ANSWER));
    resident.launch(&mut replay);
    let shared = Mutex::new(&mut replay);
    let side = HostSide::new(&shared, Orders::Kept);
    resident.begin(side, 1).expect("the actor begins");
    let memory = Memory::new(side, resident.actor);
    let mut asker = Requester::<_, BufferHandle, _, _>::try_new(memory, 0, side).expect("one");
    let (input, wanted) = (&case.inputs[..resident.input_len], &case.outputs);
    side.hold(true);
    for index in 0..BUFFERS {
        let handle = resident.lend(side, index, input);
        asker.try_ask(MessageHeader::new(), handle).expect("there is room");
    }
    side.hold(false);
    for index in 0..BUFFERS {
        let reply = resident.answer(side, &mut asker).unwrap_or_else(|why| panic!("{why}"));
        let output = resident.output(side, index, reply).expect("the buffer is back");
        assert!(output == wanted[..output.len()], "{} differs", case.name);
    }
    resident.step(&format!("a question to {}", case.name), &shared, [0, 1])
}

/// Counts a question to an actor that does next to nothing, of a row of them: it adds a number to
/// its state, and answers the sum.
///
/// # Panics
///
/// Where an answer is wrong, or two such questions differ.
#[must_use]
pub fn echo(text: &str, seed: u64) -> StepCounts {
    let device = Device::new(text, TARGET);
    let resident = ResidentReplay::of_scripts(&device).with_whole_block();
    // The crew waits for a call that never comes.
    let mut replay =
        Replay::new(&device.memory, seed).marking_entries(device.function(SCRIPT_ANSWER));
    resident.launch(&mut replay);
    let shared = Mutex::new(&mut replay);
    let side = HostSide::new(&shared, Orders::Kept);
    resident.begin(side, 1).expect("the actor begins");
    let memory = AddressedActor::<_, SLOTS, 1, MAILBOXES>::new(side, resident.actor);
    let mut asker = Requester::<_, [u32; 2], u32, _>::try_new(memory, 0, side).expect("two");
    side.hold(true);
    for number in 1..=SLOTS as u32 {
        asker.try_ask(MessageHeader::new(), Do::Add.with(number)).expect("there is room");
    }
    side.hold(false);
    let mut sum = FIRST_SUM;
    for number in 1..=SLOTS as u32 {
        sum += number;
        let answer = resident.answer(side, &mut asker);
        assert_eq!(answer.unwrap_or_else(|why| panic!("{why}")), sum);
    }
    resident.step("a question to an echo", &shared, [1, 2])
}

impl<'d> ResidentReplay<'d> {
    /// Returns memory for a grid that runs scripts.
    fn of_scripts(device: &'d Device) -> Self {
        let first_state = mapped(device, 4);
        device.memory.write(first_state, &FIRST_SUM.to_le_bytes()).expect("it was allocated");
        let order = BlockOrder {
            key: resident_key(<Script as Resident>::ENTRY),
            memory: mapped(device, Mailboxes::<SLOTS, 1, MAILBOXES>::actor_bytes()),
            first_state,
            state_bytes: 4,
            shape: ActorShape { slots: SLOTS as u32, lines: 1, mailboxes: MAILBOXES as u16 },
            ..BlockOrder::default().with_plan(&ActorPlan::new())
        };
        Self {
            device,
            entry: SCRIPTS,
            grid_line: mapped(device, 128),
            orders: mapped(device, ORDER_BYTES),
            reports: mapped(device, REPORT_BYTES),
            actor: order.memory,
            pool: 0,
            layout: PoolLayout::new(0, 0),
            order,
            lease_ns: LONG,
            orders_kept: Orders::Kept,
            accesses: None,
            threads: 0,
            arena_bytes: 0,
            input_len: 0,
        }
    }

    /// Returns the same with all threads of a block.
    fn with_whole_block(self) -> Self {
        let entry = self.device.program.function(self.device.entry(self.entry));
        let threads = entry.and_then(|entry| entry.max_threads).expect("the text says it");
        Self { threads, ..self }
    }

    /// Returns what was counted from each of two marks to the next, which has to be the same.
    fn step(&self, name: &str, replay: &Shared<'_>, entries: [usize; 2]) -> StepCounts {
        let replay = replay.lock().expect("nobody panicked with it");
        let profile = replay.profile().expect("the kernel runs");
        let [counts, again] = entries.map(|entry| profile.between(entry, entry + 1));
        assert!(counts == again, "{name}: two of them differ");
        let counts = counts.expect("the marks are there");
        StepCounts::new((name, self.threads), &self.device.program, counts)
    }
}

/// Lets the device run until a function was entered so often.
fn run_until(replay: &Shared<'_>, entry: usize) {
    let side = HostSide::new(replay, Orders::Kept);
    while side.mark_count() <= entry {
        side.wait(STEPS);
    }
}

impl fmt::Display for StepCounts {
    /// Returns a line for the step, then one for each function; words are apart by tabs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, threads, total, functions } = self;
        let line = |f: &mut fmt::Formatter<'_>, counts: &Counts| {
            counts.numbers().iter().try_for_each(|cell| write!(f, "\t{cell}"))
        };
        write!(f, "step\t{name}\t{threads}")?;
        line(f, total)?;
        for (function, counts) in functions {
            write!(f, "\nstep function\t{name}\t{function}")?;
            line(f, counts)?;
        }
        Ok(())
    }
}
