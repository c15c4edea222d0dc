//! What the kernels of `cuda/tiles.cu` must answer.

use super::{Argument, Case, Numbers};

const TILE: u32 = 16;

pub(super) fn launches() -> Vec<Case> {
    vec![transpose(), multiply(), scale4(), weigh()]
}

/// Returns a launch of square blocks that cover `width` by `height`.
fn tiled(entry: &'static str, width: usize, height: usize, arguments: Vec<Argument>) -> Case {
    let blocks = |length: usize| (length as u32).div_ceil(TILE);
    Case {
        grid: [blocks(width), blocks(height), 1],
        block: [TILE, TILE, 1],
        ..Case::launch(entry, 1, 1, arguments)
    }
}

fn transpose() -> Case {
    let (width, height) = (53, 37);
    let input = Numbers(1).many(width * height, |numbers| numbers.next() as i32);
    let mut turned = vec![0; input.len()];
    for y in 0..height {
        for x in 0..width {
            turned[x * height + y] = input[y * width + x];
        }
    }
    let arguments = vec![
        Argument::input(&input),
        Argument::output(&turned),
        Argument::scalar(width as i32),
        Argument::scalar(height as i32),
    ];
    tiled("transpose", width, height, arguments)
}

fn multiply() -> Case {
    let (m, k, n) = (19, 45, 34);
    let mut numbers = Numbers(2);
    let mut draw = |count| numbers.many(count, |numbers| numbers.signed(1 << 20) as f32 / 3.0e4);
    let (a, b) = (draw(m * k), draw(k * n));
    let mut c = vec![0.0_f32; m * n];
    for (index, sum) in c.iter_mut().enumerate() {
        let (row, column) = (index / n, index % n);
        for i in 0..k {
            *sum = a[row * k + i].mul_add(b[i * n + column], *sum);
        }
    }
    let mut arguments = vec![Argument::input(&a), Argument::input(&b), Argument::output(&c)];
    arguments.extend([m, k, n].map(|length| Argument::scalar(length as i32)));
    tiled("multiply", n, m, arguments)
}

fn scale4() -> Case {
    let quads = 150;
    let (a, b) = (0.1_f32, -7.3_f32);
    let input = Numbers(3).many(4 * quads, |numbers| numbers.signed(1 << 24) as f32 / 1024.0);
    let scaled: Vec<f32> = input.iter().map(|value| a * value + b).collect();
    let arguments = vec![
        Argument::input(&input),
        Argument::output(&scaled),
        Argument::scalar(a),
        Argument::scalar(b),
        Argument::scalar(quads as i32),
    ];
    Case::launch("scale4", 3, 64, arguments)
}

fn weigh() -> Case {
    let weights = [3, -1, 4, 1, -5, 9, -2, 6];
    let biases = [100, -200, 300, -400];
    let input = Numbers(4).many(203, |numbers| numbers.signed(1 << 20));
    let answer = |(i, value): (usize, &i32)| value * weights[i % 8] + biases[i % 4];
    let weighed: Vec<i32> = input.iter().enumerate().map(answer).collect();
    let arguments = vec![
        Argument::input(&input),
        Argument::output(&weighed),
        Argument::scalar(input.len() as u32),
    ];
    Case::launch("weigh", 4, 64, arguments)
}
