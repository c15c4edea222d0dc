//! Operators whose output is only assigned to a variable write it themselves.
//!
//! That saves the copy, and the place of the output in the arena.

use isokern_model::Region;
use isokern_model::encode::{Draft, DraftOp, DraftPort, DraftTensor};

use super::copies::is_copy;

/// Leaves out each copy to the state whose source nothing else reads.
pub(super) fn run(draft: &mut Draft) {
    let mut copy = 0;
    while copy < draft.ops.len() {
        match replacement(draft, copy) {
            Some((writer, unused, state)) => {
                draft.ops.remove(copy);
                for output in &mut draft.ops[writer].outputs {
                    if *output == unused {
                        *output = state;
                    }
                }
                remove(draft, unused);
            }
            None => copy += 1,
        }
    }
}

/// Returns the operator that can write to the state itself what the operator at `copy` copies
/// there, the tensor that it writes so far, and that of the state.
fn replacement(draft: &Draft, copy: usize) -> Option<(usize, u16, u16)> {
    let op = draft.ops.get(copy).filter(|op| is_copy(op))?;
    let (&[source], &[state]) = (op.inputs.as_slice(), op.outputs.as_slice()) else { return None };
    let tensor = |index: u16| draft.tensors.get(usize::from(index));
    if !is_variable_of(tensor(source)?, tensor(state)?) {
        return None;
    }
    let readers = draft.ops.iter().filter(|op| op.inputs.contains(&source)).count();
    let is_port = |port: &DraftPort| port.tensor == source;
    if readers != 1 || draft.inputs.iter().chain(&draft.outputs).any(is_port) {
        return None;
    }
    let writer = draft.ops.iter().position(|op| op.outputs.contains(&source))?;
    let uses = |op: &DraftOp| op.inputs.contains(&state) || op.outputs.contains(&state);
    let between = draft.ops.get(writer..copy)?;
    (!between.iter().any(uses)).then_some((writer, source, state))
}

/// Returns whether both describe the same values, the second in the state.
fn is_variable_of(source: &DraftTensor, state: &DraftTensor) -> bool {
    let (region, offset) = (Region::Arena, source.offset);
    *source == DraftTensor { region, offset, ..state.clone() } && state.region == Region::State
}

/// Removes a tensor that nothing names.
fn remove(draft: &mut Draft, index: u16) {
    draft.tensors.remove(index.into());
    let of_ops = draft.ops.iter_mut().flat_map(|op| {
        op.inputs.iter_mut().chain(op.outputs.iter_mut()).chain(op.scratch.iter_mut())
    });
    let of_ports = draft.inputs.iter_mut().chain(&mut draft.outputs).map(|port| &mut port.tensor);
    for name in of_ops.chain(of_ports).filter(|name| **name > index) {
        *name -= 1;
    }
}

#[cfg(test)]
mod tests {
    use isokern_core::DType;

    use super::super::copies::op;
    use super::{Draft, DraftPort, DraftTensor, Region, run};

    fn tensor(region: Region) -> DraftTensor {
        let dims = vec![4];
        DraftTensor { dims, dtype: DType::I8, scale: 1.0, zero_point: 0, region, offset: 0 }
    }

    /// Returns a draft of copies: tensors 0 and 1 are in the arena, 2 is the state, 3 the output;
    /// each pair is a copy.
    fn copies(pairs: &[(u16, u16)]) -> Draft {
        let regions = [Region::Arena, Region::Arena, Region::State, Region::Arena];
        Draft {
            tensors: regions.map(tensor).to_vec(),
            ops: pairs.iter().map(|&(from, to)| op(from, to)).collect(),
            inputs: vec![DraftPort::new(0, "")],
            outputs: vec![DraftPort::new(3, "")],
            state: vec![0; 4],
            source_sha256: [0; 32],
        }
    }

    fn after(mut draft: Draft) -> Vec<(u16, u16)> {
        run(&mut draft);
        assert_eq!(draft.tensors.len(), 4 - usize::from(draft.outputs[0].tensor == 2));
        draft.ops.iter().map(|op| (op.inputs[0], op.outputs[0])).collect()
    }

    #[test]
    fn a_copy_to_the_state_is_left_out_where_nothing_else_needs_its_source() {
        // The state is now tensor 1, and the output tensor 2.
        assert_eq!(after(copies(&[(0, 1), (1, 2), (0, 3)])), [(0, 1), (0, 2)]);
        assert_eq!(after(copies(&[(2, 3), (0, 1), (1, 2)])), [(1, 2), (0, 1)]);
    }

    #[test]
    fn it_stays_where_source_or_state_is_used_otherwise() {
        for pairs in [
            // Another reader of the source, an input, and an output.
            [(0, 1), (1, 2), (1, 3)].as_slice(),
            &[(0, 3), (0, 2)],
            &[(0, 3), (3, 2)],
            // What the state held is read in between, or by the writer.
            &[(0, 1), (2, 3), (1, 2)],
            &[(2, 1), (1, 2), (0, 3)],
        ] {
            assert_eq!(after(copies(pairs)), pairs);
        }
        let mut other = copies(&[(0, 1), (1, 2), (0, 3)]);
        other.tensors[2].zero_point = 1;
        assert_eq!(after(other), [(0, 1), (1, 2), (0, 3)]);
    }
}
