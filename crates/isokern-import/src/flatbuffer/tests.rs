//! Tests of the reader on hand-made bytes: offsets back, out, and in circles.

use super::{Field, Table};
use crate::error::TfliteError;

const FIRST: Field = Field::new(0, "first");
const SECOND: Field = Field::new(1, "second");
const FAR: Field = Field::new(900, "far");

/// Returns a root at 16 with the vtable at 4; its fields are at 20 and 24, the rest is `tail`.
fn file(first: u32, second: u32, tail: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut word = |value: u32| bytes.extend_from_slice(&value.to_le_bytes());
    word(16);
    // Vtable: 8 bytes, a table of 12, fields at 4 and 8.
    word(12 << 16 | 8);
    word(8 << 16 | 4);
    word(0);
    word(16 - 4);
    word(first);
    word(second);
    tail.iter().for_each(|&value| word(value));
    bytes
}

fn root(bytes: &[u8]) -> Table<'_> {
    Table::root(bytes, "Root").expect("the root is inside")
}

fn outside<T>(result: Result<T, TfliteError>) -> bool {
    matches!(result, Err(TfliteError::Outside { table: "Root", .. }))
}

#[test]
fn scalars_and_defaults() {
    let bytes = file(7, u32::MAX, &[]);
    let root = root(&bytes);
    assert_eq!(root.u32(FIRST), Ok(7));
    assert_eq!(root.i32(SECOND, 3), Ok(-1));
    assert_eq!(root.i32(FAR, 3), Ok(3));
    assert_eq!(root.u8(FAR, 9), Ok(9));
    assert!(outside(root.u64(SECOND)), "eight bytes where four are left");
    assert_eq!(root.vector::<4>(FAR), Ok(&[][..]));
    assert_eq!(root.table(FAR, "Any").map(|table| table.is_none()), Ok(true));
}

#[test]
fn vectors_must_fit_the_file() {
    // The vector at 28: two words.
    let bytes = file(28 - 20, 0, &[2, 10, 20]);
    assert_eq!(root(&bytes).vector(FIRST), Ok(&[[10, 0, 0, 0], [20, 0, 0, 0]][..]));
    for length in [3, 1 << 20, u32::MAX / 4, u32::MAX] {
        let bytes = file(28 - 20, 0, &[length, 10, 20]);
        assert!(outside(root(&bytes).vector::<4>(FIRST)), "length {length}");
        assert!(outside(root(&bytes).tables(FIRST, "Any").map(|_| ())), "length {length}");
    }
    for offset in [28, 1 << 30, u32::MAX] {
        let bytes = file(offset, 0, &[1, 10]);
        assert!(outside(root(&bytes).bytes(FIRST)), "offset {offset}");
    }
}

#[test]
fn an_offset_of_zero_names_the_field_itself() {
    // A vector whose length is its own offset, 0: empty, and no circle.
    let bytes = file(0, 0, &[]);
    assert_eq!(root(&bytes).vector::<4>(FIRST), Ok(&[][..]));
}

#[test]
fn tables_may_point_at_each_other_and_reading_ends() {
    // One vector of four entries, each the table that holds the vector: the reader
    // follows only what it is asked for.
    let offsets = [0_u32, 1, 2, 3].map(|index| 16_u32.wrapping_sub(32 + 4 * index));
    let bytes = file(28 - 20, 0, &[4, offsets[0], offsets[1], offsets[2], offsets[3]]);
    let tables = root(&bytes).tables(FIRST, "Any").expect("the vector is inside");
    assert_eq!(tables.count(4), Ok(4));
    assert!(matches!(tables.count(3), Err(TfliteError::TooMany { found: 4, max: 3, .. })));
    // Offsets are unsigned: backwards is out of the file.
    assert!(outside(tables.at(0)));
    assert!(outside(tables.at(4)));
    assert!(outside(tables.at(usize::MAX)));
}

#[test]
fn vtables_must_be_inside() {
    for back in [i32::MIN, -1_000_000, 13, 17, 1_000_000, i32::MAX] {
        let mut bytes = file(1, 2, &[]);
        bytes[16..20].copy_from_slice(&back.to_le_bytes());
        assert!(outside(Table::root(&bytes, "Root")), "vtable {back} bytes back");
    }
    for size in [0_u16, 3, 1000, u16::MAX] {
        let mut bytes = file(1, 2, &[]);
        bytes[4..6].copy_from_slice(&size.to_le_bytes());
        assert!(outside(Table::root(&bytes, "Root")), "vtable of {size} bytes");
    }
    for start in [u32::MAX, 1 << 20, 28] {
        let mut bytes = file(1, 2, &[]);
        bytes[..4].copy_from_slice(&start.to_le_bytes());
        assert!(outside(Table::root(&bytes, "Root")), "root at {start}");
    }
    assert!(outside(Table::root(&[], "Root")));
}

#[test]
fn a_field_behind_the_end_is_an_error() {
    let mut bytes = file(1, 2, &[]);
    bytes[8..10].copy_from_slice(&9999_u16.to_le_bytes());
    assert!(outside(root(&bytes).u32(FIRST)));
    assert_eq!(root(&bytes).u32(SECOND), Ok(2));
}
