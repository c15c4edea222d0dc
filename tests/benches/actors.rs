//! What the ways of keeping a model running add to the run itself, in ns a call.
//!
//! `cargo bench -p isokern-tests --bench actors`
//!
//! * **ring**: a model as an actor, asked by one thread, both pinned and spinning. The input
//!   is in the buffer; a call is: lend it, ask, look until the answer is there, open the
//!   buffer. Its base is `CpuModel::run` on an input that is in the arena.
//! * **batch**: `CpuKernel`, by each of its entry points. Their base is `CpuModel::infer_one`,
//!   which copies in and out as they do.
//!
//! Base and candidates take turns, call by call, in one process, and who is first changes with
//! every turn. An overhead is the difference to the base's call in the same turn; the tables
//! have quantiles of these differences, and the least and greatest median of a round. Two
//! looks at the clock are part of every time and cancel out of the differences. Every output is
//! compared. The models are the reference models, where they are, else the repository's own.

use core::hint::{black_box, spin_loop};
use core::time::Duration;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use core_affinity::CoreId;
use isokern_core::actor::{ActorPlan, ActorState, Mailboxes};
use isokern_core::call::Clock;
use isokern_core::ring::BufferHandle;
use isokern_core::{
    AllowAll, BatchKernel, Environment, ExecutionContext, KernelMetadata, KernelMode,
    MessageHeader, Principal,
};
use isokern_cpu::{ArtifactBackend, CpuKernel, CpuModel, CpuProgram, ModelActor};
use isokern_guard::SystemClock;
use isokern_model::layout::Layout;
use isokern_ring::{
    Borrower, HeapBuffers, Lender, PopError, RequesterOn, ThreadHost, ThreadRunning, WaitStrategy,
    heap_pool, spawn,
};
use isokern_tests::vectors::{Case, cases, own_folder, reference_folder};

const SLOTS: usize = 4;
/// The core of the actor, and that of whoever calls.
const ACTOR_CORE: usize = 0;
const CALLER_CORE: usize = 1;
const RING: KernelMetadata = KernelMetadata::new("actors", KernelMode::Ring);
const BATCH: KernelMetadata = KernelMetadata::new("actors", KernelMode::Batch);

/// Rounds, and turns in each. The first round warms up and is not counted.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    turns: usize,
}

fn main() {
    // Cargo says `--bench` when it measures; otherwise the bench is only tried out.
    let measures = std::env::args().any(|argument| argument == "--bench");
    let effort =
        if measures { Effort { rounds: 21, turns: 1_000 } } else { Effort { rounds: 2, turns: 3 } };
    // The clock's thread starts with the first sleep, and may run where its maker may: here that
    // is everywhere, later it would be the caller's core alone.
    pollster::block_on(SystemClock.sleep_until(SystemClock.now_ns() + 1_000_000));
    let all = cases(&reference_folder().unwrap_or_else(own_folder));
    println!("{} rounds of {} turns; ns, p50 [p99]\n", effort.rounds, effort.turns);
    println!("| model | way | call | base | overhead | medians of rounds |");
    println!("|---|---|--:|--:|--:|--:|");
    for case in &all {
        ring(case, effort);
        batch(case, effort);
    }
}

/// Returns a model that is ready, and the lengths of its ports.
fn load(case: &Case) -> (CpuModel<'static>, usize, usize) {
    let mut model = ArtifactBackend::new().load(&case.convert(Layout::Packed)).expect("a model");
    model.init().expect("memory is there");
    let (input_len, output_len) = (model.model().input().len(), model.model().output().len());
    (model, input_len, output_len)
}

