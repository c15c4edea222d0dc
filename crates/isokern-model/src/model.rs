//! The view of a packed model that executors read.

use bytemuck::{Pod, Zeroable};

use crate::check;
use crate::error::FormatError;
use crate::header::{FORMAT_VERSION, HEADER_BYTES, Header, MAGIC};
use crate::kind::{OpKind, OpSet};
use crate::layout::{Layout, Terms};
use crate::op::{
    Activation, Add, Conv2d, DepthwiseConv2d, FullyConnected, Op, Pool, Requant, Reshape, Softmax,
    Weights,
};
use crate::record::{AddBody, DotBody, OPERATOR_BYTES, OpRecord, PoolBody, SoftmaxBody};
use crate::tensor::{TENSOR_BYTES, Tensor, TensorRecord};

/// A checked packed model: a view of its bytes.
///
/// Reading through the view cannot fail: what a blob must be was checked once, by
/// [`Model::parse`], and every access is bounded all the same.
#[derive(Debug, Clone, Copy)]
pub struct Model<'m> {
    blob: &'m [u8],
    front: Front,
}

/// What reading needs of the header; the rest stays in the blob, off the stack.
#[derive(Debug, Clone, Copy)]
struct Front {
    layout: u8,
    operator_set: u32,
    tensor_count: u16,
    operator_count: u16,
    input_tensor: u16,
    output_tensor: u16,
    tensors_offset: u32,
    operators_offset: u32,
    constants_offset: u32,
    arena_bytes: u32,
}

impl Front {
    const fn new(header: &Header) -> Self {
        Self {
            layout: header.layout,
            operator_set: header.operator_set,
            tensor_count: header.tensor_count as u16,
            operator_count: header.operator_count as u16,
            input_tensor: header.input_tensor as u16,
            output_tensor: header.output_tensor as u16,
            tensors_offset: header.tensors_offset,
            operators_offset: header.operators_offset,
            constants_offset: header.constants_offset,
            arena_bytes: header.arena_bytes,
        }
    }
}

/// The proof that some blob was checked, apart from the blob.
///
/// An owner of both bytes and model keeps this beside the bytes and asks for a
/// [`view`](Self::view) when it needs one, without checking again.
#[derive(Debug, Clone, Copy)]
pub struct Checked {
    front: Front,
}

impl Checked {
    /// The model in `blob`, which must be the bytes that were checked.
    ///
    /// Reads stay inside `blob` whatever it is, but a run over bytes that were not
    /// checked may give any answer, take any time, or panic.
    #[must_use]
    pub const fn view(self, blob: &[u8]) -> Model<'_> {
        Model { blob, front: self.front }
    }
}

impl<'m> Model<'m> {
    /// Checks `blob` and views it.
    ///
    /// The time is bounded by the blob's length and the caps in [`header`](crate::header);
    /// no heap is used. What is checked is listed in `docs/format.md`.
    ///
    /// # Errors
    ///
    /// The first thing found wrong, as a [`FormatError`] that names the field.
    #[inline(never)] // A frame of its own: firmware's stack holds checks or a run, not both.
    pub fn parse(blob: &'m [u8]) -> Result<Self, FormatError> {
        let front = Front::new(&check::header(blob)?);
        let model = Self { blob, front };
        check::records(&model)?;
        Ok(model)
    }

    /// Views a blob that was checked elsewhere: by the host of a device that holds a copy.
    ///
    /// Reads the header alone, so that a thousand threads can each have a view in no time.
    /// `None` if the bytes do not begin with a header of this format version, or are fewer
    /// than it says. Reads stay inside `blob` whatever it is, but a run over bytes that
    /// were never checked may give any answer, take any time, or panic.
    #[must_use]
    pub fn of_checked(blob: &'m [u8]) -> Option<Self> {
        let header: Header = read(blob.get(..HEADER_BYTES)?)?;
        let whole = blob.get(..header.blob_bytes as usize)?;
        let known = header.magic == MAGIC && header.format_version == FORMAT_VERSION;
        known.then(|| Self { blob: whole, front: Front::new(&header) })
    }

    /// The proof that these bytes were checked.
    #[must_use]
    pub const fn checked(&self) -> Checked {
        Checked { front: self.front }
    }

