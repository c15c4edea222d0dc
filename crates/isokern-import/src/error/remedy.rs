//! What a user can do now about operators that Isokern does not have.

use core::fmt;

use super::UnsupportedOperator;

/// What to do about operators of the file, by cause; each remedy once, with the names it is for.
pub(super) struct Remedies<'e> {
    operators: &'e [UnsupportedOperator],
    /// The operators that Isokern has.
    supported: &'e [&'static str],
}

impl<'e> Remedies<'e> {
    pub(super) const fn new(
        operators: &'e [UnsupportedOperator],
        supported: &'e [&'static str],
    ) -> Self {
        Self { operators, supported }
    }
}

/// What to do about operators of these names.
struct Row {
    /// What to do.
    remedy: &'static str,
    /// The schema's names, or the start of what messages call a custom operator.
    names: &'static [&'static str],
}

/// The first row that fits is taken.
const ROWS: &[Row] = &[
    Row {
        remedy: "fix the batch size before conversion, with keras.Input(batch_shape=(1, ...)) or \
                 a concrete function of one sample, so that no shape is computed while the model \
                 runs",
        names: &["REDUCE_PROD", "RANGE"],
    },
    Row {
        remedy: "put the activation directly after a convolution, dense layer or sum, so that the \
                 converter fuses it",
        names: &["RELU_N1_TO_1", "RELU_0_TO_1"],
    },
    Row {
        remedy: "use ReLU, ReLU6, leaky ReLU, ELU, hard swish, tanh, sigmoid or softmax instead, \
                 and train and convert the model again",
        names: &["GELU"],
    },
    Row {
        remedy: "replace it, or do its step in the program: TFLite Micro has it for float alone, \
                 not for int8",
        names: &[
            "NEG",
            "EXP",
            "LOG",
            "SQRT",
            "SQUARE",
            "SIN",
            "COS",
            "CEIL",
            "FLOOR",
            "ROUND",
            "FLOOR_DIV",
            "FLOOR_MOD",
            "L2_POOL_2D",
        ],
    },
    Row {
        remedy: "use softmax instead, or end the model before it: the order of the values is the \
                 same",
        names: &["LOG_SOFTMAX"],
    },
    Row {
        remedy: "resize by nearest neighbours, with interpolation=\"nearest\", and train and \
                 convert the model again",
        names: &["RESIZE_BILINEAR"],
    },
    Row {
        remedy: "use UpSampling2D and a convolution instead, and train and convert the model again",
        names: &["TRANSPOSE_CONV"],
    },
    Row {
        remedy: "end the model before it, and divide by the norm in the program that reads the \
                 answer",
        names: &["L2_NORMALIZATION"],
    },
    Row {
        remedy: "multiply by the reciprocal of the constant instead, and convert the model again",
        names: &["DIV"],
    },
    Row {
        remedy: "export without control flow: leave recurrent layers out, or replace them by \
                 convolutions over time",
        names: &[
            "IF",
            "WHILE",
            "CALL",
            "LSTM",
            "UNIDIRECTIONAL_SEQUENCE_LSTM",
            "BIDIRECTIONAL_SEQUENCE_LSTM",
            "UNIDIRECTIONAL_SEQUENCE_RNN",
            "BIDIRECTIONAL_SEQUENCE_RNN",
            "RNN",
        ],
    },
    Row {
        remedy: "end the model before it, and find the largest output in the program that reads \
                 the answer",
        names: &["TOPK_V2"],
    },
    Row {
        remedy: "pass the file that was given to the compiler for the Edge TPU, not the one that \
                 it wrote",
        names: &["CUSTOM `edgetpu-custom-op`"],
    },
    Row {
        remedy: "convert the model with tf.lite.OpsSet.TFLITE_BUILTINS_INT8 alone, without \
                 SELECT_TF_OPS; what the converter then names has no TFLite form: replace it",
        names: &["CUSTOM `Flex"],
    },
    Row {
        remedy: "end the model before it, or begin it after it, and do its step in the program",
        names: &["CUSTOM `"],
    },
];

