//! Additions and pools in tiles so small that every rank has one.

use core::cell::Cell;

use isokern_core::Team;
use isokern_model::Memory;

use isokern_model::fixed::clamp;
use isokern_model::operators::add::AddView;
use isokern_model::operators::pool::{PoolView, Pooling, mean};

/// Runs the calling rank's share of an addition, a tile being one word, or one byte where
/// tensors are not aligned.
#[inline(never)]
pub(super) fn add<T: Team>(team: &T, op: &AddView, memory: &Memory<'_>) {
    let (a, b) = (memory.view(&op.input_a), memory.view(&op.input_b));
    let y = memory.view(&op.output);
    let mut done = 0;
    if let (Some(a), Some(b), Some(y)) = (a.as_words(), b.as_words(), y.as_words()) {
        for index in team.share(y.len()) {
            let word = |words: &[Cell<u32>]| words.get(index).map_or([0; 4], bytes);
            let (a, b) = (word(a), word(b));
            let sums = core::array::from_fn(|lane| op.scales.sum(a[lane], b[lane]).cast_unsigned());
            if let Some(word) = y.get(index) {
                word.set(u32::from_le_bytes(sums));
            }
        }
        done = y.len() * 4;
    }
    for index in team.share(y.len() - done) {
        y.set(done + index, op.scales.sum(a.get(done + index), b.get(done + index)));
    }
}

/// Returns the four bytes of a word.
#[inline(always)]
fn bytes(word: &Cell<u32>) -> [i8; 4] {
    word.get().to_le_bytes().map(u8::cast_signed)
}

/// Runs the calling rank's share of a pool, a tile being one channel of one
/// position.
#[inline(never)]
pub(super) fn pool<T: Team>(team: &T, op: &PoolView, memory: &Memory<'_>) {
    let (x, y) = (memory.view(&op.input), memory.view(&op.output));
    let (input, output) = (op.input.image(), op.output.image());
    let (height, width) = (input.height as u32, input.width as u32);
    // Short divisions: a checked model has fewer than 2^28 outputs.
    let (channels, out_width) = ((output.channels as u32).max(1), (output.width as u32).max(1));
    for index in team.share(y.len()) {
        let (position, channel) = (index as u32 / channels, index as u32 % channels);
        let top = position / out_width * u32::from(op.window.stride_height);
        let left = position % out_width * u32::from(op.window.stride_width);
        let is_max = op.operation == Pooling::Max;
        let (mut value, mut count) = (if is_max { i32::from(i8::MIN) } else { 0 }, 0_i32);
        for row in 0..u32::from(op.window.kernel_height) {
            let cell_y = (top + row * u32::from(op.window.dilation_height))
                .wrapping_sub(op.window.pad_top.into());
            for column in 0..u32::from(op.window.kernel_width) {
                let cell_x = (left + column * u32::from(op.window.dilation_width))
                    .wrapping_sub(op.window.pad_left.into());
                if cell_y < height && cell_x < width {
                    let at = (cell_y * width + cell_x) * channels + channel;
                    let cell = i32::from(x.get(at as usize));
                    value = if is_max { value.max(cell) } else { value.wrapping_add(cell) };
                    count += 1;
                }
            }
        }
        let value = if is_max { value } else { mean(value, count) };
        y.set(index, clamp(value, op.activation.min, op.activation.max));
    }
}
