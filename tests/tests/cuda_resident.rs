//! Actors of the shipped device code: models that stay on the device, asked through mapped memory.
//!
//! Needs the stand-in, whose calls are counted. Without it every test is skipped.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::env::{args_os, current_exe, var_os};
use std::process::{Command, ExitCode};
use std::thread;

use isokern_core::actor::{ActorError, ActorPlan, ActorState};
use isokern_core::call::Clock;
use isokern_core::ring::{BufferHandle, DeviceView};
use isokern_core::{KernelError, MessageHeader};
use isokern_cuda::{
    Context, CudaBackend, CudaBuffers, CudaHost, CudaModelActor, Device, LoadedModel, MappedRegion,
    ResidentPlan,
};
use isokern_guard::SystemClock;
use isokern_model::layout::Layout;
use isokern_ring::{ActorOn, AskError, Lender, RegionBuffers, region_lender, spawn};
use isokern_tests::standin::{call_count, live_objects, missing};
use isokern_tests::streams::Stream;
use isokern_tests::trials::{abort_after, run_in_turn, trial_unless};
use isokern_tests::vectors::{Case, own_cases, own_cases_of_any_ports};

/// After this long, something hangs.
const PATIENCE: Duration = Duration::from_secs(600);
/// A busy machine lets a thread wait for seconds.
const LEASE: Duration = Duration::from_secs(30);
/// How many multiprocessors the stand-in has.
const MULTIPROCESSORS: &str = "ISOKERN_SIM_SMS";
/// Buffers of a pool.
const BUFFERS: usize = 4;

type Host = CudaHost<SystemClock>;
type Actor = ActorOn<Host, CudaModelActor, CudaBuffers>;
type Pool = Lender<RegionBuffers<MappedRegion>>;

