//! A kernel that takes a step when the test lets it, and payloads that are counted.

use core::future::{Future, pending};
use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use isokern_core::kernel::{Permission, safe_point};
use isokern_core::{BatchKernel, GpuKernel, KernelError, KernelMetadata, KernelMode};

/// What [`Gated`] asks of its callers.
pub const STEP: Permission = Permission::new("gated.step");

/// A payload whose drop is counted.
#[derive(Debug)]
pub struct Counted(Arc<AtomicU64>);

impl Counted {
    /// Returns a payload on a counter.
    #[must_use]
    pub fn on(dropped: &Arc<AtomicU64>) -> Self {
        Self(Arc::clone(dropped))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a call of [`Gated`] does after its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Answers.
    Answer,
    /// Fails with code 13.
    Fail,
    /// Panics, without a message on the terminal.
    Panic,
    /// Waits for a wake-up that never comes.
    Pending,
}

/// Steps, an end, and a buffer that lives as long as the work.
#[derive(Debug)]
pub struct Work {
    /// How many steps; 0 are refused as input.
    pub steps: u64,
    /// What comes after them.
    pub end: End,
    /// Dropped with the work.
    pub buffer: Counted,
}

/// A kernel on one side of a gate.
#[derive(Debug)]
pub struct Gated {
    yields: bool,
    started: Sender<()>,
    gate: Mutex<Receiver<()>>,
    steps_count: AtomicU64,
    outputs: Arc<AtomicU64>,
}

/// The test's side of the gate.
#[derive(Debug)]
pub struct Keeper {
    started: Receiver<()>,
    gate: Sender<()>,
    /// Inputs that were dropped.
    pub inputs: Arc<AtomicU64>,
    /// Outputs that were dropped.
    pub outputs: Arc<AtomicU64>,
}

impl Gated {
    /// Returns a kernel that comes to a safe point after each step, or never.
    #[must_use]
    pub fn new(yields: bool) -> (Self, Keeper) {
        let (started, started_receiver) = channel();
        let (gate_sender, gate) = channel();
        let outputs = Arc::default();
        let keeper = Keeper {
            started: started_receiver,
            gate: gate_sender,
            inputs: Arc::default(),
            outputs: Arc::clone(&outputs),
        };
        let gate = Mutex::new(gate);
        (Self { yields, started, gate, steps_count: AtomicU64::new(0), outputs }, keeper)
    }

    /// Returns how many steps were taken.
    #[must_use]
    pub fn steps_count(&self) -> u64 {
        self.steps_count.load(Ordering::Relaxed)
    }
}

impl Keeper {
    /// Returns work whose buffer is counted here.
    #[must_use]
    pub fn work(&self, steps: u64, end: End) -> Work {
        Work { steps, end, buffer: Counted::on(&self.inputs) }
    }

    /// Waits until the kernel is at the gate.
    pub fn wait(&self) {
        self.started.recv_timeout(Duration::from_secs(60)).expect("the kernel comes to the gate");
    }

    /// Says whether the kernel is at the gate and was not waited for.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.started.try_recv().is_ok()
    }

    /// Lets one step happen.
    pub fn open(&self) {
        self.gate.send(()).expect("the kernel is alive");
    }

    /// Returns how many inputs and outputs were dropped.
    #[must_use]
    pub fn dropped(&self) -> (u64, u64) {
        (self.inputs.load(Ordering::Relaxed), self.outputs.load(Ordering::Relaxed))
    }
}

impl GpuKernel for Gated {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("gated", KernelMode::Batch).with_required_permission(STEP) }
    }
}

impl BatchKernel<Work, Counted> for Gated {
    fn validate_input(&self, input: &Work) -> Result<(), KernelError> {
        if input.steps > 0 { Ok(()) } else { Err(KernelError::InvalidInput { reason: "no step" }) }
    }

    async fn execute(&self, work: Work) -> Result<Counted, KernelError> {
        for _ in 0..work.steps {
            self.started.send(()).expect("the test is there");
            self.gate.lock().expect("no step panics").recv().expect("the test is there");
            self.steps_count.fetch_add(1, Ordering::Relaxed);
            if self.yields {
                safe_point().await;
            }
        }
        match work.end {
            End::Answer => Ok(Counted::on(&self.outputs)),
            End::Fail => Err(KernelError::Failed { code: 13 }),
            End::Panic => resume_unwind(Box::new("planted")),
            End::Pending => pending().await,
        }
    }
}

/// Polls a future once, with a waker that does nothing.
pub fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Waits until something is so; for what another thread does without telling.
pub fn wait_until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never came");
        thread::yield_now();
    }
}
