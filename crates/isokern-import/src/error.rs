//! Errors of a conversion, why a TFLite file was refused: where, what, and what to do about it.

mod copy_fault;
mod fault;
pub(crate) mod remedy;
mod tensor_fault;

use core::fmt;

use isokern_core::InferenceError;
use isokern_model::FormatError;
use isokern_model::encode::EncodeError;
use isokern_model::header::TENSORS_MAX;
use thiserror::Error;

use crate::foreign::ForeignFile;
use remedy::Remedies;

pub use copy_fault::CopyFault;
pub use fault::OperatorFault;
pub use tensor_fault::TensorFault;

/// Why a file does not become a packed model.
///
/// Messages name the place and end with what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The bytes are not a readable TFLite file.
    #[error(transparent)]
    File(#[from] TfliteError),
    /// The model has operators that Isokern does not have.
    #[error(
        "{} not supported. Fix: {}",
        Listed(.operators),
        Remedies::new(.operators, .supported)
    )]
    Unsupported {
        /// The operators, in the order of the file.
        operators: Vec<UnsupportedOperator>,
        /// The schema's names of the operators that Isokern has.
        supported: Vec<&'static str>,
    },
    /// The graph as a whole has a form that Isokern does not run.
    #[error(transparent)]
    Graph(#[from] GraphFault),
    /// An operator is supported, but not with these parameters.
    #[error("operator {index} ({name}): {fault}")]
    Operator {
        /// Index of the operator in the file.
        index: usize,
        /// The schema's name of it.
        name: &'static str,
        /// What is wrong.
        fault: OperatorFault,
    },
    /// A tensor does not fit the place where it is used.
    #[error("{}{role} (tensor {index} `{name}`) {fault}", Place(*.operator))]
    Tensor {
        /// Index and name of the operator that uses it; none for the graph itself.
        operator: Option<(usize, &'static str)>,
        /// What it is used as.
        role: &'static str,
        /// Index of the tensor in the file.
        index: usize,
        /// Its name in the file, shortened and escaped.
        name: String,
        /// What is wrong.
        fault: TensorFault,
    },
    /// Something is wrong with a graph that CALL_ONCE runs.
    #[error("graph {graph}, which CALL_ONCE runs: {fault}")]
    Called {
        /// Number of the graph in the file.
        graph: usize,
        /// What is wrong.
        fault: Box<Self>,
    },
    /// Several things are wrong; none of them is this.
    #[error("{}", Several(.0))]
    Several(Vec<Self>),
    /// The model exceeds the packed format.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The packed model, just written, does not read back.
    #[error("the packed model does not read back: {0}")]
    ReadBack(#[from] FormatError),
    /// The packed model did not run for its self-test.
    #[error(
        "the packed model does not run: {0}. Fix: report this with the file; it is a fault of the \
         converter"
    )]
    SelfTest(#[from] InferenceError),
}

impl ImportError {
    /// Returns everything that is wrong, one fault at a time.
    #[must_use]
    pub fn faults(&self) -> &[Self] {
        if let Self::Several(faults) = self { faults } else { core::slice::from_ref(self) }
    }

    /// Names the graph that CALL_ONCE runs and in which this is wrong.
    pub(crate) fn in_called_graph(self, graph: usize) -> Self {
        if let Self::Several(faults) = self {
            Self::Several(faults.into_iter().map(|fault| fault.in_called_graph(graph)).collect())
        } else {
            Self::Called { graph, fault: Box::new(self) }
        }
    }
}

/// Why bytes are not a readable TFLite file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TfliteError {
    /// The file does not carry the identifier of its format.
    #[error("{}", NotTflite(*.found))]
    Identifier {
        /// What it is, where its first bytes tell.
        found: Option<ForeignFile>,
    },
    /// The file follows another version of the schema.
    #[error("TFLite schema version {found} is not known. Fix: export with schema version 3")]
    Version {
        /// The version in the file.
        found: u32,
    },
    /// A field leads out of the file, or an index out of its list.
    #[error("TFLite table `{table}`: `{field}` leads outside. Fix: copy or export the file again")]
    Outside {
        /// The table that holds the field.
        table: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A vector is longer than Isokern reads.
    #[error(
        "TFLite table `{table}`: {found} {field}, at most {max} are read. Fix: split the model"
    )]
    TooMany {
        /// The table that holds the vector.
        table: &'static str,
        /// The field.
        field: &'static str,
        /// Its length.
        found: usize,
        /// The greatest length that is read.
        max: usize,
    },
}