/// Groups operators by what to do about them, in the order in which each cause appears first.
pub(crate) fn by_cause(operators: Vec<UnsupportedOperator>) -> Vec<Vec<UnsupportedOperator>> {
    let mut groups: Vec<(Option<&Row>, Vec<UnsupportedOperator>)> = Vec::new();
    for operator in operators {
        let cause = cause(&operator);
        match groups.iter_mut().find(|(other, _)| is_same(*other, cause)) {
            Some((_, group)) => group.push(operator),
            None => groups.push((cause, vec![operator])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// How many names of a row a message lists.
const LISTED_MAX: usize = 4;

/// Returns the row for an operator.
fn cause(operator: &UnsupportedOperator) -> Option<&'static Row> {
    let name = operator.name.as_str();
    let is = |known: &&str| *known == name || known.contains('`') && name.starts_with(known);
    ROWS.iter().find(|row| row.names.iter().any(is))
}

fn is_same(one: Option<&Row>, other: Option<&Row>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => core::ptr::eq(one, other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

impl fmt::Display for Remedies<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups: Vec<(Option<&Row>, Vec<&str>)> = Vec::new();
        for operator in self.operators {
            let (row, name) = (cause(operator), operator.name.as_str());
            match groups.iter_mut().find(|(other, _)| is_same(*other, row)) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => groups.push((row, vec![name])),
            }
        }
        for (place, (row, names)) in groups.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            write!(
                formatter,
                "{separator}for {}",
                names[..names.len().min(LISTED_MAX)].join(", ")
            )?;
            if let Some(more) = names.len().checked_sub(LISTED_MAX).filter(|&more| more > 0) {
                write!(formatter, " and {more} more")?;
            }
            match row {
                Some(row) => write!(formatter, ", {}", row.remedy)?,
                None => {
                    let supported = self.supported.join(", ");
                    write!(formatter, ", build the model without, from {supported}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::ROWS;
    use crate::error::UnsupportedOperator;
    use crate::{builtin, lower};

    fn message(names: &[&str]) -> String {
        let operator =
            |(index, name): (usize, &&str)| UnsupportedOperator { index, name: (*name).to_owned() };
        lower::unsupported(names.iter().enumerate().map(operator).collect()).to_string()
    }

    #[test]
    fn c06_every_name_is_one_of_the_schema_once_and_has_no_lowering() {
        let all: Vec<&str> = (0..300).filter_map(builtin::name).collect();
        let mut names: Vec<&str> = ROWS.iter().flat_map(|row| row.names).copied().collect();
        names.retain(|name| !name.starts_with("CUSTOM `"));
        for name in &names {
            assert!(all.contains(name) && !lower::is_supported(name), "{name}");
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn c06_the_remedy_follows_from_the_cause() {
        let cases: [(&[&str], &str); 10] = [
            (&["REDUCE_PROD", "RANGE"], "for REDUCE_PROD, RANGE, fix the batch size before"),
            (&["RESIZE_BILINEAR"], "resize by nearest neighbours"),
            (&["LOG_SOFTMAX"], "for LOG_SOFTMAX, use softmax instead"),
            (
                &["POW", "DIV", "POW", "RANK"],
                "for POW, RANK, build the model without, from CONV_2D",
            ),
            (&["SIN", "DIV"], "; for DIV, multiply by the reciprocal"),
            (&["CUSTOM `edgetpu-custom-op`"], "given to the compiler for the Edge TPU"),
            (&["CUSTOM `FlexErf`"], "without SELECT_TF_OPS"),
            (&["CUSTOM `SignalRfft`"], "do its step in the program"),
            (
                &["POW", "WHERE", "UNIQUE", "RANK", "BUCKETIZE"],
                "for POW, WHERE, UNIQUE, RANK and 1 more",
            ),
            (&["EXP", "NEG"], "for EXP, NEG, replace it, or do its step in the program"),
        ];
        for (names, expected) in cases {
            let message = message(names);
            let (_, fix) = message.split_once(". Fix: ").expect("a remedy");
            assert!(fix.contains(expected), "{names:?}: {fix}");
        }
    }
}
