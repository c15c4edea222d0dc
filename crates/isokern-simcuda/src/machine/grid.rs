//! A launched kernel: blocks that run and blocks that wait for room.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use super::block::{Block, Shared};
use super::engine::{Clock, Engine};
use super::fault::{Fault, FaultKind, Place};
use super::profile::Profile;
use super::slice::{self, Trouble};
use super::special::{thread_index, volume};
use super::surroundings::Surroundings;
use super::warp::State;
use super::{Counters, Launch, Progress};
use crate::program::Program;
use crate::program::operation::Operation;

/// Instructions a warp runs before the next has its turn.
const TURN: u64 = 1024;

/// Numbers grids and blocks, over all devices.
static SERIAL: AtomicU64 = AtomicU64::new(1);

/// A launched kernel.
#[derive(Debug)]
pub struct Grid {
    program: Arc<Program>,
    launch: Launch,
    id: u64,
    /// The next block to start, counted in x, then y, then z.
    next: u64,
    running: Vec<Block>,
    counters: Counters,
    asleep: bool,
    /// The moment of its launch, as views count it.
    born: u64,
    /// Which block starts first, and how many others are between two that start in turn.
    order: (u64, u64),
    profile: Option<Box<Profile>>,
}

impl Grid {
    /// Returns a grid of which no thread has run yet.
    #[must_use]
    pub fn new(program: &Arc<Program>, launch: Launch) -> Self {
        let id = SERIAL.fetch_add(1, Ordering::Relaxed);
        let program = Arc::clone(program);
        let (running, counters) = (Vec::new(), Counters::default());
        let (next, born, order, asleep, profile) = (0, 0, (0, 1), false, None);
        Self { program, launch, id, next, running, counters, asleep, born, order, profile }
    }

    /// Counts from now on what its instructions do.
    pub fn keep_profile(&mut self) {
        self.profile_mut();
    }

    /// Returns the profile, which is kept from now on.
    pub(crate) fn profile_mut(&mut self) -> &mut Profile {
        self.profile.get_or_insert_with(|| Box::new(Profile::new(&self.program)))
    }

    /// Returns what was counted; none unless [`keep_profile`](Self::keep_profile) was called.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_deref()
    }

    /// Returns whether all its threads slept, or waited at a barrier, when they last had their
    /// turn: then only a store of somebody else or time can let them do more.
    #[must_use]
    pub const fn is_asleep(&self) -> bool {
        self.asleep
    }

    /// Says at which moment it was launched.
    pub(crate) const fn launched_at(mut self, moment: u64) -> Self {
        self.born = moment;
        self
    }

    /// Returns what was executed so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Returns the kernel's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.program.function(self.launch.entry).map_or("", |entry| &entry.name)
    }

    /// Starts blocks while there is room; says whether any runs.
    fn fill(&mut self, engine: &mut Engine) -> bool {
        let blocks = volume(self.launch.grid);
        if self.next == 0 && self.running.is_empty() {
            self.order = engine.order_of(blocks);
            if let (0, Some(views)) = (self.born, engine.views()) {
                self.born = views.launch();
            }
        }
        while self.next < blocks && self.running.len() < self.launch.resident_max.max(1) as usize {
            let number = (self.order.0 + self.next * self.order.1) % blocks;
            self.next += 1;
            let [x, y, _] = self.launch.grid.map(u64::from);
            let index = [number % x, number / x % y, number / x / y];
            // Each is below a side of the grid.
            let index = index.map(|side| u32::try_from(side).unwrap_or(u32::MAX));
            let entry = self.launch.entry;
            let shared = Shared::new(&self.program, entry, self.launch.dynamic_shared);
            let threads = u32::try_from(volume(self.launch.block)).unwrap_or(0);
            let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
            let mut block = Block::new(&self.program, entry, threads, shared, index, serial);
            let multiprocessors = u64::from(engine.multiprocessors);
            if let Some(views) = engine.views() {
                views.begin(serial, threads, self.born);
                views.watch_block(serial, index, &self.launch, &self.program);
            }
            block.multiprocessor = u32::try_from(number % multiprocessors).unwrap_or(0);
            self.running.push(block);
        }
        !self.running.is_empty()
    }
}

