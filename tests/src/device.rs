//! The shipped PTX on the stand-in's machine: texts by target, and a batch run from bytes to bytes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use isokern_core::compute::ModelArtifact;
use isokern_core::device::{
    BATCH_VERSION, BatchLaunch, BatchParameters, DeviceLimits, ENTRY_BATCH, ENTRY_BATCH_ALL,
    FaultRecord, ModelFootprint, plan_batch,
};
use isokern_model::{BaseOperators, Model, OperatorSet};
use isokern_simcuda::machine::{Counters, Engine, Fault, Grid, Launch, Profile, Progress};
use isokern_simcuda::memory::{Kind, Memory};
use isokern_simcuda::program::{Limits, Program};
use isokern_simcuda::replay::{Replay, Wrong};

/// Steps after which a run by seed counts as one that hangs.
const STEPS_MAX: u64 = 50_000_000;

/// The targets PTX is shipped for.
pub const TARGETS: [u32; 3] = [75, 80, 90];

/// Returns the PTX of a target, from the folder `ISOKERN_PTX` names or from the repository.
#[must_use]
pub fn ptx(target: u32) -> String {
    let folder = named_folder("ISOKERN_PTX");
    let folder = folder.unwrap_or_else(|| root().join("crates/isokern-cuda/ptx"));
    read(&folder.join(format!("isokern_sm{target}.ptx")))
}

