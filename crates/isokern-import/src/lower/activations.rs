//! What the operators so far have written, and the packed operators that write it.

use std::rc::Rc;

use isokern_model::Region;
use isokern_model::encode::{Constant, DraftOp, DraftTensor};
use isokern_model::header::ARENA_BYTES_MAX;

use super::collected::Collected;
use super::variables::Variables;
use crate::error::{GraphFault, ImportError, TensorFault};
use crate::graph::{Element, Graph, GraphOperator, GraphTensor};

/// Constants are copied for each operator that uses them, and some are computed. Below this many
/// bytes that is never worth an error; above, see [`WEIGHTS_PER_FILE`].
const WEIGHTS_FREE: usize = 1 << 20;
/// How many times the size of the file all copied constants may take.
const WEIGHTS_PER_FILE: usize = 8;
/// Element types that inputs of a graph can have.
const PORTS: [Element; 9] = [
    Element::Int8,
    Element::UInt8,
    Element::Int16,
    Element::Int32,
    Element::UInt32,
    Element::Int64,
    Element::UInt64,
    Element::Float32,
    Element::Bool,
];
/// Dimensions that a tensor of the packed format can have.
pub(super) const RANK_MAX: usize = isokern_model::tensor::RANK_MAX;

/// Everything lowered so far.
#[derive(Debug)]
pub(super) struct Activations {
    tensors: Vec<DraftTensor>,
    ops: Vec<DraftOp>,
    /// By index in the file.
    known: Vec<Known>,
    /// By index in the file: whether what is known is only what the file says.
    presumed: Vec<bool>,
    constant_bytes: usize,
    file_bytes: usize,
    pub(super) variables: Variables,
    /// Whether the graph is one that another calls.
    pub(super) is_called: bool,
}

/// What is known of a tensor of the file that has no data.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// No operator has written it.
    Nothing,
    /// It is the activation at this place of the draft.
    Activation(u16),
    /// It is a constant that was computed.
    Constant(Rc<[u8]>),
    /// It names this variable.
    Variable(usize),
    /// A refused operator should have written it, and the file describes no activation.
    Refused,
}

impl Activations {
    /// Returns the inputs of the graph, which are alive before any operator ran.
    pub(super) fn new(graph: &Graph<'_>, collected: &mut Collected) -> Result<Self, ImportError> {
        let mut activations = Self { is_called: false, ..Self::called(graph) };
        for &index in &graph.inputs {
            if let Err(fault) = activations.add_input(graph, index) {
                let fault = tensor_error(graph, None, "input", index, fault);
                collected.fault(fault, &activations);
                activations.presume_tensor(graph, index);
            }
        }
        activations.variables = Variables::of(graph, &mut activations)?;
        Ok(activations)
    }

    /// Returns those of a graph without inputs, which another calls.
    pub(super) fn called(graph: &Graph<'_>) -> Self {
        Self {
            tensors: Vec::new(),
            ops: Vec::new(),
            known: vec![Known::Nothing; graph.tensors.len()],
            presumed: vec![false; graph.tensors.len()],
            constant_bytes: 0,
            file_bytes: graph.file_bytes,
            variables: Variables::default(),
            is_called: true,
        }
    }

    fn add_input(&mut self, graph: &Graph<'_>, index: usize) -> Result<(), TensorFault> {
        let source = &graph.tensors[index];
        if source.data.is_some() {
            return Err(TensorFault::Constant);
        }
        let tensor = activation(source, &PORTS)?;
        if source.element == Element::Int8 {
            quantized(source)?;
        }
        self.add(index, tensor);
        Ok(())
    }

