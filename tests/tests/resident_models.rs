//! Models of any backend as ring actors on a thread, through `ModelResident`.
//!
//! Those on a device need the stand-in, which fails a driver call on demand; without it they are
//! skipped.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::Arc;

use isokern_core::actor::{
    ActorError, ActorPlan, ActorState, Mailboxes, ModelReply, ModelResident,
};
use isokern_core::call::SingleOwner;
use isokern_core::compute::{ModelArtifact, ModelMetadata};
use isokern_core::ring::BufferHandle;
use isokern_core::{
    Batch, ComputeModel, InferenceError, InferenceErrorKind as Kind, KernelMetadata, KernelMode,
    Message, MessageHeader,
};
use isokern_cpu::{ArtifactBackend, CpuModel};
use isokern_cuda::{CudaBackend, CudaModel};
use isokern_guard::SystemClock;
use isokern_model::layout::Layout;
use isokern_ring::{
    ActorOn, AskError, Borrower, HeapBuffers, Lender, ThreadHost, WaitStrategy, heap_pool, spawn,
};
use isokern_tests::port_models::{STEP_LEN, STEPS, STEPS_BY_HAND, leaked, running_sum};
use isokern_tests::standin::{fail_at, fail_never, missing};
use isokern_tests::trials::{run_in_turn, trial, trial_unless};
use isokern_tests::vectors::{Case, cases, own_folder};

const METADATA: KernelMetadata = KernelMetadata::new("digits", KernelMode::Ring);
const SLOTS: usize = 4;

type Residents<M> = ModelResident<M, SingleOwner<M>>;
type Actor<M> =
    ActorOn<ThreadHost<SystemClock, Mailboxes<SLOTS>>, Residents<M>, Borrower<Arc<HeapBuffers>>>;

fn main() -> ExitCode {
    let on_cpu = [
        ("s4_a_cpu_model_as_an_actor_gives_the_bytes_of_batch_mode", bytes_of_cpu as fn()),
        ("s4_an_actor_outlives_wrong_buffers_and_failed_steps_on_the_cpu", failures_on_cpu),
        ("s4_a_failed_step_begins_a_new_stream_of_a_model_with_state", state_after_a_failure),
        ("s4_an_error_of_drain_is_that_of_shutdown", drain_that_fails),
    ];
    let on_device = [
        ("s4_a_cuda_model_as_an_actor_gives_the_bytes_of_batch_mode", bytes_of_cuda as fn()),
        ("s4_an_actor_outlives_wrong_buffers_and_failed_steps_on_a_device", failures_on_cuda),
        ("s4_an_actor_outlives_a_failed_launch", a_failed_launch),
    ];
    let on_device = on_device.map(|(name, test)| trial_unless(missing(), name, test));
    // Failures on demand are the process's: one test at a time.
    run_in_turn(on_cpu.map(|(name, test)| trial(name, test)).into_iter().chain(on_device))
}

/// A model as an actor on a thread, with the side of the pool that lends.
struct Running<M: ComputeModel<[i8], [i8]> + Send + 'static> {
    actor: Actor<M>,
    lender: Lender<Arc<HeapBuffers>>,
    buffer_bytes: usize,
}

