//! Every vector loop against the plain one, on random shapes and extreme scales.

use isokern_core::compute::ModelArtifact;
use isokern_core::{Cells, DType, ModelSource, Solo, Team};
use isokern_cpu::{CpuBackend, InstructionSet};
use isokern_model::Model;
use isokern_model::encode::Draft;
use isokern_model::layout::Layout;
use isokern_model::operators::binary::BinaryOperation;
use isokern_model::operators::reduce::ReduceOperation;
use isokern_model::{Loops, Memory, run_ops};
use isokern_ops::block_mac::{BlockMacLoops, PortableBlockMac};
use isokern_ops::dual_mac::{DualMacLoops, PortableDualMac};
use isokern_ops::lane_mac::{LaneMacLoops, PortableLaneMac};
use isokern_ops::quad_mac::{PortableQuadMac, QuadMacLoops};
use isokern_ops::single_mac::{NarrowProducts, SingleMacLoops, WideProducts};
use isokern_tests::conversions;
use isokern_tests::drafts::{self, Numbers, WindowShape};

/// Runs a draft on random inputs with every instruction set, in both layouts.
fn check(what: &str, draft: &Draft, numbers: &mut Numbers) {
    let input = numbers.bytes(draft.tensors[usize::from(draft.inputs[0].tensor)].bytes());
    let expected = run(draft, Layout::Row, InstructionSet::PLAIN, &input);
    for layout in [Layout::Row, Layout::Packed] {
        for instructions in InstructionSet::available() {
            let output = run(draft, layout, instructions, &input);
            let at = expected.iter().zip(&output).position(|(a, b)| a != b);
            assert!(at.is_none(), "{what}, {layout:?}, {instructions}: byte {at:?} differs");
        }
    }
    let dual_mac = DualMacLoops::<PortableDualMac>::for_operators();
    assert!(expected == run_loops(&dual_mac, draft, &input), "{what}: the dual-MAC loops differ");
    let wide = SingleMacLoops::<WideProducts>::for_operators();
    assert!(expected == run_loops(&wide, draft, &input), "{what}: the single-MAC loops differ");
    let narrow = SingleMacLoops::<NarrowProducts>::for_operators();
    assert!(expected == run_loops(&narrow, draft, &input), "{what}: narrow products differ");
    let block_mac = BlockMacLoops::<PortableBlockMac>::for_operators();
    assert!(expected == run_loops(&block_mac, draft, &input), "{what}: the block-MAC loops differ");
    let lane_mac = LaneMacLoops::<PortableLaneMac>::for_operators();
    assert!(expected == run_loops(&lane_mac, draft, &input), "{what}: the lane-MAC loops differ");
    for (size, shift) in [(1, 0), (5, 1), (32, 0), (256, 0)] {
        for layout in [Layout::Packed, Layout::Row] {
            let output = run_quad_mac(draft, layout, &input, size, shift);
            assert!(expected == output, "{what}: {size} quad-MAC ranks, shift {shift}, {layout:?}");
        }
    }
}

/// Returns the loops of a block of GPU threads, in plain code here: `size` ranks one after the
/// other, in an arena that starts `shift` bytes past a word's boundary.
fn run_quad_mac(draft: &Draft, layout: Layout, input: &[i8], size: usize, shift: usize) -> Vec<i8> {
    let artifact = ModelArtifact::from_bytes(draft.encode(layout).expect("is valid"));
    let model = Model::parse(artifact.bytes()).expect("is valid");
    let mut memory = vec![0_u64; (model.arena_bytes() + shift).div_ceil(8)];
    let bytes: &mut [i8] = bytemuck::must_cast_slice_mut(&mut memory);
    let arena = &mut bytes[shift..shift + model.arena_bytes()];
    let start = model.input().offset();
    arena[start..start + input.len()].copy_from_slice(input);
    let loops = QuadMacLoops::<PortableQuadMac>::for_operators();
    for index in 0..model.operator_count() {
        // In either order: what one rank writes no other reads.
        for rank in (0..size).rev() {
            let cells = Cells::from_mut(arena);
            run_ops(
                &Rank { rank, size },
                &loops,
                &model,
                &Memory::stateless(cells),
                index..index + 1,
            )
            .expect("runs");
        }
    }
    let output = model.output();
    arena[output.offset()..output.offset() + output.bytes()].to_vec()
}

