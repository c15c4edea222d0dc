//! How many instructions a processor executes for a model, predicted from a table of costs.

use serde::Serialize;

use super::report::{OperatorReport, TensorReport};
use super::terms::{self, Terms};
use isokern_model::Model;

/// A processor whose instructions were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Target {
    /// Cortex-M4 and -M7, with the loops that use `SMLAD`
    CortexM4,
}

/// The instructions of one inference.
#[derive(Debug, Serialize)]
pub(crate) struct PredictionReport {
    pub(crate) target: String,
    /// The sum over all operators that the table has.
    pub(crate) instructions: u64,
    /// Operators of classes that were never counted, for which the sum has nothing.
    pub(crate) unknown: Vec<usize>,
    pub(crate) operators: Vec<OperatorPrediction>,
}

/// The instructions of one operator.
#[derive(Debug, Serialize)]
pub(crate) struct OperatorPrediction {
    #[serde(flatten)]
    pub(crate) terms: Terms,
    pub(crate) instructions: Option<u64>,
}

impl Target {
    /// Returns the name that is typed.
    fn name(self) -> String {
        clap::ValueEnum::to_possible_value(&self)
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    const fn costs(self) -> &'static str {
        match self {
            Self::CortexM4 => include_str!("../costs/cortex-m4.txt"),
        }
    }
}

impl PredictionReport {
    /// Predicts every operator.
    pub(crate) fn new(
        target: Target,
        model: &Model<'_>,
        reports: &[OperatorReport],
        tensors: &[TensorReport],
    ) -> Self {
        let costs = target.costs();
        let predict = |(op, report)| {
            let terms = terms::of(&op, report, tensors);
            OperatorPrediction { instructions: instructions(costs, &terms), terms }
        };
        let operators: Vec<OperatorPrediction> = model.ops().zip(reports).map(predict).collect();
        let is_unknown = |(index, operator): (usize, &OperatorPrediction)| {
            operator.instructions.is_none().then_some(index)
        };
        Self {
            target: target.name(),
            instructions: operators.iter().filter_map(|operator| operator.instructions).sum(),
            unknown: operators.iter().enumerate().filter_map(is_unknown).collect(),
            operators,
        }
    }
}

/// Returns the instructions by the table's formula for the class; none where it has none.
///
/// A line of the table is a class and, after tabs, `term: instructions`. What it lacks costs
/// nothing that was seen.
fn instructions(costs: &str, terms: &Terms) -> Option<u64> {
    let mut lines = costs.lines().filter(|line| !line.starts_with('#'));
    let formula = lines.find_map(|line| {
        let (class, formula) = line.split_once('\t')?;
        (class == terms.class).then_some(formula)
    })?;
    let cost = |name: &str| {
        let mut parts = formula.split('\t').filter_map(|part| part.split_once(": "));
        parts.find_map(|(term, cost)| (term == name).then(|| cost.parse::<f64>().ok()).flatten())
    };
    let sum: f64 =
        terms.counts.iter().map(|(name, count)| cost(name).unwrap_or(0.0) * *count as f64).sum();
    Some(sum.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::{Target, Terms, instructions};

    const COSTS: &str = "# what it is\nA\toutput: 2.5\tcall: 100\nA b\tcall: 7\n";

    #[test]
    fn a_formula_is_found_by_its_class() {
        let terms = |class: &str, outputs| Terms {
            class: class.to_owned(),
            counts: vec![("output", outputs), ("row", 9), ("call", 1)],
        };
        assert_eq!(instructions(COSTS, &terms("A", 10)), Some(125));
        assert_eq!(instructions(COSTS, &terms("A b", 10)), Some(7));
        assert_eq!(instructions(COSTS, &terms("# what", 10)), None);
        assert_eq!(instructions(COSTS, &terms("B", 10)), None);
    }

    #[test]
    fn every_line_of_a_table_is_a_formula() {
        for target in <Target as clap::ValueEnum>::value_variants() {
            let lines: Vec<&str> =
                target.costs().lines().filter(|line| !line.starts_with('#')).collect();
            assert!(lines.iter().any(|line| line.starts_with("CONV_2D\t")), "{target:?}");
            for line in lines {
                let (_, formula) = line.split_once('\t').expect(line);
                for part in formula.split('\t') {
                    let (_, cost) = part.split_once(": ").expect(line);
                    assert!(cost.parse::<f64>().is_ok_and(|cost| cost > 0.0), "{line}");
                }
            }
        }
    }
}
