//! Counts of rows that are copied in one way each.

use isokern_model::operator::{CopyLine, CopyRows};

use super::count_rows;

/// Three groups of four rows of this many bytes, 100 apart where they are read and `write_stride`
/// where they are written.
fn rows(bytes: u32, strides: (i32, u32), write_stride: u32) -> CopyRows {
    let (read, write) = strides;
    CopyRows {
        element_bytes: 1,
        elements: CopyLine { count: bytes, read_stride: read, write_stride: write },
        rows: CopyLine { count: 4, read_stride: 100, write_stride },
        groups: 3,
        is_constant: false,
    }
}

fn counted(rows: &CopyRows) -> Vec<(&'static str, u64)> {
    let mut counts = Vec::new();
    count_rows(rows, &mut |name, count| counts.push((name, count)));
    counts.retain(|(_, count)| *count > 0);
    counts
}

#[test]
fn rows_of_neighbours_are_copied_in_parts_or_at_once() {
    let short = [("short part copied", 24), ("row copied in parts", 12)];
    assert_eq!(counted(&rows(5, (1, 1), 5)), short);
    assert_eq!(counted(&rows(33, (1, 1), 40)), [("part copied", 36), short[1]]);
    let whole = [("byte copied at once", 12 * 128), ("row copied at once", 12)];
    assert_eq!(counted(&rows(128, (1, 1), 104)), whole);
    // Every other row is half a word apart.
    let apart = counted(&rows(128, (1, 1), 102));
    assert_eq!(apart, [whole[0], whole[1], ("byte moved within its word", 6 * 128)]);
}

#[test]
fn other_rows_are_filled_or_copied_by_element() {
    let filled = [("short part filled", 12), ("element that is repeated", 12)];
    assert_eq!(counted(&rows(4, (0, 1), 4)), filled);
    assert_eq!(counted(&rows(17, (0, 1), 17)), [("part filled", 24), filled[1]]);
    let single = [("element copied", 60), ("row of elements", 12)];
    assert_eq!(counted(&rows(5, (2, 1), 5)), single);
    assert_eq!(counted(&rows(5, (1, 7), 1)), single);
    let constant = CopyRows { is_constant: true, ..rows(5, (1, 1), 5) };
    assert_eq!(counted(&constant), [("element of a constant", 60), ("row of a constant", 12)]);
}
