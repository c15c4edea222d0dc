//! Nothing is allocated after `init`, by any backend of the CPU.

use isokern_core::{Batch, ComputeModel, Message, MessageHeader};
use isokern_cpu::{ArtifactBackend, InstructionSet};
use isokern_model::layout::Layout;
use isokern_tests::counting::{Counting, allocation_count};
use isokern_tests::trials::{on_models, run, trial};
use isokern_tests::vectors::Case;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    let counted = on_models("inference_allocates_nothing", inference_allocates_nothing);
    run(counted.into_iter().chain([trial("the_counter_counts", the_counter_counts)]))
}

fn inference_allocates_nothing(cases: &[Case]) {
    for case in cases {
        for instructions in InstructionSet::available() {
            let artifact = case.convert(Layout::Row);
            let backend = ArtifactBackend::new().with_instruction_set(instructions);
            let mut model = backend.load(&artifact).expect("the artifact is a model");
            model.init().expect("memory is there");
            let (input_len, output_len) =
                (model.model().input().len(), model.model().output().len());
            let input = &case.inputs[..input_len];
            let mut single = vec![0_i8; output_len];
            let mut batched = vec![0_i8; output_len];
            let messages = [Message::new(MessageHeader::new(), input)];
            let mut outputs = [batched.as_mut_slice()];

            let before = allocation_count();
            model.infer_one(input, single.as_mut_slice()).expect("the payloads fit");
            ComputeModel::infer_batch(&mut model, Batch::new(&messages), &mut outputs)
                .expect("the payloads fit");
            model.run().expect("every operator is built in");
            model.drain().expect("is ready");
            model.reset().expect("is ready");
            let after = allocation_count();
            assert_eq!(after - before, 0, "{}, {instructions}: allocations", case.name);
        }
    }
}

fn the_counter_counts() {
    let before = allocation_count();
    let boxed = Box::new([1_u8; 100]);
    assert_eq!(allocation_count() - before, usize::from(boxed[0]));
}
