//! Accesses that nothing orders and that are not strong for each other, and what happened to a word
//! lately.
//!
//! Two accesses to the same bytes race if one stores, neither has to be seen by the other's thread,
//! and they are not *morally strong*: one is plain, or the scope of one does not hold the other's
//! thread (*PTX ISA*, memory consistency model). They are found in any run that has both, whatever
//! the values were. Threads of one warp are not compared with each other, and of many unordered
//! loads the last few are kept.

use core::fmt;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::horizon::Horizon;
use super::mask_of;
use super::place::distance;
use crate::machine::buffers::Owner;
use crate::machine::{Launch, Place};
use crate::program::Program;
use crate::program::operation::Reach;

/// Loads of one place that are kept.
const LOADS_MAX: usize = 4;

/// Races that are reported; others are of the same kernels.
const RACES_MAX: usize = 64;

/// Accesses that are kept for a report.
const TRACE_MAX: usize = 1 << 16;

/// Two accesses that nothing orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Race {
    /// The first byte of the later access.
    pub address: u64,
    /// The one that came first in this run.
    pub first: Side,
    /// The other.
    pub second: Side,
}

/// One of two accesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Whether it stores.
    pub stores: bool,
    /// Where it is; `None` for the host.
    pub place: Option<Place>,
}

impl fmt::Display for Race {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "race at {:#x}: nothing orders\n  {}\n  {}\n  Fix: release after the first and acquire \
             before the second, in a scope that holds both, or let them meet at a barrier; or give \
             both a scope that holds both, if no order is needed",
            self.address, self.first, self.second
        )
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.stores { "a store of " } else { "a load of " })?;
        let Some(Place { kernel, line, instruction, block, thread, .. }) = &self.place else {
            return f.write_str("the host");
        };
        let ([bx, by, bz], [tx, ty, tz]) = (block, thread);
        write!(f, "kernel {kernel}, PTX line {line}: {instruction}, ")?;
        write!(f, "block ({bx}, {by}, {bz}), thread ({tx}, {ty}, {tz})")
    }
}

/// An instruction of a function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    pub(crate) function: usize,
    pub(crate) pc: u32,
}

/// An access.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Touch {
    pub(crate) owner: Owner,
    pub(crate) address: u64,
    pub(crate) bytes: u32,
    pub(crate) value: u64,
    pub(crate) stores: bool,
    /// How far it is one piece; `None` for a plain access.
    pub(crate) reach: Option<Reach>,
    pub(crate) site: Site,
}

/// An access that others are compared with.
#[derive(Debug, Clone, Copy)]
struct Earlier {
    touch: Touch,
    mask: u8,
    epoch: u32,
    at: u64,
}

/// What a thread has to see when it makes an access.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position<'a> {
    pub(crate) horizon: &'a Horizon,
    pub(crate) epoch: u32,
    /// The moment of the access, and that before which everything has to be seen.
    pub(crate) now: u64,
    pub(crate) born: u64,
}

/// The accesses to eight bytes that may race with later ones.
#[derive(Debug, Default)]
struct Place8 {
    stores: Vec<Earlier>,
    loads: Vec<Earlier>,
}

/// A block that runs or ran.
#[derive(Debug)]
struct Known {
    serial: u64,
    index: [u32; 3],
    shape: [u32; 3],
    entry: usize,
    program: Arc<Program>,
}

/// Looks for races.
#[derive(Debug, Default)]
pub(crate) struct Races {
    places: HashMap<(u64, u64), Place8>,
    blocks: Vec<Known>,
    found: Vec<Race>,
    /// By kernel and instruction, the lower first.
    reported: Vec<[(u64, Site); 2]>,
    trace: VecDeque<(u64, Touch)>,
}

impl Races {
    /// Notes that a block starts.
    pub(crate) fn begin(
        &mut self,
        serial: u64,
        index: [u32; 3],
        launch: &Launch,
        program: &Arc<Program>,
    ) {
        let (shape, entry, program) = (launch.block, launch.entry, Arc::clone(program));
        self.blocks.push(Known { serial, index, shape, entry, program });
    }

    /// Forgets all accesses: nothing that was done so far can race with what comes.
    pub(crate) fn forget(&mut self) {
        self.places.clear();
    }

