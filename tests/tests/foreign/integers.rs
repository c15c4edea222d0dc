//! What the kernels of `cuda/integers.cu` must answer.

use super::{Argument, Case, Numbers};

pub(super) fn launches() -> Vec<Case> {
    vec![divide(), collatz(), interpret(), sort_local(), calls()]
}

/// Returns numbers of every length, and the ends of the range.
fn dividends(numbers: &mut Numbers, count: usize) -> Vec<i64> {
    let ends = [i64::MIN, i64::MAX, 0, 1, -1, i64::from(u32::MAX), 1 << 32, -(1 << 32)];
    let mut values = numbers.many(count - ends.len(), |numbers| {
        let shift = numbers.below(64);
        numbers.next() as i64 >> shift
    });
    values.extend(ends);
    values
}

fn divide_words(x: i64, y: i64, modulus: u64) -> [u64; 8] {
    let (ux, uy) = (x as u64, y as u64);
    let (sx, sy) = (x as i32, y as i32 | 1);
    let high = ((u64::from(sx as u32) * u64::from(sy as u32)) >> 32) as u32
        ^ ((i64::from(sx) * i64::from(sy)) >> 32) as u32;
    let low = (sx as u32 / sy as u32).wrapping_add(sx as u32 % 1_000);
    [
        (x / y) as u64,
        (x % y) as u64,
        ux / uy,
        ux % uy,
        ux % modulus,
        ((u128::from(ux) * u128::from(uy)) >> 64) as u64,
        ((i128::from(x) * i128::from(y)) >> 64) as u64,
        u64::from(high) << 32 | u64::from(low),
    ]
}

fn divide() -> Case {
    let count = 300;
    let modulus = 1_000_000_007_000_003_u64;
    let mut numbers = Numbers(41);
    let a = dividends(&mut numbers, count);
    let mut b = dividends(&mut numbers, count);
    // No division by zero, and not the one quotient that does not fit.
    b.reverse();
    b.iter_mut().zip(&a).for_each(|(y, &x)| {
        if *y == 0 || (x, *y) == (i64::MIN, -1) {
            *y = 3;
        }
    });
    let out: Vec<u64> = a.iter().zip(&b).flat_map(|(&x, &y)| divide_words(x, y, modulus)).collect();
    let arguments = vec![
        Argument::input(&a),
        Argument::input(&b),
        Argument::output(&out),
        Argument::scalar(modulus),
        Argument::scalar(count as u32),
    ];
    Case::launch("divide", 3, 128, arguments)
}

fn collatz() -> Case {
    let mut input = Numbers(42).many(180, |numbers| numbers.below(1_000_000) + 1);
    // 113383 climbs above 2^31 on its way down.
    input.extend([1, 2, 27, 113_383]);
    let steps = |&start: &u32| {
        let (mut n, mut steps) = (u64::from(start), 0_u32);
        while n != 1 {
            n = if n % 2 == 1 { 3 * n + 1 } else { n / 2 };
            steps += 1;
        }
        steps
    };
    let out: Vec<u32> = input.iter().map(steps).collect();
    let arguments =
        vec![Argument::input(&input), Argument::output(&out), Argument::scalar(out.len() as u32)];
    Case::launch("collatz", 3, 64, arguments)
}

/// Returns the answer and the trace of one thread.
fn interpreted(program: &[u8], thread: i32, start: i32, mut trace: u32) -> (i32, u32) {
    let (mut a, mut b) = (start, thread);
    for (at, &step) in program.iter().enumerate() {
        let selector = (i32::from(step) + (a & 1) * thread) & 7;
        match selector {
            0 => a = a.wrapping_add(b),
            1 => {
                a = a.wrapping_mul(31).wrapping_add(7);
                trace = trace.wrapping_add(a as u32);
            }
            2 => (0..b & 7).for_each(|_| a ^= a << 3),
            3 => {
                b = a >> 2;
                trace ^= b as u32;
            }
            4 => a = if b == 0 { -a } else { a / b },
            5 => b = a.count_ones() as i32 + at as i32,
            6 => {
                while !(-1_000..=1_000).contains(&a) {
                    a /= 3;
                    b += 1;
                }
            }
            _ => {
                trace = trace.wrapping_mul(5).wrapping_add(selector as u32);
                b = -b;
            }
        }
    }
    (a ^ b, trace)
}