/// One of many ranks, whose barrier is the end of the caller's loop.
struct Rank {
    rank: usize,
    size: usize,
}

impl Team for Rank {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn sync(&self) {}
}

/// Runs the loops of microcontrollers, in plain code here, with one rank.
fn run_loops(loops: &impl Loops, draft: &Draft, input: &[i8]) -> Vec<i8> {
    let artifact = ModelArtifact::from_bytes(draft.encode(Layout::Row).expect("is valid"));
    let model = Model::parse(artifact.bytes()).expect("is valid");
    let mut arena = vec![0; model.arena_bytes()];
    let start = model.input().offset();
    arena[start..start + input.len()].copy_from_slice(input);
    let all = 0..model.operator_count();
    run_ops(&Solo, loops, &model, &Memory::stateless(Cells::from_mut(&mut arena)), all)
        .expect("runs");
    let output = model.output();
    arena[output.offset()..output.offset() + output.bytes()].to_vec()
}

fn run(draft: &Draft, layout: Layout, instructions: InstructionSet, input: &[i8]) -> Vec<i8> {
    let blob = draft.encode(layout).expect("the draft is valid");
    let artifact = ModelArtifact::from_bytes(&blob);
    let arena_bytes = Model::parse(artifact.bytes()).expect("the blob is valid").arena_bytes();
    let mut arena = vec![0; arena_bytes];
    let source = ModelSource::new(artifact.bytes(), &mut arena);
    let mut model =
        CpuBackend::new().with_instruction_set(instructions).load(source).expect("loads");
    model.init().expect("allocates nothing");
    model.input_mut().expect("is ready").copy_from_slice(input);
    model.run().expect("runs").to_vec()
}

#[test]
fn conv2d() {
    for seed in 0..300 {
        let numbers = &mut Numbers::new(seed);
        let shape = WindowShape::random(numbers, 64);
        let outputs = numbers.pick(&[1, 3, 8, 15, 16, 17, 31, 32, 48, 64, 65, 100, 128, 144]);
        let draft = drafts::conv2d(numbers, &shape, outputs);
        check(&format!("conv2d, seed {seed}: {shape:?} to {outputs}"), &draft, numbers);
    }
}

#[test]
fn conv2d_with_long_windows() {
    for (seed, channels) in [(1, 100), (2, 160), (3, 700), (4, 1400)] {
        let numbers = &mut Numbers::new(seed);
        let shape = WindowShape {
            images: 1,
            input: [7, 6, channels],
            kernel: [5, 5],
            stride: [1, 2],
            dilation: [1, 1],
            same: seed % 2 == 0,
        };
        let draft = drafts::conv2d(numbers, &shape, 18);
        check(&format!("conv2d of {channels} channels"), &draft, numbers);
    }
}

#[test]
fn depthwise_conv2d() {
    for seed in 0..300 {
        let numbers = &mut Numbers::new(seed);
        let shape = WindowShape::random(numbers, 64);
        let multiplier = numbers.pick(&[1, 1, 1, 2, 3, 8, 20]);
        let draft = drafts::depthwise_conv2d(numbers, &shape, multiplier);
        check(&format!("depthwise, seed {seed}: {shape:?} by {multiplier}"), &draft, numbers);
    }
}

#[test]
fn fully_connected() {
    for seed in 0..120 {
        let numbers = &mut Numbers::new(seed);
        let (rows, outputs) = (numbers.size(1, 4), numbers.size(1, 200));
        let terms = numbers.pick(&[1, 3, 4, 8, 63, 64, 130, 640, 1500, 5000]);
        let zero_point = numbers.pick(&[0, 0, 0, 5, -128]);
        let draft = drafts::fully_connected(numbers, rows, terms, outputs, zero_point);
        check(&format!("dense, seed {seed}: {rows}x{terms} to {outputs}"), &draft, numbers);
    }
}

