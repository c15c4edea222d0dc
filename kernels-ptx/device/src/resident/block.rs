//! The leader's side of a block: orders, reports, looks, and the end of the grid.
#![allow(unsafe_code)]

use core::cell::Cell;

use isokern_core::device::{
    BlockOrder, BlockPhase, BlockRefusal, BlockReport, ClockLink, FAULT_AT, ORDER_BYTES,
    ORDER_LINKS_AT, OrderLinks, REPORT_BYTES, ResidentParameters, TaskOrder,
};
use isokern_core::ring::{AddressedLine, HostView};

use super::cells::LoadedLine;
use super::look::look;
use super::shared::{
    AHEAD, BACK, GRID_LINE, LOADED_LINES, LOOKS, MAILBOXES, OWN_LINE, POSTED, WANTED, store,
    store_halves, store_if,
};
use super::warp::{agree, warp_barrier};
use crate::registers;
use crate::team::BlockTeam;
use crate::words::SystemMemory;

/// Looks in vain after which a block sleeps between two.
const LOOKS_AWAKE: u32 = 64;

/// How long it sleeps then, in ns.
const SLEEP_NS: u32 = 500;

/// The leader of a block.
pub struct Block<'t> {
    team: &'t BlockTeam,
    parameters: ResidentParameters,
    index: u64,
    clock: Cell<ClockLink>,
    /// When the grid's lease was last seen to move, by the device's timer.
    moved_ns: Cell<u64>,
    lease_turn: Cell<u32>,
    is_over: Cell<bool>,
    /// Whether the last look was in vain.
    is_quiet: Cell<bool>,
}

impl<'t> Block<'t> {
    /// Returns the leader's side of the calling thread's block.
    ///
    /// # Safety
    ///
    /// The addresses of `parameters` are as their type says, and stay so while the kernel runs.
    pub(super) unsafe fn new(team: &'t BlockTeam, parameters: ResidentParameters) -> Self {
        if team.index() == 0 {
            [AHEAD, POSTED, WANTED, BACK].into_iter().for_each(|word| store(word, 0));
            store(GRID_LINE, parameters.grid_line);
        }
        Self {
            team,
            parameters,
            index: registers::block().into(),
            clock: Cell::new(ClockLink::new()),
            moved_ns: Cell::new(registers::nanoseconds()),
            lease_turn: Cell::new(0),
            is_over: Cell::new(false),
            is_quiet: Cell::new(false),
        }
    }

    /// Returns where the fault record of a block is.
    pub(super) fn fault_record(parameters: &ResidentParameters) -> u64 {
        parameters.reports + u64::from(registers::block()) * REPORT_BYTES + FAULT_AT
    }

    /// Returns the lane of the calling thread among those in control.
    #[inline(always)]
    pub(super) const fn lane(&self) -> u32 {
        self.team.index()
    }

    /// Returns whether the calling thread leads.
    #[inline(always)]
    pub(super) const fn is_leader(&self) -> bool {
        self.lane() == 0
    }

    /// Returns the threads of the block.
    pub(super) const fn team(&self) -> &BlockTeam {
        self.team
    }

    /// Returns whether the grid stops: the host asked for it, or its lease has run out.
    #[inline(always)]
    pub(super) fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Waits for the order after that of `last` and returns its epoch; `None` when the grid stops.
    /// All lanes in control call it; the order is the leader's.
    #[inline(never)] // Addresses of cells are not kept around it.
    pub(super) fn next_order(&self, last: u32, order: &mut BlockOrder) -> Option<u32> {
        let line = self.order_line();
        self.turn_to(line, 0, 0);
        loop {
            self.look(true);
            let epoch = match self.is_leader() && !self.is_over() {
                true => self.read_order(line, last, order).unwrap_or(last),
                false => last,
            };
            if agree(self.lane(), u32::from(self.is_over())) != 0 {
                return None;
            }
            let epoch = agree(self.lane(), epoch);
            if epoch != last {
                return Some(epoch);
            }
        }
    }

