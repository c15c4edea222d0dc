//! The real requester of `isokern-ring` against the probe `ring_echo` of the shipped PTX.

use std::sync::Mutex;

use isokern_core::MessageHeader;
use isokern_core::actor::{ActorMemory, AddressedActor};
use isokern_core::device::{
    ECHO_CLOSED, ECHO_SLOTS, ECHO_STOPPED, ECHO_WORDS, EchoQuestion, EchoReply, ProbeRecord,
    echoed, folded, pattern,
};
use isokern_core::ring::{DeviceState, DeviceView, HostControl, PopError, PushError};
use isokern_ring::Requester;
use isokern_simcuda::machine::Launch;
use isokern_simcuda::memory::Kind;
use isokern_simcuda::replay::{Replay, Wrong};

use crate::device::Device;
use crate::replay_words::{HostSide, Orders};

/// Looks without an answer after which one counts as lost: some hundred thousand steps of the
/// device, and a slow store takes ten thousand.
const LOOKS: u32 = 60_000;

/// Steps within which the kernel has to end once it is asked to.
const STEPS: u64 = 1_000_000;

/// What is asked, and how it ends.
#[derive(Debug, Clone, Copy)]
pub struct Echoes {
    /// Questions in all.
    pub questions: u32,
    /// Words of a payload, at most [`ECHO_WORDS`].
    pub words: u32,
    /// Questions without answer at a time, 1 to [`ECHO_SLOTS`].
    pub window: u32,
    /// Whether the host's line stops the device, in place of the end of the ring.
    pub stops: bool,
    /// Which orders the host keeps.
    pub orders: Orders,
}

impl Echoes {
    /// Returns a few questions that differ from seed to seed in how many wait, in their payloads
    /// and in how it ends.
    #[must_use]
    pub const fn of_seed(seed: u64) -> Self {
        Self {
            questions: 10,
            words: 3 + (seed % 5) as u32,
            window: 1 + (seed / 2 % ECHO_SLOTS as u64) as u32,
            stops: seed % 2 == 1,
            orders: Orders::Kept,
        }
    }
}

type Memory<'a, 'r> = AddressedActor<HostSide<'a, 'r>, ECHO_SLOTS>;
type Asker<'a, 'r> = Requester<Memory<'a, 'r>, EchoQuestion, EchoReply, HostSide<'a, 'r>>;

/// Where everything is.
#[derive(Clone, Copy)]
struct Places {
    actor: u64,
    payloads: u64,
    record: u64,
}

impl Places {
    fn new(device: &Device) -> Self {
        let place = |bytes: u64| {
            let address = device.memory.allocate(bytes, Kind::Pinned).expect("there is room");
            let zeros = vec![0; bytes as usize];
            device.memory.write(address, &zeros).expect("it was just allocated");
            address
        };
        Self {
            actor: place(Memory::BYTES),
            payloads: place((4 * ECHO_WORDS * ECHO_SLOTS) as u64),
            record: place(size_of::<ProbeRecord>() as u64),
        }
    }

    fn free(self, device: &Device) {
        for address in [self.actor, self.payloads, self.record] {
            device.memory.free(address, &[Kind::Pinned]).expect("it is allocated");
        }
    }
}

/// Asks everything, takes every answer in order, and lets the kernel end.
///
/// # Errors
///
/// What was wrong: an answer, its order, its payload, a fault, an end that does not come.
pub fn ring_echo(device: &Device, replay: &mut Replay, echoes: Echoes) -> Result<(), Wrong> {
    let places = Places::new(device);
    let entry = device.entry("isokern_probe_ring_echo");
    let values = [places.actor, places.payloads, u32::MAX.into(), places.record];
    replay.launch(
        &device.program,
        Launch {
            entry,
            grid: [1, 1, 1],
            block: [1, 1, 1],
            dynamic_shared: 0,
            parameters: device.parameters(entry, &values),
            resident_max: 1,
        },
    );
    let asked = ask_all(&Mutex::new(replay), places, echoes);
    if asked.is_err() {
        // The fault that kept the answer from coming says more.
        replay.finish(1)?;
        return asked;
    }
    if !replay.finish(STEPS)? {
        return Err(Wrong::at(places.record, "the kernel does not end"));
    }
    let record = device.download(places.record, size_of::<ProbeRecord>());
    let record: ProbeRecord = bytemuck::pod_read_unaligned(&record);
    let end = if echoes.stops { ECHO_STOPPED } else { ECHO_CLOSED };
    let found = (record.completed, record.violations, record.last);
    if found != (echoes.questions.into(), 0, end) {
        return Err(Wrong::at(places.record, format!("the kernel says {record:?}")));
    }
    let ended = see_the_end(&Mutex::new(replay), places, echoes);
    places.free(device);
    ended
}