fn main() -> ExitCode {
    // The stand-in reads it when it is loaded. Of a block of 288 threads one fits a multiprocessor.
    if var_os(MULTIPROCESSORS).is_none() {
        let mut again = Command::new(current_exe().expect("this program has a path"));
        let again = again.args(args_os().skip(1)).env(MULTIPROCESSORS, "17");
        let status = again.status().expect("it starts again");
        return if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    abort_after(PATIENCE);
    let tests = [
        ("vectors_through_actors_of_the_device", vectors as fn()),
        ("an_arena_in_device_memory_gives_the_same_bytes", device_arena),
        ("a_stream_has_its_state_on_the_device_until_its_actor_ends", streams),
        ("sixteen_models_come_and_go_without_a_driver_call", without_calls),
        ("what_does_not_suit_is_refused_and_the_actor_goes_on", refusals),
        ("stop_pause_and_deadline_reach_the_device", controls),
        ("a_batch_runs_beside_an_idle_and_a_busy_grid", beside),
    ];
    // Counts of calls are the process's: one test at a time.
    run_in_turn(tests.map(|(name, test)| trial_unless(missing(), name, test)))
}

fn start(plan: ResidentPlan) -> Host {
    let context = Context::primary(Device::new(0).expect("there is a device"));
    let context = context.expect("it has a context");
    CudaHost::start(&context, SystemClock, plan.with_lease(LEASE)).expect("the kernel starts")
}

fn plan(actors: u32) -> ResidentPlan {
    ResidentPlan::new(actors)
        .with_model_bytes(1 << 20)
        .with_pool_bytes(1 << 20)
        .with_model_state_bytes(1 << 10)
}

/// Starts the actor of a model, and makes the pool of its buffers.
fn actor_of(host: &Host, model: LoadedModel, number: u32) -> (CudaModelActor, Actor, Pool) {
    let resident = CudaModelActor::new(model);
    let pool = host.pool(resident.buffer_bytes(), BUFFERS as u32, number);
    let (region, buffers) = pool.expect("there is room");
    let plan = ActorPlan::new().with_buffers(buffers);
    let actor = spawn(host, resident, plan).expect("a block runs it");
    (resident, actor, region_lender(region))
}

/// Fills a buffer with an input and lends it.
fn lend(pool: &mut Pool, resident: &CudaModelActor, input: &[u8]) -> BufferHandle {
    let mut buffer = pool.try_claim().expect("one is free");
    buffer[..input.len()].copy_from_slice(input);
    buffer.lend(resident.buffer_bytes() as usize).expect("it fits")
}

/// Asks for one input and returns the output.
fn ask(actor: &mut Actor, pool: &mut Pool, resident: &CudaModelActor, input: &[u8]) -> Vec<u8> {
    let handle = lend(pool, resident, input);
    let reply = pollster::block_on(actor.ask(handle)).expect("the model runs");
    assert_eq!(reply, resident.reply());
    let output = pool.bytes(handle).expect("it is back")[reply.output_offset as usize..].to_vec();
    pool.release(handle).expect("it is back");
    output
}

/// Returns what the actor shows once it has shown so many messages as taken, which it does when it
/// finds no other.
fn view_of(actor: &Actor, taken: u64) -> DeviceView {
    loop {
        match actor.view() {
            Some(view) if view.taken() == taken => return view,
            _ => thread::yield_now(),
        }
    }
}

fn digits() -> Case {
    own_cases().into_iter().find(|case| case.name == "digits").expect("the digits model is there")
}

/// Runs every input of a case, several under way, and compares.
fn check_case(host: &Host, case: &Case, number: u32) {
    let model = host.load(&case.convert(Layout::Packed)).expect("there is room");
    let (resident, mut actor, mut pool) = actor_of(host, model, number);
    let (input_bytes, output_bytes) = (model.input_bytes(), model.output_bytes());
    let pairs: Vec<_> = case.pairs(input_bytes as usize, output_bytes as usize).collect();
    let asker = actor.requester(0).expect("it is there");
    for pairs in pairs.chunks(BUFFERS) {
        let asked: Vec<_> = pairs
            .iter()
            .map(|(input, _)| {
                let handle = lend(&mut pool, &resident, bytemuck::cast_slice(input));
                let sequence = asker.try_ask(MessageHeader::new(), handle);
                (handle, sequence.expect("there is room"))
            })
            .collect();
        for ((handle, sequence), (_, output)) in asked.into_iter().zip(pairs) {
            let answer = loop {
                match asker.try_answer_to(sequence) {
                    Some(answer) => break answer,
                    None => thread::yield_now(),
                }
            };
            let reply = answer.result.expect("the model runs");
            let found = &pool.bytes(handle).expect("it is back")[reply.output_offset as usize..];
            assert_eq!(found, bytemuck::cast_slice::<i8, u8>(output), "{}", case.name);
            pool.release(handle).expect("it is back");
        }
    }
    assert_eq!(actor.into_running().join(), ActorState::Stopped, "{}", case.name);
    assert!(pool.is_closed());
}

fn vectors() {
    let before = live_objects();
    let cases = own_cases_of_any_ports();
    let host = start(plan(1).with_arena_bytes(1 << 20));
    let calls = call_count("*");
    for (number, case) in (1..).zip(&cases) {
        check_case(&host, case, number);
    }
    assert_eq!(call_count("*"), calls, "the host called the driver");
    host.stop(LEASE).expect("the kernel ends");
    drop(host);
    assert_eq!(live_objects(), before);
    println!("{} models", cases.len());
}

fn device_arena() {
    let host = start(plan(1).with_shared_bytes(64).with_arena_bytes(1 << 16));
    check_case(&host, &digits(), 1);
}

fn streams() {
    let stream = Stream::keyword();
    let host = start(plan(2));
    let model = host.load(&stream.artifact(Layout::Packed)).expect("there is room");
    let (resident, mut first, mut first_pool) = actor_of(&host, model, 1);
    let (_, mut second, mut second_pool) = actor_of(&host, model, 2);
    let input = |step: usize| {
        let all: &[u8] = bytemuck::cast_slice(&stream.inputs);
        let bytes = resident.input_bytes() as usize;
        &all[step * bytes..][..bytes]
    };
    // The second is a step late: each has a state of its own.
    for step in 0..6 {
        let found = ask(&mut first, &mut first_pool, &resident, input(step));
        assert_eq!(found, stream.outputs[step..=step], "step {step}");
        if step > 0 {
            let found = ask(&mut second, &mut second_pool, &resident, input(step - 1));
            assert_eq!(found, stream.outputs[step - 1..step], "step {step}");
        }
    }
    // The next actor of that block begins a new stream.
    assert_eq!(first.into_running().join(), ActorState::Stopped);
    let (_, mut third, mut third_pool) = actor_of(&host, model, 3);
    for step in 0..3 {
        let found = ask(&mut third, &mut third_pool, &resident, input(step));
        assert_eq!(found, stream.outputs[step..=step], "step {step} of a new stream");
    }
    let found = ask(&mut second, &mut second_pool, &resident, input(5));
    assert_eq!(found, stream.outputs[5..6], "the neighbour's stream goes on");
}

fn without_calls() {
    let before = live_objects();
    let case = digits();
    let host = start(plan(16));
    let model = host.load(&case.convert(Layout::Packed)).expect("there is room");
    let calls = call_count("*");
    for round in 0..100_u32 {
        let mut actors: Vec<_> = (0..16)
            .map(|_| spawn(&host, CudaModelActor::new(model), ActorPlan::new()))
            .map(|actor| actor.expect("a block is free"))
            .collect();
        actors.iter_mut().step_by(2).for_each(|actor| actor.stop());
        for actor in actors {
            assert_eq!(actor.into_running().join(), ActorState::Stopped, "round {round}");
        }
    }
    let (resident, mut actor, mut pool) = actor_of(&host, model, 1);
    let input = bytemuck::cast_slice(&case.inputs[..64]);
    let found = ask(&mut actor, &mut pool, &resident, input);
    assert_eq!(found, bytemuck::cast_slice::<i8, u8>(&case.outputs[..10]));
    drop((actor, pool));
    assert_eq!(call_count("*"), calls, "the host called the driver");
    host.stop(LEASE).expect("the kernel ends");
    drop(host);
    assert_eq!(live_objects(), before);
}

fn refusals() {
    let case = digits();
    let host = start(plan(1));
    let model = host.load(&case.convert(Layout::Packed)).expect("there is room");
    let (resident, mut actor, mut pool) = actor_of(&host, model, 1);
    let short = pool.try_claim().and_then(|buffer| buffer.lend(10)).expect("one is free");
    let refused = pollster::block_on(actor.ask(short)).expect_err("it is too short");
    let code = match refused {
        AskError::Actor(ActorError::Handler { code, .. }) => code,
        other => panic!("{other:?}"),
    };
    assert_eq!(code, KernelError::InvalidInput { reason: "" }.code());
    pool.release(short).expect("it is back");
    let foreign = BufferHandle { pool: 2, ..short };
    for handle in [short, foreign] {
        let refused = pollster::block_on(actor.ask(handle)).expect_err("it is not lent");
        assert_eq!(refused, AskError::Actor(ActorError::BufferRefused), "{handle:?}");
    }
    let input = bytemuck::cast_slice(&case.inputs[..64]);
    let found = ask(&mut actor, &mut pool, &resident, input);
    assert_eq!(found, bytemuck::cast_slice::<i8, u8>(&case.outputs[..10]));
    let view = view_of(&actor, 4);
    assert_eq!((view.answered(), view.failed()), (1, 1));
}

fn controls() {
    let case = digits();
    let host = start(plan(1));
    let model = host.load(&case.convert(Layout::Packed)).expect("there is room");
    let (resident, mut actor, mut pool) = actor_of(&host, model, 1);
    let input: &[u8] = bytemuck::cast_slice(&case.inputs[..64]);
    let _ = ask(&mut actor, &mut pool, &resident, input);
    // The device has the host's clock: what is late by it is late there.
    let late = MessageHeader::new().with_deadline_ns(SystemClock.now_ns().saturating_sub(1 << 30));
    let handle = lend(&mut pool, &resident, input);
    let expired = pollster::block_on(actor.ask_with(late, handle)).expect_err("it is late");
    assert_eq!(expired, AskError::Actor(ActorError::Expired));
    // The asker finds it late as well; that the device did is in its counts.
    let view = view_of(&actor, 2);
    assert_eq!((view.answered(), view.expired()), (1, 1));
    pool.release(handle).expect("it is back");
    let soon = MessageHeader::new().with_deadline_ns(SystemClock.now_ns() + (1 << 40));
    let handle = lend(&mut pool, &resident, input);
    pollster::block_on(actor.ask_with(soon, handle)).expect("it is in time");
    pool.release(handle).expect("it is back");
    actor.pause(true);
    while actor.state() != ActorState::Paused {
        thread::yield_now();
    }
    let handle = lend(&mut pool, &resident, input);
    let asker = actor.requester(0).expect("it is there");
    let sequence = asker.try_ask(MessageHeader::new(), handle).expect("there is room");
    actor.stop();
    let asker = actor.requester(0).expect("it is there");
    let answer = loop {
        match asker.try_answer_to(sequence) {
            Some(answer) => break answer,
            None => thread::yield_now(),
        }
    };
    assert_eq!(answer.result, Err(ActorError::Stopped));
    assert_eq!(actor.into_running().join(), ActorState::Stopped);
    pool.bytes(handle).expect("the actor is over, so it is back");
}

/// A batch that waited for the resident grid would never come back: the grid ends after it.
fn beside() {
    let case = digits();
    let context = Context::primary(Device::new(0).expect("there is a device"));
    let backend = CudaBackend::with_context(&context.expect("it has a context"));
    // What is loaded while a kernel is resident may wait for its end.
    let mut batch = backend.expect("it has a stream").load(&case.convert(Layout::Packed));
    let batch = batch.as_mut().expect("the model loads");
    batch.init().expect("there is room");
    let host = start(plan(2));
    let model = host.load(&case.convert(Layout::Packed)).expect("there is room");
    let (resident, mut actor, mut pool) = actor_of(&host, model, 1);
    let mut compare = || {
        for (input, output) in case.pairs(64, 10).take(4) {
            let mut found = [0; 10];
            batch.infer_one(input, &mut found).expect("the batch kernel runs");
            assert_eq!(found, output);
        }
    };
    compare();
    host.check().expect("the resident kernel runs");
    let is_done = AtomicBool::new(false);
    let answered = thread::scope(|scope| {
        let asker = scope.spawn(|| {
            let mut answered = 0_u32;
            while !is_done.load(Ordering::Acquire) {
                for (input, output) in case.pairs(64, 10) {
                    let found = ask(&mut actor, &mut pool, &resident, bytemuck::cast_slice(input));
                    assert_eq!(found, bytemuck::cast_slice::<i8, u8>(output));
                    answered += 1;
                }
            }
            answered
        });
        compare();
        is_done.store(true, Ordering::Release);
        asker.join().expect("every answer is right")
    });
    assert!(answered > 0, "the grid was busy");
    host.check().expect("the resident kernel runs");
}
