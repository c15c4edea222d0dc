//! The inputs and outputs of a sample, copied by all threads of a block.

use isokern_core::{Cells, Team};
use isokern_model::{Memory, Model};

use crate::team::BlockTeam;

/// Copies the inputs of a sample into the arena, with a barrier after.
#[inline(never)]
pub fn read_inputs(team: &BlockTeam, model: &Model<'_>, inputs: Cells<'_>, memory: &Memory<'_>) {
    let mut start = 0;
    for position in 0..model.input_count() {
        let x = memory.view(&model.input_at(position));
        copy(team, inputs.window(start, x.len()), x);
        start += x.len();
    }
    team.sync();
}

/// Copies the outputs of a sample out of the arena, with a barrier after.
#[inline(never)]
pub fn write_outputs(team: &BlockTeam, model: &Model<'_>, memory: &Memory<'_>, outputs: Cells<'_>) {
    let mut start = 0;
    for position in 0..model.output_count() {
        let y = memory.view(&model.output_at(position));
        copy(team, y, outputs.window(start, y.len()));
        start += y.len();
    }
    // The next input may be where this output did.
    team.sync();
}

/// Copies `source` to `target`, of the same length, by words where both are aligned.
#[inline(never)]
pub fn copy(team: &BlockTeam, source: Cells<'_>, target: Cells<'_>) {
    let mut done = 0;
    if let (Some(from), Some(to)) = (source.as_words(), target.as_words()) {
        for index in team.share(to.len()) {
            if let (Some(from), Some(to)) = (from.get(index), to.get(index)) {
                to.set(from.get());
            }
        }
        done = to.len() * 4;
    }
    for index in team.share(target.len() - done) {
        target.set(done + index, source.get(done + index));
    }
}