impl Engine {
    /// Runs at most about `budget` instructions of warps.
    ///
    /// # Errors
    ///
    /// A [`Fault`], after which no thread of the grid runs from then on.
    pub fn run(&mut self, grid: &mut Grid, budget: u64) -> Result<Progress, Box<Fault>> {
        if self.buffers.is_some() || self.order.is_some() {
            return self.run_shuffled(grid, budget);
        }
        let mut left = budget;
        while grid.fill(self) {
            if left == 0 {
                return Ok(Progress::Running);
            }
            self.view.refresh();
            self.awake = false;
            let mut index = 0;
            while index < grid.running.len() {
                let mut done = 0;
                for warp in 0..grid.running[index].warps.len() {
                    done += self.turn(grid, index, warp, TURN)?;
                }
                left = left.saturating_sub(done);
                self.after_turn(grid, &mut index, done)?;
            }
            grid.asleep = !self.awake;
            if self.ends_asleep && grid.asleep {
                return Ok(Progress::Running);
            }
        }
        Ok(Progress::Finished)
    }

    /// Runs one instruction or a few of a warp chosen by the seed, or lets a store take effect.
    pub(crate) fn run_by_seed(&mut self, grid: &mut Grid) -> Result<Progress, Box<Fault>> {
        if !grid.fill(self) {
            if let Some(buffers) = &mut self.buffers {
                buffers.flush_all(&mut self.view);
            }
            return Ok(Progress::Finished);
        }
        self.view.refresh();
        self.leak(grid);
        let blocks = grid.running.len();
        let mut index = self.choose(blocks);
        let warps = grid.running[index].warps.len();
        let first = self.choose(warps);
        let turn = 1 + self.choose(24) as u64;
        let mut done = 0;
        for step in 0..warps {
            done = self.turn(grid, index, (first + step) % warps, turn)?;
            if done > 0 {
                break;
            }
        }
        self.after_turn(grid, &mut index, done)?;
        Ok(Progress::Running)
    }

    /// Lets a few stores that wait take effect.
    fn leak(&mut self, grid: &mut Grid) {
        if let Some(buffers) = &mut self.buffers {
            buffers.pass();
        }
        for _ in 0..self.choose(3) {
            let Some(buffers) = &mut self.buffers else {
                return;
            };
            let running = &grid.running;
            let here = |serial| running.iter().any(|block| block.serial == serial);
            if let Some((serial, store)) = buffers.leak(&mut self.view, here)
                && let Some(block) = grid.running.iter_mut().find(|block| block.serial == serial)
            {
                super::access::apply(buffers, &mut block.shared, store);
            }
        }
    }

    /// Runs one warp of a block; gives how many instructions it ran.
    fn turn(
        &mut self,
        grid: &mut Grid,
        index: usize,
        warp: usize,
        budget: u64,
    ) -> Result<u64, Box<Fault>> {
        let before = self.counters;
        let Block { index: block, serial, multiprocessor, warps, shared, barriers, live } =
            &mut grid.running[index];
        let warp = &mut warps[warp];
        if warp.live == 0 {
            return Ok(0);
        }
        let was = warp.live.count_ones();
        self.profile = grid.profile.take();
        let mut around = Surroundings {
            engine: self,
            program: &grid.program,
            launch: &grid.launch,
            shared,
            barriers,
            block: *block,
            serial: *serial,
            multiprocessor: *multiprocessor,
            grid_id: grid.id,
            first_thread: warp.first_thread,
            pc: 0,
        };
        around.engine.slept = false;
        let done = slice::run(warp, &mut around, budget);
        grid.profile = around.engine.profile.take();
        *live -= was - warp.live.count_ones();
        let (block, first) = (*block, warp.first_thread);
        let done = done.map_err(|trouble| {
            Box::new(fault(&grid.program, &grid.launch, block, first, trouble))
        })?;
        let (mut views, serial, live) = (self.views(), *serial, *live);
        let leave = |barrier, first_thread, lanes| {
            if let Some(views) = &mut views {
                views.leave(serial, barrier, first_thread, lanes, live);
            }
        };
        let barriers_done = barriers.release(&grid.program, warps, live, leave);
        if let (true, Some(profile)) = (barriers_done, &mut grid.profile) {
            profile.met();
        }
        self.awake |= barriers_done || (done > 0 && !self.slept);
        let now = self.counters;
        grid.counters.warp_instructions += now.warp_instructions - before.warp_instructions;
        grid.counters.thread_instructions += now.thread_instructions - before.thread_instructions;
        Ok(done + u64::from(barriers_done))
    }

