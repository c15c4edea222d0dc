//! What the instructions of an operator are counted from: how often the parts of its loops run.
//!
//! The parts are those of the loops for processors with `SMLAD`, whose sizes are named here; other
//! loops have parts that grow alike. A table of costs (`costs`) has instructions for each.

use isokern_model::Op;
use serde::Serialize;

use super::inside::Inside;
use super::report::{OperatorReport, TensorReport};
use super::{copy_terms, dot_terms};

/// A class of operators, for which one formula holds, and the counts of one of them.
#[derive(Debug, Serialize)]
pub(crate) struct Terms {
    /// The name of the formula.
    pub(crate) class: String,
    /// How often each part runs, the one that most depends on first.
    pub(crate) counts: Vec<(&'static str, u64)>,
}

/// Sizes that all formulas are made of.
pub(super) struct Sizes {
    /// Elements of the output, its channels, and its elements of each channel.
    pub(super) elements: u64,
    pub(super) channels: u64,
    pub(super) positions: u64,
    /// Elements of the first input, and its channels.
    pub(super) inputs: u64,
    pub(super) input_channels: u64,
    /// Elements whose range is narrower than that of their type.
    pub(super) limited: u64,
}

/// Returns the class of an operator and its counts.
pub(super) fn of(op: &Op<'_>, report: &OperatorReport, tensors: &[TensorReport]) -> Terms {
    let sizes = Sizes::new(report, tensors);
    let has_weights = report.weights.is_some();
    let windows = |window| Some((window, Inside::new(&window, report, tensors)?));
    let terms = match (op.outline().window.and_then(windows), report.depth_multiplier) {
        (Some((window, inside)), Some(_)) => dot_terms::depthwise(report, &sizes, &window, &inside),
        (Some((window, inside)), None) if has_weights => {
            dot_terms::convolution(report, &sizes, &window, &inside)
        }
        (Some(_), None) => pool(report, &sizes),
        (None, _) if has_weights => dot_terms::dense(report, &sizes),
        (None, _) => copy_terms::copies(op, report)
            .unwrap_or_else(|| elementwise(class_of(op, report, tensors), &sizes)),
    };
    Terms { counts: terms.counts.into_iter().filter(|(_, count)| *count > 0).collect(), ..terms }
}

impl Sizes {
    fn new(report: &OperatorReport, tensors: &[TensorReport]) -> Self {
        let tensor = |index: Option<&u16>| {
            let facts = &tensors.get(usize::from(*index?))?.facts;
            let elements = facts.shape.iter().map(|&size| u64::from(size)).product::<u64>();
            Some((elements, facts.shape.last().map_or(1, |&size| u64::from(size).max(1))))
        };
        let (elements, channels) = tensor(report.outputs.first()).unwrap_or((1, 1));
        let (inputs, input_channels) =
            tensor(report.inputs.first()).unwrap_or((elements, channels));
        let range = report.activation.as_ref();
        let is_limited = range.is_some_and(|range| (range.min, range.max) != (i8::MIN, i8::MAX));
        Self {
            elements,
            channels,
            positions: elements / channels,
            inputs,
            input_channels,
            limited: if is_limited { elements } else { 0 },
        }
    }
}

pub(super) fn name(report: &OperatorReport) -> String {
    let operation = report.operation.map(|operation| format!(" {operation}"));
    report.kind.to_owned() + &operation.unwrap_or_default()
}

fn pool(report: &OperatorReport, sizes: &Sizes) -> Terms {
    let cells = report.window.as_ref().map_or(1, |window| window.kernel[0] * window.kernel[1]);
    let counts = vec![
        ("value in a window", sizes.elements * cells as u64),
        ("output", sizes.elements),
        ("cell in a window", sizes.positions * cells as u64),
        ("position", sizes.positions),
        ("limit", sizes.limited),
        ("call", 1),
    ];
    Terms { class: name(report), counts }
}

/// Returns the class of an operator without a window and weights: its kind, with the function where
/// it has several, and whether an operand repeats or the types of both ends where that matters.
fn class_of(op: &Op<'_>, report: &OperatorReport, tensors: &[TensorReport]) -> String {
    if let Op::Binary(view) = op {
        let operation = view.operation.map(|operation| format!(" {operation:?}"));
        let repeats = view.operands.iter().any(|operand| operand.repeats != 0);
        let repeats = if repeats { " repeats" } else { "" };
        return format!("{}{}{repeats}", report.kind, operation.unwrap_or_default());
    }
    if report.operation.is_none() {
        return report.kind.to_owned();
    }
    let types =
        report.inputs.iter().chain(&report.outputs).filter_map(|&index| {
            Some(format!(" {:?}", tensors.get(usize::from(index))?.facts.dtype))
        });
    name(report) + &types.collect::<String>()
}

fn elementwise(class: String, sizes: &Sizes) -> Terms {
    let counts = vec![
        ("output", sizes.elements),
        ("input", sizes.inputs),
        ("row", sizes.positions),
        ("call", 1),
    ];
    Terms { class, counts }
}
