//! The host of a resident kernel: start, orders, faults, lease and end, on a kernel by hand that
//! takes no message. What runs beside it, and every driver call failing in turn.
//!
//! Needs the stand-in. Without it every test is skipped.
#![allow(unsafe_code)]

use core::future::Future;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use isokern_core::actor::{ActorError, ActorPlan, ActorState, Host, LinkEnd, Mailboxes};
use isokern_core::call::{Clock, PollingSleep};
use isokern_core::compute::ModelArtifact;
use isokern_core::device::{BlockPhase, BlockRefusal, DeviceResident, FAULT_BLOCK, resident_key};
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext, RingKernelHandler,
};
use isokern_cuda::{
    Context, CudaBackend, CudaError, CudaHost, CudaModelActor, Device, ResidentError, ResidentPlan,
    unreleased_count,
};
use isokern_guard::SystemClock;
use isokern_model::layout::Layout;
use isokern_ring::{AskError, SpawnError, region_lender, spawn};
use isokern_tests::standin::{call_count, fail_at, fail_never, live_objects, missing};
use isokern_tests::trials::{abort_after, run_in_turn, trial_unless};
use isokern_tests::vectors::{Case, cases, own_folder};

#[path = "cuda_host/links.rs"]
mod links;

const PTX: &str = include_str!("../fixtures/resident_blocks.ptx");
/// After this long, something hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// A busy machine lets a thread wait for seconds.
const LEASE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    abort_after(PATIENCE);
    let tests = [
        ("actors_come_and_go_without_a_driver_call", without_calls as fn()),
        ("a_grid_that_does_not_fit_is_refused_by_number", too_many),
        ("what_a_block_refuses_is_said_with_its_reason", refused),
        ("a_block_that_met_a_fault_is_replaced_while_there_are_spares", spent),
        ("an_order_that_nobody_takes_is_an_error", unanswered),
        ("a_host_that_hangs_loses_its_kernel", lost_lease),
        ("a_kernel_that_does_not_stop_is_reported_and_waited_for_again", stubborn),
        ("batches_run_beside_a_resident_kernel", beside),
        ("reserves_end_where_the_plan_says", reserves),
        ("parts_of_another_host_are_refused", other_host),
        ("memory_that_is_linked_is_lent_to_nobody", links::linked_memory_is_kept),
        ("links_of_a_block_that_met_a_fault_are_closed", links::closed_for_the_dead),
        ("an_actor_of_a_thread_sends_to_one_of_a_device", links::a_thread_sends_to_a_device),
        ("a_link_that_was_used_is_refused", links::used_links_are_refused),
        ("a_dropped_host_ends_its_kernel_and_its_actors", dropped),
        // The last: where the release of a context is refused, the process keeps the context.
        ("a_failure_of_each_call_is_reported_and_leaks_nothing", each_call),
    ];
    // Counts of calls and failures on demand are the process's: one test at a time.
    run_in_turn(tests.map(|(name, test)| trial_unless(missing(), name, test)))
}

/// A resident that the kernel has under its number.
struct Key<const KEY: u32>;

impl<const KEY: u32> GpuKernel for Key<KEY> {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("key", KernelMode::Ring) }
    }
}

impl<const KEY: u32> RingKernelHandler<u32, u32> for Key<KEY> {
    async fn handle(&self, _: &mut RingContext<'_>, _: u32) -> Result<u32, KernelError> {
        Err(KernelError::Failed { code: KEY })
    }
}

impl<const KEY: u32> Resident for Key<KEY> {
    type Handler = Self;
    type Message = u32;
    type Reply = u32;
    type State = [u32; 4];

    const ENTRY: &'static str =
        ["", "idle", "refused", "fault", "stubborn", "silent"][KEY as usize];

    fn into_parts(self) -> (Self, [u32; 4]) {
        (self, [KEY; 4])
    }
}

impl<const KEY: u32> DeviceResident for Key<KEY> {
    type Shape = Mailboxes<2>;
}

type Idle = Key<1>;

/// Returns the kernel with the keys of the residents above in place of their numbers.
fn kernel() -> String {
    let mut text = PTX.to_owned();
    let names = [(2, Key::<2>::ENTRY), (3, Key::<3>::ENTRY), (4, Key::<4>::ENTRY), (5, "silent")];
    for (number, name) in names {
        let compared = format!("%key, {number};");
        assert!(text.contains(&compared));
        text = text.replace(&compared, &format!("%key, {};", resident_key(name)));
    }
    text
}

fn context() -> Context {
    Context::primary(Device::new(0).expect("there is a device")).expect("it has a context")
}

