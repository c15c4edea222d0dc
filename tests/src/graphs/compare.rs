//! One graph: converted, run in every form, and compared with what TFLite Micro gave.

use core::fmt;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use isokern_core::compute::ModelArtifact;
use isokern_cpu::{ArtifactBackend, InstructionSet};
use isokern_import::convert;
use isokern_model::layout::Layout;
use isokern_model::operators::OpKind;

use super::{Graphs, Record};
use crate::device::Device;

/// Where states begin on a device, a multiple of this.
const STATE_ALIGN: usize = 16;

/// What came of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every byte is equal; with the kinds of the packed model.
    Equal(Vec<OpKind>),
    /// The file does not convert.
    Refused(String),
    /// A value differs.
    Differs(Box<Difference>),
    /// The conversion or a run panicked or failed.
    Failed(String),
}

/// Which outputs a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Every value that an operator writes.
    Values,
    /// The last values only.
    Ends,
}

/// The first byte that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The graph.
    pub seed: u64,
    /// Its outputs.
    pub form: Form,
    /// What ran it.
    pub runner: String,
    /// The run, from 0.
    pub run: usize,
    /// Index and TFLite's name of the operator.
    pub operator: (usize, String),
    /// The element type.
    pub dtype: String,
    /// The byte of the value, from 0.
    pub byte: usize,
    /// What we computed, then what TFLite Micro computed.
    pub found: [u8; 2],
    /// How many bytes of the value differ.
    pub count: usize,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, form, runner, run, operator: (index, name), dtype, byte, .. } = self;
        let [found, wanted] = self.found;
        write!(
            f,
            "seed {seed}, {form:?}, {runner}, run {run}: operator {index} ({name}), {dtype}: \
             byte {byte} is {found}, TFLite Micro has {wanted} ({} bytes differ)",
            self.count
        )
    }
}

/// Checks a graph on the CPU, in both forms, both layouts and with every instruction set.
#[must_use]
pub fn check(graphs: &Graphs, record: &Record) -> Verdict {
    guarded(|| both_forms(graphs, record, |artifact, form| on_cpu(graphs, record, artifact, form)))
}

/// Checks the first runs of a graph as device code; `runs_max` is for graphs without state.
#[must_use]
pub fn check_on_device(
    device: &Device,
    graphs: &Graphs,
    record: &Record,
    runs_max: usize,
) -> Verdict {
    let count = if record.stream { record.runs } else { runs_max.min(record.runs) };
    guarded(|| {
        both_forms(graphs, record, |artifact, form| {
            let [artifact, _] = artifact;
            let inputs: Vec<i8> = graphs.inputs(record)[..count].concat().to_i8();
            let state = initial_state(artifact);
            let memory = device.upload(&state);
            let run = device.batch_with_parameters(artifact, &inputs, |parameters| {
                if record.stream {
                    parameters.state = memory;
                    parameters.state_stride = state.len() as u64;
                    parameters.stream_samples = count as u64;
                }
            });
            let run = run.map_err(|fault| fault.to_string())?;
            if let Some(fault) = run.record.fault() {
                return Err(fault.to_string());
            }
            let outputs: Vec<u8> = bytemuck::cast_slice(&run.outputs).to_vec();
            let found: Vec<&[u8]> = super::runs(&outputs, count);
            Ok(compare(graphs, record, form, "sm_90", &found))
        })
    })
}

/// Returns the state that a stream begins with, as long as one on a device.
fn initial_state(artifact: &ModelArtifact) -> Vec<u8> {
    let model = isokern_model::Model::parse(artifact.bytes()).expect("it was just converted");
    let mut state = vec![0; model.state_bytes().next_multiple_of(STATE_ALIGN).max(STATE_ALIGN)];
    model.reset_state(&mut state[..model.state_bytes()]);
    state
}

/// Reads bytes as the values of a payload.
trait ToI8 {
    fn to_i8(self) -> Vec<i8>;
}

impl ToI8 for Vec<u8> {
    fn to_i8(self) -> Vec<i8> {
        self.into_iter().map(u8::cast_signed).collect()
    }
}

fn guarded(check: impl FnOnce() -> Verdict) -> Verdict {
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Verdict::Failed(format!("panicked: {}", text.unwrap_or_default()))
    })
}

/// The packed model in the layout of vector loops, and in that of plain ones.
type Artifacts = [ModelArtifact; 2];

