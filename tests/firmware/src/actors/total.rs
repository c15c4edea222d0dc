//! An actor that keeps a total, and holds a message until its deadline when asked to.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use bytemuck::{Pod, Zeroable};
use isokern_cpu::core::actor::{ActorCells, ActorPlan, ActorState, Mailboxes, Supervision};
use isokern_cpu::core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext, RingKernelHandler,
};
use isokern_firmware::console::print_number;
use isokern_firmware::ending;
use isokern_firmware::ticker::{TICK_NS, TickClock};
use isokern_ring::{ActorOn, LoopHost, RequesterOn, Spinning, Step};

/// Two mailboxes of four slots of one line.
pub(crate) type Shape = Mailboxes<4, 1, 2>;
pub(crate) type Cells = &'static ActorCells<Shape>;
pub(crate) type TotalActor = ActorOn<LoopHost<'static, TickClock, Shape>, Total>;
pub(crate) type TotalRequester = RequesterOn<LoopHost<'static, TickClock, Shape>, Total>;

/// How often the actor fails to start before it starts.
const FAILED_STARTS: u32 = 2;

/// Starts so far.
static STARTS: AtomicU32 = AtomicU32::new(0);

/// The resident and its handler.
pub(crate) struct Total;

/// What it is sent.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Question {
    pub(crate) number: u32,
    /// Not 0: there will be no answer.
    pub(crate) is_held: u32,
}

/// What it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Reply {
    pub(crate) number: u32,
    /// Messages that were added before this one.
    pub(crate) turn: u32,
    /// All numbers up to this one, added.
    pub(crate) sum: u32,
}

/// What it keeps.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct State {
    count: u32,
    sum: u32,
}

/// Makes the actor; a mailbox with messages is passed over at most twice.
///
/// A function of its own, so that what is moved here is not on the stack later.
#[inline(never)]
pub(crate) fn spawn(cells: Cells) -> Option<TotalActor> {
    let supervision = Supervision::Restart {
        count_max: FAILED_STARTS,
        window: Duration::from_secs(1),
        backoff: Duration::from_nanos(3 * TICK_NS),
    };
    let plan = ActorPlan::new().with_passed_over_max(2).with_supervision(supervision);
    isokern_ring::spawn(&LoopHost::new(cells, TickClock), Total, plan).ok()
}

/// Steps it until it has started, which takes as many restarts as it fails to.
pub(crate) fn start(actor: &mut TotalActor) {
    while actor.state() != ActorState::Active {
        if actor.running_mut().step(&mut Spinning) == Step::Over {
            ending::fail("the actor did not start");
        }
    }
    print_number("starts", STARTS.load(Ordering::Relaxed));
}

impl GpuKernel for Total {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("total", KernelMode::Ring) }
    }
}

impl RingKernelHandler<Question, Reply> for Total {
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        question: Question,
    ) -> Result<Reply, KernelError> {
        if question.is_held != 0 {
            loop {
                context.yield_now().await; // Dropped here when the deadline has passed.
            }
        }
        let state = context.state::<State>()?;
        let turn = state.count;
        state.count += 1;
        state.sum = state.sum.wrapping_add(question.number);
        Ok(Reply { number: question.number, turn, sum: state.sum })
    }

    /// Fails at first, as a device does that needs some time after power-up.
    async fn initialize(&self, _: &mut RingContext<'_>) -> Result<(), KernelError> {
        let start = STARTS.load(Ordering::Relaxed);
        STARTS.store(start + 1, Ordering::Relaxed);
        if start < FAILED_STARTS { Err(KernelError::Failed { code: start }) } else { Ok(()) }
    }
}

impl Resident for Total {
    type Handler = Self;
    type Message = Question;
    type Reply = Reply;
    type State = State;

    fn into_parts(self) -> (Self, State) {
        (self, State { count: 0, sum: 0 })
    }
}
