//! Every check of `Model::parse` has a pair: the last value it accepts, the first it refuses.
//!
//! One file here for each file of checks, named in its first line; `cargo xtask tidy` counts both,
//! field by field. A pair starts from a valid model, changes what it is about, and mends what an
//! earlier check would answer for.

mod add;
mod add_n;
mod binary;
mod blob;
mod broadcast;
mod constants;
mod conv2d;
mod convert;
mod depthwise_conv2d;
mod dot_body;
mod fully_connected;
mod gather;
mod header;
mod lookup;
mod memory;
mod models;
mod moves;
mod operators;
mod pool;
mod ports;
mod reduce;
mod reshape;
mod select;
mod softmax;
mod table;
mod tensors;
mod totals;
mod version_1;

use blob::Blob;
use isokern_model::FormatError;

/// Checks that `last` is accepted, and `first` refused with the error that `at` makes of `field`.
#[track_caller]
fn pair(field: &'static str, at: impl Fn(&'static str) -> FormatError, last: &Blob, first: &Blob) {
    assert_eq!(last.verdict(), Ok(()), "`{field}`: the last accepted value");
    refused(field, at, first);
}

/// Checks as [`pair`] does, where a later check still refuses the last accepted value, with `next`.
#[track_caller]
fn pair_until(
    field: &'static str,
    at: impl Fn(&'static str) -> FormatError,
    (last, next): (&Blob, FormatError),
    first: &Blob,
) {
    assert_eq!(last.verdict(), Err(next), "`{field}`: the last value it lets pass");
    refused(field, at, first);
}

#[track_caller]
fn refused(field: &'static str, at: impl Fn(&'static str) -> FormatError, first: &Blob) {
    let error = at(field);
    assert!(format!("{error:?}").contains(field), "`{field}` is not what {error:?} names");
    assert_eq!(first.verdict(), Err(error), "`{field}`: the first refused value");
    assert!(error.to_string().contains(" Fix: "), "{error}");
}

fn header(field: &'static str) -> FormatError {
    FormatError::Header { field }
}

fn tensor(index: u16) -> impl Fn(&'static str) -> FormatError {
    move |field| FormatError::Tensor { index, field }
}

fn operator(index: u16) -> impl Fn(&'static str) -> FormatError {
    move |field| FormatError::Operator { index, field }
}
