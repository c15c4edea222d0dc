//! The records of a packed model, at the places its counts give, to read and to change.

use bytemuck::{AnyBitPattern, NoUninit};
use isokern_model::digest;
use isokern_model::header::{CHECKSUM_START, HEADER_BYTES, Header};
use isokern_model::record::{CONSTANT_BYTES, ConstantRecord, OPERATOR_BYTES, OpRecord};
use isokern_model::tensor::{TENSOR_BYTES, TensorRecord};

/// The bytes of a model whose header is there; whatever else is outside is left alone.
pub(crate) struct Records<'b> {
    pub(crate) blob: &'b mut [u8],
}

impl Records<'_> {
    pub(crate) fn front(&self) -> Header {
        self.read(0).expect("the header is there")
    }

    pub(crate) fn header(&mut self, change: impl FnOnce(&mut Header)) {
        self.edit(0, change);
    }

    pub(crate) fn tensor_at(&self, index: usize) -> Option<TensorRecord> {
        self.read(HEADER_BYTES + index * TENSOR_BYTES)
    }

    pub(crate) fn tensor(&mut self, index: usize, change: impl FnOnce(&mut TensorRecord)) {
        self.edit(HEADER_BYTES + index * TENSOR_BYTES, change);
    }

    pub(crate) fn operator_at(&self, index: usize) -> Option<OpRecord> {
        self.read(self.front().operators_offset as usize + index * OPERATOR_BYTES)
    }

    pub(crate) fn operator(&mut self, index: usize, change: impl FnOnce(&mut OpRecord)) {
        let start = self.front().operators_offset as usize;
        self.edit(start + index * OPERATOR_BYTES, change);
    }

    pub(crate) fn constant(&mut self, index: usize, change: impl FnOnce(&mut ConstantRecord)) {
        self.edit(self.front().constant_records_offset() + index * CONSTANT_BYTES, change);
    }

    /// Writes the start of a constant, as long as both are.
    pub(crate) fn write_constant(&mut self, index: usize, bytes: &[u8]) {
        let record = self.front().constant_records_offset() + index * CONSTANT_BYTES;
        let Some(record) = self.read::<ConstantRecord>(record) else { return };
        let place = self.blob.get_mut(record.offset as usize..).unwrap_or_default();
        for (byte, value) in place.iter_mut().take(record.bytes as usize).zip(bytes) {
            *byte = *value;
        }
    }

    /// Returns up to `count` tensor indices from `place` of the lists.
    pub(crate) fn listed(&self, place: usize, count: usize) -> Vec<u16> {
        let end = (place + count).min(self.front().list_len.into());
        (place..end)
            .map_while(|place| self.read(self.front().lists_offset() + place * size_of::<u16>()))
            .collect()
    }

    /// Writes the checksum.
    pub(crate) fn seal(&mut self) {
        let checksum = digest::crc32(&self.blob[CHECKSUM_START..]);
        self.header(|header| header.checksum = checksum);
    }

    fn read<R: AnyBitPattern>(&self, start: usize) -> Option<R> {
        let bytes = self.blob.get(start..)?.get(..size_of::<R>())?;
        Some(bytemuck::pod_read_unaligned(bytes))
    }

    fn edit<R: AnyBitPattern + NoUninit>(&mut self, start: usize, change: impl FnOnce(&mut R)) {
        let Some(mut record) = self.read::<R>(start) else { return };
        change(&mut record);
        self.blob[start..start + size_of::<R>()].copy_from_slice(bytemuck::bytes_of(&record));
    }
}
