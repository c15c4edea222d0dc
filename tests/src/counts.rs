//! What one inference executes on the device, counted by function: the same numbers in every build,
//! on every machine, on any number of threads.

use core::fmt;
use std::collections::BTreeMap;

use isokern_model::Model;
use isokern_model::layout::Layout;
use isokern_simcuda::driver::device::sizes;
use isokern_simcuda::driver::occupancy::Need;
use isokern_simcuda::machine::{Counts, Prediction, predict};

use crate::device::{Device, named_folder, ptx, read};
use crate::vectors::{Case, all_cases};

/// The target whose PTX is counted.
pub const TARGET: u32 = 90;
/// The models: two of the repository, and those of the reference vectors where they are.
pub const MODELS: [&str; 6] =
    ["ad01_int8", "digits", "ic_resnet8_int8", "kws_dscnn_int8", "residual", "vww_mnv1_int8"];

/// What one inference of a model takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCounts {
    /// The model's name.
    pub model: String,
    /// Threads of its block.
    pub threads: u32,
    /// Registers of a thread, as recorded for the kernel.
    pub registers: u32,
    /// Blocks of this kernel that a multiprocessor holds at a time.
    pub blocks: u32,
    /// The longest chain of loads of global memory, each at an address that the one before gave.
    pub chain: u32,
    /// Cycles of a GPU that a model of it predicts; not measured.
    pub prediction: Prediction,
    /// All functions together.
    pub total: Counts,
    /// Functions that ran, by the names that the PTX has.
    pub functions: BTreeMap<String, Counts>,
}

/// Returns the cases that are counted, of those that are there, by name.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> =
        all_cases().into_iter().filter(|case| MODELS.contains(&case.name.as_str())).collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// Counts one inference by the shipped PTX.
///
/// # Panics
///
/// Where the model does not run, or gives other bytes than its reference.
#[must_use]
pub fn count(case: &Case) -> ModelCounts {
    count_with(&ptx(TARGET), case)
}

/// Counts one inference by a text of PTX.
///
/// # Panics
///
/// Where the model does not run, or gives other bytes than its reference.
#[must_use]
pub fn count_with(text: &str, case: &Case) -> ModelCounts {
    let device = Device::new(text, TARGET).with_profiles();
    let artifact = case.convert(Layout::Packed);
    let model = Model::parse(artifact.bytes()).expect("it was just converted");
    let run = device.batch(&artifact, &case.inputs[..model.input_bytes()], |_| {});
    let run = run.unwrap_or_else(|fault| panic!("{}: {fault}", case.name));
    assert!(run.outputs == case.outputs[..run.outputs.len()], "{} differs", case.name);
    let profile = run.profile.expect("the device keeps profiles");
    let mut functions: BTreeMap<String, Counts> = BTreeMap::new();
    for index in 0..device.program.function_count() {
        let counts = profile.of_function(index);
        if counts != Counts::default()
            && let Some(function) = device.program.function(index)
        {
            *functions.entry(function.name.clone()).or_default() += counts;
        }
    }
    let entry = device.program.function(run.entry).expect("it has run");
    let registers = recorded_registers(&entry.name).unwrap_or(entry.registers);
    let shared = u64::from(entry.static_shared + run.launch.shared_bytes);
    let need = Need { threads: run.launch.threads, registers, shared };
    ModelCounts {
        model: case.name.clone(),
        threads: run.launch.threads,
        registers,
        blocks: need.blocks(sizes(TARGET)),
        chain: profile.longest_chain(),
        prediction: predict(&profile.total(), run.launch.threads.div_ceil(32).into()),
        total: profile.total(),
        functions,
    }
}

/// Returns the registers that `kernels-ptx/limits.toml` has for an entry point; `cargo xtask ptx`
/// compares them with the assembler's.
fn recorded_registers(entry: &str) -> Option<u32> {
    let folder = named_folder("ISOKERN_KERNELS");
    let folder =
        folder.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../kernels-ptx").into());
    isokern_simcuda::driver::registers::read(&read(&folder.join("limits.toml"))).get(entry).copied()
}

impl fmt::Display for ModelCounts {
    /// Returns a line for the model, then one for each function; words are apart by tabs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, threads, registers, blocks, chain, prediction, total, functions } = self;
        let line = |f: &mut fmt::Formatter<'_>, counts: &Counts| {
            counts.numbers().iter().try_for_each(|cell| write!(f, "\t{cell}"))
        };
        write!(f, "model\t{model}\t{threads}\t{registers}\t{blocks}\t{chain}")?;
        write!(f, "\t{}\t{}", prediction.least, prediction.most)?;
        line(f, total)?;
        for (name, counts) in functions {
            write!(f, "\nfunction\t{model}\t{name}")?;
            line(f, counts)?;
        }
        Ok(())
    }
}
