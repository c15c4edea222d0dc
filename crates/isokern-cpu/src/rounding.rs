//! The rounding of a scaled sum as assembly of Armv7-M, for all loops that requantise.

/// Shifts `$y` to the right by `$right` with ties away from zero, and adds `$added`.
///
/// The last bit that is shifted out is the carry of the second instruction, and that of a negative
/// value's addition where none is.
macro_rules! shifted {
    ($y:literal, $right:literal, $added:literal) => {
        concat!(
            "adds ",
            $y,
            ", ",
            $y,
            ", ",
            $y,
            ", asr #31\n",
            "asrs ",
            $y,
            ", ",
            $y,
            ", ",
            $right,
            "\n",
            "adc ",
            $y,
            ", ",
            $y,
            ", ",
            $added
        )
    };
}

/// The same, held in -128 to 127.
macro_rules! requantised {
    ($y:literal, $right:literal, $zero_point:literal) => {
        concat!(crate::rounding::shifted!($y, $right, $zero_point), "\nssat ", $y, ", #8, ", $y)
    };
}

pub(crate) use {requantised, shifted};
