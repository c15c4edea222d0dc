//! The shipped resident kernel in a replay: the real requester of `isokern-ring` asks a model
//! actor, which is ordered, stopped and ordered again by the lines that a host writes.

mod steps;
mod tells;

pub use steps::{StepCounts, echo, steps, steps_of};

use core::sync::atomic::AtomicU64;
use std::sync::Mutex;

use bytemuck::Pod;
use isokern_core::MessageHeader;
use isokern_core::actor::{ActorMemory, ActorPlan, AddressedActor, MailboxShape, ModelReply};
use isokern_core::call::Clock;
use isokern_core::compute::ModelArtifact;
use isokern_core::device::{
    ActorShape, BlockOrder, BlockPhase, BlockReport, ENTRY_RESIDENT, FAULT_AT, FaultRecord,
    MODEL_ENTRY, ModelShape, ORDER_BYTES, REPORT_BYTES, RESIDENT_VERSION, ResidentParameters,
    resident_key,
};
use isokern_core::ring::{
    AddressSpace, AddressedLine, BufferHandle, DeviceState, DeviceView, HostControl, LendingWords,
    PoolLayout, PopError,
};
use isokern_model::Model;
use isokern_ring::Requester;
use isokern_simcuda::machine::Launch;
use isokern_simcuda::memory::Kind;
use isokern_simcuda::replay::{Replay, Wrong};

use crate::device::Device;
use crate::replay_words::{HostSide, Orders, ReplayWord};

/// Looks without an answer after which one counts as lost.
const LOOKS: u32 = 400_000;
/// Steps of the device between two looks.
const STEPS: u32 = 64;
/// Steps within which the kernel has to end once it is asked to.
const STEPS_TO_END: u64 = 20_000_000;
/// A lease that no test lives to see, in ns.
const LONG: u64 = 1 << 60;
/// The number of the pool.
const POOL: u32 = 5;
const BUFFERS: u32 = 4;

type Memory<'a, 'r> = AddressedActor<HostSide<'a, 'r>, 8>;
type Asker<'a, 'r> = Requester<Memory<'a, 'r>, BufferHandle, ModelReply, HostSide<'a, 'r>>;

/// A resident grid of one block with what a host shares with it.
#[derive(Debug)]
pub struct ResidentReplay<'d> {
    device: &'d Device,
    entry: &'static str,
    grid_line: u64,
    orders: u64,
    reports: u64,
    actor: u64,
    pool: u64,
    layout: PoolLayout,
    order: BlockOrder,
    lease_ns: u64,
    orders_kept: Orders,
    accesses: Option<&'d AtomicU64>,
    threads: u32,
    arena_bytes: u32,
    input_len: usize,
}

impl<'d> ResidentReplay<'d> {
    /// Returns memory for a grid that runs this model, copied by the block.
    #[must_use]
    pub fn new(device: &'d Device, artifact: &ModelArtifact) -> Self {
        let model = Model::parse(artifact.bytes()).expect("the artifact is a model");
        let payload_bytes = model.input_bytes() + model.output_bytes();
        let layout = PoolLayout::new(BUFFERS, payload_bytes as u32);
        let mapped = |bytes| mapped(device, bytes);
        let blob = artifact.bytes();
        let staging = mapped(blob.len() as u64);
        device.memory.write(staging, blob).expect("it was allocated");
        let state_bytes = model.state_bytes();
        let order = BlockOrder {
            key: resident_key(MODEL_ENTRY),
            memory: mapped(ModelShape::actor_bytes()),
            first_state: mapped(4),
            state_bytes: 4,
            shape: ActorShape { slots: 8, lines: 1, mailboxes: 1 },
            model: device.upload(&vec![0; blob.len()]),
            model_bytes: blob.len() as u64,
            staging,
            model_state: if state_bytes > 0 { device.upload(&vec![0xA5; state_bytes]) } else { 0 },
            pool: mapped(layout.bytes()),
            pool_buffers: (layout.count(), layout.buffer_bytes()),
            pool_number: POOL,
            ..BlockOrder::default().with_plan(&ActorPlan::new())
        };
        Self {
            device,
            entry: ENTRY_RESIDENT,
            grid_line: mapped(128),
            orders: mapped(ORDER_BYTES),
            reports: mapped(REPORT_BYTES),
            actor: order.memory,
            pool: order.pool,
            layout,
            order,
            lease_ns: LONG,
            orders_kept: Orders::Kept,
            accesses: None,
            threads: 96,
            arena_bytes: model.arena_bytes() as u32,
            input_len: model.input_bytes(),
        }
    }

