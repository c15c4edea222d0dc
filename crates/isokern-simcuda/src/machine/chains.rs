//! The longest chain of dependent loads of global memory: each at an address, or under a condition,
//! that follows from what the one before gave.
//!
//! Followed for a warp as a whole, through registers, through calls and through the threads' own
//! memory; not through shared or global memory, where others write as well.

use std::collections::HashMap;
use std::sync::Arc;

use super::address;
use super::frame::Frame;
use crate::address_map::{LOCAL_BASE, PARAMETER_BASE};
use crate::program::Program;
use crate::program::operation::{Address, Call, Instruction, Operation, Transfer, Window};
use crate::program::uses::{Step, Uses};
use crate::registers::LANES;

/// Depths of all warps that ran, and the greatest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chains {
    functions: Arc<Vec<Uses>>,
    warps: HashMap<(u64, u32), Warp>,
    pub(crate) longest: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Warp {
    frames: HashMap<usize, Depths>,
    /// Words of the threads' own memory.
    own: HashMap<u64, u32>,
    /// What the call that was just made hands over, by words of the callee's area.
    handed: Option<HashMap<u64, u32>>,
}

/// How many loads led to each value of a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Depths {
    function: usize,
    registers: Vec<u32>,
    area: HashMap<u64, u32>,
}

/// Where an instruction runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    /// The block's number and the index of the warp's first thread.
    pub(crate) warp: (u64, u32),
    /// The index of the frame.
    pub(crate) frame: usize,
    pub(crate) pc: u32,
    pub(crate) mask: u32,
}

impl Chains {
    /// Returns the state before anything has run.
    pub(crate) fn new(program: &Program) -> Self {
        Self { functions: Arc::clone(program.uses()), ..Self::default() }
    }

    /// Follows an instruction that is about to run.
    pub(crate) fn follow(
        &mut self,
        program: &Program,
        frame: &Frame,
        at: At,
        instruction: &Instruction,
    ) {
        let Some(registers) = self.functions.get(frame.function) else { return };
        let nothing = Step::default();
        let step = registers.steps.get(at.pc as usize).unwrap_or(&nothing);
        let warp = self.warps.entry(at.warp).or_default();
        if at.pc == 0
            && let Some(area) = warp.handed.take()
        {
            let fresh = Depths { function: frame.function, area, ..Depths::default() };
            warp.frames.insert(at.frame, fresh);
        }
        let depths = warp.frames.entry(at.frame).or_default();
        depths.function = frame.function;
        depths.registers.resize(registers.count, 0);
        let of = |register: &u32| depths.registers.get(*register as usize).copied().unwrap_or(0);
        let mut depth = step.reads.iter().map(of).max().unwrap_or(0);
        match &instruction.operation {
            Operation::Load(load) => {
                let places = Places::of(frame, load.window, load.address, at.mask);
                depth = depth.max(places.most(&warp.own, &depths.area)) + u32::from(places.global);
            }
            Operation::Store(store) => {
                let places = Places::of(frame, store.window, store.address, at.mask);
                let bytes = store.bytes * u32::try_from(store.sources.len()).unwrap_or(1);
                places.set(&mut warp.own, &mut depths.area, bytes, depth);
            }
            Operation::Atomic(atomic) => {
                let places = Places::of(frame, atomic.window, atomic.address, at.mask);
                depth += u32::from(places.global && atomic.target.is_some());
            }
            Operation::Call(call) => warp.handed = Some(handed(call, &depths.area, depth)),
            Operation::Return => {
                self.give_back(program, frame, at);
                return;
            }
            // Whole warps that end are forgotten; others are few.
            Operation::Exit if at.mask == u32::MAX => {
                self.warps.remove(&at.warp);
                return;
            }
            _ => {}
        }
        self.longest = self.longest.max(depth);
        for register in &step.writes {
            if let Some(known) = depths.registers.get_mut(*register as usize) {
                *known = depth;
            }
        }
        for register in &step.partial {
            if let Some(known) = depths.registers.get_mut(*register as usize) {
                *known = depth.max(*known);
            }
        }
    }

