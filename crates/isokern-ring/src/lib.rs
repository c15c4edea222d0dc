//! Rings between two threads, or an interrupt and a loop, or many producers and one consumer.
//!
//! A ring is a fixed number of slots in memory you own. One end pushes, the other pops; both
//! are wait-free and allocate nothing. A full ring hands the message back; a closed one says
//! so. A GPU reads the same layout across PCIe (`CudaHost` of `isokern-cuda` runs actors so); it
//! is written down with its proof in `isokern-core`, module [`ring`](isokern_core::ring) and
//! `protocol.md` beside it.
//!
//! # Example
//!
//! ```
//! use isokern_ring::{PopError, PushError, Ring};
//!
//! let mut ring = Ring::<[i16; 2], 4>::new();
//! let (mut producer, mut consumer) = ring.split();
//! assert_eq!(consumer.try_pop(), Err(PopError::Empty));
//! producer.try_push([1, 2])?;
//! assert_eq!(consumer.try_pop(), Ok([1, 2]));
//! # Ok::<(), PushError<[i16; 2]>>(())
//! ```
//!
//! # Modules
//!
//! | module | what it promises |
//! |---|---|
//! | [`mod@ring`], [`producer`], [`consumer`] | a bounded ring and its ends: wait-free, in order |
//! | `mpsc`, [`near_ring`] | many producers before one ring; a ring with prefetches |
//! | `owned` | (`std`) a ring on the heap that its ends own together |
//! | [`wait`], [`doorbell`], [`notify`] | how an end waits, and who wakes it |
//! | [`pool`] | lent buffers: one owner at a time, given back also in a panic |
//! | [`actor`], [`runner`], [`hosts`] | asking an actor, running it, on threads or in a loop |
//! | [`loop_waker`] | a main loop that sleeps while nothing wakes it |
//! | [`mod@megakernel`] | tasks for workers: classes, tenants, joins, budgets |
//!
//! Every public item is also at the root.
//!
//! # Items
//!
//! | item | what it is |
//! |---|---|
//! | [`Ring`] | slots in a `static`, on the stack or wherever; splits into the two ends |
//! | `owned`, `ArcRing` | a ring on the heap that its ends own together (`std`) |
//! | [`Producer`], [`Consumer`] | the ends |
//! | [`WaitStrategy`] | what `push` and `pop` do meanwhile: spin, yield, park with a bound |
//! | `MpscRing`, `MpscProducer` | many producers in front of one ring |
//! | [`Notify`] | waker cells for futures |
//! | [`Runner::run`] | an actor as a task of an executor |
//! | [`LoopWaker`] | a main loop that polls one task, and sleeps while nothing wakes it |
//! | [`megakernel`](fn@megakernel) | workers for tasks: [`LoopWorkers`], `ThreadWorkers` |
//! | [`PayloadPool`] | lent buffers for payloads that are larger than a slot |
//!
//! # Features
//!
//! | feature | effect |
//! |---|---|
//! | `std` | `Yield` and `Park`, `owned`, `WakerCell` |
//! | `latency-histogram` | `SharedRequester::latency`: quantiles of how long questions took |
//! | `critical-section` | `CriticalWakerCell`; claims where there is no compare-and-swap |
//! | `defmt` | `defmt::Format` for errors, steps and counts, those of the core too |
//!
//! None is on by default.
//!
//! # Not here
//!
//! * Messages with destructors: a message is plain old data ([`bytemuck::Pod`]), because the
//!   other side may be a device.
//! * Unbounded queues, and overwriting the oldest message: full is the producer's to handle.
//! * Rings in memory that a device maps: `isokern_core::ring` has the protocol for any memory.
//! * Many consumers.

#![no_std]

#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod actor;
#[cfg(all(test, feature = "std", not(loom)))]
mod actor_tests;
#[cfg(feature = "std")]
mod alarm;
mod claim_word;
pub mod consumer;
pub mod doorbell;
#[cfg(feature = "defmt")]
mod formats;
#[cfg(feature = "critical-section")]
mod guarded_word;
pub mod hosts;
pub mod loop_waker;
pub mod megakernel;
#[cfg(any(target_has_atomic = "32", feature = "critical-section"))]
pub mod mpsc;
pub mod near_ring;
pub mod notify;
#[cfg(feature = "std")]
pub mod owned;
pub mod pool;
pub mod producer;
pub mod ring;
pub mod runner;
pub mod wait;

#[cfg(all(test, feature = "std"))]
mod ends_tests;
#[cfg(all(test, feature = "std", not(loom)))]
mod sleep_tests;

#[cfg(feature = "latency-histogram")]
pub use actor::LatencySummary;
#[cfg(feature = "std")]
pub use actor::SharedRequester;
pub use actor::{
    Actor, ActorControls, ActorOn, Answer, AskError, Requester, RequesterOn, RequesterStats,
    SpawnError, spawn,
};
pub use consumer::Consumer;
pub use doorbell::Doorbells;
#[cfg(feature = "critical-section")]
pub use guarded_word::GuardedWord;
pub use hosts::{AlreadyLent, LoopHost, WakingBells, WakingCells};
#[cfg(feature = "std")]
pub use hosts::{ThreadHost, ThreadMemory, ThreadRunning};
pub use isokern_core::ring::{BufferHandle, Closed, PopError, PushError};
pub use loop_waker::LoopWaker;
#[cfg(feature = "std")]
pub use megakernel::{
    BoxedTasks, ThreadTaskBells, ThreadTasks, ThreadWorkers, ThreadWorkersError, ThreadsRunning,
};
pub use megakernel::{
    Completions, Controls, LoopRunning, LoopWord, LoopWorkers, Megakernel, MegakernelOn,
    MegakernelStartError, SliceError, Submitter, megakernel,
};
#[cfg(any(target_has_atomic = "32", feature = "critical-section"))]
pub use mpsc::{MpscProducer, MpscRing};
pub use near_ring::NearRing;
#[cfg(feature = "critical-section")]
pub use notify::CriticalWakerCell;
#[cfg(feature = "std")]
pub use notify::WakerCell;
pub use notify::{Notify, PollOnly};
#[cfg(feature = "std")]
pub use owned::{ArcRing, owned};
pub use pool::{
    Borrower, Buffers, ClaimedBuffer, Lender, PayloadPool, PoolError, PoolMemory, PoolSides,
    SideWords,
};
#[cfg(feature = "std")]
pub use pool::{HeapBuffers, RegionBuffers, heap_pool, region_lender};
pub use producer::Producer;
pub use ring::{Ring, RingHandle};
pub use runner::{
    FAULT_INITIALIZE, FAULT_PANIC, FAULT_SHUTDOWN, FAULT_VANISHED, OUTBOX_ENTRIES, Pace, Runner,
    Setting, Spinning, Step,
};
pub use wait::WaitStrategy;

/// The code in the README, compiled as an example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