    /// Returns the same with another lease of the grid, in ns.
    #[must_use]
    pub const fn with_lease(self, lease_ns: u64) -> Self {
        Self { lease_ns, ..self }
    }

    /// Returns the same with a host that leaves orders of its accesses out.
    #[must_use]
    pub const fn with_host_orders(self, orders_kept: Orders) -> Self {
        Self { orders_kept, ..self }
    }

    /// Returns the same with a host that stops for good after so many accesses
    /// ([`HostSide::stopping_after`]).
    #[must_use]
    pub const fn with_accesses(self, accesses: &'d AtomicU64) -> Self {
        Self { accesses: Some(accesses), ..self }
    }

    /// Returns the order that is given; change it before.
    pub const fn order_mut(&mut self) -> &mut BlockOrder {
        &mut self.order
    }

    /// Returns the address of the pool of payloads.
    #[must_use]
    pub const fn pool(&self) -> u64 {
        self.pool
    }

    /// Launches the grid.
    pub fn launch(&self, replay: &mut Replay) {
        let parameters = ResidentParameters {
            version: RESIDENT_VERSION,
            block_count: 1,
            grid_line: self.grid_line,
            orders: self.orders,
            reports: self.reports,
            lease_ns: self.lease_ns,
        };
        let launch = Launch {
            entry: self.device.entry(self.entry),
            grid: [1, 1, 1],
            block: [self.threads, 1, 1],
            dynamic_shared: self.arena_bytes.next_multiple_of(16),
            parameters: bytemuck::bytes_of(&parameters).to_vec(),
            resident_max: 1,
        };
        replay.launch(&self.device.program, launch);
    }

    /// Orders the model, asks it for each sample, and lets its life end. Returns the outputs.
    ///
    /// # Errors
    ///
    /// What was wrong: a report, an answer, a fault, an end that does not come.
    pub fn ask_all(
        &self,
        replay: &mut Replay,
        epoch: u32,
        inputs: &[i8],
    ) -> Result<Vec<i8>, Wrong> {
        let asked = self.order_and_ask(replay, epoch, inputs);
        if asked.is_err() {
            // The fault that kept the answer from coming says more.
            replay.finish(1)?;
        }
        asked
    }

    fn order_and_ask(
        &self,
        replay: &mut Replay,
        epoch: u32,
        inputs: &[i8],
    ) -> Result<Vec<i8>, Wrong> {
        let zeros = vec![0; ModelShape::actor_bytes() as usize];
        self.device.memory.write(self.actor, &zeros).expect("it is allocated");
        let zeros = vec![0; self.layout.bytes() as usize];
        self.device.memory.write(self.pool, &zeros).expect("it is allocated");
        let shared = Mutex::new(replay);
        let side = HostSide::new(&shared, self.orders_kept).stopping_after(self.accesses);
        self.begin(side, epoch)?;
        let memory = Memory::new(side, self.actor);
        let asker = Asker::try_new(memory, 0, side).expect("there is one mailbox");
        let outputs = self.ask(side, asker, inputs)?;
        self.wait_for(side, epoch, BlockPhase::Idle)?;
        match DeviceView::read(memory.device_line()) {
            Some(view) if view.state() == Some(DeviceState::Exited) => Ok(outputs),
            view => Err(Wrong::at(self.actor + 128, format!("the device shows {view:?}"))),
        }
    }

    /// Orders the actor, and waits until it runs.
    fn begin(&self, side: HostSide<'_, '_>, epoch: u32) -> Result<(), Wrong> {
        HostControl::new().renew_lease(&AddressedLine::new(side, self.grid_line), 0);
        let order =
            BlockOrder { staging: if epoch == 1 { self.order.staging } else { 0 }, ..self.order };
        order.publish(&AddressedLine::new(side, self.orders), epoch);
        self.wait_for(side, epoch, BlockPhase::Running)
    }

    /// Asks for each sample, one after the other, and closes.
    fn ask(
        &self,
        side: HostSide<'_, '_>,
        mut asker: Asker<'_, '_>,
        inputs: &[i8],
    ) -> Result<Vec<i8>, Wrong> {
        let input_len = self.input_len;
        let mut outputs = Vec::new();
        for (number, input) in inputs.chunks_exact(input_len).enumerate() {
            let index = number as u32 % BUFFERS;
            let handle = self.lend(side, index, input);
            asker.try_ask(MessageHeader::new(), handle).expect("there is room");
            let reply = self.answer(side, &mut asker)?;
            outputs.extend(self.output(side, index, reply)?);
        }
        Ok(outputs)
    }

