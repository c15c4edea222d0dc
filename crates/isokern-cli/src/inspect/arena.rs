//! The map of the arena: which tensor holds which bytes at which step.

use std::io::{self, Write};

use super::report::{ModelReport, TensorReport};
use crate::figures::grouped;

/// Signs for tensors, by index; they start over where there are more tensors.
const MARKS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Steps in one picture; what comes later is in the next one.
const STEPS_MAX: usize = 72;

/// Returns the sign of a tensor in the map.
pub(crate) fn mark(index: usize) -> char {
    MARKS[index % MARKS.len()].into()
}

/// Bytes that the same tensors hold.
#[derive(Debug, PartialEq, Eq)]
struct Band {
    start: usize,
    end: usize,
    /// The sign at each step; a dot where the bytes are free.
    signs: String,
}

/// Prints the map: a row per range of bytes, a column per step.
pub(crate) fn print(report: &ModelReport, out: &mut impl Write) -> io::Result<()> {
    let (steps, bytes) = (report.step_count(), grouped(report.arena_bytes as u64));
    writeln!(out, "Arena ({bytes} bytes)")?;
    let bands = bands(&report.tensors, report.arena_bytes, steps);
    for first in (0..steps).step_by(STEPS_MAX) {
        let shown = first..steps.min(first + STEPS_MAX);
        // One column per step, or two where that fits.
        let spaced = if steps * 2 <= STEPS_MAX { " " } else { "" };
        for ruler in rulers(shown.clone(), steps) {
            writeln!(out, "{}", line(ruler.0, ruler.1.chars(), spaced))?;
        }
        for band in &bands {
            let range = format!("{}..{}", grouped(band.start as u64), grouped(band.end as u64));
            let signs = band.signs.chars().skip(first).take(shown.len());
            writeln!(out, "{}", line(&range, signs, spaced))?;
        }
    }
    let last = steps.saturating_sub(1);
    writeln!(out, "\n  A sign is the tensor that holds the bytes; those under a dot are free.")?;
    writeln!(
        out,
        "  Step 0 writes the inputs, step i + 1 is operator i, step {last} reads the outputs."
    )
}

fn line(label: &str, signs: impl Iterator<Item = char>, spaced: &str) -> String {
    let mut line = format!("  {label:>18} ");
    for sign in signs {
        line.push_str(spaced);
        line.push(sign);
    }
    line.truncate(line.trim_end().len());
    line
}

/// Returns the numbers of the steps, written downwards: hundreds, tens, ones.
fn rulers(shown: core::ops::Range<usize>, steps: usize) -> Vec<(&'static str, String)> {
    let rows = [1000, 100, 10, 1].into_iter().filter(|&place| place == 1 || steps > place);
    let digit = |step: usize, place: usize| match step / place {
        0 if place > 1 => ' ',
        digits => char::from(b'0' + (digits % 10) as u8),
    };
    rows.map(|place| {
        let label = if place == 1 { "bytes \\ step" } else { "" };
        (label, shown.clone().map(|step| digit(step, place)).collect())
    })
    .collect()
}

/// Returns the ranges between all places where a tensor starts or ends; like neighbours are one.
fn bands(tensors: &[TensorReport], arena_bytes: usize, steps: usize) -> Vec<Band> {
    let mut cuts = vec![0, arena_bytes];
    for tensor in tensors.iter().filter(|tensor| tensor.is_in_arena()) {
        cuts.extend([tensor.offset, tensor.offset + tensor.facts.bytes]);
    }
    cuts.sort_unstable();
    cuts.dedup();
    let mut bands: Vec<Band> = Vec::new();
    for range in cuts.windows(2) {
        let (start, end) = (range[0], range[1]);
        let signs = (0..steps).map(|step| sign(tensors, start, step)).collect();
        match bands.last_mut() {
            Some(last) if last.signs == signs => last.end = end,
            _ => bands.push(Band { start, end, signs }),
        }
    }
    bands
}

/// Returns the tensor that holds this byte at this step; of an in-place reshape, the input.
fn sign(tensors: &[TensorReport], byte: usize, step: usize) -> char {
    let holds = |tensor: &&TensorReport| {
        (tensor.offset..tensor.offset + tensor.facts.bytes).contains(&byte)
            && (tensor.first_step..=tensor.last_step).contains(&step)
    };
    tensors
        .iter()
        .filter(|tensor| tensor.is_in_arena())
        .find(holds)
        .map_or('.', |tensor| mark(tensor.facts.index))
}