fn both_forms(
    graphs: &Graphs,
    record: &Record,
    run: impl Fn(&Artifacts, Form) -> Result<Option<Difference>, String>,
) -> Verdict {
    let mut kinds = Vec::new();
    for (form, file) in [(Form::Values, graphs.model(record)), (Form::Ends, graphs.end(record))] {
        if file.is_empty() {
            continue;
        }
        let artifacts = match artifacts(file) {
            Ok(artifacts) => artifacts,
            Err(refusal) => return Verdict::Refused(refusal),
        };
        if form == Form::Values {
            kinds = kinds_of(&artifacts[0]);
        }
        match run(&artifacts, form) {
            Err(text) => return Verdict::Failed(format!("{form:?}: {text}")),
            Ok(Some(difference)) => return Verdict::Differs(Box::new(difference)),
            Ok(None) => {}
        }
    }
    Verdict::Equal(kinds)
}

fn artifacts(file: &[u8]) -> Result<Artifacts, String> {
    let artifact = |layout| {
        let conversion = convert(file, layout).map_err(|error| error.to_string())?;
        Ok::<_, String>(ModelArtifact::from_bytes(conversion.blob))
    };
    Ok([artifact(Layout::Packed)?, artifact(Layout::Row)?])
}

fn kinds_of(artifact: &ModelArtifact) -> Vec<OpKind> {
    let model = isokern_model::Model::parse(artifact.bytes()).expect("it was just converted");
    let sites = (0..model.operator_count()).filter_map(|index| model.operator_site(index));
    sites.filter_map(|site| site.kind()).collect()
}

fn on_cpu(
    graphs: &Graphs,
    record: &Record,
    artifacts: &Artifacts,
    form: Form,
) -> Result<Option<Difference>, String> {
    for artifact in artifacts {
        for instructions in InstructionSet::available() {
            let found = run_on_cpu(graphs, record, artifact, instructions)?;
            let found: Vec<&[u8]> = found.iter().map(Vec::as_slice).collect();
            let difference = compare(graphs, record, form, &instructions.to_string(), &found);
            if difference.is_some() {
                return Ok(difference);
            }
        }
    }
    Ok(None)
}

/// Runs all inputs, one after the other, and returns the bytes of all outputs of each run.
fn run_on_cpu(
    graphs: &Graphs,
    record: &Record,
    artifact: &ModelArtifact,
    instructions: InstructionSet,
) -> Result<Vec<Vec<u8>>, String> {
    let backend = ArtifactBackend::new().with_instruction_set(instructions);
    let mut model = backend.load(artifact).map_err(|error| error.to_string())?;
    let said = |error: isokern_core::InferenceError| error.to_string();
    model.init().map_err(said)?;
    let (inputs, outputs) = (model.model().input_count(), model.model().output_count());
    let mut found = Vec::new();
    for input in graphs.inputs(record) {
        let mut rest = input;
        for position in 0..inputs {
            let target = model.input_at_mut(position).map_err(said)?;
            let (now, later) = rest.split_at(target.len());
            target.copy_from_slice(now);
            rest = later;
        }
        assert!(rest.is_empty(), "the model has other inputs than the file");
        model.run_operators(0..usize::MAX).map_err(said)?;
        let mut output = Vec::new();
        for position in 0..outputs {
            output.extend_from_slice(model.output_at(position).map_err(said)?);
        }
        found.push(output);
    }
    Ok(found)
}

/// Compares the outputs of runs with TFLite Micro's, value by value.
fn compare(
    graphs: &Graphs,
    record: &Record,
    form: Form,
    runner: &str,
    found: &[&[u8]],
) -> Option<Difference> {
    let wanted = graphs.outputs(record);
    for (run, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let places: Vec<usize> = match form {
            Form::Values => (0..record.values.len()).collect(),
            Form::Ends => record.ends.clone(),
        };
        let mut start = 0;
        for place in places {
            let value = &record.values[place];
            let ours = found.get(start..start + value.bytes);
            let ours = ours.expect("the model has the outputs of the file");
            start += value.bytes;
            let theirs = &wanted[record.span(place)];
            let differs = |&at: &usize| ours[at] != theirs[at];
            let Some(byte) = (0..value.bytes).find(differs) else { continue };
            let operator = (value.operator, record.operators[value.operator].clone());
            return Some(Difference {
                seed: record.seed,
                form,
                runner: runner.to_owned(),
                run,
                operator,
                dtype: value.dtype.clone(),
                byte,
                found: [ours[byte], theirs[byte]],
                count: (0..value.bytes).filter(differs).count(),
            });
        }
        assert_eq!(start, found.len(), "the model has other outputs than the file");
    }
    None
}
