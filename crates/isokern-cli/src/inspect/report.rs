//! A model as data: what the JSON is made of, and what the text is printed from.
//!
//! The names of the fields are the keys of the JSON: a change here breaks programs.

use core::fmt::Write;

use isokern::FileKind;
use isokern_core::DType;
use isokern_core::compute::NumericProfile;
use isokern_model::geometry::{Axis, Window};
use isokern_model::operator::DotOutline;
use isokern_model::requant::Activation;
use isokern_model::{Model, Op, Region, Tensor};
use serde::Serialize;

use super::prediction::{PredictionReport, Target};
use crate::figures::digest;
use crate::number::{Number, numbers};

/// See the help of `isokern inspect` for the meaning of the keys.
#[derive(Debug, Serialize)]
pub(crate) struct ModelReport {
    pub(crate) file: String,
    pub(crate) source_format: &'static str,
    pub(crate) file_bytes: usize,
    pub(crate) conversion: Option<ConversionReport>,
    pub(crate) profile: ProfileReport,
    pub(crate) format_version: u16,
    pub(crate) layout: &'static str,
    pub(crate) blob_bytes: usize,
    pub(crate) constant_bytes: u32,
    pub(crate) checksum: String,
    pub(crate) source_sha256: Option<String>,
    pub(crate) self_test: Option<SelfTestReport>,
    pub(crate) arena_bytes: usize,
    pub(crate) weight_bytes: usize,
    pub(crate) macs: u64,
    pub(crate) state_bytes: usize,
    pub(crate) inputs: Vec<PortReport>,
    pub(crate) outputs: Vec<PortReport>,
    pub(crate) tensors: Vec<TensorReport>,
    pub(crate) operators: Vec<OperatorReport>,
    pub(crate) prediction: Option<PredictionReport>,
}

/// What the TFLite file has that was converted.
#[derive(Debug, Serialize)]
pub(crate) struct ConversionReport {
    pub(crate) operators: usize,
    /// Those of them that are left out, for nothing reads their outputs.
    pub(crate) unused_operators: usize,
    /// Graphs that are left out, for nothing calls them.
    pub(crate) unused_graphs: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct ProfileReport {
    pub(crate) name: &'static str,
    pub(crate) version: u16,
}

#[derive(Debug, Serialize)]
pub(crate) struct SelfTestReport {
    pub(crate) seed: u32,
    pub(crate) digest: String,
}

/// An input or output of the model.
#[derive(Debug, Serialize)]
pub(crate) struct PortReport {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) tensor: TensorFacts,
}

/// What a caller has to know of a tensor.
#[derive(Debug, Serialize)]
pub(crate) struct TensorFacts {
    pub(crate) index: usize,
    pub(crate) shape: Vec<u32>,
    pub(crate) dtype: DType,
    pub(crate) scale: f32,
    pub(crate) zero_point: i32,
    pub(crate) bytes: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct TensorReport {
    #[serde(flatten)]
    pub(crate) facts: TensorFacts,
    pub(crate) region: &'static str,
    pub(crate) offset: usize,
    pub(crate) first_step: usize,
    pub(crate) last_step: usize,
    /// What it holds at first, where it is in the state.
    pub(crate) initial: Option<InitialReport>,
}

/// What a tensor of the state holds before the first run, and after `reset`.
#[derive(Debug, Serialize)]
pub(crate) struct InitialReport {
    /// The value of all elements, where they are equal.
    pub(crate) value: Option<Number>,
    /// Whether `reset()` of TFLite Micro gives the same: its zero point in every byte.
    pub(crate) is_tflm_reset: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct OperatorReport {
    pub(crate) index: usize,
    pub(crate) kind: &'static str,
    pub(crate) operation: Option<&'static str>,
    pub(crate) inputs: Vec<u16>,
    pub(crate) outputs: Vec<u16>,
    pub(crate) weight_bytes: usize,
    pub(crate) macs: u64,
    pub(crate) activation: Option<ActivationReport>,
    pub(crate) weights: Option<WeightsReport>,
    pub(crate) depth_multiplier: Option<usize>,
    pub(crate) window: Option<WindowReport>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ActivationReport {
    pub(crate) min: i8,
    pub(crate) max: i8,
}

#[derive(Debug, Serialize)]
pub(crate) struct WeightsReport {
    pub(crate) outputs: usize,
    pub(crate) terms: u64,
    pub(crate) zero_point: i32,
    pub(crate) scale_count: usize,
}

/// Each pair is vertical, horizontal.
#[derive(Debug, Serialize)]
pub(crate) struct WindowReport {
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) dilation: [usize; 2],
    pub(crate) padding_before: [usize; 2],
    pub(crate) padding_after: [usize; 2],
}

impl ModelReport {
    /// Reads everything there is to say from a checked model.
    pub(crate) fn new(file: &isokern::Model, model: &Model<'_>, target: Option<Target>) -> Self {
        let header = model.header();
        let port = |index: Option<u16>, name: &str| {
            let index = index.map_or(0, usize::from);
            PortReport {
                name: name.to_owned(),
                tensor: TensorFacts::new(index, &model.tensor(index)),
            }
        };
        let self_test = header.self_test();
        let operators: Vec<OperatorReport> = (model.ops().enumerate())
            .map(|(index, op)| OperatorReport::new(index, &op, model))
            .collect();
        let tensors: Vec<TensorReport> =
            (0..model.tensor_count()).map(|index| TensorReport::new(index, model)).collect();
        let prediction =
            target.map(|target| PredictionReport::new(target, model, &operators, &tensors));
        Self {
            file: file.name().to_owned(),
            source_format: match file.kind() {
                FileKind::Packed => "ikm",
                FileKind::Tflite | _ => "tflite",
            },
            file_bytes: file.file_bytes(),
            conversion: file.conversion().map(|report| ConversionReport {
                operators: report.operator_count,
                unused_operators: report.unused_operator_count,
                unused_graphs: report.unused_subgraph_count,
            }),
            profile: ProfileReport {
                name: NumericProfile::from_code(header.profile).map_or("?", NumericProfile::name),
                version: header.profile_version,
            },
            format_version: header.format_version,
            layout: model.layout().name(),
            blob_bytes: model.blob().len(),
            constant_bytes: header.constants_bytes,
            checksum: format!("{:#010x}", header.checksum),
            source_sha256: sha256(&header.source_sha256),
            self_test: self_test
                .map(|(seed, value)| SelfTestReport { seed, digest: digest(value) }),
            arena_bytes: model.arena_bytes(),
            weight_bytes: operators.iter().map(|operator| operator.weight_bytes).sum(),
            macs: header.macs(),
            state_bytes: model.state_bytes(),
            inputs: (0..model.input_count())
                .map(|at| port(model.input_index(at), model.input_name(at)))
                .collect(),
            outputs: (0..model.output_count())
                .map(|at| port(model.output_index(at), model.output_name(at)))
                .collect(),
            tensors,
            operators,
            prediction,
        }
    }

