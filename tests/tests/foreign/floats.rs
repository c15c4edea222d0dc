//! What the kernels of `cuda/floats.cu` must answer: IEEE 754, round to nearest even.

use super::{Argument, Case, Numbers};

const THREADS: usize = 4 * 64;

pub(super) fn launches() -> Vec<Case> {
    vec![single(), special(), twice()]
}

/// Returns a finite number that is not zero: mostly near one, sometimes of any exponent, subnormal
/// too.
fn float(numbers: &mut Numbers) -> f32 {
    let exponent = match numbers.below(4) {
        0 => numbers.below(255),
        1 => numbers.below(24),
        _ => 110 + numbers.below(50),
    };
    let bits = numbers.next() as u32;
    f32::from_bits(bits & 0x807F_FFFF | exponent << 23 | 1)
}

fn double(numbers: &mut Numbers) -> f64 {
    let exponent = match numbers.below(3) {
        0 => u64::from(numbers.below(2047)),
        _ => 1023 - 40 + u64::from(numbers.below(120)),
    };
    f64::from_bits(numbers.next() & 0x800F_FFFF_FFFF_FFFF | exponent << 52 | 1)
}

fn single_words(x: f32, y: f32, z: f32) -> [u32; 16] {
    let smaller = if x < z { x } else { z };
    let larger = if y > z { y } else { z };
    let flags = u32::from(x < y) ^ u32::from(y >= z) << 1 ^ u32::from(x == z) << 2;
    // Out of range, a conversion gives the end of the range, as Rust's `as` does.
    let (near, floor, ceil) = (z.round_ties_even() as i32, z.floor() as i32, z.ceil() as i32);
    [
        (x + y).to_bits(),
        (x - y).to_bits(),
        (x * y).to_bits(),
        (x / y).to_bits(),
        x.mul_add(y, z).to_bits(),
        x.abs().sqrt().to_bits(),
        (1.0 / y).to_bits(),
        smaller.to_bits() ^ larger.to_bits(),
        x.floor().to_bits().wrapping_add(x.ceil().to_bits().wrapping_mul(3)),
        x.trunc().to_bits().wrapping_add(x.round_ties_even().to_bits().wrapping_mul(3)),
        x as i32 as u32,
        x as u32,
        (near ^ floor) as u32 ^ (ceil as u32).wrapping_mul(3),
        (x.to_bits() as i32 as f32).to_bits(),
        (y.to_bits() as f32).to_bits(),
        x.copysign(z).to_bits() ^ flags,
    ]
}

fn single() -> Case {
    let mut numbers = Numbers(51);
    let mut a = numbers.many(THREADS, float);
    let b = numbers.many(THREADS, float);
    let mut c = numbers.many(THREADS, float);
    // Halves, equal numbers, sums that cancel, a fused result that two roundings would miss.
    for i in 0..16 {
        c[i] = i as f32 - 7.5;
        a[i] = i as f32 * 0.5 - 4.0;
        c[16 + i] = a[16 + i];
        a[32 + i] = -b[32 + i];
        c[48 + i] = -(a[48 + i] * b[48 + i]).clamp(-1.0e38, 1.0e38);
    }
    let words = |i: usize| single_words(a[i], b[i], c[i]);
    let out: Vec<u32> = (0..THREADS).flat_map(words).collect();
    let inputs = [Argument::input(&a), Argument::input(&b), Argument::input(&c)];
    let arguments = inputs.into_iter().chain([Argument::output(&out)]).collect();
    Case::launch("single", 4, 64, arguments)
}

fn special_words(x: f32) -> [i32; 6] {
    let smaller = if x.is_nan() || x > 2.5 { 2.5 } else { x };
    let larger = if x.is_nan() || x < -2.5 { -2.5 } else { x };
    let flags =
        [x < 1.0, x > 1.0, x == 1.0, x != 1.0, x.is_nan() || x > 1.0, x.is_nan(), x.is_infinite()];
    [
        x as i32,
        x.round_ties_even() as u32 as i32,
        f32::to_bits(smaller) as i32,
        f32::to_bits(larger) as i32,
        flags.into_iter().zip(0..).map(|(flag, at)| i32::from(flag) << at).sum(),
        if x.is_nan() { 0 } else { x.abs().to_bits() as i32 },
    ]
}

fn special() -> Case {
    let mut input = vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, 1.0];
    input.extend([f32::MAX, f32::MIN, f32::MIN_POSITIVE, f32::from_bits(1), -f32::from_bits(1)]);
    input.extend([0.5, 1.5, 2.5, 3.5, -0.5, -0.75, -1.5, 2.5, -2.5, 1.0 - f32::EPSILON / 2.0]);
    input.extend([2_147_483_520.0, 2_147_483_648.0, -2_147_483_648.0, 4_294_967_040.0]);
    input.extend([4_294_967_296.0, -2_147_483_904.0, 8_388_609.0, 16_777_217.0]);
    let out: Vec<i32> = input.iter().flat_map(|&x| special_words(x)).collect();
    let threads = input.len() as u32;
    Case::launch("special", 1, threads, vec![Argument::input(&input), Argument::output(&out)])
}

fn double_words(x: f64, y: f64) -> [u64; 10] {
    [
        (x + y).to_bits(),
        (x * y).to_bits(),
        (x / y).to_bits(),
        x.mul_add(y, -x).to_bits(),
        y.abs().sqrt().to_bits(),
        u64::from((x as f32).to_bits()),
        f64::from(y as f32).to_bits(),
        x as i64 as u64,
        u64::from((y.to_bits() as i64 as f32).to_bits()),
        (x.to_bits() as i64 as f64).to_bits(),
    ]
}

fn twice() -> Case {
    let mut numbers = Numbers(52);
    let (a, b) = (numbers.many(THREADS, double), numbers.many(THREADS, double));
    let out: Vec<u64> = a.iter().zip(&b).flat_map(|(&x, &y)| double_words(x, y)).collect();
    let arguments = vec![Argument::input(&a), Argument::input(&b), Argument::output(&out)];
    Case::launch("twice", 4, 64, arguments)
}