fn ask_all(replay: &Mutex<&mut Replay>, places: Places, echoes: Echoes) -> Result<(), Wrong> {
    let side = HostSide::new(replay, echoes.orders);
    let memory = Memory::new(side, places.actor);
    let mut asker = Asker::try_new(memory, 0, side).expect("there is one mailbox");
    let (mut asked, mut answered, mut in_vain) = (0, 0, 0);
    while answered < echoes.questions {
        if asked < echoes.questions && asked - answered < echoes.window {
            let (line, words) = (asked % ECHO_SLOTS as u32, echoes.words);
            for index in 0..words {
                side.write(word_at(places, line, index), pattern(asked + 1, index));
            }
            let question = EchoQuestion { number: asked, line, words, inline: inline(asked) };
            match asker.try_ask(MessageHeader::new(), question) {
                Ok(_) => asked += 1,
                Err(PushError::Full(_)) => {}
                Err(PushError::Closed(_)) => {
                    return Err(Wrong::at(places.actor, "the device closed before it was told to"));
                }
            }
            continue;
        }
        match asker.try_answer() {
            Ok(answer) => {
                let reply = answer.result.map_err(|error| Wrong::new(error.to_string()))?;
                check(side, places, echoes, answered, reply)?;
                (answered, in_vain) = (answered + 1, 0);
            }
            Err(PopError::Empty) if in_vain < LOOKS => {
                in_vain += 1;
                side.wait(8);
            }
            Err(error) => {
                let slot = reply_slot(places, answered);
                return Err(Wrong::at(slot, format!("no answer to {answered}: {error}")));
            }
        }
    }
    if echoes.stops {
        HostControl::new().stop(memory.host_line());
    }
    // Dropped, it closes its ring; a stop has to come before.
    let stats = asker.stats();
    let settled = (stats.accepted_count, stats.answered_count, stats.foreign_count);
    if settled != (echoes.questions.into(), echoes.questions.into(), 0) {
        return Err(Wrong::new(format!("the requester counts {stats:?}")));
    }
    if echoes.stops {
        for _ in 0..LOOKS {
            if DeviceView::read(memory.device_line()).is_some_and(|view| is_over(&view)) {
                return Ok(());
            }
            side.wait(8);
        }
        return Err(Wrong::at(places.actor, "the device does not see the stop"));
    }
    Ok(())
}

/// Checks that an answer is the right one, and its payload what it should be.
fn check(
    side: HostSide<'_, '_>,
    places: Places,
    echoes: Echoes,
    number: u32,
    reply: EchoReply,
) -> Result<(), Wrong> {
    let line = number % ECHO_SLOTS as u32;
    let payload = (0..echoes.words).map(|index| pattern(number + 1, index)).fold(0, folded);
    let inline = inline(number).map(echoed);
    let wanted = EchoReply { number, payload, answered: number, inline };
    if reply != wanted {
        let what = format!("the answer to {number} is {reply:?} and not {wanted:?}");
        let shown = match reply.payload == payload {
            true => reply_slot(places, number),
            false => word_at(places, line, 0),
        };
        return Err(Wrong::at(shown, what));
    }
    for index in 0..echoes.words {
        let address = word_at(places, line, index);
        let (found, wanted) = (side.read(address), echoed(pattern(number + 1, index)));
        if found != wanted {
            let what = format!("word {index} of payload {number} is {found:#x}, not {wanted:#x}");
            return Err(Wrong::at(address, what));
        }
    }
    Ok(())
}

/// Checks that the device has said that it is over before it closed its rings.
fn see_the_end(replay: &Mutex<&mut Replay>, places: Places, echoes: Echoes) -> Result<(), Wrong> {
    let memory = Memory::new(HostSide::new(replay, echoes.orders), places.actor);
    let view = DeviceView::read(memory.device_line()).filter(is_over);
    let count = u64::from(echoes.questions);
    match view {
        Some(view) if (view.taken(), view.answered()) == (count, count) => Ok(()),
        view => Err(Wrong::at(places.actor + 128, format!("the device shows {view:?}"))),
    }
}

fn is_over(view: &DeviceView) -> bool {
    view.state() == Some(DeviceState::Exited)
}

fn inline(number: u32) -> [u32; 5] {
    core::array::from_fn(|index| pattern(number, 100 + index as u32))
}

/// Returns a word of a payload.
const fn word_at(places: Places, line: u32, index: u32) -> u64 {
    places.payloads + line as u64 * 4 * ECHO_WORDS as u64 + index as u64 * 4
}

/// Returns the first cell of a reply's slot.
fn reply_slot(places: Places, number: u32) -> u64 {
    let ring = (Memory::BYTES - 256) / 2;
    places.actor + 256 + ring + 256 + u64::from(number % ECHO_SLOTS as u32) * 128
}