    /// Writes an input to a buffer, and lends it.
    fn lend(&self, side: HostSide<'_, '_>, index: u32, input: &[i8]) -> BufferHandle {
        let buffer = self.pool + self.layout.buffer_at(index);
        for (at, word) in input.chunks(4).enumerate() {
            let mut bytes = [0; 4];
            bytes[..word.len()].copy_from_slice(bytemuck::cast_slice(word));
            side.write(buffer + 4 * at as u64, u32::from_le_bytes(bytes));
        }
        let generation = self.words(side, index).lend().expect("it came back");
        BufferHandle { index, generation, length_bytes: self.layout.buffer_bytes(), pool: POOL }
    }

    /// Returns the output in a buffer that has come back.
    fn output(
        &self,
        side: HostSide<'_, '_>,
        index: u32,
        reply: ModelReply,
    ) -> Result<Vec<i8>, Wrong> {
        let (input_len, total) = (self.input_len, self.layout.buffer_bytes() as usize);
        let buffer = self.pool + self.layout.buffer_at(index);
        if !self.words(side, index).is_home() || reply.output_offset as usize != input_len {
            return Err(Wrong::at(buffer, format!("the buffer is not back: {reply:?}")));
        }
        let all: Vec<u8> = (0..total.div_ceil(4))
            .flat_map(|at| side.read(buffer + 4 * at as u64).to_le_bytes())
            .collect();
        Ok(bytemuck::cast_slice(&all[input_len..total]).to_vec())
    }

    fn words<'a, 'r>(
        &self,
        side: HostSide<'a, 'r>,
        index: u32,
    ) -> LendingWords<ReplayWord<'a, 'r>> {
        LendingWords::new(
            side.word(self.pool + self.layout.lent_at(index)),
            side.word(self.pool + self.layout.returned_at(index)),
        )
    }

    fn answer<M: ActorMemory, Q: Pod, R: Pod>(
        &self,
        side: HostSide<'_, '_>,
        asker: &mut Requester<M, Q, R, impl Clock>,
    ) -> Result<R, Wrong> {
        for _ in 0..LOOKS {
            match asker.try_answer() {
                Ok(answer) => {
                    return answer.result.map_err(|error| Wrong::at(self.actor, error.to_string()));
                }
                Err(PopError::Empty) => side.wait(STEPS),
                Err(PopError::Closed) => break,
            }
        }
        Err(Wrong::at(self.actor, format!("no answer; {}", self.fault())))
    }

    /// Waits until the block reports a phase of an epoch.
    ///
    /// # Errors
    ///
    /// Another phase that does not lead there, or none in time.
    pub fn wait_for(
        &self,
        side: HostSide<'_, '_>,
        epoch: u32,
        phase: BlockPhase,
    ) -> Result<(), Wrong> {
        let line = AddressedLine::new(side, self.reports);
        let mut last = None;
        for _ in 0..LOOKS {
            last = BlockReport::read(&line);
            match last {
                Some(report) if report.epoch() == epoch && report.phase() == Some(phase) => {
                    return Ok(());
                }
                Some(report) if report.is_over() || report.refusal().is_some() => break,
                _ => side.wait(STEPS),
            }
        }
        let what = format!("{phase:?} of {epoch} does not come: {last:?}; {}", self.fault());
        Err(Wrong::at(self.reports, what))
    }

    /// Tells the grid to stop, and runs it to its end.
    ///
    /// # Errors
    ///
    /// A fault, or an end that does not come.
    pub fn stop(&self, replay: &mut Replay) -> Result<(), Wrong> {
        let shared = Mutex::new(&mut *replay);
        let side = HostSide::new(&shared, self.orders_kept);
        HostControl::new().stop(&AddressedLine::new(side, self.grid_line));
        match replay.finish(STEPS_TO_END)? {
            true => Ok(()),
            false => Err(Wrong::at(self.grid_line, "the kernel does not end")),
        }
    }

    /// Returns what the fault record of the block says.
    fn fault(&self) -> String {
        let record = self.device.download(self.reports + FAULT_AT, size_of::<FaultRecord>());
        let record: FaultRecord = bytemuck::pod_read_unaligned(&record);
        record.fault().map_or_else(|| "no fault".into(), |fault| fault.to_string())
    }
}

/// Allocates mapped memory, all zero.
pub(crate) fn mapped(device: &Device, bytes: u64) -> u64 {
    let address = device.memory.allocate(bytes, Kind::Pinned).expect("there is room");
    device.memory.write(address, &vec![0; bytes as usize]).expect("it was allocated");
    address
}
