//! The kinds of operators as symbols: a model's table of kinds keeps those it names, and
//! `--gc-sections` drops the others.
#![allow(unsafe_code)]
#![allow(non_upper_case_globals, reason = "names of C")]

use core::ffi::CStr;

use isokern_cpu::linked::LinkedKind;
use isokern_cpu::model::OpKind;
use isokern_cpu::model::operators::{
    add::Add, add_n::AddN, binary::Binary, conv2d::Conv2d, convert::Convert,
    depthwise_conv2d::DepthwiseConv2d, fully_connected::FullyConnected, gather::Gather,
    moves::Move, pool::Pool, reduce::Reduce, reshape::Reshape, select::Select, softmax::Softmax,
    table::Table,
};

/// The code of one kind of operator. A program has only addresses of it.
#[derive(Debug, Clone, Copy)]
pub struct Kind(pub(crate) LinkedKind);

/// `ADD`.
#[unsafe(no_mangle)]
pub static isokern_kind_add: Kind = Kind(LinkedKind::of::<Add>());

/// `ADD_N`.
#[unsafe(no_mangle)]
pub static isokern_kind_add_n: Kind = Kind(LinkedKind::of::<AddN>());

/// `BINARY`.
#[unsafe(no_mangle)]
pub static isokern_kind_binary: Kind = Kind(LinkedKind::of::<Binary>());

/// `CONV_2D`.
#[unsafe(no_mangle)]
pub static isokern_kind_conv2d: Kind = Kind(LinkedKind::of::<Conv2d>());

/// `CONVERT`.
#[unsafe(no_mangle)]
pub static isokern_kind_convert: Kind = Kind(LinkedKind::of::<Convert>());

/// `DEPTHWISE_CONV_2D`.
#[unsafe(no_mangle)]
pub static isokern_kind_depthwise_conv2d: Kind = Kind(LinkedKind::of::<DepthwiseConv2d>());

/// `FULLY_CONNECTED`.
#[unsafe(no_mangle)]
pub static isokern_kind_fully_connected: Kind = Kind(LinkedKind::of::<FullyConnected>());

/// `GATHER`.
#[unsafe(no_mangle)]
pub static isokern_kind_gather: Kind = Kind(LinkedKind::of::<Gather>());

/// `MOVE`.
#[unsafe(no_mangle)]
pub static isokern_kind_move: Kind = Kind(LinkedKind::of::<Move>());

/// `POOL`.
#[unsafe(no_mangle)]
pub static isokern_kind_pool: Kind = Kind(LinkedKind::of::<Pool>());

/// `REDUCE`.
#[unsafe(no_mangle)]
pub static isokern_kind_reduce: Kind = Kind(LinkedKind::of::<Reduce>());

/// `RESHAPE`.
#[unsafe(no_mangle)]
pub static isokern_kind_reshape: Kind = Kind(LinkedKind::of::<Reshape>());

/// `SELECT`.
#[unsafe(no_mangle)]
pub static isokern_kind_select: Kind = Kind(LinkedKind::of::<Select>());

/// `SOFTMAX`.
#[unsafe(no_mangle)]
pub static isokern_kind_softmax: Kind = Kind(LinkedKind::of::<Softmax>());

/// `TABLE`.
#[unsafe(no_mangle)]
pub static isokern_kind_table: Kind = Kind(LinkedKind::of::<Table>());

/// Returns the name of a kind's symbol.
#[must_use]
pub const fn symbol_of(kind: OpKind) -> &'static CStr {
    match kind {
        OpKind::Add => c"isokern_kind_add",
        OpKind::AddN => c"isokern_kind_add_n",
        OpKind::Binary => c"isokern_kind_binary",
        OpKind::Conv2d => c"isokern_kind_conv2d",
        OpKind::Convert => c"isokern_kind_convert",
        OpKind::DepthwiseConv2d => c"isokern_kind_depthwise_conv2d",
        OpKind::FullyConnected => c"isokern_kind_fully_connected",
        OpKind::Gather => c"isokern_kind_gather",
        OpKind::Move => c"isokern_kind_move",
        OpKind::Pool => c"isokern_kind_pool",
        OpKind::Reduce => c"isokern_kind_reduce",
        OpKind::Reshape => c"isokern_kind_reshape",
        OpKind::Select => c"isokern_kind_select",
        OpKind::Softmax => c"isokern_kind_softmax",
        OpKind::Table => c"isokern_kind_table",
    }
}