fn interpret() -> Case {
    let threads = 2 * 96;
    let mut numbers = Numbers(43);
    let program = numbers.many(61, |numbers| numbers.next() as u8);
    let input = numbers.many(threads, |numbers| numbers.next() as i32);
    let before: Vec<u32> = (0..threads as u32).collect();
    let run = |thread: usize| interpreted(&program, thread as i32, input[thread], before[thread]);
    let (out, trace): (Vec<i32>, Vec<u32>) = (0..threads).map(run).unzip();
    let arguments = vec![
        Argument::input(&program),
        Argument::scalar(program.len() as i32),
        Argument::input(&input),
        Argument::output(&out),
        Argument::changed(&before, &trace),
    ];
    Case::launch("interpret", 2, 96, arguments)
}

fn sort_local() -> Case {
    let input = Numbers(44).many(16 * 2 * 32, |numbers| numbers.next() as i16);
    let answer = |(thread, values): (usize, &[i16])| {
        let mut values = values.to_vec();
        values.sort_unstable();
        let checksum = values
            .iter()
            .fold(0_i32, |sum, &value| sum.wrapping_mul(33).wrapping_add(i32::from(value)));
        [i32::from(values[0]), i32::from(values[thread % 16]), i32::from(values[15]), checksum]
    };
    let out: Vec<i32> = input.chunks(16).enumerate().flat_map(answer).collect();
    let arguments = vec![Argument::input(&input), Argument::output(&out)];
    Case::launch("sort_local", 2, 32, arguments)
}

/// `struct Fraction` of the source.
#[derive(Clone, Copy)]
struct Fraction {
    above: i64,
    below: i32,
    tag: i16,
    sign: i8,
}

impl Fraction {
    /// As C lays it out: 8, 4, 2 and 1 bytes, and one byte of padding.
    fn bytes(self) -> Vec<u8> {
        let mut bytes = self.above.to_le_bytes().to_vec();
        bytes.extend(self.below.to_le_bytes());
        bytes.extend(self.tag.to_le_bytes());
        bytes.extend([self.sign as u8, 0]);
        bytes
    }

    fn add(self, other: Fraction, scale: i32) -> Fraction {
        let shifted = other.above * i64::from(self.below) * i64::from(scale);
        Fraction {
            above: self.above * i64::from(other.below) + shifted,
            below: self.below * other.below,
            tag: self.tag.wrapping_sub(other.tag),
            sign: self.sign.wrapping_mul(other.sign),
        }
    }
}

fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn weight(n: i32, seed: i32) -> i32 {
    if n <= 1 {
        return n + seed;
    }
    let left = weight(n - 1, seed + 1);
    left * 3 + weight(n - 2, left & 15)
}

fn calls() -> Case {
    let input = Numbers(45).many(2 * 48, |numbers| numbers.next() as i32);
    let base = Fraction { above: -98_765_432_101, below: 1_009, tag: -32_700, sign: -1 };
    let answer = |(thread, &value): (usize, &i32)| {
        let sign = if value < 0 { -1 } else { 1 };
        let above = i64::from(value);
        let mine = Fraction { above, below: (value & 255) + 1, tag: thread as i16, sign };
        let sum = base.add(mine, thread as i32 % 3);
        [
            sum.above,
            i64::from(sum.below),
            i64::from(sum.tag),
            i64::from(sum.sign),
            i64::from(gcd(value as u32, sum.below as u32)),
            i64::from(weight(thread as i32 % 9, value & 7)),
        ]
    };
    let out: Vec<i64> = input.iter().enumerate().flat_map(answer).collect();
    let base = Argument::Scalar(base.bytes());
    Case::launch("calls", 2, 48, vec![Argument::input(&input), Argument::output(&out), base])
}
