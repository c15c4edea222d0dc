//! An actor that does what its messages say, and a clock moved by hand.

use core::future::Future;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::vec::Vec;

use isokern_core::actor::Link;
use isokern_core::call::{Clock, PollingSleep};
use isokern_core::ring::BufferHandle;
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, MessageHeader, Resident, RingContext,
    RingKernelHandler,
};

/// A clock that moves only with `advance`.
#[derive(Clone, Debug, Default)]
pub(super) struct HandClock(Arc<AtomicU64>);

impl HandClock {
    pub(super) fn advance_us(&self, microseconds: u64) {
        self.0.fetch_add(microseconds * 1_000, Ordering::Relaxed);
    }

    pub(super) fn set_ns(&self, now_ns: u64) {
        self.0.store(now_ns, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now_ns(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}

/// What a script does with its number.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(super) enum Do {
    /// Adds the number to the sum in the state, and answers the sum.
    Add,
    /// Fails with the number as its code.
    Fail,
    /// Takes that many microseconds, with a safe point after each.
    Take,
    /// Panics.
    Break,
    /// Adds the number to the sum, sends it to link 0, and fails if it is odd.
    Send,
    /// Takes that many microseconds at one go, and sends the number to link 0.
    Block,
    /// Answers how many messages this incarnation has answered.
    Count,
}

impl Do {
    pub(super) const fn with(self, number: u32) -> [u32; 2] {
        [self as u32, number]
    }
}

/// How often the handler's other methods were called.
#[derive(Debug, Default)]
pub(super) struct Calls {
    pub(super) initialize: AtomicU32,
    pub(super) shutdown: AtomicU32,
}

impl Calls {
    pub(super) fn counts(&self) -> (u32, u32) {
        (self.initialize.load(Ordering::Relaxed), self.shutdown.load(Ordering::Relaxed))
    }
}

/// How a shutdown ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Tidiness {
    #[default]
    Tidy,
    /// With code 55.
    Fails,
    Breaks,
}

/// An actor that does what its messages say.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    pub(super) clock: HandClock,
    pub(super) calls: Arc<Calls>,
    /// How many incarnations fail to initialise.
    pub(super) stillborn: u32,
    /// How long it takes to initialise, with a safe point after each microsecond.
    pub(super) initialize_us: u32,
    /// How long it takes to shut down.
    pub(super) shutdown_us: u32,
    /// How its shutdown ends.
    pub(super) tidiness: Tidiness,
    pub(super) is_misconfigured: bool,
}

impl GpuKernel for Script {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("script", KernelMode::Ring) }
    }

    fn validate(&self) -> Result<(), KernelError> {
        if self.is_misconfigured {
            return Err(KernelError::InvalidConfiguration { reason: "planted" });
        }
        Ok(())
    }
}

impl RingKernelHandler<[u32; 2], u32> for Script {
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        [what, number]: [u32; 2],
    ) -> Result<u32, KernelError> {
        if what == Do::Fail as u32 {
            return Err(KernelError::Failed { code: number });
        }
        assert!(what != Do::Break as u32, "planted");
        if what == Do::Take as u32 {
            for _ in 0..number {
                self.clock.advance_us(1);
                context.yield_now().await;
            }
            return Ok(number);
        }
        if what == Do::Block as u32 {
            self.clock.advance_us(u64::from(number));
            context.send(Link::new(0), &Do::Add.with(number))?;
            return Ok(number);
        }
        if what == Do::Count as u32 {
            return Ok(context.answered_count());
        }
        let sum = context.state::<u32>()?;
        *sum += number;
        let sum = *sum;
        if what == Do::Send as u32 {
            context.send(Link::new(0), &Do::Add.with(number))?;
            if number % 2 == 1 {
                return Err(KernelError::Failed { code: number });
            }
        }
        Ok(sum)
    }

    async fn initialize(&self, context: &mut RingContext<'_>) -> Result<(), KernelError> {
        assert_eq!(context.state::<u32>(), Ok(&mut 100), "every incarnation starts anew");
        if self.calls.initialize.fetch_add(1, Ordering::Relaxed) < self.stillborn {
            return Err(KernelError::Failed { code: 1 });
        }
        for _ in 0..self.initialize_us {
            self.clock.advance_us(1);
            context.yield_now().await;
        }
        Ok(())
    }

    async fn shutdown(&self, context: &mut RingContext<'_>) -> Result<(), KernelError> {
        self.calls.shutdown.fetch_add(1, Ordering::Relaxed);
        for _ in 0..self.shutdown_us {
            self.clock.advance_us(1);
            context.yield_now().await;
        }
        match self.tidiness {
            Tidiness::Tidy => Ok(()),
            Tidiness::Fails => Err(KernelError::Failed { code: 55 }),
            Tidiness::Breaks => panic!("planted"),
        }
    }
}

impl Resident for Script {
    type Handler = Self;
    type Message = [u32; 2];
    type Reply = u32;
    type State = u32;

    fn into_parts(self) -> (Self, u32) {
        (self, 100)
    }
}

/// Sends what it is asked to over as many links as the first number of the message says, and keeps
/// the headers it sees.
#[derive(Clone, Debug, Default)]
pub(super) struct Fork {
    pub(super) headers: Arc<Mutex<Vec<MessageHeader>>>,
}

impl Fork {
    /// Returns what it sends with.
    pub(super) const fn header() -> MessageHeader {
        MessageHeader::new().with_tenant(9).with_trace_id(*b"trace of 16 byte")
    }

    pub(super) fn seen(&self) -> Vec<MessageHeader> {
        self.headers.lock().expect("nobody panics").clone()
    }
}

impl GpuKernel for Fork {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("fork", KernelMode::Ring) }
    }
}

impl RingKernelHandler<[u32; 8], u32> for Fork {
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        [link_count, numbers @ ..]: [u32; 8],
    ) -> Result<u32, KernelError> {
        self.headers.lock().expect("nobody panics").push(context.header());
        let [one, two, three, four, five, six, seven] = numbers;
        let message = [0, one, two, three, four, five, six, seven];
        for index in 0..link_count {
            context.send_with(Link::new(index as u16), &Self::header(), &message)?;
        }
        let sum = context.state::<u32>()?;
        *sum += numbers.iter().sum::<u32>();
        Ok(*sum)
    }
}

impl Resident for Fork {
    type Handler = Self;
    type Message = [u32; 8];
    type Reply = u32;
    type State = u32;

    fn into_parts(self) -> (Self, u32) {
        (self, 0)
    }
}

/// A script whose messages bring buffers.
pub(super) struct Lending(pub(super) Script);

impl Resident for Lending {
    type Handler = Script;
    type Message = [u32; 2];
    type Reply = u32;
    type State = u32;

    fn buffer_of(_: &[u32; 2]) -> Option<BufferHandle> {
        Some(BufferHandle::default())
    }

    fn into_parts(self) -> (Script, u32) {
        (self.0, 100)
    }
}
