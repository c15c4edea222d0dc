//! Lengths, elements and alignment of models as residents.

use core::pin::pin;
use core::task::{Context, Poll, Waker};

use bytemuck::Zeroable;

use super::{ModelReply, ModelResident, Outbox, RingContext, RingKernelHandler, RunnerWords};
use crate::call::SingleOwner;
use crate::compute::{ComputeModel, InferenceError, MemoryClass, MessageHeader, ModelMetadata};
use crate::kernel::{Busy, KernelError, KernelMetadata, KernelMode};
use crate::ring::BufferHandle;

const METADATA: KernelMetadata = KernelMetadata::new("sum", KernelMode::Ring);

/// Writes the sum of bytes into words, if it says so, of these lengths.
#[derive(Debug)]
struct Sum(Option<usize>, Option<usize>);

impl ComputeModel<[u8], [u32]> for Sum {
    fn init(&mut self) -> Result<(), InferenceError> {
        Ok(())
    }

    fn infer_one(&mut self, input: &[u8], output: &mut [u32]) -> Result<(), InferenceError> {
        output.fill(input.iter().copied().map(u32::from).sum());
        Ok(())
    }

    fn drain(&mut self) -> Result<(), InferenceError> {
        Ok(())
    }

    fn reset(&mut self) -> Result<(), InferenceError> {
        Ok(())
    }

    fn metadata(&self) -> ModelMetadata {
        ModelMetadata::new(MemoryClass::Host, MemoryClass::Host, self.0, self.1)
    }
}

type Sums = ModelResident<Sum, SingleOwner<Sum>, u8, u32>;

fn sums(input: Option<usize>, output: Option<usize>) -> Result<Sums, KernelError> {
    ModelResident::try_new(METADATA, SingleOwner::new(Sum(input, output)))
}

fn handle(sums: &Sums, buffer: &mut [u8]) -> Result<ModelReply, KernelError> {
    let (words, mut used, mut state) = (RunnerWords::new(), 0, 0_u32);
    let (state, outbox) = (bytemuck::bytes_of_mut(&mut state), Outbox::none(&mut used));
    let mut context = RingContext::new(MessageHeader::new(), &words, state, buffer, outbox);
    let answer = pin!(sums.handle(&mut context, BufferHandle::zeroed()));
    match answer.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("there is no safe point inside"),
    }
}

#[test]
fn s4_the_output_lies_where_its_elements_are_aligned() {
    let sums = sums(Some(3), Some(8)).unwrap();
    assert_eq!((sums.input_bytes(), sums.buffer_bytes()), (3, 12));
    let mut buffer = [0_u32; 4];
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut buffer);
    bytes[..4].copy_from_slice(&[1, 2, 200, 99]);
    assert_eq!(handle(&sums, &mut bytes[..12]), Ok(sums.reply()));
    assert_eq!(sums.reply(), ModelReply { output_offset: 4, output_bytes: 8 });
    assert_eq!(bytemuck::cast_slice::<u8, u32>(&bytes[4..12]), [203, 203]);
    // One byte on, the words would be across words of memory.
    assert!(matches!(handle(&sums, &mut bytes[1..13]), Err(KernelError::InvalidInput { .. })));
    for length in [0, 11, 13] {
        let refused = handle(&sums, &mut bytes[..length]);
        assert!(matches!(refused, Err(KernelError::InvalidInput { .. })), "{length}");
    }
}

#[test]
fn s4_a_model_of_unknown_or_impossible_lengths_is_refused() {
    let refused = [
        (None, Some(4)),
        (Some(4), None),
        (Some(4), Some(5)),
        (Some(usize::MAX), Some(4)),
        (Some(4), Some(usize::MAX - 3)),
        (Some(u32::MAX as usize - 7), Some(8)),
    ];
    for (input, output) in refused {
        let error = sums(input, output).unwrap_err();
        assert!(matches!(error, KernelError::InvalidConfiguration { .. }), "{input:?} {output:?}");
    }
    assert!(sums(Some(u32::MAX as usize - 7), Some(4)).is_ok());
    assert!(sums(Some(0), Some(0)).is_ok());
}

#[test]
fn s4_a_cell_in_use_is_told() {
    let cell = SingleOwner::new(Sum(Some(1), Some(4)));
    let owned = cell.try_own().unwrap();
    let refused = ModelResident::<Sum, &SingleOwner<Sum>, u8, u32>::try_new(METADATA, &cell);
    assert_eq!(refused.unwrap_err(), KernelError::Busy(Busy));
    drop(owned);
}
