//! A pointer to a handler hides nothing of it, and a box nothing of a resident.

use std::boxed::Box;
use std::sync::Arc;

use super::{Outbox, Resident, RingContext, RingKernelHandler, RunnerWords};
use crate::compute::MessageHeader;
use crate::kernel::{GpuKernel, KernelError, KernelMetadata, KernelMode};
use crate::pointers::check_pointers;
use crate::ring::BufferHandle;

/// Answers every method with a number of its own, which no provided method does.
struct Own;

impl GpuKernel for Own {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("own", KernelMode::Ring) }
    }
}

impl RingKernelHandler<u32, u32> for Own {
    async fn handle(&self, _: &mut RingContext<'_>, message: u32) -> Result<u32, KernelError> {
        Ok(message + 1)
    }

    async fn initialize(&self, context: &mut RingContext<'_>) -> Result<(), KernelError> {
        *context.state::<u32>()? = 2;
        Ok(())
    }

    async fn shutdown(&self, _: &mut RingContext<'_>) -> Result<(), KernelError> {
        Err(KernelError::Failed { code: 3 })
    }
}

fn check<K: RingKernelHandler<u32, u32>>(handler: K) {
    let (words, mut used, mut state) = (RunnerWords::new(), 0, 0_u32);
    let bytes = bytemuck::bytes_of_mut(&mut state);
    let outbox = Outbox::none(&mut used);
    let mut context = RingContext::new(MessageHeader::new(), &words, bytes, &mut [], outbox);
    assert_eq!(pollster::block_on(handler.handle(&mut context, 10)), Ok(11));
    assert_eq!(pollster::block_on(handler.initialize(&mut context)), Ok(()));
    let failed = pollster::block_on(handler.shutdown(&mut context));
    assert_eq!(failed, Err(KernelError::Failed { code: 3 }));
    assert_eq!(state, 2);
}

#[test]
fn s4_every_method_of_a_handler_is_reached_through_every_pointer() {
    check_pointers!(check, Own);
}

/// A resident whose handler others hold as well.
struct Shared(Arc<Own>);

impl Resident for Shared {
    type Handler = Arc<Own>;
    type Message = u32;
    type Reply = u32;
    type State = u32;
    const ENTRY: &'static str = "shared";

    fn buffer_of(message: &u32) -> Option<BufferHandle> {
        Some(BufferHandle { index: *message, ..BufferHandle::default() })
    }

    fn into_parts(self) -> (Arc<Own>, u32) {
        (self.0, 7)
    }
}

fn parts<R: Resident<Message = u32>>(resident: R) -> (&'static str, Option<u32>, R::Handler) {
    let buffer = R::buffer_of(&5).map(|handle| handle.index);
    (R::ENTRY, buffer, resident.into_parts().0)
}

#[test]
fn s4_a_boxed_resident_is_the_resident() {
    let own = Arc::new(Own);
    let (entry, buffer, handler) = parts(Box::new(Shared(Arc::clone(&own))));
    assert_eq!((entry, buffer), ("shared", Some(5)));
    assert!(Arc::ptr_eq(&own, &handler));
}