    /// Lets the caller have the depths of what comes back.
    fn give_back(&mut self, program: &Program, frame: &Frame, at: At) {
        let Some((outside, call_pc)) = frame.caller else {
            if at.mask == u32::MAX {
                self.warps.remove(&at.warp);
            }
            return;
        };
        let Some(warp) = self.warps.get_mut(&at.warp) else { return };
        let area = warp.frames.get(&at.frame).map(|depths| depths.area.clone()).unwrap_or_default();
        let Some(caller) = warp.frames.get_mut(&outside) else { return };
        let body = program.function(caller.function).map(|function| &function.body);
        let at_call = body.and_then(|body| body.code.get(call_pc as usize));
        let Some(Operation::Call(call)) = at_call.map(|at| &at.operation) else { return };
        let mut most = 0;
        for transfer in &call.returns {
            let (Transfer::Bytes { inside, bytes, .. } | Transfer::Value { inside, bytes, .. }) =
                *transfer;
            for word in 0..u64::from(bytes.div_ceil(4)) {
                let depth = area.get(&(u64::from(inside) / 4 + word)).copied().unwrap_or(0);
                most = most.max(depth);
                if let Transfer::Bytes { outside, .. } = *transfer {
                    caller.area.insert(u64::from(outside) / 4 + word, depth);
                }
            }
        }
        let steps = self.functions.get(caller.function).map(|registers| &registers.steps);
        let step = steps.and_then(|steps| steps.get(call_pc as usize));
        for register in step.into_iter().flat_map(|step| step.writes.iter().chain(&step.partial)) {
            if let Some(known) = caller.registers.get_mut(*register as usize) {
                *known = most;
            }
        }
    }
}

/// Returns what a call hands over, by words of the callee's area; values in registers have `depth`.
fn handed(call: &Call, area: &HashMap<u64, u32>, depth: u32) -> HashMap<u64, u32> {
    let mut handed = HashMap::new();
    for transfer in &call.arguments {
        let (Transfer::Bytes { inside, bytes, .. } | Transfer::Value { inside, bytes, .. }) =
            *transfer;
        for word in 0..u64::from(bytes.div_ceil(4)) {
            let known = match *transfer {
                Transfer::Bytes { outside, .. } => {
                    area.get(&(u64::from(outside) / 4 + word)).copied().unwrap_or(0)
                }
                Transfer::Value { .. } => depth,
            };
            handed.insert(u64::from(inside) / 4 + word, known);
        }
    }
    handed
}

/// The places an access touches.
struct Places {
    global: bool,
    /// Offsets in the threads' own memory, in words.
    own: Vec<u64>,
    /// Offsets in the frame's area, in words.
    area: Vec<u64>,
}

impl Places {
    fn of(frame: &Frame, window: Window, at: Address, mask: u32) -> Self {
        let addresses = address::values(frame, at);
        let mut places = Self { global: false, own: Vec::new(), area: Vec::new() };
        for lane in (0..LANES).filter(|lane| mask >> lane & 1 == 1) {
            let address = addresses[lane];
            let (window, offset) = match window {
                Window::Generic => match address::window_of(address) {
                    Window::Local => (Window::Local, address - LOCAL_BASE),
                    window => (window, address),
                },
                window => (window, address),
            };
            match window {
                Window::Global | Window::Generic => places.global = true,
                Window::Local => places.own.push(offset / 4),
                Window::Parameter if offset < PARAMETER_BASE => places.area.push(offset / 4),
                Window::Parameter | Window::Shared => {}
            }
        }
        places
    }

    fn most(&self, own: &HashMap<u64, u32>, area: &HashMap<u64, u32>) -> u32 {
        let owned = self.own.iter().filter_map(|word| own.get(word));
        let passed = self.area.iter().filter_map(|word| area.get(word));
        owned.chain(passed).copied().max().unwrap_or(0)
    }

    fn set(
        &self,
        own: &mut HashMap<u64, u32>,
        area: &mut HashMap<u64, u32>,
        bytes: u32,
        depth: u32,
    ) {
        for more in 0..u64::from(bytes.div_ceil(4)) {
            own.extend(self.own.iter().map(|word| (word + more, depth)));
            area.extend(self.area.iter().map(|word| (word + more, depth)));
        }
    }
}
