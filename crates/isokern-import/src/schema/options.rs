//! Options tables of the TFLite schema, for the operators that have one.
//!
//! An operator without a row here has no options that matter to its lowering.

use crate::flatbuffer::Field;
use crate::graph::OptionValue::{self, Bool, F32, I32, Text, U8};
use crate::graph::{CALL_ONCE, CONTAINER, INIT_SUBGRAPH, SHARED_NAME};

/// A table of the `BuiltinOptions` union.
#[derive(Debug)]
pub(crate) struct OptionsTable {
    /// The operators whose options it holds.
    operators: &'static [&'static str],
    /// Its number in the union.
    pub(crate) number: u8,
    /// Its name, for errors.
    pub(crate) name: &'static str,
    /// Its fields, with their defaults, which say the type.
    pub(crate) fields: &'static [(Field, OptionValue<'static>)],
}

/// Returns the table of the options of an operator.
pub(crate) fn options_table(operator: &str) -> Option<&'static OptionsTable> {
    TABLES.iter().find(|table| table.operators.contains(&operator))
}

const TABLES: &[OptionsTable] = &[
    OptionsTable {
        operators: &["CONV_2D"],
        number: 1,
        name: "Conv2DOptions",
        fields: &[
            (Field::new(0, "padding"), U8(0)),
            (Field::new(1, "stride_w"), I32(0)),
            (Field::new(2, "stride_h"), I32(0)),
            (Field::new(3, "fused_activation_function"), U8(0)),
            (Field::new(4, "dilation_w_factor"), I32(1)),
            (Field::new(5, "dilation_h_factor"), I32(1)),
        ],
    },
    OptionsTable {
        operators: &["DEPTHWISE_CONV_2D"],
        number: 2,
        name: "DepthwiseConv2DOptions",
        fields: &[
            (Field::new(0, "padding"), U8(0)),
            (Field::new(1, "stride_w"), I32(0)),
            (Field::new(2, "stride_h"), I32(0)),
            (Field::new(3, "depth_multiplier"), I32(0)),
            (Field::new(4, "fused_activation_function"), U8(0)),
            (Field::new(5, "dilation_w_factor"), I32(1)),
            (Field::new(6, "dilation_h_factor"), I32(1)),
        ],
    },
    OptionsTable {
        operators: &["AVERAGE_POOL_2D", "MAX_POOL_2D"],
        number: 5,
        name: "Pool2DOptions",
        fields: &[
            (Field::new(0, "padding"), U8(0)),
            (Field::new(1, "stride_w"), I32(0)),
            (Field::new(2, "stride_h"), I32(0)),
            (Field::new(3, "filter_width"), I32(0)),
            (Field::new(4, "filter_height"), I32(0)),
            (Field::new(5, "fused_activation_function"), U8(0)),
        ],
    },
    OptionsTable {
        operators: &["FULLY_CONNECTED"],
        number: 8,
        name: "FullyConnectedOptions",
        fields: &[
            (Field::new(0, "fused_activation_function"), U8(0)),
            (Field::new(1, "weights_format"), U8(0)),
        ],
    },
    OptionsTable {
        operators: &["SOFTMAX"],
        number: 9,
        name: "SoftmaxOptions",
        fields: &[(Field::new(0, "beta"), F32(0.0))],
    },
    OptionsTable {
        operators: &["LEAKY_RELU"],
        number: 75,
        name: "LeakyReluOptions",
        fields: &[(Field::new(0, "alpha"), F32(0.0))],
    },
    OptionsTable {
        operators: &["ADD"],
        number: 11,
        name: "AddOptions",
        fields: &[(Field::new(0, "fused_activation_function"), U8(0))],
    },
    OptionsTable {
        operators: &["MUL"],
        number: 21,
        name: "MulOptions",
        fields: &[(Field::new(0, "fused_activation_function"), U8(0))],
    },
    OptionsTable {
        operators: &["MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL"],
        number: 27,
        name: "ReducerOptions",
        fields: &[(Field::new(0, "keep_dims"), Bool(false))],
    },
    OptionsTable {
        operators: &["SUB"],
        number: 28,
        name: "SubOptions",
        fields: &[(Field::new(0, "fused_activation_function"), U8(0))],
    },
    OptionsTable {
        operators: &["CONCATENATION"],
        number: 10,
        name: "ConcatenationOptions",
        fields: &[
            (Field::new(0, "axis"), I32(0)),
            (Field::new(1, "fused_activation_function"), U8(0)),
        ],
    },
    OptionsTable {
        operators: &["STRIDED_SLICE"],
        number: 32,
        name: "StridedSliceOptions",
        fields: &[
            (Field::new(0, "begin_mask"), I32(0)),
            (Field::new(1, "end_mask"), I32(0)),
            (Field::new(4, "shrink_axis_mask"), I32(0)),
        ],
    },
    OptionsTable {
        operators: &["MIRROR_PAD"],
        number: 77,
        name: "MirrorPadOptions",
        fields: &[(Field::new(0, "mode"), U8(0))],
    },
    OptionsTable {
        operators: &["PACK"],
        number: 59,
        name: "PackOptions",
        fields: &[(Field::new(0, "values_count"), I32(0)), (Field::new(1, "axis"), I32(0))],
    },
    OptionsTable {
        operators: &["UNPACK"],
        number: 64,
        name: "UnpackOptions",
        fields: &[(Field::new(0, "num"), I32(0)), (Field::new(1, "axis"), I32(0))],
    },
    OptionsTable {
        operators: &["SPACE_TO_DEPTH"],
        number: 19,
        name: "SpaceToDepthOptions",
        fields: &[(Field::new(0, "block_size"), I32(0))],
    },
    OptionsTable {
        operators: &["DEPTH_TO_SPACE"],
        number: 94,
        name: "DepthToSpaceOptions",
        fields: &[(Field::new(0, "block_size"), I32(0))],
    },
    OptionsTable {
        operators: &["GATHER"],
        number: 23,
        name: "GatherOptions",
        fields: &[(Field::new(0, "axis"), I32(0)), (Field::new(1, "batch_dims"), I32(0))],
    },
    OptionsTable {
        operators: &["RESIZE_NEAREST_NEIGHBOR"],
        number: 74,
        name: "ResizeNearestNeighborOptions",
        fields: &[
            (Field::new(0, "align_corners"), Bool(false)),
            (Field::new(1, "half_pixel_centers"), Bool(false)),
        ],
    },
    OptionsTable {
        operators: &[CALL_ONCE],
        number: 103,
        name: "CallOnceOptions",
        fields: &[(Field::new(0, INIT_SUBGRAPH), I32(0))],
    },
    OptionsTable {
        operators: &["VAR_HANDLE"],
        number: 111,
        name: "VarHandleOptions",
        fields: &[(Field::new(0, CONTAINER), Text(&[])), (Field::new(1, SHARED_NAME), Text(&[]))],
    },
];

#[cfg(test)]
mod tests {
    use super::TABLES;
    use crate::lower;

    #[test]
    fn every_table_is_that_of_lowered_operators() {
        let mut operators: Vec<&str> =
            TABLES.iter().flat_map(|table| table.operators).copied().collect();
        assert!(operators.iter().all(|operator| lower::is_supported(operator)), "{operators:?}");
        let count = operators.len();
        operators.sort_unstable();
        operators.dedup();
        assert_eq!(operators.len(), count, "one table for each");
    }
}
