//! Memory that is known when the program is compiled, for a `static`.

use super::cell_ring::CellRing;
use super::lines::{GateLine, HostNote, SharedLine, WorkerLine};
use super::queue_cells::QueueCells;
use super::shared_slot::SharedTaskSlot;
use super::sidecar::{Moment, Sidecar};
use super::task_cells::{TaskCells, WorkerCells};
use super::task_shape::TaskShape;
use super::task_store::{Apart, TaskArrays};
use crate::actor::Fresh;
use crate::ring::{SharedCell, SharedCounter, SharedRmw};

impl<const N: usize, const WORKERS: usize, W, C, B> TaskCells<TaskArrays<N, WORKERS, W, C>, B>
where
    W: SharedRmw + SharedCounter + Fresh,
    C: SharedCell + Fresh,
    B: Fresh,
{
    /// Returns memory for `N` tasks, all zero. The last `spawn_slots` of them are for tasks that
    /// tasks spawn; one slot at least is the host's.
    ///
    /// ```
    /// use isokern_core::megakernel::{TaskArrays, TaskCells, TaskMemory};
    ///
    /// static CELLS: TaskCells<TaskArrays<8>> = TaskCells::new(2);
    /// assert_eq!((CELLS.shape().host_slots, CELLS.shape().spawn_slots), (6, 2));
    /// ```
    #[must_use]
    pub const fn new(spawn_slots: u32) -> Self {
        const { assert!(WORKERS >= 1, "somebody has to work") }
        let slots = N as u32;
        let spawn_slots = if spawn_slots < slots { spawn_slots } else { slots - 1 };
        let queue_places = TaskArrays::<N, WORKERS, W, C>::SLOTS;
        let host_slots = slots - spawn_slots;
        let worker_count = WORKERS as u32;
        Self {
            shape: TaskShape { host_slots, spawn_slots, queue_places, worker_count },
            gate: GateLine::FRESH,
            line: SharedLine::FRESH,
            slots: [const { SharedTaskSlot::new([const { W::FRESH }; 16]) }; N],
            sidecars: [const { Sidecar::FRESH }; N],
            notes: [const { HostNote::FRESH }; N],
            classes: [const { fresh_queue() }; 5],
            spare: const { fresh_queue() },
            urgent: const { fresh_ring() },
            usual: const { fresh_ring() },
            freed: const { fresh_ring() },
            workers: [const { WorkerCells { line: WorkerLine::FRESH, completions: fresh_ring() } };
                WORKERS],
            bells: B::FRESH,
        }
    }
}

impl<const N: usize, const WORKERS: usize, W, C, B> Default
    for TaskCells<TaskArrays<N, WORKERS, W, C>, B>
where
    W: SharedRmw + SharedCounter + Fresh,
    C: SharedCell + Fresh,
    B: Fresh,
{
    fn default() -> Self {
        Self::new(0)
    }
}

const fn fresh_queue<const N: usize, const WORKERS: usize, W, C>()
-> QueueCells<TaskArrays<N, WORKERS, W, C>>
where
    W: SharedRmw + SharedCounter + Fresh,
    C: SharedCell + Fresh,
{
    QueueCells {
        count: Apart(W::FRESH),
        head: Apart(W::FRESH),
        tail: Apart(W::FRESH),
        cells: [const { C::FRESH }; N],
    }
}

const fn fresh_ring<const N: usize, const WORKERS: usize, W, C, const CELLS: usize>()
-> CellRing<TaskArrays<N, WORKERS, W, C>, CELLS>
where
    W: SharedRmw + SharedCounter + Fresh,
    C: SharedCell + Fresh,
{
    CellRing {
        slots: TaskArrays::<N, WORKERS, W, C>::SLOTS,
        head: Apart(W::FRESH),
        acknowledgement: C::FRESH,
        consumer_status: W::FRESH,
        final_tail: Apart(C::FRESH),
        producer_status: W::FRESH,
        no_count: C::FRESH,
        cells: [const { [const { C::FRESH }; CELLS] }; N],
    }
}

impl<W: Fresh> Fresh for Moment<W> {
    const FRESH: Self = Self { low: W::FRESH, high: W::FRESH };
}

impl<W: Fresh> Fresh for Sidecar<W> {
    const FRESH: Self = Self {
        generation: W::FRESH,
        pending: W::FRESH,
        join: W::FRESH,
        flags: W::FRESH,
        deadline_ticks: W::FRESH,
        event: W::FRESH,
        told: W::FRESH,
        asked_epoch: W::FRESH,
        enqueued: Moment::FRESH,
        claimed: Moment::FRESH,
        last: Moment::FRESH,
        worker: W::FRESH,
        code: W::FRESH,
    };
}

impl<W: Fresh> Fresh for HostNote<W> {
    const FRESH: Self =
        Self { owner: W::FRESH, kept: W::FRESH, code: W::FRESH, elapsed_ns: W::FRESH };
}

impl<W: Fresh> Fresh for WorkerLine<W> {
    const FRESH: Self = Self {
        came: W::FRESH,
        went: W::FRESH,
        tail: W::FRESH,
        in_hand: W::FRESH,
        tallies: Fresh::FRESH,
    };
}

impl<W: Fresh> Fresh for SharedLine<W> {
    const FRESH: Self = Self { intake: W::FRESH, heads: Fresh::FRESH, events: Fresh::FRESH };
}

impl<W: Fresh> Fresh for GateLine<W> {
    const FRESH: Self = Self {
        gate: W::FRESH,
        stop: W::FRESH,
        accepted_low: W::FRESH,
        accepted_high: W::FRESH,
        tenants: Fresh::FRESH,
    };
}

impl Fresh for super::task_memory::NoBells {
    const FRESH: Self = Self;
}
