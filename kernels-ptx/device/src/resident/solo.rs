//! Actors that one thread of their block runs.

use core::marker::PhantomData;

use bytemuck::Zeroable;
use isokern_core::Resident;
use isokern_core::device::{DeviceHandler, DeviceResident, HostModel};
use isokern_core::ring::BufferHandle;

use super::{BlockLinks, DeviceActor};

/// Runs the handler of `R` on the thread that leads its block; the crew waits.
///
/// It is `R` to the host: its entry name, messages, state and shape. So a crate that knows nothing
/// of device code can have the actor, and a device crate names it:
///
/// ```ignore
/// isokern_device::resident_kernel! { pub fn my_residents: [SoloActor<Counter>] }
/// ```
pub struct SoloActor<R>(PhantomData<fn() -> R>);

impl<R: DeviceHandler> Resident for SoloActor<R> {
    type Handler = R::Handler;
    type Message = R::Message;
    type Reply = R::Reply;
    type State = R::State;

    const ENTRY: &'static str = R::ENTRY;

    fn buffer_of(message: &R::Message) -> Option<BufferHandle> {
        R::buffer_of(message)
    }

    fn into_parts(self) -> (R::Handler, R::State) {
        (R::handler(), Zeroable::zeroed())
    }
}

impl<R: DeviceHandler> DeviceResident for SoloActor<R> {
    type Shape = R::Shape;

    fn model(handler: &R::Handler) -> Option<HostModel> {
        R::model(handler)
    }
}

impl<R: DeviceHandler> DeviceHandler for SoloActor<R> {
    fn handler() -> R::Handler {
        R::handler()
    }
}

impl<R: DeviceHandler> DeviceActor for SoloActor<R> {
    type Links = BlockLinks;
}