/// Returns the folder an environment variable names; a relative path starts at the repository's
/// root.
#[must_use]
pub fn named_folder(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(|folder| root().join(folder))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Reads a text file.
#[must_use]
pub fn read(path: &PathBuf) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the limits of the devices that are simulated, by target: shared memory of a block with
/// opt-in, and of a multiprocessor (CUDA programming guide, technical specifications).
#[must_use]
pub fn limits(target: u32, registers_per_thread: u32) -> DeviceLimits {
    let (block, multiprocessor, threads) = match target {
        75 => (64 << 10, 64 << 10, 1024),
        80 => (163 << 10, 164 << 10, 2048),
        _ => (227 << 10, 228 << 10, 2048),
    };
    DeviceLimits {
        multiprocessors: 4,
        shared_bytes_per_block: block - 1024,
        shared_bytes_per_multiprocessor: multiprocessor,
        shared_bytes_reserved: 1024,
        threads_per_multiprocessor: threads,
        registers: 65_536,
        registers_per_thread,
        threads_per_block: 1024,
    }
}

/// A device with one module loaded.
#[derive(Debug)]
pub struct Device {
    /// Its memory.
    pub memory: Arc<Memory>,
    /// The module.
    pub program: Arc<Program>,
    target: u32,
    /// Whether batches are counted instruction by instruction.
    profiles: bool,
}

/// What a batch gave.
#[derive(Debug)]
pub struct BatchRun {
    /// The outputs, one after the other.
    pub outputs: Vec<i8>,
    /// What the device wrote about faults.
    pub record: FaultRecord,
    /// What it took.
    pub counters: Counters,
    /// How it was launched.
    pub launch: BatchLaunch,
    /// What it took, instruction by instruction.
    pub profile: Option<Profile>,
    /// The index of the kernel.
    pub entry: usize,
}

impl Device {
    /// Returns a device of `target` with `text` loaded.
    #[must_use]
    pub fn new(text: &str, target: u32) -> Self {
        let memory = Arc::new(Memory::new(1 << 30));
        let limits = Limits { isa: (9, 0), sm: target };
        let program = Program::load(text, &memory, limits);
        let program = program.unwrap_or_else(|error| panic!("sm_{target}: {error}"));
        Self { memory, program: Arc::new(program), target, profiles: false }
    }

    /// Returns the same device, which counts what batches do instruction by instruction.
    #[must_use]
    pub fn with_profiles(self) -> Self {
        Self { profiles: true, ..self }
    }

    /// Returns the index of a kernel.
    #[must_use]
    pub fn entry(&self, name: &str) -> usize {
        self.program.entry(name).unwrap_or_else(|| panic!("no kernel {name}"))
    }

    /// Returns the number of the one function whose name has these pieces.
    ///
    /// # Panics
    ///
    /// When there is none, or more than one.
    #[must_use]
    pub fn function(&self, pieces: &[&str]) -> usize {
        let mut all = (0..self.program.function_count()).filter(|index| {
            let name = self.program.function(*index).map_or("", |function| function.name.as_str());
            pieces.iter().all(|piece| name.contains(piece))
        });
        let function = all.next().unwrap_or_else(|| panic!("no function of {pieces:?}"));
        assert!(all.next().is_none(), "there is more than one of {pieces:?}");
        function
    }

    /// Allocates device memory with these bytes in it, and returns its address.
    #[must_use]
    pub fn upload(&self, bytes: &[u8]) -> u64 {
        let address = self.memory.allocate(bytes.len() as u64, Kind::Device);
        let address = address.expect("there is room");
        self.memory.write(address, bytes).expect("it was just allocated");
        address
    }

    /// Returns bytes of device memory.
    #[must_use]
    pub fn download(&self, address: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.memory.read(address, &mut bytes).expect("it is allocated");
        bytes
    }

    /// Runs a launch to its end, in turns.
    ///
    /// # Errors
    ///
    /// The fault that ended it.
    pub fn run(&self, launch: Launch) -> Result<Counters, Box<Fault>> {
        self.run_grid(&mut Grid::new(&self.program, launch))
    }

    fn run_grid(&self, grid: &mut Grid) -> Result<Counters, Box<Fault>> {
        let mut engine = Engine::new(&self.memory);
        while engine.run(grid, 1 << 20)? == Progress::Running {}
        Ok(grid.counters())
    }

    /// Lays out the parameters of a kernel; each value is cut to its parameter's size.
    #[must_use]
    pub fn parameters(&self, entry: usize, values: &[u64]) -> Vec<u8> {
        let function = self.program.function(entry).expect("it was found");
        assert_eq!(function.parameters.len(), values.len(), "{}", function.name);
        let mut bytes = vec![0; function.parameter_bytes as usize];
        for (place, value) in function.parameters.iter().zip(values) {
            let (start, len) = (place.offset as usize, place.bytes as usize);
            bytes[start..start + len].copy_from_slice(&value.to_le_bytes()[..len]);
        }
        bytes
    }

    /// Runs a launch in a replay to its end: by its seed, with what it may do to memory.
    ///
    /// # Errors
    ///
    /// The fault that ended it, or that it does not end.
    pub fn run_in(&self, replay: &mut Replay, launch: Launch) -> Result<(), Wrong> {
        replay.launch(&self.program, launch);
        let is_over = replay.finish(STEPS_MAX)?;
        if is_over { Ok(()) } else { Err(Wrong::new("it does not end")) }
    }

    /// Runs a model over inputs; `change` may change what was planned.
    ///
    /// # Errors
    ///
    /// The fault that ended it.
    pub fn batch(
        &self,
        artifact: &ModelArtifact,
        inputs: &[i8],
        change: impl Fn(&mut BatchLaunch),
    ) -> Result<BatchRun, Box<Fault>> {
        let mut batch = self.prepare(artifact, artifact.bytes(), inputs);
        change(&mut batch.launch);
        self.finish(batch, |_| {})
    }

    /// Runs a batch as [`batch`](Self::batch), on the entry of this name.
    ///
    /// # Errors
    ///
    /// The fault that ended it.
    pub fn batch_on(
        &self,
        entry: &str,
        artifact: &ModelArtifact,
        inputs: &[i8],
    ) -> Result<BatchRun, Box<Fault>> {
        let batch = self.prepare(artifact, artifact.bytes(), inputs);
        self.finish(ReadyBatch { entry: self.entry(entry), ..batch }, |_| {})
    }

    /// Runs a batch as [`batch`](Self::batch), in a replay: by its seed, with what it may do to
    /// memory.
    ///
    /// # Errors
    ///
    /// The fault that ended it, or that it does not end.
    pub fn batch_in(
        &self,
        replay: &mut Replay,
        artifact: &ModelArtifact,
        inputs: &[i8],
    ) -> Result<Vec<i8>, Wrong> {
        let (_, outputs) = self.batch_at(replay, artifact, inputs)?;
        Ok(outputs)
    }

    /// Runs a batch as [`batch_in`](Self::batch_in), whose outputs are known.
    ///
    /// # Errors
    ///
    /// As there, and the first output that is another.
    pub fn batch_gives(
        &self,
        replay: &mut Replay,
        artifact: &ModelArtifact,
        inputs: &[i8],
        wanted: &[i8],
    ) -> Result<(), Wrong> {
        let (address, found) = self.batch_at(replay, artifact, inputs)?;
        assert_eq!(found.len(), wanted.len(), "outputs of all samples");
        match found.iter().zip(wanted).position(|(found, wanted)| found != wanted) {
            None => Ok(()),
            Some(index) => {
                let what = format!("output {index} is {}, not {}", found[index], wanted[index]);
                Err(Wrong::at(address + index as u64, what))
            }
        }
    }

    /// Returns the outputs, and their address.
    fn batch_at(
        &self,
        replay: &mut Replay,
        artifact: &ModelArtifact,
        inputs: &[i8],
    ) -> Result<(u64, Vec<i8>), Wrong> {
        let batch = self.prepare(artifact, artifact.bytes(), inputs);
        let (launch, parameters) = self.ready(batch, |_| {});
        self.run_in(replay, launch)?;
        let BatchParameters { outputs: address, output_bytes, sample_count, .. } = parameters;
        let outputs = self.download(address, (sample_count * output_bytes) as usize);
        Ok((address, bytemuck::cast_slice(&outputs).to_vec()))
    }

    /// Runs a batch as [`batch`](Self::batch); `change` may change the parameters.
    ///
    /// # Errors
    ///
    /// The fault that ended it.
    pub fn batch_with_parameters(
        &self,
        artifact: &ModelArtifact,
        inputs: &[i8],
        change: impl Fn(&mut BatchParameters),
    ) -> Result<BatchRun, Box<Fault>> {
        let batch = self.prepare(artifact, artifact.bytes(), inputs);
        self.finish(batch, change)
    }

    /// Runs a batch as [`batch`](Self::batch), with other bytes in place of the model's, not
    /// checked.
    ///
    /// # Errors
    ///
    /// The fault that ended it.
    pub fn batch_of_bytes(
        &self,
        artifact: &ModelArtifact,
        bytes: &[u8],
        inputs: &[i8],
    ) -> Result<BatchRun, Box<Fault>> {
        let batch = self.prepare(artifact, bytes, inputs);
        self.finish(batch, |_| {})
    }

    /// Plans a batch and puts its bytes in memory.
    fn prepare(&self, artifact: &ModelArtifact, bytes: &[u8], inputs: &[i8]) -> ReadyBatch {
        let model = Model::parse(artifact.bytes()).expect("the artifact is a model");
        let (input_len, output_len) = (model.input_bytes(), model.output_bytes());
        let samples = inputs.len() / input_len;
        let footprint = ModelFootprint {
            model_bytes: bytes.len() as u64,
            arena_bytes: model.arena_bytes() as u64,
        };
        let is_base = BaseOperators::KINDS.contains_all(model.operator_set());
        let entry = self.entry(if is_base { ENTRY_BATCH } else { ENTRY_BATCH_ALL });
        let function = self.program.function(entry).expect("it was found");
        let limits = limits(self.target, function.registers);
        let launch = plan_batch(&footprint, &limits, samples as u64).expect("it fits");
        let parameters = BatchParameters {
            version: BATCH_VERSION,
            model: self.upload(bytes),
            model_bytes: footprint.model_bytes,
            inputs: self.upload(bytemuck::cast_slice(inputs)),
            input_bytes: input_len as u64,
            outputs: self.upload(&vec![0x5A; samples * output_len]),
            output_bytes: output_len as u64,
            sample_count: samples as u64,
            fault: self.upload(bytemuck::bytes_of(&FaultRecord::default())),
            stream_samples: 1,
            ..BatchParameters::default()
        };
        ReadyBatch { entry, launch, parameters }
    }

    /// Returns the launch of a batch as it is planned now, and its parameters.
    fn ready(
        &self,
        batch: ReadyBatch,
        change: impl Fn(&mut BatchParameters),
    ) -> (Launch, BatchParameters) {
        let ReadyBatch { entry, launch, mut parameters } = batch;
        parameters.flags = launch.flags.bits();
        parameters.arena_bytes = launch.arena_bytes;
        parameters.scratch_stride = launch.arena_bytes;
        if launch.scratch_bytes > 0 {
            let scratch = self.memory.allocate(launch.scratch_bytes, Kind::Device);
            parameters.scratch = scratch.expect("there is room");
        }
        let planned = parameters;
        change(&mut parameters);
        let launch = Launch {
            entry,
            grid: [launch.blocks, 1, 1],
            block: [launch.threads, 1, 1],
            dynamic_shared: launch.shared_bytes,
            parameters: bytemuck::bytes_of(&parameters).to_vec(),
            resident_max: 8,
        };
        (launch, planned)
    }

    /// Runs a batch as it is planned now.
    fn finish(
        &self,
        batch: ReadyBatch,
        change: impl Fn(&mut BatchParameters),
    ) -> Result<BatchRun, Box<Fault>> {
        let planned = batch.launch;
        let (launch, parameters) = self.ready(batch, change);
        let BatchParameters { outputs, output_bytes, sample_count, fault, .. } = parameters;
        let entry = launch.entry;
        let mut grid = Grid::new(&self.program, launch);
        if self.profiles {
            grid.keep_profile();
        }
        let counters = self.run_grid(&mut grid)?;
        let outputs = self.download(outputs, (sample_count * output_bytes) as usize);
        let record = self.download(fault, size_of::<FaultRecord>());
        Ok(BatchRun {
            outputs: bytemuck::cast_slice(&outputs).to_vec(),
            record: bytemuck::pod_read_unaligned(&record),
            counters,
            launch: planned,
            profile: grid.profile().cloned(),
            entry,
        })
    }
}

/// A batch that is ready to run.
struct ReadyBatch {
    entry: usize,
    launch: BatchLaunch,
    parameters: BatchParameters,
}