impl<M: ComputeModel<[i8], [i8]> + Send + 'static> Running<M> {
    fn start(model: M) -> Self {
        let resident: Residents<M> = ModelResident::try_new(METADATA, SingleOwner::new(model))
            .expect("its lengths are known");
        let buffer_bytes = resident.buffer_bytes();
        // A byte more, so that buffers can be lent with too many.
        let (lender, borrower) = heap_pool(buffer_bytes + 1, SLOTS, 1).expect("a usable pool");
        let host = ThreadHost::new("model", SystemClock).with_wait(WaitStrategy::Yield);
        let plan = ActorPlan::new().with_buffers(borrower);
        let actor = spawn(&host, resident, plan).expect("the thread starts");
        Self { actor, lender, buffer_bytes }
    }

    /// Lends a buffer that begins with `input`.
    fn lend(&mut self, input: &[i8], length_bytes: usize) -> BufferHandle {
        let mut buffer = self.lender.try_claim().expect("one is free");
        buffer[..input.len()].copy_from_slice(bytemuck::cast_slice(input));
        buffer.lend(length_bytes).expect("it fits")
    }

    fn output(&mut self, handle: BufferHandle, reply: ModelReply) -> Vec<i8> {
        let bytes = self.lender.bytes(handle).expect("given back before the reply");
        let start = reply.output_offset as usize;
        let output = bytes[start..start + reply.output_bytes as usize].to_vec();
        self.lender.release(handle).expect("it is back");
        bytemuck::cast_vec(output)
    }

    /// Asks with a buffer of `length_bytes`, which comes back whatever the answer is.
    fn ask_with(&mut self, input: &[i8], length_bytes: usize) -> Result<Vec<i8>, ActorError> {
        let handle = self.lend(input, length_bytes);
        match pollster::block_on(self.actor.ask(handle)) {
            Ok(reply) => Ok(self.output(handle, reply)),
            Err(AskError::Actor(error)) => {
                self.lender.release(handle).expect("it is back");
                Err(error)
            }
            Err(error) => panic!("the ring refused: {error}"),
        }
    }

    fn ask(&mut self, input: &[i8]) -> Result<Vec<i8>, ActorError> {
        self.ask_with(input, self.buffer_bytes)
    }

    fn stop(mut self) -> ActorState {
        drop(self.actor.take_requester(0));
        self.actor.into_running().join()
    }
}

fn digits() -> Case {
    let all = cases(&own_folder());
    all.into_iter().find(|case| case.name == "digits").expect("the digits model is there")
}

fn on_cpu(artifact: &ModelArtifact) -> CpuModel<'static> {
    ArtifactBackend::new().load(artifact).expect("the model loads")
}

fn on_cuda(artifact: &ModelArtifact) -> CudaModel {
    CudaBackend::new(0).and_then(|backend| backend.load(artifact)).expect("the model loads")
}

fn bytes_of_cpu() {
    bytes_of_batch_mode(on_cpu);
}

fn bytes_of_cuda() {
    bytes_of_batch_mode(on_cuda);
}

fn bytes_of_batch_mode<M>(load: fn(&ModelArtifact) -> M)
where
    M: ComputeModel<[i8], [i8]> + for<'i, 'o> ComputeModel<&'i [i8], &'o mut [i8]> + Send + 'static,
{
    let case = digits();
    let artifact = case.convert(Layout::Packed);
    let inputs: Vec<&[i8]> = case.inputs.chunks_exact(64).take(12).collect();
    let mut expected = vec![77_i8; inputs.len() * 10];
    let messages: Vec<Message<&[i8]>> =
        inputs.iter().map(|input| Message::new(MessageHeader::new(), *input)).collect();
    let mut outputs: Vec<&mut [i8]> = expected.chunks_exact_mut(10).collect();
    let mut model = load(&artifact);
    ComputeModel::<[i8], [i8]>::init(&mut model).expect("it is ready");
    model.infer_batch(Batch::new(&messages), &mut outputs).expect("the batch runs");
    assert!(expected == case.outputs[..expected.len()], "batch mode gives the vectors");

    let mut running = Running::start(load(&artifact));
    assert_eq!(running.buffer_bytes, 64 + 10);
    let mut questions = running.actor.take_requester(0).expect("it is here");
    let (mut waiting, mut under_way) = (inputs.into_iter(), VecDeque::new());
    let mut expected = expected.chunks_exact(10);
    loop {
        while under_way.len() < SLOTS
            && let Some(input) = waiting.next()
        {
            let handle = running.lend(input, running.buffer_bytes);
            questions.try_ask(MessageHeader::new(), handle).expect("a slot per buffer");
            under_way.push_back(handle);
        }
        let Some(handle) = under_way.pop_front() else { break };
        let answer = loop {
            match questions.try_answer() {
                Ok(answer) => break answer,
                Err(error) => assert_eq!(error, isokern_ring::PopError::Empty),
            }
            std::thread::yield_now();
        };
        let reply = answer.result.expect("the model runs");
        assert_eq!(reply, ModelReply { output_offset: 64, output_bytes: 10 });
        assert_eq!(running.output(handle, reply), expected.next().expect("one each"));
    }
    assert!(expected.next().is_none(), "every input was answered");
    drop(questions);
    assert_eq!(running.stop(), ActorState::Stopped);
}

