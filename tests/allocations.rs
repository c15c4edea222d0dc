//! Nothing is allocated after `init`, by any backend of the CPU.
#![allow(unsafe_code)]

use core::alloc::{GlobalAlloc, Layout as MemoryLayout};
use core::cell::Cell;
use std::alloc::System;

use isokern_core::{Batch, ComputeModel, Message, MessageHeader};
use isokern_cpu::{ArtifactBackend, InstructionSet};
use isokern_model::layout::Layout;
use isokern_tests::vectors::all_cases;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting per thread.
struct Counting;

// SAFETY: every method hands its arguments to `System` unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: MemoryLayout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's contract is the one of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: MemoryLayout) {
        // SAFETY: the caller's contract is the one of `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn inference_allocates_nothing() {
    for case in all_cases() {
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

            let before = COUNT.with(Cell::get);
            model.infer_one(input, single.as_mut_slice()).expect("the payloads fit");
            ComputeModel::infer_batch(&mut model, Batch::new(&messages), &mut outputs)
                .expect("the payloads fit");
            model.run().expect("every operator is built in");
            model.drain().expect("is ready");
            model.reset().expect("is ready");
            let after = COUNT.with(Cell::get);
            assert_eq!(after - before, 0, "{}, {instructions}: allocations", case.name);
        }
    }
}

#[test]
fn the_counter_counts() {
    let before = COUNT.with(Cell::get);
    let boxed = Box::new([1_u8; 100]);
    assert_eq!(COUNT.with(Cell::get) - before, usize::from(boxed[0]));
}