    /// Returns the place of an output of the graph, which some operator must have written. What is
    /// an input too is copied, and so is a constant.
    pub(super) fn output(&mut self, graph: &Graph<'_>, index: usize) -> Result<u16, ImportError> {
        let fault = |fault| tensor_error(graph, None, "output", index, fault);
        let computed = match self.known(index) {
            Known::Constant(data) => Some(&**data),
            Known::Nothing | Known::Activation(_) | Known::Variable(_) | Known::Refused => None,
        };
        if let Some(data) = graph.tensors[index].data.or(computed) {
            let data = data.to_vec();
            let tensor = activation(&graph.tensors[index], &PORTS).map_err(fault)?;
            return self.constant(tensor, data).map_err(fault);
        }
        let written = self.written(index);
        let (place, tensor) = written.ok_or_else(|| fault(TensorFault::NotWritten))?;
        if tensor.region == Region::Arena && !graph.inputs.contains(&index) {
            return Ok(place);
        }
        let tensor = tensor.clone();
        Ok(self.copy_to_arena(place, &tensor))
    }

    /// Takes what a refused operator should have written to be what the file says.
    pub(super) fn presume(&mut self, graph: &Graph<'_>, operator: &GraphOperator<'_>) {
        for index in operator.output_indices() {
            self.presume_tensor(graph, index);
        }
    }

    fn presume_tensor(&mut self, graph: &Graph<'_>, index: usize) {
        let Some(source) = graph.tensors.get(index) else { return };
        if source.data.is_none() && matches!(self.known(index), Known::Nothing) {
            match activation(source, &[source.element]) {
                Ok(tensor) => _ = self.add(index, tensor),
                Err(_) => self.set(index, Known::Refused),
            }
        }
        self.presumed[index] = true;
    }

    /// Returns whether what is known of a tensor is only what the file says, for a refused operator
    /// should have written it.
    pub(super) fn is_presumed(&self, index: usize) -> bool {
        self.presumed.get(index).copied().unwrap_or(false)
    }

    /// Returns what is known of a tensor of the file.
    pub(super) fn known(&self, index: usize) -> &Known {
        self.known.get(index).unwrap_or(&Known::Nothing)
    }

    /// Returns the place of an activation and what it is, if it is written.
    pub(super) fn written(&self, index: usize) -> Option<(u16, &DraftTensor)> {
        let &Known::Activation(place) = self.known(index) else { return None };
        Some((place, self.tensor(place)?))
    }

    /// Returns the activation at a place of the draft.
    pub(super) fn tensor(&self, place: u16) -> Option<&DraftTensor> {
        self.tensors.get(usize::from(place))
    }

    /// Counts bytes of constants that are about to be copied; refuses more than a file of that
    /// size should need.
    pub(super) fn count_constants(&mut self, bytes: usize) -> Result<(), GraphFault> {
        self.constant_bytes = self.constant_bytes.saturating_add(bytes);
        self.constants_fit()
    }

    /// Refuses more constants than a file of that size should need.
    pub(super) fn constants_fit(&self) -> Result<(), GraphFault> {
        let file_bytes = self.file_bytes;
        let max = file_bytes.saturating_mul(WEIGHTS_PER_FILE).max(WEIGHTS_FREE);
        if self.constant_bytes > max {
            return Err(GraphFault::SharedWeights { max, file_bytes });
        }
        Ok(())
    }

    /// Appends an operator of the packed model.
    pub(super) fn emit(&mut self, op: DraftOp) {
        // Weights were counted before they were copied.
        let bytes = |constant: &Constant| match constant {
            Constant::Values(values) => values.len(),
            Constant::Weights(_) | Constant::Dots { .. } => 0,
        };
        let bytes = op.constants.iter().map(bytes).fold(self.constant_bytes, usize::saturating_add);
        self.constant_bytes = bytes;
        self.ops.push(op);
    }

    /// Returns whether an operator was emitted.
    pub(super) const fn has_ops(&self) -> bool {
        !self.ops.is_empty()
    }

    /// Returns all activations, in the order they are written, all operators, and what the state
    /// holds at first.
    pub(super) fn finish(self) -> (Vec<DraftTensor>, Vec<DraftOp>, Vec<u8>) {
        (self.tensors, self.ops, self.variables.state())
    }

    /// Adds an activation that was just written; returns its place.
    pub(super) fn add(&mut self, index: usize, tensor: DraftTensor) -> u16 {
        let place = self.temporary(tensor);
        self.set(index, Known::Activation(place));
        place
    }

