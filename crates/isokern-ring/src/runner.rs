//! What runs on the actor's side: takes messages, calls the handler, answers.
//!
//! [`Runner::step`] does one thing and returns, so that a main loop can do others in
//! between; a thread calls it in a loop. Nothing here blocks or allocates.

mod first;
mod hand;
mod last;
mod mail;
mod pace;
mod setting;
mod tally;
mod watch;

pub use pace::{Pace, Spinning};
pub use setting::Setting;

use core::fmt;

use isokern_core::KernelError;
use isokern_core::actor::{
    ActorMemory, ActorPlan, ActorState, Bells, LinkCredit, OutboxEntry, RestartWindow, RunnerWords,
};
use isokern_core::call::Clock;
use isokern_core::ring::{DeviceControl, FaultRecord};

use hand::InHand;
use mail::Mail;
use setting::{Handler, Message, State};
use watch::{Order, Watch};

/// Messages a handler may send in one step.
pub const OUTBOX_ENTRIES: usize = 8;

/// A resident at work in lent memory.
///
/// Hosts make one per actor and call [`step`](Self::step) until it is
/// [`Over`](Step::Over). A panic of the handler comes out of `step`; a host that can catch it
/// calls [`fault`](Self::fault) and goes on stepping.
pub struct Runner<X: Setting> {
    handler: Handler<X>,
    first_state: State<X>,
    state: State<X>,
    memory: X::Memory,
    clock: X::Clock,
    plan: ActorPlan<X::Memory, X::Buffers>,
    mail: Mail,
    watch: Watch,
    device: DeviceControl,
    life: ActorState,
    words: RunnerWords,
    outgoing: Outgoing,
    in_hand: Option<InHand>,
    restarts: RestartWindow,
    /// When a faulted actor starts again; `None` when it does not.
    restart_ns: Option<u64>,
    shutdown: Shutdown,
    is_over: bool,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// A message was answered, or the actor moved on in its life: step again.
    Worked,
    /// There was nothing to do.
    Idle,
    /// The actor's life is over; stepping again does nothing.
    Over,
}

/// Fault code of an error that [`initialize`](isokern_core::RingKernelHandler::initialize)
/// returned. The record's detail has the error's code in its lower half and
/// [`KernelError::detail`] in its upper.
pub const FAULT_INITIALIZE: u32 = 1;
/// Fault code of a panic on the host.
pub const FAULT_PANIC: u32 = 2;
/// Fault code of an actor whose runner was dropped while it lived.
pub const FAULT_VANISHED: u32 = 3;
/// Fault code of an error that [`shutdown`](isokern_core::RingKernelHandler::shutdown) returned
/// at the end of an actor that nothing else was wrong with.
pub const FAULT_SHUTDOWN: u32 = 4;

/// How far an incarnation is with its `shutdown`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shutdown {
    Due,
    /// Found only after a panic in it.
    Running,
    Done,
}

/// The memory of an outbox.
struct Outgoing {
    entries: [OutboxEntry; OUTBOX_ENTRIES],
    used: usize,
    credits: [LinkCredit; isokern_core::actor::LINK_COUNT_MAX],
}

impl<X: Setting> Runner<X> {
    /// A runner for memory in which nothing was said yet.
    pub fn new(
        (handler, first_state): (Handler<X>, State<X>),
        memory: X::Memory,
        plan: ActorPlan<X::Memory, X::Buffers>,
        clock: X::Clock,
    ) -> Self {
        Self {
            handler,
            first_state,
            state: first_state,
            mail: Mail::new(memory.mailbox_count(), plan.passed_over_max),
            watch: Watch::new(plan.lease),
            memory,
            clock,
            plan,
            device: DeviceControl::new(),
            life: ActorState::Created,
            words: RunnerWords::new(),
            outgoing: Outgoing {
                entries: [OutboxEntry::EMPTY; OUTBOX_ENTRIES],
                used: 0,
                credits: [LinkCredit::default(); isokern_core::actor::LINK_COUNT_MAX],
            },
            in_hand: None,
            restarts: RestartWindow::new(),
            restart_ns: None,
            shutdown: Shutdown::Done,
            is_over: false,
        }
    }

