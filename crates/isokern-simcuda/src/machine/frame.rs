//! Call frames of a warp: registers, parameter area and local memory of one call.

use super::lane_bytes::LaneBytes;
use crate::program::{Function, Program};
use crate::registers::Registers;

/// One call, by the lanes that made it together.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) function: usize,
    /// The caller's frame, and the instruction that called.
    pub(crate) caller: Option<(usize, u32)>,
    /// Calls below this one.
    pub(crate) depth: u32,
    /// Lanes that are in this call or in calls made by it.
    pub(crate) lanes: u32,
    pub(crate) registers: Registers,
    /// Parameters, results and call arguments.
    pub(crate) area: LaneBytes,
    /// Where its local memory starts, in bytes of a lane's.
    pub(crate) local_base: u32,
}

/// The frames of a warp, by number.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    frames: Vec<Option<Frame>>,
    /// Frames that ended, to be used again for the same function.
    spare: Vec<Frame>,
}

/// Frames kept for later.
const SPARE_MAX: usize = 8;

impl Frames {
    /// Adds the frame of a call.
    pub(crate) fn push(
        &mut self,
        program: &Program,
        function: usize,
        caller: Option<(usize, u32)>,
        lanes: u32,
    ) -> usize {
        let below = caller.and_then(|(frame, _)| self.get(frame));
        let (depth, local_base) = match below {
            Some(below) => {
                (below.depth + 1, below.local_base + local_bytes(program, below.function))
            }
            None => (0, 0),
        };
        let used = self.spare.iter().position(|frame| frame.function == function);
        let mut frame = match used {
            Some(index) => self.spare.swap_remove(index),
            None => Frame::new(program, function),
        };
        (frame.caller, frame.depth, frame.lanes) = (caller, depth, lanes);
        frame.local_base = local_base;
        let free = self.frames.iter().position(Option::is_none);
        let index = free.unwrap_or(self.frames.len());
        match self.frames.get_mut(index) {
            Some(place) => *place = Some(frame),
            None => self.frames.push(Some(frame)),
        }
        index
    }

    /// Takes lanes out of a frame; the frame ends with its last lane.
    pub(crate) fn leave(&mut self, index: usize, lanes: u32) {
        let Some(place) = self.frames.get_mut(index) else {
            return;
        };
        if let Some(frame) = place {
            frame.lanes &= !lanes;
            if frame.lanes == 0
                && let Some(frame) = place.take()
                && self.spare.len() < SPARE_MAX
            {
                self.spare.push(frame);
            }
        }
    }

    /// Takes lanes that end out of a frame and of all below it.
    pub(crate) fn leave_all(&mut self, index: usize, lanes: u32) {
        let mut next = Some(index);
        while let Some(index) = next {
            next = self.get(index).and_then(|frame| frame.caller).map(|(caller, _)| caller);
            self.leave(index, lanes);
        }
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Frame> {
        self.frames.get(index)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut Frame> {
        self.frames.get_mut(index)?.as_mut()
    }

    /// Returns how deep the calls of a frame nest.
    pub(crate) fn depth(&self, index: usize) -> u32 {
        self.get(index).map_or(0, |frame| frame.depth)
    }
}

impl Frame {
    fn new(program: &Program, function: usize) -> Self {
        let body = program.function(function).map(|function| &function.body);
        let counts = body.map(|body| body.counts).unwrap_or_default();
        let mut area = LaneBytes::new(0);
        area.grow(body.map_or(0, |body| body.area_bytes as usize));
        Self {
            function,
            caller: None,
            depth: 0,
            lanes: 0,
            registers: Registers::new(counts),
            area,
            local_base: 0,
        }
    }
}

/// Returns the local memory of a function's own frame, in bytes a lane.
pub(crate) fn local_bytes(program: &Program, function: usize) -> u32 {
    program.function(function).map_or(0, |function: &Function| function.body.local_bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Frames;
    use crate::memory::Memory;
    use crate::program::{Limits, Program};

    #[test]
    fn a_frame_ends_with_its_last_lane_and_its_place_is_used_again() {
        let text = ".version 7.8\n.target sm_75\n.address_size 64\n.func f()\n{\nret;\n}\n";
        let memory = Arc::new(Memory::new(1 << 16));
        let program = Program::load(text, &memory, Limits { isa: (7, 8), sm: 75 }).unwrap();
        let mut frames = Frames::default();
        let outer = frames.push(&program, 0, None, 0b11);
        let inner = frames.push(&program, 0, Some((outer, 5)), 0b11);
        assert_eq!((frames.depth(outer), frames.depth(inner)), (0, 1));
        frames.leave(inner, 0b01);
        assert!(frames.get(inner).is_some());
        frames.leave(inner, 0b10);
        assert!(frames.get(inner).is_none());
        assert_eq!(frames.push(&program, 0, Some((outer, 6)), 0b11), inner);
        frames.leave_all(inner, 0b11);
        assert!(frames.get(inner).is_none() && frames.get(outer).is_none());
    }
}
