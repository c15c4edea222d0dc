//! What the kernels of `cuda/intrinsics.cu` must answer.

use super::{Argument, Case, Numbers};

pub(super) fn launches() -> Vec<Case> {
    vec![barriers(), packed(), wide()]
}

fn barriers() -> Case {
    let (blocks, threads, limit) = (3, 128, 900);
    let mut input = Numbers(61).many(blocks * threads, |numbers| numbers.signed(800));
    // Two blocks hold no value beyond either limit, the one between them holds one of each.
    input[threads + 77] = 901;
    input[threads + 78] = -900;
    let answer = |(block, thread): (&[i32], usize)| {
        let positive = block.iter().filter(|&&value| value > 0).count();
        let all = block.iter().all(|&value| value > -limit);
        let any = block.iter().any(|&value| value > limit);
        let left = block[thread ^ 1] - 3 * block[thread ^ 31];
        [positive as i32, i32::from(all), i32::from(any), left]
    };
    let places = input.chunks(threads).flat_map(|block| (0..threads).map(move |t| (block, t)));
    let out: Vec<i32> = places.flat_map(answer).collect();
    let arguments = vec![Argument::input(&input), Argument::output(&out), Argument::scalar(limit)];
    Case::launch("barriers", blocks as u32, threads as u32, arguments)
}

fn packed_words(a: i32, b: i32, [x, y, z, w]: [u8; 4], [left, right]: [i16; 2]) -> [i32; 8] {
    let (bytes_a, bytes_b) = (a.to_le_bytes(), b.to_le_bytes());
    let bytes = || bytes_a.into_iter().zip(bytes_b);
    let signed: i32 = bytes().map(|(a, b)| i32::from(a as i8) * i32::from(b as i8)).sum();
    let unsigned: u32 = bytes().map(|(a, b)| u32::from(a) * u32::from(b)).sum();
    let grey = (77 * i32::from(x) + 150 * i32::from(y) + 29 * i32::from(z) + 128) >> 8;
    let (l, r) = (i32::from(left), i32::from(right));
    [
        signed + 7,
        (unsigned + 9) as i32,
        (a >> 4).abs_diff(b >> 4).wrapping_add(5) as i32,
        (a as u32).abs_diff(b as u32).wrapping_add(6) as i32,
        grey | i32::from(w >> 4) << 24,
        l * r,
        i32::from((l + r) as i16) - i32::from((l - r) as u8),
        (l / (r | 1)).clamp(-99, 99) * 256 + i32::from((a >> 9) as i8),
    ]
}

fn packed() -> Case {
    let threads = 2 * 96;
    let mut numbers = Numbers(62);
    let mut words = || numbers.many(threads, |numbers| numbers.next() as i32);
    let (mut a, b, pixels, pairs) = (words(), words(), words(), words());
    a[0] = i32::MIN;
    a[1] = -1;
    let halves = |word: i32| [word as i16, (word >> 16) as i16];
    let answer = |i: usize| packed_words(a[i], b[i], pixels[i].to_le_bytes(), halves(pairs[i]));
    let out: Vec<i32> = (0..threads).flat_map(answer).collect();
    let inputs = [&a, &b, &pixels, &pairs].map(|words| Argument::input(words));
    let arguments = inputs.into_iter().chain([Argument::output(&out)]).collect();
    Case::launch("packed", 2, 96, arguments)
}

fn wide_words(u: u64, v: u64) -> [u64; 12] {
    let x = u128::from(u) << 64 | u128::from(v);
    let y = u128::from(v ^ 0x5555) << 64 | u128::from(u);
    let (sum, difference) = (x.wrapping_add(y), x.wrapping_sub(y));
    let (product, shifted) = (x.wrapping_mul(y), x >> (v & 127));
    let high = |value: u128| (value >> 64) as u64;
    [
        sum as u64,
        high(sum),
        difference as u64,
        high(difference),
        product as u64,
        high(product),
        shifted as u64,
        high(shifted),
        u >> (v & 63) ^ v << (u & 63),
        (u as i64 >> (v & 63)) as u64,
        u.max(v).wrapping_sub((u as i64).min(v as i64) as u64),
        if x < y { u.wrapping_add(v) } else { u.wrapping_sub(v) },
    ]
}

fn wide() -> Case {
    let threads = 2 * 64;
    let mut numbers = Numbers(63);
    let mut a = numbers.many(threads, Numbers::next);
    let mut b = numbers.many(threads, Numbers::next);
    // Carries and borrows out of the lower half, shifts by 0, 63, 64 and 127.
    a[..4].copy_from_slice(&[u64::MAX, 0, 1 << 63, u64::MAX]);
    b[..4].copy_from_slice(&[0, 63, 64, 127]);
    let out: Vec<u64> = a.iter().zip(&b).flat_map(|(&u, &v)| wide_words(u, v)).collect();
    let arguments = vec![Argument::input(&a), Argument::input(&b), Argument::output(&out)];
    Case::launch("wide", 2, 64, arguments)
}
