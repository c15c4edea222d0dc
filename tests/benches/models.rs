//! Criterion benches: one inference of each model, with every instruction set.
//!
//! `cargo bench -p isokern-tests --bench models` measures the repository's models and,
//! where they are, the reference models. `compare_litert.py` measures a peer beside us.

use core::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use isokern_cpu::{ArtifactBackend, InstructionSet};
use isokern_model::layout::Layout;
use isokern_tests::vectors::all_cases;

fn models(criterion: &mut Criterion) {
    for case in all_cases() {
        let mut group = criterion.benchmark_group(&case.name);
        let artifact = case.convert(Layout::Packed);
        for instructions in InstructionSet::available() {
            let backend = ArtifactBackend::new().with_instruction_set(instructions);
            let mut model = backend.load(&artifact).expect("the artifact is a model");
            model.init().expect("memory is there");
            let input = case.inputs[..model.model().input().len()].to_vec();
            let mut output = vec![0_i8; model.model().output().len()];
            group.bench_function(instructions.name(), |bencher| {
                bencher.iter(|| {
                    let input = black_box(input.as_slice());
                    model.infer_one(input, output.as_mut_slice()).expect("the payloads fit");
                    black_box(&output);
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, models);
criterion_main!(benches);
