//! Every operator with teams of real threads: the same bytes, and no data race.
//!
//! `cargo xtask race` runs this file under a race detector, which sees two ranks
//! that touch one cell between two barriers even where the bytes come out right.

use isokern_core::compute::ModelArtifact;
use isokern_core::{Cells, Solo};
use isokern_model::Model;
use isokern_model::encode::Draft;
use isokern_model::layout::Layout;
use isokern_model::operators::binary::BinaryOperation;
use isokern_model::operators::reduce::ReduceOperation;
use isokern_model::{Memory, PlainLoops, run_ops};
use isokern_ops::block_mac::{BlockMacLoops, PortableBlockMac};
use isokern_ops::dual_mac::{DualMacLoops, PortableDualMac};
use isokern_ops::lane_mac::{LaneMacLoops, PortableLaneMac};
use isokern_ops::quad_mac::{PortableQuadMac, QuadMacLoops};
use isokern_ops::single_mac::{SingleMacLoops, WideProducts};
use isokern_tests::drafts::{self, Numbers, WindowShape};
use isokern_tests::{conversions, team};

fn check(name: &str, draft: &Draft) {
    for layout in [Layout::Row, Layout::Packed] {
        let blob = draft.encode(layout).expect("the draft is valid");
        let artifact = ModelArtifact::from_bytes(&blob);
        let model = Model::parse(artifact.bytes()).expect("the blob is valid");
        let input = Numbers::new(7).bytes(model.arena_bytes());
        let mut alone = input.clone();
        let all = 0..model.operator_count();
        let memory = Memory::stateless(Cells::from_mut(&mut alone));
        run_ops(&Solo, &PlainLoops::new(), &model, &memory, all).expect("runs");
        for size in [2, 3, 8] {
            let mut shared = input.clone();
            team::run(&PlainLoops::new(), &model, &mut shared, size);
            assert!(alone == shared, "{name}, {layout:?}: {size} threads differ from one");
            let mut dual_mac = input.clone();
            let loops = DualMacLoops::<PortableDualMac>::for_operators();
            team::run(&loops, &model, &mut dual_mac, size);
            assert!(alone == dual_mac, "{name}, {layout:?}: {size} dual-MAC threads differ");
            let mut single_mac = input.clone();
            let loops = SingleMacLoops::<WideProducts>::for_operators();
            team::run(&loops, &model, &mut single_mac, size);
            assert!(alone == single_mac, "{name}, {layout:?}: {size} single-MAC threads differ");
            let mut block_mac = input.clone();
            let loops = BlockMacLoops::<PortableBlockMac>::for_operators();
            team::run(&loops, &model, &mut block_mac, size);
            assert!(alone == block_mac, "{name}, {layout:?}: {size} block-MAC threads differ");
            let mut lane_mac = input.clone();
            let loops = LaneMacLoops::<PortableLaneMac>::for_operators();
            team::run(&loops, &model, &mut lane_mac, size);
            assert!(alone == lane_mac, "{name}, {layout:?}: {size} lane-MAC threads differ");
            let mut quad_mac = input.clone();
            let loops = QuadMacLoops::<PortableQuadMac>::for_operators();
            team::run(&loops, &model, &mut quad_mac, size);
            assert!(alone == quad_mac, "{name}, {layout:?}: {size} quad-MAC threads differ");
        }
    }
}

#[test]
fn conv2d() {
    let numbers = &mut Numbers::new(1);
    for _ in 0..8 {
        let shape = WindowShape::random(numbers, 8);
        let outputs = numbers.size(1, 40);
        check("conv2d", &drafts::conv2d(numbers, &shape, outputs));
    }
}

#[test]
fn depthwise_conv2d() {
    let numbers = &mut Numbers::new(2);
    for multiplier in [1, 1, 2, 3] {
        let shape = WindowShape::random(numbers, 20);
        check("depthwise_conv2d", &drafts::depthwise_conv2d(numbers, &shape, multiplier));
    }
}

#[test]
fn fully_connected() {
    let numbers = &mut Numbers::new(3);
    for (rows, terms, outputs, zero_point) in [(1, 64, 12, 0), (3, 17, 33, 0), (2, 40, 5, -9)] {
        let draft = drafts::fully_connected(numbers, rows, terms, outputs, zero_point);
        check("fully_connected", &draft);
    }
}

#[test]
fn add() {
    let numbers = &mut Numbers::new(4);
    for len in [1, 63, 64, 65, 1000] {
        check("add", &drafts::add(numbers, len));
        check("add_n", &drafts::add_n(numbers, len));
    }
}

#[test]
fn functions_of_two_values_reductions_and_choices() {
    let numbers = &mut Numbers::new(11);
    for operation in BinaryOperation::ALL {
        check("binary", &drafts::binary(numbers, operation));
    }
    for operation in ReduceOperation::ALL {
        check("reduce", &drafts::reduce(numbers, operation));
    }
    check("select", &drafts::select(numbers));
}

#[test]
fn pool() {
    let numbers = &mut Numbers::new(5);
    for _ in 0..6 {
        let shape = WindowShape::random(numbers, 40);
        check("pool", &drafts::pool(numbers, &shape));
    }
}

#[test]
fn reshape() {
    check("reshape", &drafts::reshape(&mut Numbers::new(6), 9, 31));
}

#[test]
fn softmax() {
    let numbers = &mut Numbers::new(7);
    for (rows, depth) in [(1, 12), (5, 3), (9, 1)] {
        check("softmax", &drafts::softmax(numbers, rows, depth));
    }
}

#[test]
fn table() {
    let numbers = &mut Numbers::new(8);
    for len in [1, 64, 65, 700] {
        check("table", &conversions::table(numbers, len));
    }
}

#[test]
fn convert() {
    let numbers = &mut Numbers::new(9);
    for len in [1, 3, 64, 700] {
        for _ in 0..6 {
            check("convert", &conversions::convert(numbers, len));
        }
    }
}

#[test]
fn moves_and_choices_by_index() {
    let numbers = &mut Numbers::new(9);
    for (rows, columns) in [(1, 1), (3, 70), (64, 2), (65, 9)] {
        check("moves", &drafts::moves(numbers, rows, columns));
        check("gather", &drafts::gather(numbers, rows, columns, 7));
    }
}