/// Measures questions to a ring actor beside direct runs.
fn ring(case: &Case, effort: Effort) {
    let (mut direct, input_len, output_len) = load(case);
    let mut asker = Asker::start(case);
    let pairs: Vec<_> = case.pairs(input_len, output_len).collect();
    let mut table = Table::<1>::new(effort);
    for turn in 0..effort.rounds * effort.turns {
        let (input, expected) = pairs[turn % pairs.len()];
        let mut run = || {
            direct.input_mut().expect("it is ready").copy_from_slice(input);
            let (time_ns, output) = timed(|| direct.run().expect("the model runs"));
            assert!(output == expected, "{}", case.name);
            time_ns
        };
        let mut ask = || {
            asker.write(input);
            let (time_ns, output) = timed(|| asker.ask());
            assert!(output == expected, "{}", case.name);
            time_ns
        };
        if turn.is_multiple_of(2) {
            let base_ns = run();
            table.add(turn, base_ns, [ask()]);
        } else {
            let times_ns = [ask()];
            table.add(turn, run(), times_ns);
        }
    }
    asker.finish();
    table.print(&case.name, ["ring actor, spinning"]);
}

/// The memory of an actor on threads, and a question's types.
type Questions =
    RequesterOn<ThreadHost<SystemClock, Mailboxes<SLOTS>>, ModelActor, Borrower<Arc<HeapBuffers>>>;

/// Asks a model actor, always with the same buffer.
struct Asker {
    program: CpuProgram<'static>,
    questions: Questions,
    lender: Lender<Arc<HeapBuffers>>,
    handle: BufferHandle,
    running: ThreadRunning,
}

impl Asker {
    fn start(case: &Case) -> Self {
        let program = ArtifactBackend::new().load_program(&case.convert(Layout::Packed));
        let program = program.expect("a model");
        let arena_bytes = program.model().arena_bytes();
        let (mut lender, borrower) = heap_pool(arena_bytes, 1, 1).expect("a usable pool");
        let host = ThreadHost::<_, Mailboxes<SLOTS>>::new("actor", SystemClock)
            .with_wait(WaitStrategy::Spin);
        let plan = ActorPlan::new().with_buffers(borrower);
        // A thread starts where the one that makes it may run.
        pin(ACTOR_CORE);
        let actor = spawn(&host, ModelActor::new(RING, program.clone()), plan);
        pin(CALLER_CORE);
        let mut actor = actor.expect("the thread starts");
        let mut questions = actor.take_requester(0).expect("a mailbox");
        let buffer = lender.try_claim().expect("one is free");
        let handle = buffer.lend(arena_bytes).expect("it fits");
        answer(&mut questions, handle);
        Self { program, questions, lender, handle, running: actor.into_running() }
    }

    /// Writes an input into the buffer, which has come back.
    fn write(&mut self, input: &[i8]) {
        let arena = self.lender.bytes(self.handle).expect("it is back");
        self.program.input_in(arena).expect("it fits").copy_from_slice(input);
    }

    /// Lends the buffer, asks, waits, and opens it again.
    fn ask(&mut self) -> &[i8] {
        let handle = self.lender.lend_again(self.handle, self.handle.length_bytes as usize);
        self.handle = handle.expect("it is back");
        answer(&mut self.questions, self.handle);
        let arena = self.lender.bytes(self.handle).expect("it is back");
        self.program.output_in(arena).expect("it fits")
    }

    fn finish(self) {
        drop(self.questions);
        assert_eq!(self.running.join(), ActorState::Stopped);
    }
}

/// Asks with a lent buffer and spins until the answer is there.
fn answer(questions: &mut Questions, handle: BufferHandle) {
    questions.try_ask(MessageHeader::new(), handle).expect("the ring is empty");
    loop {
        match questions.try_answer() {
            Ok(answer) => {
                answer.result.expect("the model runs");
                return;
            }
            Err(PopError::Empty) => spin_loop(),
            Err(PopError::Closed) => panic!("the actor is gone"),
        }
    }
}

