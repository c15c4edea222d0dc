//! What the kernels of `cuda/warps.cu` must answer.

use super::{Argument, Case, Numbers};

const LANES: usize = 32;

pub(super) fn launches() -> Vec<Case> {
    vec![shuffles(), scan(), votes()]
}

/// Returns what each lane of a warp gets when lane `i` reads from `source(i)`, or keeps its own
/// value where that is `None`.
fn shuffle<T: Copy>(warp: &[T], source: impl Fn(usize) -> Option<usize>) -> Vec<T> {
    (0..LANES).map(|lane| warp[source(lane).unwrap_or(lane)]).collect()
}

/// Returns the lane `distance` above, inside the group of `width` lanes.
fn down(lane: usize, distance: usize, width: usize) -> Option<usize> {
    (lane % width + distance < width).then_some(lane + distance)
}

/// Returns the lane `distance` below, inside the group.
fn up(lane: usize, distance: usize, width: usize) -> Option<usize> {
    (lane % width >= distance).then(|| lane - distance)
}

/// Returns the lane whose number differs in `mask`, unless it is in a later group.
fn xor(lane: usize, mask: usize, width: usize) -> Option<usize> {
    let other = lane ^ mask;
    (other / width <= lane / width).then_some(other)
}

/// Returns the lane `index` of the group, counted around.
fn indexed(lane: usize, index: usize, width: usize) -> Option<usize> {
    Some(lane / width * width + index % width)
}

fn shuffles() -> Case {
    let input = Numbers(11).many(4 * LANES, |numbers| numbers.signed(1 << 30));
    let mut out = Vec::new();
    for warp in input.chunks(LANES) {
        let pair = |(&value, lane): (&i32, i64)| i64::from(value) * 0x1_0000_0001 + lane;
        let wide: Vec<i64> = warp.iter().zip(0..).map(pair).collect();
        let wide = shuffle(&wide, |lane| xor(lane, 9, 32));
        let columns = [
            shuffle(warp, |lane| down(lane, 5, 32)),
            shuffle(warp, |lane| down(lane, 2, 16)),
            shuffle(warp, |lane| up(lane, 3, 32)),
            shuffle(warp, |lane| up(lane, 1, 4)),
            shuffle(warp, |lane| xor(lane, 16, 32)),
            shuffle(warp, |lane| xor(lane, 9, 8)),
            shuffle(warp, |lane| indexed(lane, lane * 7 + 3, 32)),
            shuffle(warp, |lane| indexed(lane, lane + 2, 8)),
            wide.iter().map(|&value| value as i32).collect(),
            wide.iter().map(|&value| (value >> 32) as i32).collect(),
            (0..LANES as i32).map(|lane| (lane + 1).min(31)).collect(),
            (0..LANES).map(|lane| if lane < 8 { warp[lane ^ 3] } else { -1 }).collect(),
        ];
        out.extend((0..LANES).flat_map(|lane| columns.each_ref().map(|column| column[lane])));
    }
    Case::launch("shuffles", 2, 64, vec![Argument::input(&input), Argument::output(&out)])
}

fn scan() -> Case {
    let block = 96;
    let input = Numbers(12).many(3 * block, |numbers| numbers.signed(1 << 20));
    let mut out = Vec::new();
    for values in input.chunks(block) {
        out.extend(values.iter().scan(0, |sum, value| {
            *sum += value;
            Some(*sum)
        }));
    }
    let arguments = vec![Argument::input(&input), Argument::output(&out)];
    Case::launch("scan", 3, block as u32, arguments)
}

/// Returns one bit a lane.
fn ballot(warp: &[u32], holds: impl Fn(u32) -> bool) -> u32 {
    warp.iter().enumerate().map(|(lane, &value)| u32::from(holds(value)) << lane).sum()
}

/// Returns the four bytes of `low` and `high` that the four nibbles of `selector` name.
fn pick_bytes(low: u32, high: u32, selector: u32) -> u32 {
    let both = u64::from(high) << 32 | u64::from(low);
    let byte = |at: u32| (both >> (8 * (selector >> (4 * at) & 7))) as u32 & 0xFF;
    byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24
}

/// Returns the sixteen words of one lane.
fn vote_words(warp: &[u32], lane: usize, limit: u32) -> [u32; 16] {
    let value = warp[lane];
    let next = warp[(lane + 1).min(LANES - 1)];
    let both = u64::from(value) << 32 | u64::from(next);
    let joined = u64::from(next) << 32 | u64::from(value);
    let shift = (lane as u32 + 20) % 32;
    let below = (1_u32 << lane) - 1;
    let first_set = if value == 0 { 0 } else { value.trailing_zeros() + 1 };
    [
        ballot(warp, |value| value & 1 != 0),
        u32::from(warp.iter().any(|&value| value > limit)),
        u32::from(warp.iter().all(|&value| value > limit)),
        value.count_ones(),
        value.leading_zeros(),
        value.reverse_bits(),
        first_set,
        pick_bytes(value, next, 0x5140),
        pick_bytes(value, next, next & 0x7777),
        ((joined << shift) >> 32) as u32,
        (joined >> shift) as u32,
        both.count_ones(),
        both.leading_zeros(),
        (both.reverse_bits() >> 16) as u32,
        (ballot(warp, |value| value & 2 != 0) & below).count_ones(),
        if lane < 20 { ballot(&warp[..20], |value| value & 4 != 0) } else { 0 },
    ]
}

fn votes() -> Case {
    let limit = 0x00FF_FFFF;
    let mut input = Numbers(13).many(4 * LANES, |numbers| numbers.next() as u32);
    // All above the limit, none above it, some with leading zeros, some zero.
    input[..LANES].iter_mut().for_each(|value| *value |= 0x8000_0000);
    input[LANES..2 * LANES].iter_mut().for_each(|value| *value >>= 8);
    input[2 * LANES..3 * LANES].iter_mut().zip(0..).for_each(|(value, lane)| *value >>= lane);
    input[3 * LANES..].iter_mut().step_by(3).for_each(|value| *value = 0);
    let out: Vec<u32> = input
        .chunks(LANES)
        .flat_map(|warp| (0..LANES).flat_map(move |lane| vote_words(warp, lane, limit)))
        .collect();
    let arguments = vec![Argument::input(&input), Argument::output(&out), Argument::scalar(limit)];
    Case::launch("votes", 2, 64, arguments)
}
