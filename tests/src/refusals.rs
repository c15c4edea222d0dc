//! What a refusal has to say: where, in operator and index, and what to do.

use isokern_import::convert;
use isokern_model::layout::Layout;

/// Panics unless a file is refused, and everything that is wrong with it names operators by index
/// and name, and a remedy.
pub fn check_refused(tflite: &[u8]) {
    let error = convert(tflite, Layout::Row).expect_err("the model is refused");
    for fault in error.faults() {
        let message = fault.to_string();
        let (wrong, remedy) = message.rsplit_once(". Fix: ").expect("an error and a remedy");
        assert!(names_an_operator(wrong), "{wrong}");
        assert!(remedy.len() > 20, "{message}");
    }
}

/// Returns whether a text has `operator 3 (CONV_2D)`, or `operators 3, 4 (CONV_2D)`.
fn names_an_operator(text: &str) -> bool {
    text.split("operator").skip(1).any(|rest| {
        let rest = rest.strip_prefix('s').unwrap_or(rest);
        let Some((indices, name)) = rest.split_once(" (") else { return false };
        let is_index = |index: &str| index.trim().parse::<usize>().is_ok();
        indices.split(',').all(is_index)
            && name.starts_with(|first: char| first.is_ascii_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use super::names_an_operator;

    #[test]
    fn an_operator_has_an_index_and_a_name() {
        for text in ["operator 3 (CONV_2D): x", "m.tflite: operators 1, 22 (CUSTOM `Flex`) are"] {
            assert!(names_an_operator(text), "{text}");
        }
        for text in ["the graph", "operator (CONV_2D)", "operators of (2)", "operator 3", "3 (ADD)"]
        {
            assert!(!names_an_operator(text), "{text}");
        }
    }
}