fn try_start<C>(
    context: &Context,
    clock: C,
    plan: ResidentPlan,
) -> Result<CudaHost<C>, ResidentError>
where
    C: Clock + Clone + 'static,
{
    // SAFETY: the kernel of this file takes these parameters and keeps the protocol.
    unsafe { CudaHost::start_ptx(context, clock, plan, kernel().as_bytes(), "resident") }
}

fn start(plan: ResidentPlan) -> CudaHost<SystemClock> {
    try_start(&context(), SystemClock, plan.with_lease(LEASE)).expect("the kernel starts")
}

fn plan(actors: u32) -> ResidentPlan {
    ResidentPlan::new(actors).with_lease(LEASE)
}

fn digits() -> Case {
    let all = cases(&own_folder());
    all.into_iter().find(|case| case.name == "digits").expect("the digits model is there")
}

fn without_calls() {
    let before = live_objects();
    let host = start(plan(16));
    let calls = call_count("*");
    for round in 0..100 {
        let mut actors: Vec<_> = (0..16)
            .map(|_| spawn(&host, Idle {}, ActorPlan::new()).expect("a block is free"))
            .collect();
        let full = spawn(&host, Idle {}, ActorPlan::new()).map(drop);
        let none = ResidentError::NoFreeBlock { actors: 16 };
        assert_eq!(full, Err(SpawnError::Host(none)), "round {round}");
        let status = host.status();
        assert_eq!(status.len(), 16);
        assert!(status.iter().all(|block| {
            (block.phase, block.epoch, block.is_lent)
                == (Some(BlockPhase::Running), round + 1, true)
        }));
        // Half of them are stopped, the others close; some are waited for, some dropped.
        actors.iter_mut().step_by(2).for_each(|actor| actor.stop());
        for actor in actors.drain(..8) {
            let running = actor.into_running();
            assert_eq!(running.fault(), None);
            assert_eq!(running.join(), ActorState::Stopped, "round {round}");
        }
        drop(actors);
    }
    assert_eq!(call_count("*"), calls, "the host called the driver");
    host.check().expect("the kernel runs");
    host.stop(LEASE).expect("the kernel ends");
    host.stop(LEASE).expect("it has ended");
    assert_eq!(host.check(), Err(ResidentError::Ended));
    let late = spawn(&host, Idle {}, ActorPlan::new()).map(drop);
    assert_eq!(late, Err(SpawnError::Host(ResidentError::Ended)));
    drop(host);
    assert_eq!(live_objects(), before);
}

fn too_many() {
    let context = context();
    let host = start(plan(1));
    let second = try_start(&context, SystemClock, plan(1)).map(drop);
    assert_eq!(second, Err(ResidentError::AlreadyResident { ordinal: 0 }));
    drop(host);
    let refused = |plan: ResidentPlan| match try_start(&context, SystemClock, plan) {
        Err(ResidentError::CooperativeResidencyExceeded { asked, fits }) => (asked, fits),
        other => panic!("{:?}", other.map(drop)),
    };
    let (asked, fits) = refused(plan(60_000).with_spares(5));
    assert_eq!(asked, 60_005);
    let (_, all) = refused(plan(60_000).with_free_multiprocessors(0));
    let multiprocessors = context.device().multiprocessors().expect("it says so");
    let each = all / multiprocessors;
    assert_eq!((each * multiprocessors, all - fits), (all, each), "one was left free");
    // All of the shared memory leaves one block a multiprocessor; more than that leaves none.
    let shared = 96 << 10;
    let (_, fewer) = refused(plan(60_000).with_shared_bytes(shared).with_free_multiprocessors(0));
    assert!(fewer < all && fewer >= multiprocessors, "{fewer} of {all}");
    assert_eq!(refused(plan(1).with_shared_bytes(1 << 30)), (1, 0));
    let said = ResidentError::CooperativeResidencyExceeded { asked, fits }.to_string();
    assert!(said.contains("60005") && said.contains("Fix: "), "{said}");
}