    /// Reads the order at `line` if it is another than that of `last`. The cells of one look may be
    /// of two moments: who sees the epoch reads them again.
    #[inline(never)] // As below.
    fn read_order(&self, line: u64, last: u32, order: &mut BlockOrder) -> Option<u32> {
        // SAFETY: the line of this block's orders, by the contract of `new`.
        let line = AddressedLine::new(unsafe { SystemMemory::new() }, line);
        let (epoch, next) = BlockOrder::read(&line)?;
        if epoch == last {
            return None;
        }
        *order = next;
        Some(epoch)
    }

    /// Returns the links of the order that the leader has taken.
    #[inline(never)] // As above.
    pub(super) fn links(&self) -> OrderLinks {
        let address = self.order_line() + ORDER_LINKS_AT;
        // SAFETY: the second line of this block's orders, by the contract of `new`.
        OrderLinks::read(&AddressedLine::new(unsafe { SystemMemory::new() }, address))
    }

    /// Returns the order of a megakernel that the leader has taken; every lane may read it.
    #[inline(never)] // As above.
    pub(super) fn task_order(&self) -> Option<TaskOrder> {
        // SAFETY: the line of this block's orders, by the contract of `new`.
        TaskOrder::read(&AddressedLine::new(unsafe { SystemMemory::new() }, self.order_line()))
    }

    /// Says how far the block is with an order.
    #[inline(never)] // Addresses of cells are not kept around it.
    pub(super) fn report(&self, phase: BlockPhase, epoch: u32) {
        if !self.is_leader() {
            return;
        }
        BlockReport::new(phase, epoch).publish(&self.report_line());
    }

    /// Says that an order is not run.
    #[inline(never)] // As above.
    pub(super) fn refuse(&self, refusal: BlockRefusal, epoch: u32) {
        if !self.is_leader() {
            return;
        }
        BlockReport::refused(refusal, epoch).publish(&self.report_line());
    }

    /// Lets looks load this line, and so many mailboxes whose messages have so many cells.
    pub(super) fn turn_to(&self, line: u64, mailboxes: u32, cells: u32) {
        if self.is_leader() {
            store(OWN_LINE, line);
            store_halves(MAILBOXES, mailboxes, cells);
            (0..16).for_each(|index| store(LOADED_LINES + index, 0));
        }
        self.is_quiet.set(false);
    }

    /// Looks once; or, if it waits, until there is something new, at most so often that the time is
    /// read in between. What was seen of the grid line counts then.
    #[inline(never)] // Its registers are not those of the loop around it.
    pub(super) fn look(&self, waits: bool) {
        let looks = if waits { LOOKS_AWAKE } else { 1 };
        let sleep_ns = if self.is_quiet.get() { SLEEP_NS } else { 0 };
        let words = u64::from(sleep_ns) << 32 | u64::from(looks);
        store_if(self.is_leader(), LOOKS, words);
        // The lanes see the leader's words.
        warp_barrier();
        // SAFETY: the words name the lines of this block and of its actor, by the contracts of
        // `new` and of the actor's memory.
        let has_news = unsafe { look(self.lane()) };
        self.is_quiet.set(waits && !has_news);
        if self.is_leader() {
            self.watch_grid();
        }
    }

    /// Notes what the grid line says.
    fn watch_grid(&self) {
        let now_ns = registers::nanoseconds();
        // SAFETY: the grid line, by the contract of `new`.
        let line = unsafe { LoadedLine::grid(self.parameters.grid_line) };
        if let Some(view) = HostView::read(&line) {
            let lease = view.lease();
            if lease.turn != self.lease_turn.replace(lease.turn) {
                self.moved_ns.set(now_ns);
                let mut clock = self.clock.get();
                clock.see(lease, now_ns);
                self.clock.set(clock);
                store(AHEAD, clock.host_ns(0));
            }
            if view.is_stopped() {
                self.is_over.set(true);
            }
        }
        if now_ns.saturating_sub(self.moved_ns.get()) > self.parameters.lease_ns {
            self.is_over.set(true);
        }
    }

    fn order_line(&self) -> u64 {
        self.parameters.orders + self.index * ORDER_BYTES
    }

    fn report_line(&self) -> AddressedLine<SystemMemory> {
        let address = self.parameters.reports + self.index * REPORT_BYTES;
        // SAFETY: the line of this block's reports, by the contract of `new`.
        AddressedLine::new(unsafe { SystemMemory::new() }, address)
    }
}
