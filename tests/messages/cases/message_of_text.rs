//! Sends text to an actor: a message is plain old data, for it may cross to a device.

use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext, RingKernelHandler,
};

struct Greeter;

impl GpuKernel for Greeter {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new("greeter", KernelMode::Ring) }
    }
}

impl RingKernelHandler<String, u32> for Greeter {
    async fn handle(&self, _: &mut RingContext<'_>, name: String) -> Result<u32, KernelError> {
        Ok(name.len() as u32)
    }
}

impl Resident for Greeter {
    type Handler = Self;
    type Message = String;
    type Reply = u32;
    type State = ();

    fn into_parts(self) -> (Self, ()) {
        (self, ())
    }
}

fn main() {}