/// What was called, and what shall fail.
#[derive(Default)]
struct Calls {
    inits: AtomicU32,
    steps: AtomicU32,
    drains: AtomicU32,
    resets: AtomicU32,
    fail_next_step: AtomicBool,
    fail_resets: AtomicBool,
    fail_drains: AtomicBool,
}

/// A model whose calls are counted and fail on demand.
struct Watched<M>(M, Arc<Calls>);

fn failure(wanted: bool, code: u32) -> Result<(), InferenceError> {
    if wanted { Err(InferenceError::new(Kind::ExecutionFailed).with_code(code)) } else { Ok(()) }
}

impl<M: ComputeModel<[i8], [i8]>> ComputeModel<[i8], [i8]> for Watched<M> {
    fn init(&mut self) -> Result<(), InferenceError> {
        self.1.inits.fetch_add(1, SeqCst);
        self.0.init()
    }

    fn infer_one(&mut self, input: &[i8], output: &mut [i8]) -> Result<(), InferenceError> {
        self.1.steps.fetch_add(1, SeqCst);
        self.0.infer_one(input, output)?;
        failure(self.1.fail_next_step.swap(false, SeqCst), 3001)
    }

    fn drain(&mut self) -> Result<(), InferenceError> {
        self.1.drains.fetch_add(1, SeqCst);
        self.0.drain()?;
        failure(self.1.fail_drains.load(SeqCst), 3003)
    }

    fn reset(&mut self) -> Result<(), InferenceError> {
        failure(self.1.fail_resets.load(SeqCst), 3002)?;
        self.1.resets.fetch_add(1, SeqCst);
        self.0.reset()
    }

    fn metadata(&self) -> ModelMetadata {
        self.0.metadata()
    }
}

fn watched<M>(model: M) -> (Watched<M>, Arc<Calls>) {
    let calls = Arc::new(Calls::default());
    (Watched(model, Arc::clone(&calls)), calls)
}

/// Returns the error that a model's failure crosses the ring as.
fn inference(detail: u32) -> ActorError {
    ActorError::Handler { code: 2012, detail }
}

fn failures_on_cpu() {
    failures(on_cpu);
}

fn failures_on_cuda() {
    failures(on_cuda);
}

