//! What the accesses of a warp cost the memories: sectors of 32 bytes, passes over banks.
//!
//! Sources: NVIDIA, *CUDA C++ Programming Guide*, "Global Memory" (a request is served in 32-byte
//! transactions) and "Shared Memory" (32 banks of 32 bits; lanes that ask for the same word share
//! it); vectors of 8 and 16 bytes are served for halves and quarters of a warp.

/// Bytes of a sector.
const SECTOR: u64 = 32;
/// Banks of shared memory.
const BANKS: u64 = 32;
/// Bytes of a bank's word.
const WORD: u64 = 4;

/// Counts the different sectors that accesses of `bytes` at some addresses touch.
pub(crate) fn sectors(addresses: impl Iterator<Item = u64>, bytes: u32) -> u64 {
    let touched = addresses.flat_map(|at| at / SECTOR..(at + u64::from(bytes)).div_ceil(SECTOR));
    distinct(touched.collect())
}

/// Passes over the banks that accesses of `bytes` at some addresses take: of each group of lanes
/// that is served together, as many as the fullest bank has different words.
pub(crate) fn passes(addresses: impl Iterator<Item = u64>, bytes: u32) -> u64 {
    let together = match bytes {
        0..=4 => 32,
        5..=8 => 16,
        _ => 8,
    };
    let addresses: Vec<u64> = addresses.collect();
    addresses.chunks(together).map(|group| passes_of(group, bytes)).sum()
}

fn passes_of(group: &[u64], bytes: u32) -> u64 {
    let words = |at: &u64| at / WORD..(at + u64::from(bytes)).div_ceil(WORD);
    let mut words: Vec<u64> = group.iter().flat_map(words).collect();
    words.sort_unstable();
    words.dedup();
    let mut full = [0_u64; BANKS as usize];
    for word in words {
        full[(word % BANKS) as usize] += 1;
    }
    full.into_iter().max().unwrap_or(0)
}

fn distinct(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.dedup();
    values.len() as u64
}

#[cfg(test)]
mod tests {
    use super::{passes, sectors};

    fn strided(stride: u64, start: u64) -> impl Iterator<Item = u64> {
        (0..32).map(move |lane| start + lane * stride)
    }

    #[test]
    fn sectors_by_hand() {
        assert_eq!(sectors(strided(4, 0), 4), 4, "128 bytes");
        assert_eq!(sectors(strided(4, 16), 4), 5, "not aligned to a sector");
        assert_eq!(sectors(strided(16, 0), 16), 16);
        assert_eq!(sectors(strided(0, 8), 4), 1, "all ask for one word");
        assert_eq!(sectors(strided(128, 0), 1), 32);
        assert_eq!(sectors([0, 4, 64].into_iter(), 4), 2);
    }

    #[test]
    fn passes_by_hand() {
        assert_eq!(passes(strided(4, 0), 4), 1);
        assert_eq!(passes(strided(0, 4), 4), 1, "a broadcast");
        assert_eq!(passes(strided(8, 0), 4), 2, "two lanes a bank");
        assert_eq!(passes(strided(128, 0), 4), 32, "all lanes in one bank");
        assert_eq!(passes(strided(132, 0), 4), 1, "one word of padding a row");
        assert_eq!(passes(strided(1, 0), 1), 1);
        assert_eq!(passes(strided(16, 0), 16), 4, "512 bytes, 128 a pass");
        assert_eq!(passes(strided(8, 0), 8), 2);
        assert_eq!(passes(strided(0, 0), 16), 4, "the same 16 bytes for each quarter");
    }
}
