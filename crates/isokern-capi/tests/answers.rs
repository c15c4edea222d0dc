//! Every model of the repository gives C the bytes that it gives Rust.

mod calls;

use calls::{Program, all_packed, bytes_of, fill, packed};
use isokern_capi::{Dtype, Sizes, Status};
use isokern_cpu::core::ModelSource;
use isokern_cpu::model::digest::generate_input;
use isokern_cpu::model::{self, Model};
use isokern_cpu::{CpuBackend, CpuModel};

/// How many inputs each model gets; a model with state gets them as one stream.
const INPUTS: u32 = 4;

/// Returns an input that a seed stands for; indices that are inside of what they pick from.
fn sample(seed: u32, tensor: &model::Tensor) -> Vec<u8> {
    let mut values = vec![0_i8; tensor.bytes()];
    if tensor.dtype().size_bytes() == 1 {
        generate_input(seed, &mut values);
    }
    values.into_iter().map(i8::cast_unsigned).collect()
}

fn check_run(name: &str, program: &mut Program, rust: &mut CpuModel<'_>, seed: u32) {
    let (inputs, outputs): (Vec<_>, Vec<_>) = {
        let model = rust.model();
        (model.inputs().collect(), model.outputs().collect())
    };
    for (index, port) in (0..).zip(&inputs) {
        let bytes = sample(seed + (index << 8), port);
        fill(&program.input(index).expect("there is one"), &bytes);
        let target = rust.input_at_mut(index as usize).expect("there is one");
        target.copy_from_slice(&bytes);
    }
    assert_eq!(program.run(), Status::Ok, "{name}");
    rust.run().expect("it runs");
    for (index, port) in (0..).zip(&outputs) {
        let tensor = program.output(index).expect("there is one");
        let described = (tensor.dtype, tensor.bytes, tensor.count, tensor.zero_point);
        let expected = (port.dtype().code().into(), port.bytes(), port.len(), port.zero_point());
        assert_eq!(described, expected, "{name}");
        assert_eq!(tensor.scale.to_bits(), port.scale().to_bits(), "{name}");
        assert_eq!(&tensor.shape[..tensor.rank as usize], port.shape(), "{name}");
        let answer = rust.output_at(index as usize).expect("there is one");
        assert_eq!(bytes_of(&tensor), answer, "{name}, output {index}");
    }
}

#[test]
fn every_model_gives_the_bytes_of_rust() {
    let models = all_packed();
    assert!(models.len() > 30, "found {} models", models.len());
    for (name, blob) in &models {
        let bytes = calls::Aligned::new(blob);
        let parsed = Model::parse(bytes.bytes(blob.len())).expect("it is a model");
        let (arena_bytes, state_bytes) = (parsed.arena_bytes(), parsed.state_bytes());
        let mut program = Program::new(blob, (arena_bytes, state_bytes));
        assert_eq!(program.init(), Status::Ok, "{name}");
        let (mut arena, mut state) = (vec![0; arena_bytes], vec![0; state_bytes]);
        let source = ModelSource::new(parsed.blob(), &mut arena).with_state(&mut state);
        let mut rust = CpuBackend::new().load(source).expect("it loads");
        rust.init().expect("it starts");
        for seed in 1..=INPUTS {
            check_run(name, &mut program, &mut rust, seed);
        }
        // From the start once more.
        assert_eq!(program.reset(), Status::Ok, "{name}");
        rust.reset().expect("it can be reset");
        check_run(name, &mut program, &mut rust, 1);
    }
}

#[test]
fn sizes_and_the_input_of_digits_are_those_of_the_model() {
    let blob = packed("models/digits.tflite");
    let mut program = Program::new(&blob, (1536, 0));
    let mut sizes = Sizes {
        struct_bytes: size_of::<Sizes>() as u32,
        input_count: 9,
        output_count: 9,
        arena_bytes: 9,
        state_bytes: 9,
    };
    assert_eq!(calls::sizes(&raw const program.model, &raw mut sizes), Status::Ok);
    assert_eq!((sizes.input_count, sizes.output_count), (1, 1));
    assert_eq!((sizes.arena_bytes, sizes.state_bytes), (1536, 0));
    assert_eq!(program.init(), Status::Ok);
    let input = program.input(0).expect("there is one");
    assert_eq!((input.dtype, input.bytes, input.rank), (Dtype::I8 as i32, 64, 4));
    assert_eq!(input.shape, [1, 8, 8, 1, 1, 1]);
}

/// A later header has longer structures: what we do not know stays as it is.
#[test]
fn a_longer_structure_of_a_later_header_is_taken() {
    #[repr(C)]
    struct Later {
        tensor: isokern_capi::Tensor,
        new_field: u64,
    }
    let blob = packed("models/digits.tflite");
    let mut program = Program::new(&blob, (1536, 0));
    assert_eq!(program.init(), Status::Ok);
    let mut later = Later { tensor: calls::tensor(), new_field: 7 };
    later.tensor.struct_bytes = size_of::<Later>() as u32;
    let tensor = (&raw mut later).cast();
    assert_eq!(calls::input(&raw const program.session, 0, tensor), Status::Ok);
    assert_eq!((later.tensor.bytes, later.new_field), (64, 7));
    assert_eq!(later.tensor.struct_bytes as usize, size_of::<Later>());
}
