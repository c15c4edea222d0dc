//! What the kernels of `cuda/atomics.cu` must answer, in whatever order the threads come.

use super::{Argument, Case, Numbers};

pub(super) fn launches() -> Vec<Case> {
    vec![histogram(), every_kind(), swap_loops(), exchange_and_lock()]
}

fn histogram() -> Case {
    let bin_count = 200_u32;
    let input = Numbers(31).many(5_000, |numbers| numbers.next() as u8);
    let before: Vec<u32> = (0..bin_count).collect();
    let mut bins = before.clone();
    for &value in &input {
        bins[value as usize % bin_count as usize] += 1;
    }
    let arguments = vec![
        Argument::input(&input),
        Argument::changed(&before, &bins),
        Argument::scalar(input.len() as u32),
        Argument::scalar(bin_count),
    ];
    Case { shared: 4 * bin_count, ..Case::launch("histogram", 4, 128, arguments) }
}

fn every_kind() -> Case {
    let threads = 4 * 96;
    let input = Numbers(32).many(threads, |numbers| numbers.next() as i32);
    let before: [i32; 11] = [5, -5, -1, 0, -1, 0, 0x5A5A, 1, 40, 12, 0];
    let wide_before: [u64; 4] = [1 << 40, 3, 1 << 60, 77];
    let (mut state, mut wide, mut sum) = (before, wide_before, 0.5_f32);
    for &value in &input {
        let bits = value as u32;
        state[0] = state[0].min(value);
        state[1] = state[1].max(value);
        state[2] = (state[2] as u32).min(bits) as i32;
        state[3] = (state[3] as u32).max(bits) as i32;
        state[4] &= value | 0x00F0_0F00;
        state[5] |= value & 0x0FF0_F0F0;
        state[6] ^= value;
        state[7] = state[7].wrapping_sub(value);
        state[8] = if state[8] >= 99 { 0 } else { state[8] + 1 };
        state[9] = if state[9] == 0 || state[9] > 76 { 76 } else { state[9] - 1 };
        state[10] += 1;
        wide[0] = wide[0].wrapping_add(i64::from(value) as u64);
        wide[1] = wide[1].max(u64::from(bits) << 20);
        wide[2] = (wide[2] as i64).min(i64::from(value) * 65_537) as u64;
        wide[3] ^= u64::from(bits).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        sum += (value & 63) as f32;
    }
    let arguments = vec![
        Argument::input(&input),
        Argument::changed(&before, &state),
        Argument::changed(&wide_before, &wide),
        Argument::changed(&[0.5_f32], &[sum]),
        Argument::changed(&vec![10_u32; threads], &vec![11_u32; threads]),
    ];
    Case::launch("every_kind", 4, 96, arguments)
}

fn swap_loops() -> Case {
    let input = Numbers(33).many(2 * 64, |numbers| numbers.below(100_000));
    let limit = 4_000_000;
    let total = 17 + input.iter().sum::<u32>();
    assert!(total > limit, "the sum must reach its limit");
    let product =
        input.iter().fold(3_u64, |product, &value| product.wrapping_mul(2 * u64::from(value) + 1));
    let largest = input
        .iter()
        .map(|value| (value % 1000) as f32 - 500.5)
        .fold(-1.0e30_f32, |a, b| if b > a { b } else { a });
    let arguments = vec![
        Argument::input(&input),
        Argument::changed(&[17_u32], &[limit]),
        Argument::scalar(limit),
        Argument::changed(&[3_u64], &[product]),
        Argument::changed(&[-1.0e30_f32], &[largest]),
    ];
    Case::launch("swap_loops", 2, 64, arguments)
}

fn exchange_and_lock() -> Case {
    let threads = 96;
    let input = Numbers(34).many(5 * threads, |numbers| numbers.next() as u32);
    let blocks = || input.chunks(threads);
    let added = |values: &[u32]| values.iter().fold(7_u32, |sum, &v| sum.wrapping_add(v));
    let sums: Vec<u32> = blocks().map(added).collect();
    let guarded = blocks().fold(1_u32, |sum, values| sum.wrapping_add(values[0]));
    let arguments = vec![
        Argument::input(&input),
        Argument::output(&sums),
        Argument::changed(&[0_i32], &[0]),
        Argument::changed(&[1_u32], &[guarded]),
    ];
    Case::launch("exchange_and_lock", 5, threads as u32, arguments)
}