    /// Starts the actor, or handles one message to its end, or sees that there is none.
    pub fn step<P: Pace>(&mut self, pace: &mut P) -> Step {
        let now_ns = self.clock.now_ns();
        self.words.refresh(now_ns);
        let order = match self.watch.look(self.memory.host_line(), now_ns) {
            // Nobody is left to end the pause.
            Order::Pause if self.mail.is_deserted(&self.memory) => Order::Go,
            order => order,
        };
        if self.is_over {
            return Step::Over;
        }
        match self.life {
            ActorState::Created => self.start(pace),
            ActorState::Active | ActorState::Paused | ActorState::Draining => {
                self.obey(order);
                if self.life == ActorState::Paused { Step::Idle } else { self.turn(pace) }
            }
            ActorState::Faulted => match self.restart_ns {
                None => Step::Over,
                Some(_) if order == Order::Stop => self.bury(),
                Some(restart_ns) if now_ns >= restart_ns => self.start(pace),
                Some(_) => Step::Idle,
            },
            _ => Step::Over,
        }
    }

    /// Says that the handler broke in the last step: answers the message in hand with
    /// [`ActorFaulted`](isokern_core::actor::ActorError::ActorFaulted), and does what the
    /// supervision says. `code` goes to the fault record.
    pub fn fault<P: Pace>(&mut self, code: u32, pace: &mut P) -> Step {
        self.break_down(FaultCause { code, detail: 0 }, pace)
    }

    /// Where the actor is in its life.
    #[must_use]
    pub const fn state(&self) -> ActorState {
        self.life
    }

    /// The memory it runs in.
    #[must_use]
    pub const fn memory(&self) -> &X::Memory {
        &self.memory
    }

    /// Moves on in life as the host line says.
    fn obey(&mut self, order: Order) {
        match (self.life, order) {
            (ActorState::Active | ActorState::Paused, Order::Stop) => self.wind_down(),
            (ActorState::Active, Order::Pause) => self.enter(ActorState::Paused),
            (ActorState::Paused, Order::Go) => self.enter(ActorState::Active),
            _ => {}
        }
    }

    /// Handles a message or finds that there is none.
    fn turn<P: Pace>(&mut self, pace: &mut P) -> Step {
        match self.mail.next::<Message<X>, _>(&self.memory) {
            mail::Next::Message(mailbox_index, letter) => {
                self.handle(mailbox_index, letter, pace);
                Step::Worked
            }
            mail::Next::Nothing if self.watch.is_stopped() => self.retire(pace),
            mail::Next::Nothing => {
                self.mail.show_counts(&mut self.device, &self.memory);
                Step::Idle
            }
            mail::Next::NobodyLeft => self.retire(pace),
        }
    }

    fn enter(&mut self, next: ActorState) {
        debug_assert!(self.life.allows(next), "{} to {next}", self.life);
        self.life = next;
        self.device.enter(self.memory.device_line(), next.into());
        self.memory.bells().ring_all();
    }

    /// Takes nothing new; what waits is turned away.
    fn wind_down(&mut self) {
        self.words.stop();
        self.mail.refuse(&self.memory);
        self.enter(ActorState::Draining);
    }

    /// Ends an incarnation that broke.
    fn break_down<P: Pace>(&mut self, cause: FaultCause, pace: &mut P) -> Step {
        self.answer_in_hand_faulted();
        // A life that was over but for its `shutdown` does not begin again.
        let was_last = self.shutdown == Shutdown::Running && self.life == ActorState::Draining;
        if self.shutdown == Shutdown::Running {
            self.show_shutdown_error(KernelError::Panicked);
        }
        self.mail.show_counts(&mut self.device, &self.memory);
        self.record(cause);
        if self.life != ActorState::Faulted {
            self.enter(ActorState::Faulted);
        }
        // Shown on the device line; the fault before it stays in the fault record.
        let _ = self.shut_down(pace);
        if was_last {
            return self.bury();
        }
        self.restart_ns = self.restarts.next_start_ns(self.plan.supervision, self.clock.now_ns());
        if self.restart_ns.is_some() { Step::Worked } else { self.bury() }
    }

    /// Writes the fault record.
    fn record(&mut self, FaultCause { code, detail }: FaultCause) {
        let ticket = self.mail.taken_count() as u32;
        self.device.fault(self.memory.device_line(), FaultRecord { code, ticket, detail });
    }
}

/// Why an incarnation broke, as the fault record has it.
#[derive(Clone, Copy)]
struct FaultCause {
    code: u32,
    detail: u64,
}

impl FaultCause {
    /// An error that one of the handler's methods returned.
    fn of_handler(code: u32, error: KernelError) -> Self {
        Self { code, detail: u64::from(error.detail()) << 32 | u64::from(error.code()) }
    }
}

/// A runner that goes before its actor is over leaves a fault record and closes the rings, so
/// that nobody waits for it.
impl<X: Setting> Drop for Runner<X> {
    fn drop(&mut self) {
        if !self.is_over {
            self.vanish();
        }
    }
}

impl<X: Setting> fmt::Debug for Runner<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("state", &self.life).finish_non_exhaustive()
    }
}