    /// The bytes of the model.
    #[must_use]
    pub const fn blob(&self) -> &'m [u8] {
        self.blob
    }

    /// The header, read from the blob.
    #[must_use]
    pub fn header(&self) -> Header {
        let front = self.blob.get(..HEADER_BYTES);
        front.map_or_else(Header::zeroed, bytemuck::pod_read_unaligned)
    }

    /// Bytes of arena that a run needs, input and output inside.
    #[must_use]
    pub const fn arena_bytes(&self) -> usize {
        self.front.arena_bytes as usize
    }

    /// The order of the weights.
    #[must_use]
    pub fn layout(&self) -> Layout {
        Layout::from_code(self.front.layout).unwrap_or(Layout::Row)
    }

    /// The operator kinds that occur.
    #[must_use]
    pub const fn operator_set(&self) -> OpSet {
        OpSet::from_bits(self.front.operator_set)
    }

    /// Number of tensors.
    #[must_use]
    pub const fn tensor_count(&self) -> usize {
        self.front.tensor_count as usize
    }

    /// Number of operators.
    #[must_use]
    pub const fn operator_count(&self) -> usize {
        self.front.operator_count as usize
    }

    /// The tensor the caller writes.
    #[must_use]
    pub fn input(&self) -> Tensor {
        self.tensor(self.front.input_tensor as usize)
    }

    /// The tensor the caller reads.
    #[must_use]
    pub fn output(&self) -> Tensor {
        self.tensor(self.front.output_tensor as usize)
    }

    /// The tensor at `index`; an empty one behind the end.
    #[must_use]
    #[cfg_attr(target_arch = "nvptx64", inline(never))] // As `op`.
    pub fn tensor(&self, index: usize) -> Tensor {
        self.tensor_record(index)
            .map_or_else(Tensor::default, |record| Tensor::from_record(&record))
    }

    /// The operator at `index`, if there is one.
    #[must_use]
    // Inlined it would hold most registers of a device thread for all of a run.
    #[cfg_attr(target_arch = "nvptx64", inline(never))]
    pub fn op(&self, index: usize) -> Option<Op<'m>> {
        let record = self.op_record(index)?;
        let input = self.tensor(record.input.into());
        let output = self.tensor(record.output.into());
        match OpKind::from_code(record.kind)? {
            OpKind::Conv2d => Some(self.conv2d(&record.body(), input, output)),
            OpKind::DepthwiseConv2d => Some(self.depthwise_conv2d(&record.body(), input, output)),
            OpKind::FullyConnected => Some(self.fully_connected(&record.body(), input, output)),
            OpKind::Add => {
                let body: AddBody = record.body();
                Some(Op::Add(Add {
                    input_a: input,
                    input_b: self.tensor(record.input_b.into()),
                    output,
                    multiplier: body.multiplier,
                    shift: body.shift,
                    left_shift: body.left_shift,
                    activation: Activation { min: body.activation_min, max: body.activation_max },
                }))
            }
            OpKind::Pool => {
                let body: PoolBody = record.body();
                Some(Op::Pool(Pool {
                    input,
                    output,
                    window: body.window,
                    activation: Activation { min: body.activation_min, max: body.activation_max },
                }))
            }
            OpKind::Reshape => Some(Op::Reshape(Reshape { input, output })),
            OpKind::Softmax => {
                let body: SoftmaxBody = record.body();
                Some(Op::Softmax(Softmax {
                    input,
                    output,
                    multiplier: body.multiplier,
                    left_shift: body.left_shift.cast_unsigned(),
                    diff_min: body.diff_min,
                }))
            }
        }
    }

    /// All operators, in the order they run.
    pub fn ops(&self) -> impl Iterator<Item = Op<'m>> + '_ {
        (0..self.operator_count()).map_while(|index| self.op(index))
    }

    pub(crate) fn tensor_record(&self, index: usize) -> Option<TensorRecord> {
        self.record(self.front.tensors_offset, self.tensor_count(), TENSOR_BYTES, index)
    }

    pub(crate) fn op_record(&self, index: usize) -> Option<OpRecord> {
        self.record(self.front.operators_offset, self.operator_count(), OPERATOR_BYTES, index)
    }

    fn record<R: Pod>(&self, start: u32, count: usize, bytes: usize, index: usize) -> Option<R> {
        if index >= count {
            return None;
        }
        let record = self.blob.get((start as usize).checked_add(index * bytes)?..)?.get(..bytes)?;
        read(record)
    }

    // The three have frames of their own: one at a time lies on firmware's stack.
    #[inline(never)]
    fn conv2d(&self, body: &DotBody, input: Tensor, output: Tensor) -> Op<'m> {
        let row_terms =
            usize::from(body.window.kernel_width).saturating_mul(input.image().channels);
        let terms = Terms { rows: body.window.kernel_height.into(), row_terms };
        Op::Conv2d(Conv2d {
            input,
            output,
            window: body.window,
            weights: self.weights(body, terms),
            requant: self.requant(body, &output),
        })
    }

    #[inline(never)]
    fn depthwise_conv2d(&self, body: &DotBody, input: Tensor, output: Tensor) -> Op<'m> {
        Op::DepthwiseConv2d(DepthwiseConv2d {
            input,
            output,
            window: body.window,
            depth_multiplier: body.depth_multiplier.into(),
            weights: self.values(body.weights_offset, body.weights_bytes as usize),
            requant: self.requant(body, &output),
        })
    }

    #[inline(never)]
    fn fully_connected(&self, body: &DotBody, input: Tensor, output: Tensor) -> Op<'m> {
        let outputs = body.outputs as usize;
        let row_terms = input.len() / (output.len() / outputs.max(1)).max(1);
        Op::FullyConnected(FullyConnected {
            input,
            output,
            weights: self.weights(body, Terms { rows: 1, row_terms }),
            weight_zero_point: body.weight_zero_point,
            requant: self.requant(body, &output),
        })
    }

    fn weights(&self, body: &DotBody, terms: Terms) -> Weights<'m> {
        let outputs = body.outputs as usize;
        let sum_count = if body.weight_sums_offset == 0 { 0 } else { outputs };
        Weights {
            layout: self.layout(),
            values: self.values(body.weights_offset, body.weights_bytes as usize),
            sums: self.values(body.weight_sums_offset, sum_count),
            outputs,
            terms,
        }
    }

    fn requant(&self, body: &DotBody, output: &Tensor) -> Requant<'m> {
        let scale_count = body.scale_count as usize;
        Requant {
            bias: self.values(body.bias_offset, body.outputs as usize),
            multiplier: self.values(body.multiplier_offset, scale_count),
            shift: self.values(body.shift_offset, scale_count),
            zero_point: output.zero_point(),
            activation: Activation { min: body.activation_min, max: body.activation_max },
        }
    }

    /// `count` values from `offset`, or none if they are not all inside and aligned.
    fn values<T: Pod>(&self, offset: u32, count: usize) -> &'m [T] {
        self.constants(offset, count).unwrap_or(&[])
    }

    /// Where the constants start.
    pub(crate) const fn constants_start(&self) -> u32 {
        self.front.constants_offset
    }

    /// Whether the tensor at `index` is the one the caller writes.
    pub(crate) const fn is_input(&self, index: u16) -> bool {
        self.front.input_tensor == index
    }

    pub(crate) fn constants<T: Pod>(&self, offset: u32, count: usize) -> Option<&'m [T]> {
        let bytes = count.checked_mul(size_of::<T>())?;
        let slice = self.blob.get(offset as usize..)?.get(..bytes)?;
        bytemuck::try_cast_slice(slice).ok()
    }
}

/// A record, wherever it lies.
#[cfg(not(target_arch = "nvptx64"))]
fn read<R: Pod>(record: &[u8]) -> Option<R> {
    bytemuck::try_pod_read_unaligned(record).ok()
}

/// A record, by whole words. In a checked blob every record is aligned, and a device
/// would otherwise read byte after byte.
#[cfg(target_arch = "nvptx64")]
fn read<R: Pod>(record: &[u8]) -> Option<R> {
    bytemuck::try_from_bytes(record).ok().copied()
}

const _: () = assert!(HEADER_BYTES.is_multiple_of(crate::header::SECTION_ALIGN));