fn failures<M>(load: fn(&ModelArtifact) -> M)
where
    M: ComputeModel<[i8], [i8]> + Send + 'static,
{
    let case = digits();
    let (model, calls) = watched(load(&case.convert(Layout::Packed)));
    let mut running = Running::start(model);
    let (input, expected) = (&case.inputs[..64], &case.outputs[..10]);
    assert_eq!(running.ask(input).as_deref(), Ok(expected));
    let counts = || [&calls.inits, &calls.steps, &calls.resets].map(|count| count.load(SeqCst));
    assert_eq!(counts(), [1, 1, 1], "an incarnation begins with init and reset");

    for length_bytes in [0, 64, running.buffer_bytes - 1, running.buffer_bytes + 1] {
        let refused = running.ask_with(input, length_bytes);
        assert_eq!(refused, Err(ActorError::Handler { code: 2002, detail: 0 }), "{length_bytes}");
    }
    let handle = running.lend(input, running.buffer_bytes);
    let stale = BufferHandle { generation: handle.generation + 1, ..handle };
    let refused = pollster::block_on(running.actor.ask(stale));
    assert_eq!(refused, Err(AskError::Actor(ActorError::BufferRefused)));
    let reply = pollster::block_on(running.actor.ask(handle)).expect("the right one is fine");
    assert_eq!(running.output(handle, reply), expected);
    assert_eq!(counts(), [1, 2, 1], "what was refused ran nothing and reset nothing");

    calls.fail_next_step.store(true, SeqCst);
    assert_eq!(running.ask(input), Err(inference(3001)));
    assert_eq!(counts(), [1, 3, 2], "a failed step resets");
    assert_eq!(running.ask(input).as_deref(), Ok(expected));

    // A reset that fails is owed, and nothing runs before it is paid.
    calls.fail_resets.store(true, SeqCst);
    calls.fail_next_step.store(true, SeqCst);
    assert_eq!(running.ask(input), Err(inference(3001)));
    assert_eq!(running.ask(input), Err(inference(3002)));
    assert_eq!(counts(), [1, 5, 2]);
    calls.fail_resets.store(false, SeqCst);
    assert_eq!(running.ask(input).as_deref(), Ok(expected));
    assert_eq!(running.ask(input).as_deref(), Ok(expected));
    assert_eq!(counts(), [1, 7, 3], "it is paid once");

    assert_eq!(calls.drains.load(SeqCst), 0);
    assert_eq!(running.stop(), ActorState::Stopped);
    assert_eq!(calls.drains.load(SeqCst), 1, "shutdown drains");
}

fn state_after_a_failure() {
    let artifact = ModelArtifact::from_bytes(leaked(&running_sum(1), Layout::Packed));
    let (model, calls) = watched(on_cpu(&artifact));
    let mut running = Running::start(model);
    // Two outputs, packed: the new sum and the one before.
    let mut by_hand = STEPS_BY_HAND.chunks_exact(2 * STEP_LEN);
    let mut steps = STEPS.chunks_exact(STEP_LEN);
    let mut next = || (steps.next().expect("of three"), by_hand.next().expect("of three"));
    let (first, second, third) = (next(), next(), next());
    assert_eq!(running.ask(first.0).as_deref(), Ok(first.1));
    assert_eq!(running.ask(second.0).as_deref(), Ok(second.1));
    // What is refused before any work leaves the stream as it is.
    assert!(running.ask_with(third.0, 1).is_err());
    assert_eq!(running.ask(third.0).as_deref(), Ok(third.1));
    calls.fail_next_step.store(true, SeqCst);
    assert_eq!(running.ask(third.0), Err(inference(3001)));
    assert_eq!(running.ask(first.0).as_deref(), Ok(first.1), "a new stream");
    assert_eq!(running.stop(), ActorState::Stopped);
}

fn drain_that_fails() {
    let (model, calls) = watched(on_cpu(&digits().convert(Layout::Packed)));
    calls.fail_drains.store(true, SeqCst);
    let mut running = Running::start(model);
    drop(running.actor.take_requester(0));
    let view = loop {
        match running.actor.view() {
            Some(view) if view.state().is_some_and(|state| state.is_over()) => break view,
            _ => std::thread::yield_now(),
        }
    };
    let error = view.shutdown_error().expect("it is told");
    assert_eq!((error.code, error.detail), (2012, 3003));
    assert_eq!(running.stop(), ActorState::Faulted);
}

fn a_failed_launch() {
    let case = digits();
    let mut running = Running::start(on_cuda(&case.convert(Layout::Packed)));
    let (input, expected) = (&case.inputs[..64], &case.outputs[..10]);
    assert_eq!(running.ask(input).as_deref(), Ok(expected));
    fail_at("cuGraphLaunch", 1, 999);
    let failed = running.ask(input);
    fail_never();
    let Err(error @ ActorError::Handler { code: 2012, .. }) = failed else {
        panic!("the driver refused the launch, and the answer is {failed:?}");
    };
    let kernel_error = error.kernel_error().expect("it is the handler's");
    assert!(kernel_error.to_string().contains("Fix:"), "{kernel_error}");
    assert_eq!(running.ask(input).as_deref(), Ok(expected));
    assert_eq!(running.stop(), ActorState::Stopped);
}