    /// Adds an activation that the file has no name for; returns its place.
    pub(super) fn temporary(&mut self, tensor: DraftTensor) -> u16 {
        // Far fewer fit the format, so that a place that is cut never reaches a model.
        let place = u16::try_from(self.tensors.len()).unwrap_or(u16::MAX);
        self.tensors.push(tensor);
        place
    }

    /// Sets what is known of a tensor of the file.
    pub(super) fn set(&mut self, index: usize, known: Known) {
        if let Some(target) = self.known.get_mut(index) {
            *target = known;
        }
    }
}

/// Returns an activation of one of these types as the draft describes it. What is not quantised has
/// scale 1 and zero point 0.
pub(super) fn activation(
    tensor: &GraphTensor<'_>,
    elements: &[Element],
) -> Result<DraftTensor, TensorFault> {
    has_element(tensor.element, elements)?;
    let unknown = || element_fault(tensor.element, elements);
    let dtype = tensor.element.dtype().ok_or_else(unknown)?;
    let mut dims = dims(tensor, 0, RANK_MAX)?;
    if dims.is_empty() {
        dims.push(1);
    }
    let (scale, zero_point) = scale(tensor)?;
    let (region, offset) = (Region::Arena, 0);
    let tensor = DraftTensor { dims, dtype, scale, zero_point, region, offset };
    if tensor.bytes() > ARENA_BYTES_MAX { Err(TensorFault::TooLarge) } else { Ok(tensor) }
}

/// Checks that an element type is one of these.
pub(super) fn has_element(found: Element, elements: &[Element]) -> Result<(), TensorFault> {
    if elements.contains(&found) { Ok(()) } else { Err(element_fault(found, elements)) }
}

fn element_fault(found: Element, elements: &[Element]) -> TensorFault {
    let need: Vec<&str> = elements.iter().map(|element| element.name()).collect();
    TensorFault::Element { found: found.name(), need: need.join(" or ") }
}

/// Returns the scale and the zero point of an activation.
pub(super) fn scale(tensor: &GraphTensor<'_>) -> Result<(f32, i16), TensorFault> {
    let (least, most) = match tensor.element {
        Element::Int8 => (-128, 127),
        Element::UInt8 => (0, 255),
        Element::Int16 | Element::Int32 => (0, 0),
        // What the file says of these means nothing.
        Element::Float32
        | Element::Int64
        | Element::Bool
        | Element::UInt32
        | Element::UInt64
        | Element::Resource
        | Element::Other(_) => return Ok((1.0, 0)),
    };
    let quantization = &tensor.quantization;
    if quantization.is_custom {
        return Err(TensorFault::CustomQuantisation);
    }
    if quantization.is_empty() {
        return Ok((1.0, 0));
    }
    let Some((scale, found)) = quantization.only() else { return Err(scales_fault(tensor)) };
    if !(scale.is_finite() && scale > 0.0) {
        return Err(TensorFault::Scale);
    }
    let fault = TensorFault::ZeroPoint { found, least, most };
    let inside = i16::try_from(found).ok().filter(|_| (least..=most).contains(&found));
    Ok((scale, inside.ok_or(fault)?))
}

/// Checks that an activation has a scale and a zero point.
pub(super) fn quantized(tensor: &GraphTensor<'_>) -> Result<(), TensorFault> {
    tensor.quantization.only().map(|_| ()).ok_or_else(|| scales_fault(tensor))
}

const fn scales_fault(tensor: &GraphTensor<'_>) -> TensorFault {
    let quantization = &tensor.quantization;
    let (scales, zero_points) = (quantization.scales.len(), quantization.zero_points.len());
    TensorFault::Scales { scales, zero_points, need: 1 }
}

/// Returns the sizes of a tensor, all fixed and above zero.
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

/// Returns how many elements a tensor of these sizes has; the greatest number if it has more. Sizes
/// that a file states may be of a tensor that no memory holds.
pub(super) fn elements(dims: &[u32]) -> usize {
    dims.iter().fold(1, |elements: usize, &size| elements.saturating_mul(size as usize))
}

/// Returns the error for a tensor, of an operator or of the graph itself.
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
