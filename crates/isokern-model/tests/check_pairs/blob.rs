//! A packed model whose records a test changes, one closure each.

use bytemuck::{AnyBitPattern, NoUninit};
use isokern_model::header::{BLOB_ALIGN, CHECKSUM_START, HEADER_BYTES, Header};
use isokern_model::record::{CONSTANT_BYTES, ConstantRecord, OPERATOR_BYTES, OpRecord};
use isokern_model::tensor::{TENSOR_BYTES, TensorRecord};
use isokern_model::{AllOperators, FormatError, Model, OperatorSet, digest};

/// The bytes, and how far they are off a boundary while they are read.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    bytes: Vec<u8>,
    shift: usize,
}

impl Blob {
    pub(crate) const fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, shift: 0 }
    }

    /// Returns a changed copy, with a true checksum.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut blob = self.unsealed(change);
        let checksum = digest::crc32(&blob.bytes[CHECKSUM_START..]);
        blob.header(|header| header.checksum = checksum);
        blob
    }

    /// Returns a changed copy, with the checksum of the bytes before.
    pub(crate) fn unsealed(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut blob = self.clone();
        change(&mut blob);
        blob
    }

    /// Returns the same bytes, `shift` bytes after a boundary.
    pub(crate) fn shifted(&self, shift: usize) -> Self {
        Self { bytes: self.bytes.clone(), shift }
    }

    /// Returns the first bytes, unchanged.
    pub(crate) fn cut(&self, len: usize) -> Self {
        Self::new(self.bytes[..len].to_vec())
    }

    /// Returns what [`Model::parse`] says.
    pub(crate) fn verdict(&self) -> Result<(), FormatError> {
        self.verdict_for::<AllOperators>()
    }

    /// Returns what [`Model::parse_for`] says.
    pub(crate) fn verdict_for<S: OperatorSet>(&self) -> Result<(), FormatError> {
        let end = self.shift + self.bytes.len();
        let mut chunks = vec![0_u128; end.div_ceil(BLOB_ALIGN)];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut chunks);
        bytes[self.shift..end].copy_from_slice(&self.bytes);
        Model::parse_for::<S>(&bytes[self.shift..end]).map(|_| ())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn front(&self) -> Header {
        bytemuck::pod_read_unaligned(&self.bytes[..HEADER_BYTES])
    }

    pub(crate) fn header(&mut self, change: impl FnOnce(&mut Header)) {
        self.edit(0, change);
    }

    pub(crate) fn tensor(&mut self, index: usize, change: impl FnOnce(&mut TensorRecord)) {
        self.edit(HEADER_BYTES + index * TENSOR_BYTES, change);
    }

    /// Gives a tensor sizes at the end of its list, and as many bytes.
    pub(crate) fn size(&mut self, index: usize, sizes: &[u32]) {
        self.tensor(index, |record| {
            record.dims = [1; 6];
            record.dims[6 - sizes.len()..].copy_from_slice(sizes);
            record.bytes = sizes.iter().product();
        });
    }

    pub(crate) fn constant_record(
        &mut self,
        index: usize,
        change: impl FnOnce(&mut ConstantRecord),
    ) {
        self.edit(self.front().constant_records_offset() + index * CONSTANT_BYTES, change);
    }

    pub(crate) fn operator(&mut self, index: usize, change: impl FnOnce(&mut OpRecord)) {
        let start = self.front().operators_offset as usize;
        self.edit(start + index * OPERATOR_BYTES, change);
    }

    /// Changes the body of an operator, which is its record from byte 12.
    pub(crate) fn body<B: AnyBitPattern + NoUninit>(
        &mut self,
        index: usize,
        change: impl FnOnce(&mut B),
    ) {
        let start = self.front().operators_offset as usize;
        self.edit(start + index * OPERATOR_BYTES + 12, change);
    }

    /// Changes one value of a constant.
    pub(crate) fn value<T: AnyBitPattern + NoUninit>(&mut self, constant: usize, at: usize, to: T) {
        let place = self.front().constant_records_offset() + constant * CONSTANT_BYTES;
        let record: ConstantRecord =
            bytemuck::pod_read_unaligned(&self.bytes[place..place + CONSTANT_BYTES]);
        self.edit(record.offset as usize + at * size_of::<T>(), |value| *value = to);
    }

    /// Writes other lists, of any length, and names without letters after them.
    pub(crate) fn relist(&mut self, lists: &[u16]) {
        let ports = self.front().input_count + self.front().output_count;
        self.header(|header| {
            header.list_len = lists.len() as u16;
            header.names_bytes = ports;
        });
        let start = self.front().lists_offset();
        let end = self.front().operators_offset as usize;
        assert!(start + lists.len() * 2 + usize::from(ports) <= end, "the lists need more room");
        self.bytes[start..end].fill(0);
        for (place, index) in lists.iter().enumerate() {
            self.edit(start + place * 2, |listed| *listed = *index);
        }
    }

    /// Changes the tensor index at `place` of the lists.
    pub(crate) fn listed(&mut self, place: usize, to: u16) {
        self.edit(self.front().lists_offset() + place * 2, |listed| *listed = to);
    }

    fn edit<R: AnyBitPattern + NoUninit>(&mut self, start: usize, change: impl FnOnce(&mut R)) {
        let place = &mut self.bytes[start..start + size_of::<R>()];
        let mut record: R = bytemuck::pod_read_unaligned(place);
        change(&mut record);
        place.copy_from_slice(bytemuck::bytes_of(&record));
    }
}