    /// Returns how many steps there are: operators, and the caller before and after them.
    pub(crate) const fn step_count(&self) -> usize {
        self.operators.len() + 2
    }
}

impl TensorFacts {
    fn new(index: usize, tensor: &Tensor) -> Self {
        Self {
            index,
            shape: tensor.shape().to_vec(),
            dtype: tensor.dtype(),
            scale: tensor.scale(),
            zero_point: tensor.zero_point(),
            bytes: tensor.bytes(),
        }
    }
}

impl TensorReport {
    /// Returns whether the arena holds it, not the state.
    pub(crate) fn is_in_arena(&self) -> bool {
        self.region == "arena"
    }

    fn new(index: usize, model: &Model<'_>) -> Self {
        let tensor = model.tensor(index);
        let (first_step, last_step) = model.alive(index);
        Self {
            facts: TensorFacts::new(index, &tensor),
            region: match tensor.region() {
                Region::Arena => "arena",
                Region::State => "state",
            },
            offset: tensor.offset(),
            first_step,
            last_step,
            initial: (tensor.region() == Region::State).then(|| InitialReport::new(&tensor, model)),
        }
    }
}

impl InitialReport {
    fn new(tensor: &Tensor, model: &Model<'_>) -> Self {
        let mut state = vec![0; model.state_bytes()];
        model.reset_state(&mut state);
        let bytes = &state[tensor.offset()..][..tensor.bytes()];
        let mut values = numbers(bytes, tensor.dtype());
        let first = values.next();
        let zero_point = tensor.zero_point().to_le_bytes()[0];
        Self {
            value: first.filter(|&first| values.all(|value| value == first)),
            is_tflm_reset: bytes.iter().all(|&byte| byte == zero_point),
        }
    }
}

impl OperatorReport {
    fn new(index: usize, op: &Op<'_>, model: &Model<'_>) -> Self {
        let site = model.operator_site(index);
        let inputs = site.iter().flat_map(|site| site.input_indices()).collect();
        let outputs = site.iter().flat_map(|site| site.output_indices()).collect();
        let (cost, outline) = (op.cost(), op.outline());
        let ends = site.map(|site| (site.input(0), site.output(0))).unwrap_or_default();
        Self {
            index,
            kind: op.kind().name(),
            operation: outline.operation,
            inputs,
            outputs,
            weight_bytes: cost.weight_bytes,
            macs: cost.macs,
            activation: outline.activation.map(Into::into),
            weights: outline.dots.map(Into::into),
            depth_multiplier: outline.depth_multiplier,
            window: outline.window.map(|window| WindowReport::new(&window, &ends.0, &ends.1)),
        }
    }
}

impl From<Activation> for ActivationReport {
    fn from(activation: Activation) -> Self {
        Self { min: activation.min, max: activation.max }
    }
}

impl From<DotOutline> for WeightsReport {
    fn from(dots: DotOutline) -> Self {
        let DotOutline { outputs, terms, weight_zero_point, scale_count } = dots;
        Self { outputs, terms: terms as u64, zero_point: weight_zero_point, scale_count }
    }
}

impl WindowReport {
    fn new(window: &Window, input: &Tensor, output: &Tensor) -> Self {
        let axes = [window.rows(), window.columns()];
        let (input, output) = (input.image(), output.image());
        let lengths = [(input.height, output.height), (input.width, output.width)];
        let after = |place: usize| padding_after(&axes[place], lengths[place]);
        Self {
            kernel: axes.map(|axis| axis.kernel),
            stride: axes.map(|axis| axis.stride),
            dilation: axes.map(|axis| axis.dilation),
            padding_before: axes.map(|axis| axis.pad),
            padding_after: [after(0), after(1)],
        }
    }
}

/// Returns how far the last window reaches past the input.
fn padding_after(axis: &Axis, (input, output): (usize, usize)) -> usize {
    let reach = output.saturating_sub(1) * axis.stride + axis.extent();
    reach.saturating_sub(axis.pad + input)
}

/// Returns a hash in hexadecimal; none where there are only zeros.
fn sha256(bytes: &[u8; 32]) -> Option<String> {
    if bytes == &[0; 32] {
        return None;
    }
    let mut text = String::new();
    for byte in bytes {
        // A String takes every write.
        let _ = write!(text, "{byte:02x}");
    }
    Some(text)
}
