//! Actors and models of Isokern as tasks of [embassy](https://embassy.dev): no heap, no `std`.
//!
//! An actor is a task that sleeps until a message comes, from another task or from an interrupt.
//! Nothing here depends on an executor: whatever polls futures with wakers will do.
//!
//! | item | what it is |
//! |---|---|
//! | [`EmbassyClock`] | the clock of `embassy-time`: deadlines that wake |
//! | [`EmbassyHost`] | the memory of one actor in a `static`; lends its runner and requesters |
//! | [`ModelClient`] | asks a model: input in, output out, its buffers lent and taken back |
//! | [`Channel`] | values from interrupts and tasks to a task; links no panic |
//! | [`serve`](fn@serve) | joins an actor with two channels |
//!
//! | feature | effect |
//! |---|---|
//! | `defmt` | `defmt::Format` for errors, those of rings and models and their counts too |
//!
//! # A model between two channels
//!
//! An interrupt and tasks send inputs with `INPUTS.try_send` or `send`, a task takes the outputs.
//!
//! ```
//! use core::future::pending;
//!
//! use embassy_executor::{Executor, Spawner};
//! use isokern_core::actor::{ActorError, ActorPlan, Mailboxes};
//! use isokern_core::{KernelMetadata, KernelMode};
//! use isokern_cpu::{CpuBackend, ModelActor, model};
//! use isokern_embassy::{ActorRunner, Channel, EmbassyHost, ModelClient, serve};
//! use isokern_ring::{Borrower, Buffers, PayloadPool};
//!
//! model::include_model! {
//!     mod digits = "../../../tests/models/digits.ikm";
//! }
//!
//! type Shape = Mailboxes<2>;
//! type Digits = ModelActor<digits::Operators>;
//! type Pool = PayloadPool<{ digits::ARENA_BYTES }, 2>;
//! type Arenas = &'static Buffers<{ digits::ARENA_BYTES }, 2>;
//! type Client = ModelClient<
//!     digits::Operators,
//!     Shape,
//!     { digits::ARENA_BYTES },
//!     2,
//!     { digits::INPUT_LEN },
//!     { digits::OUTPUT_LEN },
//! >;
//! type Output = Result<[i8; digits::OUTPUT_LEN], ActorError>;
//!
//! const METADATA: KernelMetadata = KernelMetadata::new("digits", KernelMode::Ring);
//!
//! static HOST: EmbassyHost<Digits, Shape> = EmbassyHost::new();
//! static INPUTS: Channel<[i8; digits::INPUT_LEN], 2> = Channel::new();
//! static OUTPUTS: Channel<Output, 2> = Channel::new();
//!
//! #[embassy_executor::task]
//! async fn model(runner: ActorRunner<Digits, Shape, Borrower<Arenas>>) -> ! {
//!     match runner.run_forever().await {}
//! }
//!
//! #[embassy_executor::task]
//! async fn feed(mut client: Client) -> ! {
//!     serve(&mut client, &INPUTS, &OUTPUTS).await;
//!     pending().await // the actor is gone
//! }
//!
//! #[embassy_executor::task]
//! async fn read() {
//!     INPUTS.send([0; digits::INPUT_LEN]).await; // an interrupt: `try_send`
//!     let scores = OUTPUTS.receive().await;
//!     # std::process::exit(if scores.is_ok() { 0 } else { 1 });
//! }
//!
//! // `pool` is of a `StaticCell`, or of memory that is lent once in another way.
//! fn spawn(spawner: Spawner, pool: &'static mut Pool) -> Option<()> {
//!     let program = CpuBackend::for_operators().load_program(digits::BLOB).ok()?;
//!     let (lender, borrower) = pool.split();
//!     let plan = ActorPlan::new().with_buffers(borrower);
//!     let runner = HOST.start(ModelActor::new(METADATA, program.clone()), plan).ok()?;
//!     let client = Client::try_new(program, lender, HOST.requester(0)?).ok()?;
//!     spawner.spawn(model(runner).ok()?);
//!     spawner.spawn(feed(client).ok()?);
//!     spawner.spawn(read().ok()?);
//!     Some(())
//! }
//! # let executor: &'static mut Executor = Box::leak(Box::new(Executor::new()));
//! # let pool = Box::leak(Box::new(Pool::new(0)));
//! # executor.run(|spawner| spawn(spawner, pool).expect("everything is lent once"));
//! ```
//!
//! # No panic
//!
//! Firmware of tasks that never return (`-> !`), with [`run_forever`], [`Channel`] and [`serve`],
//! links no panic at all: `cargo xtask firmware` checks that of its example. An `async fn` that
//! returns has one, the compiler's for a poll after its end; so have
//! [`ModelClient::ask`] and the channels of `embassy-sync`, which [`serve`] takes as well.
//!
//! [`run_forever`]: isokern_ring::Runner::run_forever
//! [`serve`]: fn@serve
//!
//! # Not here
//!
//! No executor, no time driver and no drivers of a chip: those are embassy's. Channels carry whole
//! inputs; a model with large ones is fed by lent buffers
//! (`isokern_ring::PayloadPool`), in which nothing is copied.

#![no_std]

#[cfg(test)]
extern crate std;

pub mod channel;
pub mod clock;
#[cfg(feature = "defmt")]
mod formats;
pub mod host;
pub mod model_client;
pub mod serve;

#[cfg(test)]
mod test_actors;

pub use channel::{Channel, Sink, Source};
pub use clock::EmbassyClock;
pub use host::{ActorRequester, ActorRunner, EmbassyCells, EmbassyHost};
pub use model_client::{ModelAnswer, ModelClient, ModelClientError};
pub use serve::{Ask, serve};

/// The code in the README, compiled as an example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
