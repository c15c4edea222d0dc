//! Requantisation of every vector loop against the plain one, exhaustively.
//!
//! A model of one term per output makes the accumulator `bias + x - zero_point`: with
//! all 256 values of `x` as rows, every output is one multiplier, shift and bias seen
//! with every int8 value.

use isokern_core::DType;
use isokern_core::ModelSource;
use isokern_core::compute::ModelArtifact;
use isokern_cpu::{CpuBackend, InstructionSet};
use isokern_model::Model;
use isokern_model::Region;
use isokern_model::encode::{Constant, Draft, DraftOp, DraftPort, DraftTensor};
use isokern_model::layout::Layout;
use isokern_model::layout::Terms;
use isokern_model::operators::dot_body::{DotBody, constants};
use isokern_model::operators::fully_connected::FullyConnected;
use isokern_model::requant::{Activation, Requant, requantise};
use isokern_tests::drafts::Numbers;

/// Values of one scale: multiplier, shift, bias.
type Scale = (i32, i8, i32);

#[test]
fn every_value_with_every_shift_and_edge_multiplier() {
    const MULTIPLIERS: [i32; 9] = [
        0,
        1,
        (1 << 30) - 1,
        1 << 30,
        (1 << 30) + 1,
        1_500_000_001,
        1_846_835_937,
        i32::MAX - 1,
        i32::MAX,
    ];
    const BIASES: [i32; 7] = [0, -1, 1 << 16, -77_777, 1 << 30, i32::MAX, i32::MIN];
    for bias in BIASES {
        let scales = (-31..=30).flat_map(|shift| MULTIPLIERS.map(|scale| (scale, shift, bias)));
        check(&scales.collect::<Vec<Scale>>());
    }
}

#[test]
fn every_value_with_thousands_of_multipliers() {
    let numbers = &mut Numbers::new(11);
    for _ in 0..16 {
        let mut scale = || {
            let multiplier = numbers.within(1 << 30, i32::MAX.into()) as i32;
            let bias = numbers.within(-1 << 22, 1 << 22) as i32;
            (multiplier, numbers.within(-20, 2) as i8, bias)
        };
        check(&(0..1000).map(|_| scale()).collect::<Vec<Scale>>());
    }
}

/// Compares each instruction set with [`requantise`] itself.
fn check(scales: &[Scale]) {
    for (input_zero, output_zero) in [(0, 0), (-128, 127), (83, -128)] {
        let activation = Activation { min: -128, max: 119 };
        let draft = draft(scales, input_zero, output_zero, activation);
        let blob = draft.encode(Layout::Packed).expect("the draft is valid");
        let artifact = ModelArtifact::from_bytes(&blob);
        let expected = expected(scales, input_zero, output_zero, activation);
        for instructions in InstructionSet::available() {
            let arena_bytes = Model::parse(artifact.bytes()).expect("is valid").arena_bytes();
            let mut arena = vec![0; arena_bytes];
            let source = ModelSource::new(artifact.bytes(), &mut arena);
            let backend = CpuBackend::new().with_instruction_set(instructions);
            let mut model = backend.load(source).expect("loads");
            model.init().expect("is lent its memory");
            for (value, x) in model.input_mut().expect("is ready").iter_mut().zip(i8::MIN..=i8::MAX)
            {
                *value = x;
            }
            let output = model.run().expect("runs");
            for (index, (found, wanted)) in output.iter().zip(&expected).enumerate() {
                let (x, scale) = (index / scales.len(), scales[index % scales.len()]);
                assert_eq!(found, wanted, "{instructions}: row {x}, scale {scale:?}");
            }
        }
    }
}

fn expected(scales: &[Scale], input_zero: i8, output_zero: i8, activation: Activation) -> Vec<i8> {
    let one = |x: i8, (multiplier, shift, bias): Scale| {
        let requant = Requant {
            bias: &[],
            multiplier: &[multiplier],
            shift: &[shift],
            zero_point: output_zero.into(),
            activation,
        };
        let accumulator = bias.wrapping_add(i32::from(x) - i32::from(input_zero));
        requantise(&requant, 0, accumulator)
    };
    (i8::MIN..=i8::MAX).flat_map(|x| scales.iter().map(move |&scale| one(x, scale))).collect()
}

fn draft(scales: &[Scale], input_zero: i8, output_zero: i8, activation: Activation) -> Draft {
    let outputs = scales.len();
    let tensor = |dims: [u32; 2], zero_point: i8, offset| DraftTensor {
        dims: dims.to_vec(),
        dtype: DType::I8,
        scale: 1.0,
        zero_point: zero_point.into(),
        region: Region::Arena,
        offset,
    };
    let body = DotBody {
        activation_min: activation.min,
        activation_max: activation.max,
        scale_count: outputs as u32,
        outputs: outputs as u32,
        ..DotBody::default()
    };
    let terms = Terms { rows: 1, row_terms: 1 };
    let weights = Constant::Dots { values: vec![1; outputs], outputs, terms };
    let bias: Vec<i32> = scales.iter().map(|scale| scale.2).collect();
    let multiplier: Vec<i32> = scales.iter().map(|scale| scale.0).collect();
    let shift: Vec<i8> = scales.iter().map(|scale| scale.1).collect();
    let constants = constants(weights, &bias, &multiplier, &shift);
    Draft {
        tensors: vec![
            tensor([256, 1], input_zero, 0),
            tensor([256, outputs as u32], output_zero, 256),
        ],
        ops: vec![DraftOp::new::<FullyConnected>(&body, &[0], &[1]).with_constants(constants)],
        inputs: vec![DraftPort::new(0, "input")],
        outputs: vec![DraftPort::new(1, "output")],
        state: Vec::new(),
        source_sha256: [0; 32],
    }
}
