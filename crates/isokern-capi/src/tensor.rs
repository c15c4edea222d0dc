//! Inputs and outputs as a C program sees them.
#![allow(unsafe_code)]

use core::ffi::c_void;

use isokern_cpu::core::DType;
use isokern_cpu::model::tensor::RANK_MAX;
use isokern_cpu::model::{self, Region};

use crate::pointers::Sized32;

/// The type of the elements of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Dtype {
    /// One byte, 0 or 1.
    Bool = 0,
    /// `int8_t`.
    I8 = 1,
    /// `uint8_t`.
    U8 = 2,
    /// `int16_t`.
    I16 = 3,
    /// `uint16_t`.
    U16 = 4,
    /// `int32_t`.
    I32 = 5,
    /// `uint32_t`.
    U32 = 6,
    /// `int64_t`.
    I64 = 7,
    /// `uint64_t`.
    U64 = 8,
    /// `float`.
    F32 = 11,
}

/// An input or output of a session.
#[derive(Debug)]
#[repr(C)]
pub struct Tensor {
    /// `sizeof(isokern_tensor)`, set by the caller.
    pub struct_bytes: u32,
    /// The type of the elements: an `isokern_dtype`.
    pub dtype: i32,
    /// The elements, in the arena of the session. A run may overwrite inputs.
    pub data: *mut c_void,
    /// Bytes of all elements.
    pub bytes: usize,
    /// How many elements there are.
    pub count: usize,
    /// How many dimensions there are, 1 to 6.
    pub rank: u32,
    /// Their sizes, outermost first; 1 after the last.
    pub shape: [u32; 6],
    /// Real value of one step. The real value is `scale * (element - zero_point)`.
    pub scale: f32,
    /// The element that represents real zero.
    pub zero_point: i32,
}

// SAFETY: numbers and a pointer in the order of C, the size first.
unsafe impl Sized32 for Tensor {}

impl Tensor {
    /// Describes a tensor of a model whose arena and state begin there.
    pub(crate) fn describe(&mut self, tensor: &model::Tensor, arena: *mut u8, state: *mut u8) {
        let region = match tensor.region() {
            Region::Arena => arena,
            Region::State => state,
        };
        self.dtype = tensor.dtype().code().into();
        self.data = region.wrapping_add(tensor.offset()).cast();
        self.bytes = tensor.bytes();
        self.count = tensor.len();
        self.rank = tensor.shape().len() as u32;
        self.shape = [1; RANK_MAX];
        for (size, of_model) in self.shape.iter_mut().zip(tensor.shape()) {
            *size = *of_model;
        }
        self.scale = tensor.scale();
        self.zero_point = tensor.zero_point();
    }
}

const _: () = {
    assert!(Dtype::Bool as u8 == DType::Bool.code());
    assert!(Dtype::I8 as u8 == DType::I8.code());
    assert!(Dtype::U8 as u8 == DType::U8.code());
    assert!(Dtype::I16 as u8 == DType::I16.code());
    assert!(Dtype::U16 as u8 == DType::U16.code());
    assert!(Dtype::I32 as u8 == DType::I32.code());
    assert!(Dtype::U32 as u8 == DType::U32.code());
    assert!(Dtype::I64 as u8 == DType::I64.code());
    assert!(Dtype::U64 as u8 == DType::U64.code());
    assert!(Dtype::F32 as u8 == DType::F32.code());
};