    /// Takes away a block that has ended; a block in which nothing can move is a fault.
    fn after_turn(
        &mut self,
        grid: &mut Grid,
        index: &mut usize,
        done: u64,
    ) -> Result<(), Box<Fault>> {
        if let Clock::Virtual(time) = &mut self.clock {
            *time += done.max(1);
        }
        let block = &grid.running[*index];
        if block.live == 0 {
            // The end of a block orders its stores for nobody, but they are on their way.
            let ended = grid.running.swap_remove(*index);
            if let Some(views) = self.views() {
                views.end(ended.serial);
            }
            return Ok(());
        }
        if done == 0 {
            return Err(Box::new(stuck(&grid.program, &grid.launch, block)));
        }
        *index += 1;
        Ok(())
    }
}

/// Returns the report of a block in which every thread waits.
fn stuck(program: &Program, launch: &Launch, block: &Block) -> Fault {
    let gathers = block.warps.iter().find_map(|warp| {
        let waits = |fragment: &&super::warp::Fragment| fragment.state == State::Gather;
        warp.fragments.iter().find(waits).map(|fragment| (warp, fragment))
    });
    if let Some((warp, fragment)) = gathers {
        let function = warp.frames.get(fragment.frame).map_or(0, |frame| frame.function);
        let body = program.function(function).map(|function| &function.body);
        let at = body.and_then(|body| body.code.get(fragment.pc as usize));
        let missing = warp.live & !fragment.mask;
        let kind = match at.map(|at| &at.operation) {
            Some(Operation::Barrier(_)) => {
                FaultKind::DivergentBarrier { arrived: fragment.mask, missing }
            }
            _ => FaultKind::StuckWarp { waiting: fragment.mask },
        };
        let trouble = Trouble { kind, lanes: fragment.mask, function, pc: fragment.pc };
        return fault(program, launch, block.index, warp.first_thread, trouble);
    }
    let (barrier, arrived, expected) = block.barriers.waiting(block.live).unwrap_or_default();
    let kind = FaultKind::StuckBarrier { barrier, arrived, expected };
    let waits = block.warps.iter().find_map(|warp| warp.fragments.first().map(|f| (warp, f)));
    let (first, lanes, function, pc) = waits.map_or((0, 1, 0, 0), |(warp, fragment)| {
        let function = warp.frames.get(fragment.frame).map_or(0, |frame| frame.function);
        (warp.first_thread, fragment.mask, function, fragment.pc)
    });
    fault(program, launch, block.index, first, Trouble { kind, lanes, function, pc })
}

fn fault(
    program: &Program,
    launch: &Launch,
    block: [u32; 3],
    first_thread: u32,
    trouble: Trouble,
) -> Fault {
    let place = place_of(program, launch, block, first_thread, &trouble);
    Fault { kind: trouble.kind, place }
}

/// Returns where in a launch something happened.
pub(crate) fn place_of(
    program: &Program,
    launch: &Launch,
    block: [u32; 3],
    first_thread: u32,
    trouble: &Trouble,
) -> Place {
    let name = |index| program.function(index).map_or("", |function| function.name.as_str());
    let body = program.function(trouble.function).map(|function| &function.body);
    let line = body.and_then(|body| body.lines.get(trouble.pc as usize)).copied().unwrap_or(0);
    let thread = first_thread + trouble.lanes.trailing_zeros().min(31);
    Place {
        kernel: name(launch.entry).to_owned(),
        function: name(trouble.function).to_owned(),
        line,
        instruction: program.line(line).to_owned(),
        block,
        thread: thread_index(launch.block, thread),
    }
}