#[test]
fn fully_connected_longer_than_a_patch() {
    let numbers = &mut Numbers::new(1);
    let draft = drafts::fully_connected(numbers, 1, 40_000, 3, 0);
    check("dense of 40 000 terms", &draft, numbers);
}

#[test]
fn add() {
    for seed in 0..200 {
        let numbers = &mut Numbers::new(seed);
        let len = numbers.size(1, 400);
        let draft = drafts::add(numbers, len);
        check(&format!("add, seed {seed}: {len}"), &draft, numbers);
        let draft = drafts::add_n(numbers, len);
        check(&format!("add_n, seed {seed}: {len}"), &draft, numbers);
    }
}

#[test]
fn functions_of_two_values() {
    for operation in BinaryOperation::ALL {
        for seed in 0..60 {
            let numbers = &mut Numbers::new(seed);
            let draft = drafts::binary(numbers, operation);
            check(&format!("{operation:?}, seed {seed}"), &draft, numbers);
        }
    }
}

#[test]
fn choices() {
    for seed in 0..200 {
        let numbers = &mut Numbers::new(seed);
        let draft = drafts::select(numbers);
        check(&format!("select, seed {seed}"), &draft, numbers);
    }
}

#[test]
fn moves_and_choices_by_index() {
    for seed in 0..60 {
        let numbers = &mut Numbers::new(seed);
        let [rows, columns] = [(); 2].map(|()| numbers.size(1, 70) as u32);
        let draft = drafts::moves(numbers, rows, columns);
        check(&format!("moves, seed {seed}"), &draft, numbers);
        let draft = drafts::gather(numbers, rows, columns, 9);
        check(&format!("gather, seed {seed}"), &draft, numbers);
    }
}

#[test]
fn reductions() {
    for operation in ReduceOperation::ALL {
        for seed in 0..60 {
            let numbers = &mut Numbers::new(seed);
            let draft = drafts::reduce(numbers, operation);
            check(&format!("{operation:?}, seed {seed}"), &draft, numbers);
        }
    }
}

#[test]
fn halves_and_their_neighbours_are_rounded_alike() {
    let halves = (-400..400).map(|half| half as f32 / 2.0);
    let near = halves.flat_map(|half| [half.next_down(), half, half.next_up()]);
    let ends = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 2e9, 3e9, -2e9, -3e9, -0.0];
    let values: Vec<f32> = near.chain(ends).collect();
    for to in [DType::I8, DType::I16] {
        let draft = conversions::whole_steps(to, values.len());
        let input = bytemuck::cast_slice(&values);
        let expected = run(&draft, Layout::Row, InstructionSet::PLAIN, input);
        for instructions in InstructionSet::available() {
            let output = run(&draft, Layout::Row, instructions, input);
            assert!(output == expected, "to {to:?} with {instructions}");
        }
    }
}

#[test]
fn conversions_of_all_types() {
    for seed in 0..400 {
        let numbers = &mut Numbers::new(seed);
        let len = numbers.size(1, 150);
        let draft = conversions::convert(numbers, len);
        check(&format!("convert, seed {seed}: {draft:?}"), &draft, numbers);
    }
}

#[test]
fn pools_softmax_and_tables() {
    for seed in 0..60 {
        let numbers = &mut Numbers::new(seed);
        let shape = WindowShape::random(numbers, 64);
        let draft = drafts::pool(numbers, &shape);
        check(&format!("pool, seed {seed}: {shape:?}"), &draft, numbers);
        let (rows, depth) = (numbers.size(1, 5), numbers.size(1, 40));
        let draft = drafts::softmax(numbers, rows, depth);
        check(&format!("softmax, seed {seed}"), &draft, numbers);
        let len = numbers.size(1, 400);
        let draft = conversions::table(numbers, len);
        check(&format!("table, seed {seed}: {len}"), &draft, numbers);
    }
}
