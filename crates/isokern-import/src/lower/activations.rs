//! The activations that the operators so far have written.

use isokern_core::DType;
use isokern_model::Region;
use isokern_model::encode::DraftTensor;
use isokern_model::header::ARENA_BYTES_MAX;

use crate::error::{GraphFault, ImportError, TensorFault};
use crate::graph::{Element, Graph, GraphTensor};

/// Weights are copied for each operator that uses them. Below this many bytes that is
/// never worth an error; above, see [`WEIGHTS_PER_FILE`].
const WEIGHTS_FREE: usize = 1 << 20;
/// How many times the size of the file all copied weights may take.
const WEIGHTS_PER_FILE: usize = 8;

/// The activations written so far.
#[derive(Debug)]
pub(super) struct Activations {
    tensors: Vec<DraftTensor>,
    /// By index in the file: the activation's place in `tensors`.
    places: Vec<Option<u16>>,
    weight_bytes: usize,
}

impl Activations {
    /// The input of the graph, which is alive before any operator ran.
    pub(super) fn new(graph: &Graph<'_>) -> Result<Self, ImportError> {
        let mut activations =
            Self { tensors: Vec::new(), places: vec![None; graph.tensors.len()], weight_bytes: 0 };
        let fault = |fault| tensor_error(graph, None, "input", graph.input, fault);
        if graph.tensors[graph.input].data.is_some() {
            return Err(fault(TensorFault::Constant));
        }
        let tensor = activation(&graph.tensors[graph.input]).map_err(fault)?;
        batch_of_one(&tensor).map_err(fault)?;
        activations.add(graph.input, tensor);
        Ok(activations)
    }

    /// The place of the graph's output, which some operator must have written.
    pub(super) fn output(&self, graph: &Graph<'_>) -> Result<u16, ImportError> {
        let fault = |fault| tensor_error(graph, None, "output", graph.output, fault);
        let written = self.written(graph.output);
        let (place, tensor) = written.ok_or_else(|| fault(TensorFault::NotWritten))?;
        batch_of_one(tensor).map_err(fault)?;
        Ok(place)
    }

    /// The place of an activation and what it is, if it is written.
    pub(super) fn written(&self, index: usize) -> Option<(u16, &DraftTensor)> {
        let place = self.places[index]?;
        Some((place, &self.tensors[usize::from(place)]))
    }

    /// Counts weights that are about to be copied; refuses more than a file of that size should
    /// need.
    pub(super) fn count_weights(
        &mut self,
        bytes: usize,
        file_bytes: usize,
    ) -> Result<(), GraphFault> {
        let max = file_bytes.saturating_mul(WEIGHTS_PER_FILE).max(WEIGHTS_FREE);
        let sum = self.weight_bytes.saturating_add(bytes);
        if sum > max {
            return Err(GraphFault::SharedWeights { max, file_bytes });
        }
        self.weight_bytes = sum;
        Ok(())
    }

    /// All activations, in the order they are written.
    pub(super) fn tensors(self) -> Vec<DraftTensor> {
        self.tensors
    }

    /// Adds an activation that was just written; returns its place.
    pub(super) fn add(&mut self, index: usize, tensor: DraftTensor) -> u16 {
        // At most 1024 tensors were read, so every place fits.
        let place = self.tensors.len() as u16;
        self.tensors.push(tensor);
        self.places[index] = Some(place);
        place
    }
}

/// An int8 activation as the draft describes it.
pub(super) fn activation(tensor: &GraphTensor<'_>) -> Result<DraftTensor, TensorFault> {
    if tensor.element != Element::Int8 {
        return Err(TensorFault::Element { found: tensor.element.name(), need: "INT8" });
    }
    let dims = dims(tensor, 1, 4)?;
    let quantization = &tensor.quantization;
    if quantization.is_custom {
        return Err(TensorFault::CustomQuantisation);
    }
    let Some((scale, zero_point)) = quantization.only() else {
        let (scales, zero_points) = (quantization.scales.len(), quantization.zero_points.len());
        return Err(TensorFault::Scales { scales, zero_points, need: 1 });
    };
    if !(scale.is_finite() && scale > 0.0) {
        return Err(TensorFault::Scale);
    }
    let fault = TensorFault::ZeroPoint { found: zero_point, least: -128, most: 127 };
    let zero_point = i8::try_from(zero_point).map_err(|_| fault)?;
    let tensor = DraftTensor {
        dims,
        dtype: DType::I8,
        scale,
        zero_point: zero_point.into(),
        region: Region::Arena,
        offset: 0,
    };
    if tensor.len() > ARENA_BYTES_MAX { Err(TensorFault::TooLarge) } else { Ok(tensor) }
}

/// The sizes of a tensor, all fixed and above zero.
pub(super) fn dims(
    tensor: &GraphTensor<'_>,
    least: usize,
    most: usize,
) -> Result<Vec<u32>, TensorFault> {
    let found = tensor.shape.len();
    if !(least..=most).contains(&found) {
        return Err(TensorFault::Rank { found, least, most });
    }
    if tensor.sizes().any(|size| size <= 0) {
        let found = format!("{:?}", tensor.sizes().collect::<Vec<_>>());
        return Err(TensorFault::Dims { found });
    }
    Ok(tensor.sizes().map(i32::unsigned_abs).collect())
}

/// A tensor of two dimensions or more is one sample.
fn batch_of_one(tensor: &DraftTensor) -> Result<(), TensorFault> {
    match *tensor.dims {
        [found, _, ..] if found != 1 => Err(TensorFault::Batch { found }),
        _ => Ok(()),
    }
}

/// The error for a tensor, of an operator or of the graph itself.
pub(super) fn tensor_error(
    graph: &Graph<'_>,
    operator: Option<(usize, &'static str)>,
    role: &'static str,
    index: usize,
    fault: TensorFault,
) -> ImportError {
    let name = graph.tensors[index].display_name();
    ImportError::Tensor { operator, role, index, name, fault }
}