fn refused() {
    let host = start(plan(1));
    let error = spawn(&host, Key::<2> {}, ActorPlan::new()).map(drop);
    let refusal = Some(BlockRefusal::UnknownKey);
    let expected = ResidentError::Refused { entry: "refused", refusal };
    assert_eq!(error, Err(SpawnError::Host(expected)));
    // The block takes the next order.
    let actor = spawn(&host, Idle {}, ActorPlan::new()).expect("the block is free");
    assert_eq!(host.status()[0].epoch, 2);
    drop(actor);
    drop(host);
    let small = start(plan(1).with_first_state_bytes(15));
    let error = spawn(&small, Idle {}, ActorPlan::new()).map(drop);
    let expected = ResidentError::StateTooLarge { have: 15, need: 16 };
    assert_eq!(error, Err(SpawnError::Host(expected)));
    // The block was not ordered anything, and is not kept from others.
    assert!(!small.status()[0].is_lent);
    drop(small);
    let tight = start(plan(1).with_actor_bytes(1024));
    let error = spawn(&tight, Idle {}, ActorPlan::new()).map(drop);
    let expected = ResidentError::ActorTooLarge { have: 1024, need: 256 + 2 * (256 + 2 * 128) };
    assert_eq!(error, Err(SpawnError::Host(expected)));
}

fn spent() {
    let before = live_objects();
    let host = start(plan(2).with_spares(1).with_pool_bytes(4096));
    let other = spawn(&host, Idle {}, ActorPlan::new()).expect("a block is free");
    for round in 0..2 {
        let pool = (round == 0).then(|| host.pool(64, 2, 7).expect("there is room"));
        let mut lent = None;
        let spawned = match pool {
            Some((region, buffers)) => {
                let mut lender = region_lender(region);
                let handle = lender.try_claim().and_then(|buffer| buffer.lend(64));
                lent = Some((lender, handle.expect("it fits")));
                spawn(&host, Key::<3> {}, ActorPlan::new().with_buffers(buffers))
            }
            None => spawn(&host, Key::<3> {}, ActorPlan::new()),
        };
        let mut actor = spawned.expect("a block is free");
        assert_eq!(actor.running_mut().fault(), None);
        let answer = pollster::block_on(actor.ask(5));
        assert_eq!(answer, Err(AskError::Actor(ActorError::ActorFaulted)), "round {round}");
        let fault = actor.running_mut().fault().expect("the block met one").to_string();
        assert!(fault.contains("line 77"), "{fault}");
        let view = actor.view().expect("nobody writes now");
        let found = view.fault().expect("the host wrote it");
        assert_eq!((found.code, found.detail), (FAULT_BLOCK, 77 << 32 | 1));
        assert_eq!(actor.into_running().join(), ActorState::Faulted);
        // What it had is back, though nobody gave it back.
        if let Some((mut lender, handle)) = lent {
            assert!(lender.is_closed());
            lender.bytes(handle).expect("it is back");
        }
    }
    let none = spawn(&host, Idle {}, ActorPlan::new()).map(drop);
    assert_eq!(none, Err(SpawnError::Host(ResidentError::Spent { spent: 2 })));
    let faults = host.status().iter().filter(|block| block.fault.is_some()).count();
    assert_eq!(faults, 2);
    assert_eq!(other.state(), ActorState::Created, "its neighbour goes on");
    let running = other.into_running();
    assert_eq!((running.join(), host.status().len()), (ActorState::Stopped, 3));
    host.stop(LEASE).expect("the others end");
    drop(host);
    assert_eq!(live_objects(), before);
}

fn unanswered() {
    let host = try_start(&context(), SystemClock, plan(1).with_lease(Duration::from_secs(2)));
    let host = host.expect("the kernel starts");
    let error = spawn(&host, Key::<5> {}, ActorPlan::new()).map(drop);
    let within = Duration::from_secs(2);
    assert_eq!(error, Err(SpawnError::Host(ResidentError::NoAnswer { block: 0, within })));
    // Nobody knows what the block does: it is not lent again.
    let error = spawn(&host, Idle {}, ActorPlan::new()).map(drop);
    assert_eq!(error, Err(SpawnError::Host(ResidentError::NoFreeBlock { actors: 1 })));
}

/// A clock that stops the thread that asks it.
#[derive(Clone)]
struct Hanging(Arc<AtomicBool>);

impl Clock for Hanging {
    fn now_ns(&self) -> u64 {
        while self.0.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(1));
        }
        SystemClock.now_ns()
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}

fn lost_lease() {
    let before = live_objects();
    let hangs = Arc::new(AtomicBool::new(false));
    let lease = Duration::from_secs(1);
    let host = try_start(&context(), Hanging(Arc::clone(&hangs)), plan(2).with_lease(lease));
    let host = host.expect("the kernel starts");
    let running = spawn(&host, Idle {}, ActorPlan::new()).expect("a block is free");
    hangs.store(true, Ordering::Relaxed);
    let began = Instant::now();
    while host.check().is_ok() {
        assert!(began.elapsed() < PATIENCE / 10, "the kernel goes on without a lease");
        thread::sleep(Duration::from_millis(1));
    }
    assert!(began.elapsed() >= lease * 3 / 4, "it has ended early");
    assert_eq!(running.state(), ActorState::Stopped);
    hangs.store(false, Ordering::Relaxed);
    let late = spawn(&host, Idle {}, ActorPlan::new()).map(drop);
    assert_eq!(late, Err(SpawnError::Host(ResidentError::Ended)));
    host.stop(lease).expect("it has ended");
    drop((running, host));
    assert_eq!(live_objects(), before);
}

