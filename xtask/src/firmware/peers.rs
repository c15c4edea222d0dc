//! What CMSIS-NN takes for the same models, counted the same way.

/// The reference models, in the order of the figures below.
const MODELS: [&str; 4] = ["kws_dscnn_int8", "ad01_int8", "ic_resnet8_int8", "vww_mnv1_int8"];

/// Instructions of one inference, to three digits: CMSIS-NN `99f736a6`, GCC 12.2 with `-O2`, in the
/// fastest of its settings that gives the same bytes, calls of layers alone
/// (`docs/benchmarks.md`). Counted once, outside CI.
const FIGURES: [(&str, [u64; 4]); 5] = [
    ("Cortex-M4F", [7_220_000, 570_000, 28_500_000, 22_600_000]),
    // For the same code as here, run on a Cortex-M4.
    ("Cortex-M0", [29_000_000, 1_760_000, 97_600_000, 86_900_000]),
    ("Cortex-M3", [10_500_000, 953_000, 41_800_000, 32_000_000]),
    ("Cortex-M33", [7_680_000, 580_000, 30_000_000, 24_000_000]),
    ("Cortex-M55", [1_810_000, 147_000, 4_910_000, 6_550_000]),
];

/// Returns what CMSIS-NN takes for a model on a processor, where that was counted.
pub(super) fn cmsis_nn(processor: &str, model: &str) -> Option<u64> {
    let column = MODELS.iter().position(|name| *name == model)?;
    let (_, figures) = FIGURES.iter().find(|(name, _)| *name == processor)?;
    figures.get(column).copied()
}

#[cfg(test)]
mod tests {
    use super::cmsis_nn;

    #[test]
    fn figures_are_found_by_processor_and_model() {
        assert_eq!(cmsis_nn("Cortex-M55", "ad01_int8"), Some(147_000));
        assert_eq!(cmsis_nn("Cortex-M4F", "digits"), None);
        assert_eq!(cmsis_nn("RV32IMAC", "ad01_int8"), None);
    }
}
