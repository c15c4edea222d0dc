//! Answers a host's requester over rings, which checks every reply and its payload.
#![allow(unsafe_code)]

use core::arch::asm;

use isokern_core::actor::{ActorMemory, AddressedActor, Envelope, Mailbox, ReplyHeader};
use isokern_core::device::{
    ECHO_CLOSED, ECHO_SLOTS, ECHO_STOPPED, ECHO_TIRED, ECHO_WORDS, EchoQuestion, EchoReply, echoed,
    folded,
};
use isokern_core::ring::{
    DeviceControl, DeviceState, HostView, PopError, ReplierState, WireHeader,
};

use super::{Instant, Output};
use isokern_device::registers;
use isokern_device::words::SystemMemory;

/// The memory of the actor: one mailbox.
type Memory = AddressedActor<SystemMemory, ECHO_SLOTS>;

/// Looks in vain after which a lane sleeps between two.
const LOOKS_AWAKE: u32 = 64;

/// How long it sleeps then, in ns.
const SLEEP_NS: u32 = 500;

/// Answers questions of a mailbox with core's own source, by one lane, until the requester closes,
/// the host's line says stop, or `looks` looks in a row were in vain.
///
/// A question is an [`EchoQuestion`]; its payload, written with plain stores before it was asked,
/// is read and replaced with plain loads and stores, and the reply says what was found. A stop is
/// looked for where the ring is empty, so what was asked before is answered. `completed` counts
/// the answers, `observed` the looks in vain, `violations` the replies that did not fit; `last`
/// says why it ended.
///
/// # Safety
///
/// `memory` is that of an actor ([`AddressedActor`], one mailbox of four slots) in memory that the
/// host maps, `payloads` are as many lines of 128 bytes there, both aligned to 128 and zeroed;
/// `output` is a record.
// SAFETY: the name is this crate's.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn isokern_probe_ring_echo(
    memory: u64,
    payloads: u64,
    looks: u32,
    output: u64,
) {
    if registers::thread() != 0 || registers::block() != 0 {
        return;
    }
    // SAFETY: by this function's contract the actor's bytes are there, and it asks for no others.
    let memory = Memory::new(unsafe { SystemMemory::new() }, memory);
    // SAFETY: by this function's contract.
    let output = unsafe { Output::at(output) };
    let start = Instant::now();
    let mut echo = Echo {
        payloads,
        replier: ReplierState::new(),
        device: DeviceControl::new(),
        answered: 0,
        violations: 0,
    };
    echo.device.enter(memory.device_line(), DeviceState::Running);
    let (mut in_vain, mut in_a_row) = (0_u64, 0);
    let reason = loop {
        match echo.turn(&memory) {
            Ok(()) => {
                in_a_row = 0;
                continue;
            }
            Err(PopError::Closed) => break ECHO_CLOSED,
            Err(PopError::Empty) => {}
        }
        if HostView::read(memory.host_line()).is_some_and(|view| view.is_stopped()) {
            break ECHO_STOPPED;
        }
        if in_a_row >= looks {
            break ECHO_TIRED;
        }
        (in_vain, in_a_row) = (in_vain + 1, in_a_row + 1);
        if in_a_row > LOOKS_AWAKE {
            registers::sleep(SLEEP_NS);
        }
    };
    echo.leave(&memory);
    output.add_violations(echo.violations);
    output.add_observed(in_vain);
    output.set_last(reason);
    output.completed(echo.answered.into(), start);
}

/// The answering side.
struct Echo {
    payloads: u64,
    replier: ReplierState,
    device: DeviceControl,
    answered: u32,
    violations: u64,
}

impl Echo {
    /// Takes a message and answers it, if there is one.
    #[inline(always)]
    fn turn(&mut self, memory: &Memory) -> Result<(), PopError> {
        let Some(mailbox) = memory.mailbox(0) else {
            return Err(PopError::Closed);
        };
        let Envelope::<WireHeader, EchoQuestion> { header, body } =
            self.replier.try_pop(mailbox.requests())?;
        let payload = self.exchange(&body);
        if header.kind() == WireHeader::ASK {
            let EchoQuestion { number, inline, .. } = body;
            let answered = self.answered;
            let body = EchoReply { number, payload, answered, inline: inline.map(echoed) };
            let reply = Envelope::new(ReplyHeader::new(header.sequence(), Ok(())), body);
            let refused = self.replier.reply(mailbox.replies(), reply).is_err();
            self.violations += u64::from(refused);
        } else {
            self.replier.acknowledge(mailbox.requests());
        }
        self.answered = self.answered.wrapping_add(1);
        Ok(())
    }

    /// Reads a payload and puts what it comes back as in its place.
    fn exchange(&self, question: &EchoQuestion) -> u32 {
        let line = question.line % ECHO_SLOTS as u32;
        let start = self.payloads + u64::from(line) * (4 * ECHO_WORDS as u64);
        let mut payload = 0;
        for index in 0..question.words.min(ECHO_WORDS as u32) {
            let address = start + u64::from(index) * 4;
            let word: u32;
            // SAFETY: a word of the line, which is this side's from the question to the reply.
            unsafe {
                asm!(
                    "ld.global.u32 {v}, [{a}];",
                    a = in(reg64) address, v = out(reg32) word, options(nostack),
                );
            }
            payload = folded(payload, word);
            // SAFETY: as above.
            unsafe {
                asm!(
                    "st.global.u32 [{a}], {v};",
                    a = in(reg64) address, v = in(reg32) echoed(word), options(nostack),
                );
            }
        }
        payload
    }

    /// Shows the last state and the counts, then closes: who finds the rings closed can read why.
    fn leave(&mut self, memory: &Memory) {
        let line = memory.device_line();
        self.device.count_answered(line, self.answered.into());
        self.device.count_taken(line, self.answered.into());
        self.device.enter(line, DeviceState::Exited);
        if let Some(mailbox) = memory.mailbox(0) {
            self.replier.close(mailbox.requests(), mailbox.replies());
        }
    }
}