fn stubborn() {
    let before = live_objects();
    let lease = Duration::from_secs(2);
    let host = try_start(&context(), SystemClock, plan(2).with_lease(lease)).expect("it starts");
    let running = spawn(&host, Key::<4> {}, ActorPlan::new()).expect("a block is free");
    let within = Duration::from_millis(50);
    assert_eq!(host.stop(within), Err(ResidentError::StillRunning { within }));
    assert!(!running.into_running().is_finished());
    // The lease is renewed no longer, which it looks at.
    host.stop(5 * lease).expect("it ends by itself");
    drop(host);
    assert_eq!(live_objects(), before);
}

fn beside() {
    let case = digits();
    // What is loaded and allocated while a kernel is resident may wait for its end.
    let backend = CudaBackend::with_context(&context()).expect("the context is there");
    let mut model = backend.load(&case.convert(Layout::Packed)).expect("the model loads");
    model.init().expect("there is room");
    let host = start(plan(3));
    let actor = spawn(&host, Idle {}, ActorPlan::new()).expect("a block is free");
    let mut output = [0; 10];
    model.infer_one(&case.inputs[..64], &mut output).expect("the batch kernel runs");
    assert_eq!(output, case.outputs[..10]);
    host.check().expect("the resident kernel runs");
    drop(actor);
}

fn reserves() {
    let case = digits();
    let artifact = case.convert(Layout::Packed);
    let bytes = artifact.bytes().len() as u64;
    let host =
        start(plan(1).with_model_bytes(2 * bytes.next_multiple_of(128)).with_pool_bytes(1024));
    let calls = call_count("*");
    let first = host.load(&artifact).expect("there is room");
    assert_eq!((first.input_bytes(), first.output_bytes()), (64, 10));
    let second = host.load(&case.convert(Layout::Row)).expect("it is brought into the layout");
    assert_ne!(first.model(), second.model());
    let full = host.load(&artifact).expect_err("the reserve is full");
    assert_eq!(full, ResidentError::ReserveFull { what: "models", asked: bytes, free: 0 });
    let broken = host.load(&ModelArtifact::from_bytes(&[0; 64])).expect_err("it is no model");
    assert!(matches!(broken, ResidentError::Cuda(CudaError::Format(_))), "{broken}");
    let actor = CudaModelActor::new(first);
    assert_eq!((actor.buffer_bytes(), actor.reply().output_offset), (74, 64));
    // 256 of sides, a line of words each, a line a buffer.
    let pool = host.pool(74, 4, 1).expect("there is room");
    let full = host.pool(1, 1, 2).map(drop);
    assert_eq!(full, Err(ResidentError::ReserveFull { what: "pools", asked: 640, free: 0 }));
    assert_eq!(host.pool(0, 1, 2).map(drop), Err(ResidentError::EmptyPool));
    let (region, buffers) = pool;
    let mut lender = region_lender(region);
    assert_eq!(lender.free_count(), 4);
    let handle = lender.try_claim().and_then(|buffer| buffer.lend(74)).expect("one is free");
    assert_eq!(handle.pool, 1);
    assert!(!lender.is_closed());
    drop(buffers);
    assert!(lender.is_closed(), "no device will work in it");
    assert_eq!(call_count("*"), calls, "the host called the driver");
    drop((lender, host));
    // The arena fits neither memory.
    let tight = start(plan(1).with_model_bytes(1 << 20).with_shared_bytes(16));
    let model = CudaModelActor::new(tight.load(&artifact).expect("there is room"));
    let error = spawn(&tight, model, ActorPlan::new()).map(drop);
    let is_arena = |error: &SpawnError<ResidentError>| {
        matches!(
            error,
            SpawnError::Host(ResidentError::ArenaTooLarge { shared: 16, device: 0, .. })
        )
    };
    assert!(error.as_ref().is_err_and(is_arena), "{error:?}");
}

