//! What the kernels of `cuda/reduce.cu` must answer.

use super::{Argument, Case, Numbers};

const THREADS: usize = 256;

pub(super) fn launches() -> Vec<Case> {
    vec![sum_and_max(), float_tree()]
}

fn sum_and_max() -> Case {
    let input = Numbers(21).many(10_007, |numbers| numbers.next() as i32);
    let sum: i64 = input.iter().map(|&value| i64::from(value)).sum();
    let largest = input.iter().copied().max().unwrap_or(i32::MIN);
    let arguments = vec![
        Argument::input(&input),
        Argument::changed(&[1_000_i64], &[1_000 + sum]),
        Argument::changed(&[i32::MIN], &[largest]),
        Argument::scalar(input.len() as i32),
    ];
    Case::launch("sum_and_max", 5, THREADS as u32, arguments)
}

fn float_tree() -> Case {
    let input = Numbers(22).many(3 * THREADS, |numbers| numbers.signed(1 << 30) as f32 / 7.0);
    let tree = |values: &[f32]| {
        let mut values = values.to_vec();
        while values.len() > 1 {
            let (low, high) = values.split_at(values.len() / 2);
            values = low.iter().zip(high).map(|(a, b)| a + b).collect();
        }
        values[0]
    };
    let sums: Vec<f32> = input.chunks(THREADS).map(tree).collect();
    let arguments = vec![Argument::input(&input), Argument::output(&sums)];
    let shared = (THREADS * size_of::<f32>()) as u32;
    Case { shared, ..Case::launch("float_tree", 3, THREADS as u32, arguments) }
}