    /// Takes the races found.
    pub(crate) fn take(&mut self) -> Vec<Race> {
        core::mem::take(&mut self.found)
    }

    /// Looks at an access; `space` is the block for shared memory, else 0.
    pub(crate) fn touch(&mut self, space: u64, touch: Touch, position: Position<'_>) {
        let Position { horizon, epoch, now, born } = position;
        if self.trace.len() == TRACE_MAX {
            self.trace.pop_front();
        }
        self.trace.push_back((now, touch));
        let mask = mask_of(touch.address, touch.bytes);
        let place = self.places.entry((space, touch.address & !7)).or_default();
        let ordered = |earlier: &Earlier| {
            let other = earlier.touch.owner;
            let same_warp =
                other.block == touch.owner.block && other.thread / 32 == touch.owner.thread / 32;
            same_warp || earlier.at <= born || horizon.covers(other, earlier.epoch)
        };
        let races = |earlier: &&Earlier| {
            earlier.mask & mask != 0 && !are_strong(&earlier.touch, &touch) && !ordered(earlier)
        };
        let loads = if touch.stores { place.loads.as_slice() } else { &[] };
        let found = place.stores.iter().chain(loads).find(races).map(|earlier| earlier.touch);
        let here = Earlier { touch, mask, epoch, at: now };
        if touch.stores {
            place.stores.retain(|earlier| earlier.mask & !mask != 0);
            place.loads.retain(|earlier| earlier.mask & !mask != 0);
            place.stores.push(here);
        } else {
            place.loads.retain(|earlier| earlier.mask & !mask != 0 || !ordered(earlier));
            if place.loads.len() == LOADS_MAX {
                place.loads.remove(0);
            }
            place.loads.push(here);
        }
        if let Some(first) = found {
            self.report(first, touch);
        }
    }

    fn report(&mut self, first: Touch, second: Touch) {
        let kernel =
            |touch: &Touch| self.known(touch.owner.block).map_or(0, |k| k.entry as u64 + 1);
        let mut pair = [(kernel(&first), first.site), (kernel(&second), second.site)];
        pair.sort();
        if self.reported.contains(&pair) || self.found.len() == RACES_MAX {
            return;
        }
        self.reported.push(pair);
        let race =
            Race { address: second.address, first: self.side(&first), second: self.side(&second) };
        self.found.push(race);
    }

    fn side(&self, touch: &Touch) -> Side {
        let place = self.known(touch.owner.block).map(|known| known.place(touch));
        Side { stores: touch.stores, place }
    }

    fn known(&self, serial: u64) -> Option<&Known> {
        self.blocks.iter().rev().find(|known| known.serial == serial)
    }

    /// Returns the last accesses to the eight bytes around an address, oldest first, as lines of
    /// text.
    pub(crate) fn recent(&self, address: u64, count: usize) -> Vec<String> {
        let here = |(_, touch): &&(u64, Touch)| touch.address & !7 == address & !7;
        let mut lines: Vec<String> = self
            .trace
            .iter()
            .rev()
            .filter(here)
            .take(count)
            .map(|(now, touch)| {
                let Touch { address, bytes, value, .. } = touch;
                let side = self.side(touch);
                format!("at {now}: {value:#x} in {bytes} bytes at {address:#x}: {side}")
            })
            .collect();
        lines.reverse();
        lines
    }
}

/// Returns whether both accesses are in one piece for the thread of the other.
fn are_strong(first: &Touch, second: &Touch) -> bool {
    let distance = distance(first.owner, second.owner);
    let holds = |touch: &Touch| touch.reach.is_some_and(|reach| reach >= distance);
    holds(first) && holds(second)
}

impl Known {
    fn place(&self, touch: &Touch) -> Place {
        let Site { function, pc } = touch.site;
        let found = self.program.function(function);
        let line = found.and_then(|found| found.body.lines.get(pc as usize)).copied().unwrap_or(0);
        let name = |index| self.program.function(index).map_or("", |found| found.name.as_str());
        let [x, y, _] = self.shape.map(|side| side.max(1));
        let thread = touch.owner.thread;
        Place {
            kernel: name(self.entry).to_owned(),
            function: name(function).to_owned(),
            line,
            instruction: self.program.line(line).to_owned(),
            block: self.index,
            thread: [thread % x, thread / x % y, thread / x / y],
        }
    }
}