fn other_host() {
    let one = start(plan(1).with_model_bytes(1 << 20).with_pool_bytes(4096));
    let artifact = digits().convert(Layout::Packed);
    let model = CudaModelActor::new(one.load(&artifact).expect("there is room"));
    let (_region, buffers) = one.pool(8, 1, 1).expect("there is room");
    let memory = Host::<Idle>::lend(&one).expect("a block is free");
    let link = LinkEnd::try_new::<u32>(memory.clone(), 0).expect("four bytes fit");
    let start_in = |host: &CudaHost<_>, memory| {
        Host::<Idle>::start(host, Idle {}.into_parts(), memory, ActorPlan::new()).map(drop)
    };
    start_in(&one, memory.clone()).expect("it is this host's");
    assert_eq!(start_in(&one, memory.clone()), Err(ResidentError::AlreadyStarted));
    one.stop(LEASE).expect("the kernel ends");
    let other = start(plan(1));
    assert_eq!(start_in(&other, memory), Err(ResidentError::OtherHost));
    let error = spawn(&other, model, ActorPlan::new()).map(drop);
    assert_eq!(error, Err(SpawnError::Host(ResidentError::OtherHost)));
    let error = spawn(&other, Idle {}, ActorPlan::new().with_buffers(buffers)).map(drop);
    assert_eq!(error, Err(SpawnError::Host(ResidentError::OtherHost)));
    let linked = ActorPlan::new().try_with_link(link).expect("one fits");
    let error = spawn(&other, Idle {}, linked).map(drop);
    assert_eq!(error, Err(SpawnError::Host(ResidentError::OtherHost)));
    // A model on a thread says where it belongs.
    let threads = isokern_ring::ThreadHost::<_, Mailboxes<8>>::new("elsewhere", SystemClock);
    let actor = spawn(&threads, model, ActorPlan::new()).expect("threads run anything");
    assert_eq!(actor.into_running().join(), ActorState::Faulted);
}

fn dropped() {
    let before = live_objects();
    let host = start(plan(2));
    let mut actor = spawn(&host, Idle {}, ActorPlan::new()).expect("a block is free");
    drop(host);
    let closed = pollster::block_on(actor.ask(1));
    assert!(closed.is_err(), "{closed:?}");
    assert_eq!(actor.state(), ActorState::Stopped);
    assert_eq!(actor.into_running().join(), ActorState::Stopped);
    assert_eq!(live_objects(), before, "the memory went with the last of its actors");
}

/// Start, an actor, stop. Gives the calls made before the first drop.
fn one_life() -> Result<u64, ResidentError> {
    let context = Context::primary(Device::new(0)?)?;
    let plan = plan(2).with_model_bytes(4096).with_pool_bytes(4096).with_arena_bytes(64);
    let host = try_start(&context, SystemClock, plan)?;
    let actor = spawn(&host, Idle {}, ActorPlan::new()).expect("no call is made");
    drop(actor);
    host.check()?;
    host.stop(LEASE)?;
    Ok(call_count("*"))
}

fn each_call() {
    one_life().expect("nothing fails yet");
    let before = call_count("*");
    // How often the driver is asked whether the kernel runs is a matter of time.
    let asked = call_count("cuStreamQuery");
    one_life().expect("nothing fails yet");
    let calls = call_count("*") - before;
    assert!(calls > 40, "{calls} calls, {} of them queries", call_count("cuStreamQuery") - asked);
    let (mut told, mut unreleased) = (0, 0);
    for index in 1..=calls {
        let code = [2, 719, 999][usize::try_from(index % 3).expect("small")];
        let (objects, refused) = (live_objects(), unreleased_count());
        fail_at("*", index, code);
        let outcome = one_life();
        fail_never();
        let refused = unreleased_count() - refused;
        match outcome {
            Err(ResidentError::Cuda(error)) => {
                let found = error.status().map(|status| status.code());
                assert_eq!(found, Some(code), "call {index} of {calls}: {error}");
                told += 1;
            }
            Err(error) => panic!("call {index} of {calls}: {error}"),
            // A handle that was not released is the one thing nobody learns of: it is counted. A
            // life with fewer queries is over before the call comes.
            Ok(_) => unreleased += refused,
        }
        let after = live_objects();
        let kept = isokern_tests::standin::LiveObjects { contexts: objects.contexts, ..after };
        assert_eq!(kept, objects, "call {index} leaks");
        let is_released = after.contexts == objects.contexts || refused > 0;
        assert!(is_released, "call {index} leaks a context");
    }
    println!("{calls} calls: {told} failures told, {unreleased} handles counted as not released");
    assert!(told >= 25 && unreleased >= 5, "{told} told, {unreleased} not released");
    one_life().expect("a fresh host works");
}
