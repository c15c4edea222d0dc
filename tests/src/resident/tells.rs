//! More messages without reply than a ring has slots: what frees a slot is their acknowledgement.

use std::sync::Mutex;

use isokern_core::MessageHeader;
use isokern_core::actor::{ActorMemory, ModelReply};
use isokern_core::device::BlockPhase;
use isokern_core::ring::{BufferHandle, DeviceView, PushError};
use isokern_ring::Requester;
use isokern_simcuda::replay::{Replay, Wrong};

use super::{Memory, POOL, ResidentReplay, STEPS};
use crate::replay_words::HostSide;

/// Looks after which nothing more comes: some hundred thousand steps of the device, and a slow
/// store takes ten thousand.
const PATIENCE: u32 = 8_000;

impl ResidentReplay<'_> {
    /// Orders the model, tells it `count` messages that it refuses (they name another pool), as
    /// fast as the ring takes them, and lets its life end.
    ///
    /// # Errors
    ///
    /// What was wrong: a slot that is not freed, a message that was not taken or not refused, a
    /// fault, an end that does not come.
    pub fn tell_all(&self, replay: &mut Replay, count: u32) -> Result<(), Wrong> {
        let told = self.order_and_tell(replay, count);
        if told.is_err() {
            // The fault says more.
            replay.finish(1)?;
        }
        told
    }

    fn order_and_tell(&self, replay: &mut Replay, count: u32) -> Result<(), Wrong> {
        let shared = Mutex::new(replay);
        let side = HostSide::new(&shared, self.orders_kept);
        self.begin(side, 1)?;
        let memory = Memory::new(side, self.actor);
        let mut teller = Requester::<_, BufferHandle, ModelReply, _>::try_new(memory, 0, side)
            .expect("there is one mailbox");
        for number in 0..count {
            let message =
                BufferHandle { pool: POOL + 1, generation: number, ..BufferHandle::default() };
            if !self.tell(side, &mut teller, message) {
                let view = DeviceView::read(memory.device_line()).map(|view| view.taken());
                let what = format!("{number} told, {view:?} taken, no slot is freed");
                return Err(Wrong::at(self.actor, format!("{what}; {}", self.fault())));
            }
        }
        drop(teller);
        let wanted = (u64::from(count), u64::from(count));
        let mut found = None;
        for _ in 0..PATIENCE {
            let view = DeviceView::read(memory.device_line());
            found = view.map(|view| (view.taken(), view.turned_away()));
            if found == Some(wanted) {
                return self.wait_for(side, 1, BlockPhase::Idle);
            }
            side.wait(STEPS);
        }
        Err(Wrong::at(self.actor + 128, format!("taken, turned away: {found:?}")))
    }

    /// Tells one message as soon as there is room; false where none comes.
    fn tell<'a, 'r>(
        &self,
        side: HostSide<'a, 'r>,
        teller: &mut Requester<Memory<'a, 'r>, BufferHandle, ModelReply, HostSide<'a, 'r>>,
        message: BufferHandle,
    ) -> bool {
        for _ in 0..PATIENCE {
            match teller.try_tell(MessageHeader::new(), message) {
                Ok(()) => return true,
                Err(PushError::Full(_)) => side.wait(STEPS),
                Err(PushError::Closed(_)) => break,
            }
        }
        false
    }
}
