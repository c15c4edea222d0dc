//! Samples of a model: all inputs, or all outputs, of one inference in one payload.

use core::ops::RangeInclusive;

use crate::Model;
use isokern_core::compute::BufferDescriptor;
use isokern_core::{InferenceError, Payload, PayloadMut};
use isokern_cpu::CpuModel;
use isokern_model::digest;

/// The inputs, or the outputs, of one inference, one after the other. Bytes without an element
/// type: the ports of a model may have different ones.
#[derive(Clone, Debug)]
pub struct Packed<B>(pub B);

impl<B: AsRef<[u8]>> Payload for Packed<B> {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        BufferDescriptor::of_slice(self.0.as_ref())
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        Some(self.0.as_ref())
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> PayloadMut for Packed<B> {
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        Some(self.0.as_mut())
    }
}

/// Samples of one length, one after another.
#[derive(Debug, PartialEq, Eq)]
pub struct Samples {
    bytes: Vec<u8>,
    sample_bytes: usize,
}

impl Samples {
    /// Cuts bytes into samples of this length, which is not zero for any model.
    #[must_use]
    pub const fn new(bytes: Vec<u8>, sample_bytes: usize) -> Self {
        Self { bytes, sample_bytes }
    }

    /// Returns one generated sample for each seed: the values of port `p` in the sample of seed `n`
    /// are those of [`digest::generate_input`] for the seed `n + 256 p`.
    ///
    /// A model without a self-test (`header().self_test()`) may refuse them: to one of indices,
    /// most are out of range.
    #[must_use]
    pub fn generated(model: &Model, seeds: RangeInclusive<u32>) -> Self {
        let view = model.view();
        let mut bytes = Vec::new();
        for seed in seeds {
            for (port, tensor) in (0..).zip(view.inputs()) {
                let mut values = vec![0; tensor.bytes()];
                digest::generate_input(seed.wrapping_add(port << 8), &mut values);
                bytes.extend(values.into_iter().map(i8::cast_unsigned));
            }
        }
        Self::new(bytes, view.input_bytes())
    }

    /// Returns the bytes of all samples.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns how many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.bytes.len() / self.sample_bytes
    }

    /// Returns the samples in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.sample_bytes)
    }

    /// Returns the sample at `index`, which is below [`count`](Self::count).
    ///
    /// # Panics
    ///
    /// Where it is not.
    #[must_use]
    pub fn at(&self, index: usize) -> &[u8] {
        &self.bytes[index * self.sample_bytes..][..self.sample_bytes]
    }
}

/// Writes a sample to the inputs in the model's arena.
///
/// # Errors
///
/// As [`CpuModel::input_at_mut`].
///
/// # Panics
///
/// Where the sample is shorter than the inputs.
pub fn write_inputs(model: &mut CpuModel<'_>, mut sample: &[u8]) -> Result<(), InferenceError> {
    for position in 0..model.model().input_count() {
        let input = model.input_at_mut(position)?;
        let (now, later) = sample.split_at(input.len());
        input.copy_from_slice(now);
        sample = later;
    }
    Ok(())
}

/// Appends the outputs in the model's arena to `sample`, in order.
///
/// # Errors
///
/// As [`CpuModel::output_at`].
pub fn read_outputs(model: &mut CpuModel<'_>, sample: &mut Vec<u8>) -> Result<(), InferenceError> {
    for position in 0..model.model().output_count() {
        sample.extend_from_slice(model.output_at(position)?);
    }
    Ok(())
}

/// Returns the digest of output bytes, FNV-1a over 64 bits.
#[must_use]
pub fn digest_of(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(digest::fnv1a(&[]), |sum, byte| digest::fnv1a_update(sum, &[byte.cast_signed()]))
}

#[cfg(test)]
mod tests {
    use super::{Samples, digest_of};

    #[test]
    fn samples_are_cut_in_order() {
        let samples = Samples::new(vec![1, 2, 3, 4, 5, 6], 2);
        assert_eq!(samples.count(), 3);
        assert_eq!(samples.iter().collect::<Vec<_>>(), [[1, 2], [3, 4], [5, 6]]);
        assert_eq!(samples.at(2), [5, 6]);
    }

    #[test]
    fn the_digest_of_bytes_is_that_of_int8_values() {
        assert_eq!(digest_of(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(digest_of(&[0x80, 0x7F]), isokern_model::digest::fnv1a(&[-128, 127]));
    }
}
