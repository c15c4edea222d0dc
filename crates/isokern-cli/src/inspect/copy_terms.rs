//! Counts of the operators that copy elements and compute nothing.

use isokern_model::Op;
use isokern_model::operator::{CopyLine, CopyRows};

use super::report::OperatorReport;
use super::terms::{Terms, name};

/// Bytes from which a row is copied at once, and of the longest part of a shorter one.
const LONG_BYTES: u64 = 128;
const PART_BYTES: u64 = 16;
/// Bytes of a word, the unit in which a row is copied at once.
const WORD_BYTES: u64 = 4;

/// Returns the counts of an operator that copies; none for another.
///
/// Rows of neighbours are copied at once or in parts, rows that repeat an element are filled in
/// parts, others are copied one element after the other.
pub(super) fn copies(op: &Op<'_>, report: &OperatorReport) -> Option<Terms> {
    let mut counts: Vec<(&'static str, u64)> = Vec::new();
    let mut add = |name, count| match counts.iter_mut().find(|(other, _)| *other == name) {
        Some((_, sum)) => *sum += count,
        None => counts.push((name, count)),
    };
    op.each_copy(|copied| {
        count_rows(&copied, &mut add);
        add("group of rows", copied.groups);
        add("piece", 1);
    });
    if counts.is_empty() {
        return None;
    }
    counts.push(("call", 1));
    Some(Terms { class: name(report), counts })
}

fn count_rows(copied: &CopyRows, add: &mut impl FnMut(&'static str, u64)) {
    let CopyLine { count, read_stride, write_stride } = copied.elements;
    let elements = u64::from(count);
    let bytes = elements * copied.element_bytes as u64;
    let rows = copied.groups * u64::from(copied.rows.count);
    let is_written_side_by_side = write_stride == 1;
    let parts = rows * bytes.div_ceil(part_bytes(bytes));
    let is_long = bytes >= PART_BYTES;
    match read_stride {
        0 if is_written_side_by_side => {
            add(if is_long { "part filled" } else { "short part filled" }, parts);
            if copied.rows.read_stride != 0 {
                add("element that is repeated", rows);
            }
        }
        1 if is_written_side_by_side && bytes >= LONG_BYTES => {
            add("byte copied at once", rows * bytes);
            add("row copied at once", rows);
            add("byte moved within its word", unaligned(copied) * bytes);
        }
        1 if is_written_side_by_side && !copied.is_constant => {
            add(if is_long { "part copied" } else { "short part copied" }, parts);
            add("row copied in parts", rows);
        }
        _ if copied.is_constant => {
            add("element of a constant", rows * elements);
            add("row of a constant", rows);
        }
        _ => {
            add("element copied", rows * elements);
            add("row of elements", rows);
        }
    }
}

/// Returns the bytes of a part of a row: those of the longest that the row has room for.
fn part_bytes(bytes: u64) -> u64 {
    let fits = |part: &u64| *part <= bytes;
    [PART_BYTES, 8, 4, 2].into_iter().find(fits).unwrap_or(1)
}

/// Returns how many rows are read and written at different places in a word, where the first is
/// not.
fn unaligned(copied: &CopyRows) -> u64 {
    let CopyLine { count, read_stride, write_stride } = copied.rows;
    let apart = i64::from(write_stride) - i64::from(read_stride);
    let bytes = apart.unsigned_abs().wrapping_mul(copied.element_bytes as u64);
    let is_apart = |row: &u64| !(row * bytes).is_multiple_of(WORD_BYTES);
    let in_a_period = |rows: u64| (0..rows).filter(is_apart).count() as u64;
    let (periods, rest) = (u64::from(count) / WORD_BYTES, u64::from(count) % WORD_BYTES);
    copied.groups * (periods * in_a_period(WORD_BYTES) + in_a_period(rest))
}

#[cfg(test)]
#[path = "copy_terms_tests.rs"]
mod tests;
