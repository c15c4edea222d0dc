//! When each tensor of a draft is alive, and which tensors are the same bytes.

use std::vec::Vec;

use super::draft::{Draft, DraftOp};
use crate::tensor::Region;

/// When a tensor is alive, and whose bytes it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// First step; see [`Model::alive`](crate::Model::alive).
    pub first_step: u16,
    /// Last step.
    pub last_step: u16,
    /// The tensor with the same bytes that was written first.
    pub root: u16,
}

impl Draft {
    /// Returns the lifetimes of all tensors, by index.
    ///
    /// An operator that can run in place does, and its output shares its input's root, where
    /// both tensors have the same place in the arena. A planner that wants that calls this first
    /// with all offsets equal.
    #[must_use]
    pub fn lifetimes(&self) -> Vec<Lifetime> {
        let end = number(self.ops.len() + 1);
        let fresh = |(index, tensor): (usize, &super::DraftTensor)| {
            let last_step = if tensor.region == Region::State { end } else { 0 };
            Lifetime { first_step: 0, last_step, root: number(index) }
        };
        let mut lifetimes: Vec<Lifetime> = self.tensors.iter().enumerate().map(fresh).collect();
        for (index, op) in self.ops.iter().enumerate() {
            let step = number(index + 1);
            for &input in &op.inputs {
                self.use_until(&mut lifetimes, input, step);
            }
            let root = self.root_of(op, &lifetimes);
            for &output in &op.outputs {
                self.start(&mut lifetimes, output, step, root.unwrap_or(output));
            }
            for &scratch in &op.scratch {
                self.start(&mut lifetimes, scratch, step, scratch);
            }
        }
        for output in &self.outputs {
            self.use_until(&mut lifetimes, output.tensor, end);
        }
        lifetimes
    }

    fn is_state(&self, index: u16) -> bool {
        self.tensors.get(usize::from(index)).is_some_and(|tensor| tensor.region == Region::State)
    }

    fn use_until(&self, lifetimes: &mut [Lifetime], index: u16, step: u16) {
        let is_state = self.is_state(index);
        if let Some(lifetime) = lifetimes.get_mut(usize::from(index)).filter(|_| !is_state) {
            lifetime.last_step = step;
        }
    }

    fn start(&self, lifetimes: &mut [Lifetime], index: u16, step: u16, root: u16) {
        let is_state = self.is_state(index);
        if let Some(lifetime) = lifetimes.get_mut(usize::from(index)).filter(|_| !is_state) {
            *lifetime = Lifetime { first_step: step, last_step: step, root };
        }
    }

    /// Returns the root of the output of an operator that runs in place.
    fn root_of(&self, op: &DraftOp, lifetimes: &[Lifetime]) -> Option<u16> {
        let (&[output], Some(&input)) = (op.outputs.as_slice(), op.inputs.first()) else {
            return None;
        };
        let place = |index: u16| {
            let tensor = self.tensors.get(usize::from(index))?;
            (tensor.region == Region::Arena).then_some(tensor.offset)
        };
        let in_place = op.kind.is_in_place() && place(input)? == place(output)?;
        in_place.then(|| lifetimes.get(usize::from(input)).map(|lifetime| lifetime.root))?
    }
}

fn number(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
