//! What points to a handler is one, and a boxed resident is one.

use core::future::Future;

use super::context::RingContext;
use super::handler::RingKernelHandler;
use crate::kernel::KernelError;
use crate::pointers::for_pointers;

macro_rules! ring_kernel_handler {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<M, R, K: RingKernelHandler<M, R>> RingKernelHandler<M, R> for $pointer {
            fn handle(
                &self,
                context: &mut RingContext<'_>,
                message: M,
            ) -> impl Future<Output = Result<R, KernelError>> + Send {
                K::handle(self, context, message)
            }

            fn initialize(
                &self,
                context: &mut RingContext<'_>,
            ) -> impl Future<Output = Result<(), KernelError>> + Send {
                K::initialize(self, context)
            }

            fn shutdown(
                &self,
                context: &mut RingContext<'_>,
            ) -> impl Future<Output = Result<(), KernelError>> + Send {
                K::shutdown(self, context)
            }
        }
    };
}

for_pointers! { ring_kernel_handler, K }

/// A resident is spent when it is spawned, so a box alone can represent it; the handler of a
/// resident may be held by any pointer.
#[cfg(feature = "std")]
#[deny(clippy::missing_trait_methods)]
impl<R: super::Resident> super::Resident for std::boxed::Box<R> {
    type Handler = R::Handler;
    type Message = R::Message;
    type Reply = R::Reply;
    type State = R::State;

    const ENTRY: &'static str = R::ENTRY;

    fn buffer_of(message: &Self::Message) -> Option<crate::ring::BufferHandle> {
        R::buffer_of(message)
    }

    fn into_parts(self) -> (Self::Handler, Self::State) {
        R::into_parts(*self)
    }
}