/// Measures the entry points of a batch kernel beside calls of the model.
fn batch(case: &Case, effort: Effort) {
    let limit = Duration::from_secs(3_600);
    let environment = Environment::new(SystemClock, AllowAll);
    let context = ExecutionContext::new(&environment, Principal::new("a", &[]));
    let context = context.with_time_limit(limit);
    let (mut direct, input_len, output_len) = load(case);
    let kernel = CpuKernel::try_new(BATCH, load(case).0, vec![0_i8; output_len]);
    let kernel = kernel.expect("the answer fits");
    let pairs: Vec<_> = case.pairs(input_len, output_len).collect();
    let mut output = vec![0_i8; output_len];
    let mut table = Table::<3>::new(effort);
    pin(CALLER_CORE);
    for turn in 0..effort.rounds * effort.turns {
        let (input, expected) = pairs[turn % pairs.len()];
        let mut base_ns = 0;
        let mut times_ns = [0; 3];
        for place in 0..4 {
            let who = (turn + place) % 4;
            let execute = |which| match which {
                0 => pollster::block_on(kernel.execute(input)),
                1 => pollster::block_on(kernel.execute_with_timeout(&SystemClock, input, limit)),
                _ => pollster::block_on(kernel.execute_with_context(&context, input)),
            };
            if who == 3 {
                let (time_ns, done) = timed(|| direct.infer_one(input, output.as_mut_slice()));
                done.expect("the payloads fit");
                assert!(output == expected, "{}", case.name);
                base_ns = time_ns;
            } else {
                let (time_ns, answer) = timed(|| execute(who));
                assert!(answer.as_deref() == Ok(expected), "{}", case.name);
                times_ns[who] = time_ns;
            }
        }
        table.add(turn, base_ns, times_ns);
    }
    let names = ["`execute`", "`execute_with_timeout`", "`execute_with_context`, a deadline"];
    table.print(&case.name, names);
}

/// Times of a base and of `N` candidates, turn by turn.
struct Table<const N: usize> {
    effort: Effort,
    base_ns: Vec<i64>,
    times_ns: [Vec<i64>; N],
}

impl<const N: usize> Table<N> {
    fn new(effort: Effort) -> Self {
        Self { effort, base_ns: Vec::new(), times_ns: core::array::from_fn(|_| Vec::new()) }
    }

    /// Adds a turn, unless it is of the round that warms up.
    fn add(&mut self, turn: usize, base_ns: i64, times_ns: [i64; N]) {
        if turn >= self.effort.turns {
            self.base_ns.push(base_ns);
            for (kept, time_ns) in self.times_ns.iter_mut().zip(times_ns) {
                kept.push(time_ns);
            }
        }
    }

    fn print(&self, model: &str, names: [&str; N]) {
        for (name, times_ns) in names.iter().zip(&self.times_ns) {
            let pairs = times_ns.iter().zip(&self.base_ns);
            let overhead_ns: Vec<i64> = pairs.map(|(time_ns, base_ns)| time_ns - base_ns).collect();
            let rounds = overhead_ns.chunks(self.effort.turns).map(|round| quantile(round, 0.5));
            let mut rounds: Vec<i64> = rounds.collect();
            rounds.sort_unstable();
            let cells = [times_ns, &self.base_ns, &overhead_ns]
                .map(|ns| format!("{} [{}]", quantile(ns, 0.5), quantile(ns, 0.99)));
            let [call, base, overhead] = cells;
            let (least, greatest) = (rounds[0], rounds[rounds.len() - 1]);
            println!("| {model} | {name} | {call} | {base} | {overhead} | {least} to {greatest} |");
        }
    }
}

/// Returns the value that this share did not exceed: the nearest rank.
fn quantile(values: &[i64], share: f64) -> i64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// Returns what a call returns, and how long it took in ns.
fn timed<T>(call: impl FnOnce() -> T) -> (i64, T) {
    let start = Instant::now();
    let result = black_box(call());
    (start.elapsed().as_nanos() as i64, result)
}

/// Puts the calling thread on one core; where there is only one, threads share it.
fn pin(index: usize) {
    // Once: a thread that is pinned already sees its own core alone.
    static CORES: OnceLock<Vec<CoreId>> = OnceLock::new();
    let cores = CORES.get_or_init(|| core_affinity::get_core_ids().unwrap_or_default());
    if let Some(core) = cores.get(index % cores.len().max(1)) {
        core_affinity::set_for_current(*core);
    }
}
