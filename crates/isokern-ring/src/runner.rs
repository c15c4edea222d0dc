//! The runner of an actor: takes messages, calls the handler, answers.
//!
//! [`Runner::step`] does one thing and returns, so that a main loop can do others in
//! between; a thread calls it in a loop. [`Runner::run`] is the same as a task of an executor,
//! asleep while there is nothing to do. Nothing here blocks or allocates.
//!
//! On a GPU some parts are functions of their own, never inlined (`cfg_attr` of `nvptx64`): as one
//! function a runner takes more registers than a thread has.

mod endless;
mod first;
mod hand;
mod last;
mod mail;
mod pace;
mod setting;
mod tally;
mod task;
mod watch;
mod work;

pub use pace::{Pace, Spinning};
pub use setting::Setting;

use core::fmt;
use isokern_core::actor::{
    ActorMemory, ActorPlan, ActorState, Bells, LinkCredit, OutboxEntry, RestartWindow, RunnerWords,
};
use isokern_core::call::Clock;
use isokern_core::ring::{ActorFault, DeviceControl};
use isokern_core::{KernelError, RingKernelHandler};

use hand::InHand;
use last::FaultCause;
use mail::Mail;
use setting::{Handler, Message, State};
use watch::{Order, Watch};
use work::{Work, stay};

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
    plan: ActorPlan<X::Links, X::Buffers>,
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

/// The result of one step of a runner.
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
    /// Returns a runner for memory in which nothing was said yet.
    pub fn new(
        (handler, first_state): (Handler<X>, State<X>),
        memory: X::Memory,
        plan: ActorPlan<X::Links, X::Buffers>,
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
        let todo = self.look_around();
        self.advance(todo, pace)
    }

    /// Does what is to be done, and stays with the handler meanwhile; `task.rs` has the same for
    /// tasks.
    fn advance<P: Pace>(&mut self, mut todo: Todo, pace: &mut P) -> Step {
        loop {
            todo = match todo {
                Todo::Start => {
                    let Work { handler, mut context, look, .. } = self.initialize();
                    let result = stay(handler.initialize(&mut context), look, pace);
                    self.initialized(result)
                }
                Todo::Turn => match self.take() {
                    Taken::Message(in_hand, body) => {
                        let result = self.handle(&in_hand).and_then(|work| {
                            let Work { handler, mut context, look, .. } = work;
                            stay(handler.handle(&mut context, body), look, pace)
                        });
                        self.handled(&in_hand, result)
                    }
                    Taken::Nothing(todo) => todo,
                },
                Todo::ShutDown(then) => {
                    let result = self.shut_down().map(|work| {
                        let Work { handler, mut context, look, .. } = work;
                        stay(handler.shutdown(&mut context), look, pace)
                    });
                    self.shut(then, result)
                }
                Todo::Nothing(step) => return step,
            }
        }
    }

    /// Looks at host line, clock and life for what is to be done.
    fn look_around(&mut self) -> Todo {
        let now_ns = self.clock.now_ns();
        self.words.refresh(now_ns);
        let order = match self.watch.look(self.memory.host_line(), now_ns) {
            // Nobody is left to end the pause.
            Order::Pause if self.mail.is_deserted(&self.memory) => Order::Go,
            order => order,
        };
        if self.is_over {
            return Todo::Nothing(Step::Over);
        }
        match self.life {
            ActorState::Created => Todo::Start,
            ActorState::Active | ActorState::Paused | ActorState::Draining => {
                self.obey(order);
                let is_paused = self.life == ActorState::Paused;
                if is_paused { Todo::Nothing(Step::Idle) } else { Todo::Turn }
            }
            ActorState::Faulted => match self.restart_ns {
                None => Todo::Nothing(Step::Over),
                Some(_) if order == Order::Stop => Todo::Nothing(self.bury()),
                Some(restart_ns) if now_ns >= restart_ns => Todo::Start,
                Some(_) => Todo::Nothing(Step::Idle),
            },
            _ => Todo::Nothing(Step::Over),
        }
    }

    /// Says that the handler broke in the last step: answers the message in hand with
    /// [`ActorFaulted`](isokern_core::actor::ActorError::ActorFaulted), and does what the
    /// supervision says. `code` goes to the fault record.
    pub fn fault<P: Pace>(&mut self, code: u32, pace: &mut P) -> Step {
        let todo = self.break_down(FaultCause { code, detail: 0 });
        self.advance(todo, pace)
    }

    /// Returns where the actor is in its life.
    #[must_use]
    pub const fn state(&self) -> ActorState {
        self.life
    }

    /// Returns the memory it runs in.
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

    /// Takes a message or finds that there is none.
    #[cfg_attr(target_arch = "nvptx64", inline(never))]
    fn take(&mut self) -> Taken<X> {
        let is_over = match self.mail.next::<Message<X>, _>(&self.memory) {
            mail::Next::Message(mailbox_index, letter) => {
                let (in_hand, body) = InHand::open::<X>(mailbox_index, letter);
                return Taken::Message(in_hand, body);
            }
            mail::Next::Nothing => self.watch.is_stopped(),
            mail::Next::NobodyLeft => true,
        };
        if !is_over {
            self.mail.show_counts(&mut self.device, &self.memory);
            return Taken::Nothing(Todo::Nothing(Step::Idle));
        }
        if self.life == ActorState::Paused || self.life == ActorState::Active {
            self.enter(ActorState::Draining);
        }
        Taken::Nothing(Todo::ShutDown(Then::Leave))
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
    fn break_down(&mut self, cause: FaultCause) -> Todo {
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
        Todo::ShutDown(if was_last { Then::Bury } else { Then::Restart })
    }

    /// Lets an incarnation that broke be followed by another, if it may.
    fn restart(&mut self) -> Step {
        self.restart_ns = self.restarts.next_start_ns(self.plan.supervision, self.clock.now_ns());
        if self.restart_ns.is_some() { Step::Worked } else { self.bury() }
    }

    /// Writes the fault record.
    fn record(&mut self, FaultCause { code, detail }: FaultCause) {
        let ticket = self.mail.taken_count() as u32;
        self.device.fault(self.memory.device_line(), ActorFault { code, ticket, detail });
    }
}

/// What a step has to do.
#[derive(Clone, Copy)]
enum Todo {
    Start,
    /// Handle a message, or find that there is none.
    Turn,
    ShutDown(Then),
    /// No more.
    Nothing(Step),
}

/// What follows a shutdown.
#[derive(Clone, Copy)]
enum Then {
    Leave,
    Restart,
    Bury,
}

/// What [`Runner::take`] found.
enum Taken<X: Setting> {
    Message(InHand, Message<X>),
    Nothing(Todo),
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