/// A fault of a graph as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphFault {
    /// There is no graph.
    #[error("the file has no subgraph. Fix: export the model again")]
    Subgraphs,
    /// There is no input or no output, or there are too many.
    #[error(
        "the graph has {found} {what}, not 1 to {TENSORS_MAX}. Fix: export a model that has both"
    )]
    Ends {
        /// `inputs` or `outputs`.
        what: &'static str,
        /// How many there are.
        found: usize,
    },
    /// The graph lists an input twice.
    #[error("the graph lists tensor {index} as an input twice. Fix: export the model again")]
    RepeatedInput {
        /// The tensor's index in the file.
        index: usize,
    },
    /// The graph has no operator.
    #[error("the graph has no operators. Fix: export a model that computes something")]
    Empty,
    /// The operators together use more weights than the file can honestly hold.
    #[error(
        "the operators use more than {max} bytes of weights in a file of {file_bytes}: they share \
         buffers. Fix: store the weights of each operator once"
    )]
    SharedWeights {
        /// Bytes that are accepted for a file of this size.
        max: usize,
        /// Bytes of the file.
        file_bytes: usize,
    },
    /// One inference would take longer than the packed format allows.
    #[error(
        "one inference takes {found} steps, at most {max} are possible. Fix: use a smaller model"
    )]
    Work {
        /// Multiply-accumulates and additions of one inference.
        found: u64,
        /// How many are possible.
        max: u64,
    },
    /// The variables do not fit a state.
    #[error(
        "the variables need a state of {found} bytes, at most {max} fit. Fix: use smaller variables"
    )]
    State {
        /// Bytes needed.
        found: usize,
        /// Bytes possible.
        max: usize,
    },
    /// The activations do not fit an arena.
    #[error(
        "the activations need an arena of {found} bytes, at most {max} fit. Fix: use smaller \
             inputs"
    )]
    Arena {
        /// Bytes needed.
        found: usize,
        /// Bytes possible.
        max: usize,
    },
}

/// An operator that Isokern does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedOperator {
    /// Index of the operator in the file.
    pub index: usize,
    /// The schema's name; a custom operator's own name after it.
    pub name: String,
}

/// Operators by name, each with all its places.
struct Listed<'e>(&'e [UnsupportedOperator]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<&str> = Vec::new();
        for UnsupportedOperator { name, .. } in self.0 {
            if names.contains(&name.as_str()) {
                continue;
            }
            let separator = if names.is_empty() { "" } else { ", " };
            let places = self.0.iter().filter(|other| other.name == *name);
            let places: Vec<String> = places.map(|other| other.index.to_string()).collect();
            let noun = if places.len() == 1 { "operator" } else { "operators" };
            write!(formatter, "{separator}{noun} {} ({name})", places.join(", "))?;
            names.push(name);
        }
        formatter.write_str(if self.0.len() == 1 { " is" } else { " are" })
    }
}

/// What a file is in place of a TFLite file.
struct NotTflite(Option<ForeignFile>);

impl fmt::Display for NotTflite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(kind) => {
                write!(formatter, "this is {}, not a TFLite file. Fix: ", kind.what())?;
                formatter.write_str(kind.remedy())
            }
            None => formatter.write_str(
                "this is no TFLite file: bytes 4 to 7 are not `TFL3`. Fix: pass a .tflite file",
            ),
        }
    }
}

/// How many faults a message lists.
const FAULTS_MAX: usize = 16;

/// Faults, one after the other.
struct Several<'e>(&'e [ImportError]);

impl fmt::Display for Several<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, fault) in self.0.iter().take(FAULTS_MAX).enumerate() {
            let separator = if place == 0 { "" } else { "; also, " };
            write!(formatter, "{separator}{fault}")?;
        }
        match self.0.len().checked_sub(FAULTS_MAX).filter(|&more| more > 0) {
            Some(more) => write!(formatter, "; and {more} more"),
            None => Ok(()),
        }
    }
}

struct Place(Option<(usize, &'static str)>);

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((index, name)) => write!(formatter, "operator {index} ({name}): "),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ImportError, UnsupportedOperator};
    use crate::lower::unsupported;

    const fn sendable<T: Send + Sync + 'static>() {}

    #[test]
    fn errors_cross_threads() {
        sendable::<ImportError>();
    }

    #[test]
    fn a_list_has_every_place() {
        let operator = |index| UnsupportedOperator { index, name: "POW".to_owned() };
        let one = unsupported(vec![operator(1)]).to_string();
        assert!(one.starts_with("operator 1 (POW) is not supported. Fix: "), "{one}");
        assert!(one.contains(" without, from CONV_2D, DEPTHWISE_CONV_2D, "), "{one}");
        let many = unsupported((0..11).map(operator).collect()).to_string();
        let all = "operators 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 (POW) are not supported. Fix: ";
        assert!(many.starts_with(all), "{many}");
    }
}
