//! A run as data.
//!
//! The names of the fields are the keys of the JSON: a change here breaks programs. The help of
//! `isokern run` has their meaning.

use isokern_core::kernel::whole_ns;
use isokern_core::{DType, KernelMode};
use isokern_model::{Model, Tensor};
use serde::{Serialize, Serializer};

use super::Run;
use super::expect::Comparison;
use crate::answers::{Answer, has_classes, highest};
use crate::element::{quantised_range, real_values};
use crate::figures::digest;
use crate::input::{Clipped, Source};
use crate::number::{Number, numbers};
use isokern::Latencies;
use isokern::samples::digest_of;
use isokern::{Port, Ports};

/// What a run was given, what it gave, and how long it took.
#[derive(Debug, Serialize)]
pub(super) struct RunReport<'r> {
    model: &'r str,
    mode: KernelMode,
    place: &'r str,
    fallback_reason: Option<&'r str>,
    sample_count: usize,
    inputs: Vec<InputReport<'r>>,
    outputs: Vec<OutputReport<'r>>,
    expected: &'r [Comparison],
    state_bytes: usize,
    state_digests: Vec<String>,
    latency: LatencyReport,
    digest: String,
}

/// The tensor of an input or output.
#[derive(Debug, Serialize)]
struct TensorReport<'r> {
    name: &'r str,
    shape: Vec<u32>,
    dtype: DType,
    scale: f32,
    zero_point: i32,
}

#[derive(Debug, Serialize)]
struct InputReport<'r> {
    #[serde(flatten)]
    tensor: TensorReport<'r>,
    source: &'r str,
    clipped: Clipped,
}

#[derive(Debug, Serialize)]
struct OutputReport<'r> {
    #[serde(flatten)]
    tensor: TensorReport<'r>,
    file: Option<String>,
    values: Vec<Values<'r>>,
    reals: Option<Vec<Vec<f32>>>,
    classes: Option<Vec<Vec<ClassReport<'r>>>>,
}

/// The values of a sample.
#[derive(Debug)]
struct Values<'r>(&'r [u8], DType);

#[derive(Debug, Serialize)]
struct ClassReport<'r> {
    class: usize,
    label: Option<&'r str>,
    real: Number,
    value: Number,
}

#[derive(Debug, Serialize)]
struct LatencyReport {
    p50_ns: u64,
    p99_ns: u64,
    max_ns: u64,
    times_ns: Vec<u64>,
}

impl<'r> RunReport<'r> {
    /// Says everything of a run.
    pub(super) fn new(
        run: &'r Run<'_>,
        model: &Model<'_>,
        inputs: &'r Ports,
        outputs: &'r Ports,
    ) -> Self {
        let of_outputs = digest(digest_of(run.outputs.bytes()));
        let inputs = inputs.iter().zip(&run.sources);
        Self {
            model: run.name,
            mode: run.arguments.mode.into(),
            place: &run.place,
            fallback_reason: run.reason.as_deref(),
            sample_count: run.outputs.count(),
            inputs: inputs.map(|(port, source)| InputReport::new(port, source)).collect(),
            outputs: outputs.iter().map(|port| OutputReport::new(port, run)).collect(),
            expected: &run.comparisons,
            state_bytes: model.state_bytes(),
            state_digests: run.states.digests().iter().map(|&state| digest(state)).collect(),
            latency: LatencyReport::new(&run.latencies),
            digest: of_outputs,
        }
    }
}

impl<'r> TensorReport<'r> {
    fn new(name: &'r str, tensor: &Tensor) -> Self {
        let (shape, dtype) = (tensor.shape().to_vec(), tensor.dtype());
        Self { name, shape, dtype, scale: tensor.scale(), zero_point: tensor.zero_point() }
    }
}

impl<'r> InputReport<'r> {
    fn new(port: &'r Port, source: &'r Source) -> Self {
        let tensor = TensorReport::new(&port.name, &port.tensor);
        Self { tensor, source: &source.name, clipped: source.clipped }
    }
}

impl<'r> OutputReport<'r> {
    fn new(port: &'r Port, run: &'r Run<'_>) -> Self {
        let tensor = &port.tensor;
        let samples = || run.outputs.iter().map(|sample| &sample[port.range.clone()]);
        let reals = || samples().map(|values| real_values(values, tensor)).collect();
        let classes = |values: &[u8]| {
            let class = |answer: Answer| ClassReport {
                class: answer.class,
                label: run.labels.of(port.index, answer.class),
                real: Number::Real(answer.score.into()),
                value: answer.value,
            };
            highest(values, tensor, run.arguments.top).into_iter().map(class).collect()
        };
        Self {
            tensor: TensorReport::new(&port.name, tensor),
            file: run.targets.name_of(port.index),
            values: samples().map(|values| Values(values, tensor.dtype())).collect(),
            reals: quantised_range(tensor.dtype()).map(|_| reals()),
            classes: has_classes(tensor).then(|| samples().map(classes).collect()),
        }
    }
}

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(numbers(self.0, self.1))
    }
}

impl LatencyReport {
    fn new(latencies: &Latencies) -> Self {
        let [p50_ns, p99_ns, max_ns] = [50, 99, 100].map(|at| whole_ns(latencies.percentile(at)));
        let times_ns = latencies.times().iter().map(|&time| whole_ns(time)).collect();
        Self { p50_ns, p99_ns, max_ns, times_ns }
    }
}
