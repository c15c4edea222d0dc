//! Pairs of `src/operators/table.rs`: an operator that looks values up.

use crate::models::{lookup, with_spare_constant};
use crate::{operator, pair};

#[test]
fn tensors_and_constants() {
    let size = |sizes: &[u32]| lookup().with(|blob| blob.size(1, sizes));
    pair("output", operator(0), &size(&[2, 3]), &size(&[3, 2]));
    let model = with_spare_constant(&lookup());
    let constants =
        |count| model.with(|blob| blob.operator(0, |record| record.constant_count = count));
    pair("constant_count", operator(0), &constants(1), &constants(0));
    pair("constant_count", operator(0), &constants(1), &constants(2));
    let entries = |bytes| model.with(|blob| blob.constant_record(0, |record| record.bytes = bytes));
    pair("table", operator(0), &entries(256), &entries(255));
}

#[test]
fn types() {
    for tensor in 0..2 {
        let dtype = |code| lookup().with(|blob| blob.tensor(tensor, |record| record.dtype = code));
        pair("dtype", operator(0), &dtype(1), &dtype(0));
        assert_eq!(dtype(2).verdict(), Ok(()));
    }
}
