//! Tests of the planner: plans are valid, and as small as they can be.

use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};

use super::{ALIGN, Block, aligned_bound, lower_bound, meet, place};

const fn block(bytes: usize, first_step: usize, last_step: usize) -> Block {
    Block { bytes, first_step, last_step }
}

fn is_valid(blocks: &[Block], offsets: &[usize]) -> bool {
    let disjoint = |i: usize, j: usize| {
        !meet(&blocks[i], &blocks[j])
            || offsets[i] + blocks[i].bytes <= offsets[j]
            || offsets[j] + blocks[j].bytes <= offsets[i]
    };
    (0..blocks.len()).all(|i| (0..i).all(|j| disjoint(i, j)))
}

#[test]
fn a_chain_needs_its_greatest_pair() {
    let chain = [block(490, 0, 1), block(8000, 1, 2), block(8000, 2, 3), block(12, 3, 4)];
    let placement = place(&chain);
    assert_eq!(placement.arena_bytes, 16_000);
    assert!(is_valid(&chain, &placement.offsets));
}

#[test]
fn padding_of_the_last_block_does_not_count() {
    let pair = [block(10, 0, 1), block(20, 1, 2)];
    // 20 bytes would have to be followed by 12 of padding; 10 by 6.
    assert_eq!(lower_bound(&pair), 30);
    assert_eq!(aligned_bound(&pair), 36);
    assert_eq!(place(&pair).arena_bytes, 36);
}

#[test]
fn nothing_needs_nothing() {
    assert_eq!(place(&[]).arena_bytes, 0);
    assert_eq!(lower_bound(&[]), 0);
}

#[test]
fn the_search_finds_what_simple_orders_miss() {
    // Crossing lifetimes of unlike sizes: every simple order leaves a hole somewhere.
    let mut state = 7_u32;
    let mut next = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    for _ in 0..20 {
        let blocks: Vec<Block> = (0..24)
            .map(|_| {
                let first = next(20) as usize;
                block((1 + next(60) as usize) * ALIGN, first, first + next(6) as usize)
            })
            .collect();
        let placement = place(&blocks);
        assert!(is_valid(&blocks, &placement.offsets));
        assert!(placement.arena_bytes * 100 <= lower_bound(&blocks) * 110);
        assert_eq!(place(&blocks), placement, "the same blocks give the same plan");
    }
}

#[test]
fn the_greatest_graph_is_planned_soon() {
    let blocks: Vec<Block> =
        (0..1024).map(|i| block(1 + i * 7919 % 5000, i, (i + 1 + i % 37).min(1025))).collect();
    let placement = place(&blocks);
    assert!(is_valid(&blocks, &placement.offsets));
}

fn any_block() -> impl Strategy<Value = Block> {
    (1_usize..5000, 0_usize..40, 0_usize..12)
        .prop_map(|(bytes, first_step, steps)| block(bytes, first_step, first_step + steps))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn plans_are_valid_and_not_below_the_bound(
        blocks in proptest::collection::vec(any_block(), 0..40),
    ) {
        let placement = place(&blocks);
        prop_assert!(is_valid(&blocks, &placement.offsets));
        prop_assert!(placement.arena_bytes >= lower_bound(&blocks));
        prop_assert!(placement.arena_bytes >= aligned_bound(&blocks));
        for (block, offset) in blocks.iter().zip(&placement.offsets) {
            prop_assert_eq!(offset % ALIGN, 0);
            prop_assert!(offset + block.bytes <= placement.arena_bytes);
        }
    }
}
