//! Where the words and buffers of a payload pool are in memory that host and device share.

use super::memory::LINE_BYTES;

/// The layout of a pool of buffers in shared memory, at a multiple of 128, all zero at first.
///
/// | from | bytes | written by | what |
/// |---|---|---|---|
/// | 0 | 4 | lender | 1 once the lender is gone |
/// | 128 | 4 | borrower | 1 once the borrower is gone |
/// | 256 | 4 each | lender | the generation that each buffer was lent under last |
/// | next line | 4 each | borrower | the generation that each was given back under |
/// | next line | a whole number of lines each | whose it is | the buffers |
///
/// A line is written by one side only. The two words of a buffer are those of
/// [`LendingWords`](super::LendingWords).
///
/// ```
/// use isokern_core::ring::PoolLayout;
///
/// let layout = PoolLayout::new(3, 200);
/// assert_eq!((layout.lent_at(2), layout.returned_at(2)), (256 + 8, 384 + 8));
/// assert_eq!((layout.buffer_at(0), layout.buffer_at(1)), (512, 512 + 256));
/// assert_eq!(layout.bytes(), 512 + 3 * 256);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolLayout {
    count: u32,
    buffer_bytes: u32,
}

const LINE: u64 = LINE_BYTES as u64;
const WORDS_AT: u64 = 2 * LINE;

impl PoolLayout {
    /// Where the lender says that it is gone.
    pub const LENDER_GONE_AT: u64 = 0;
    /// Where the borrower says so.
    pub const BORROWER_GONE_AT: u64 = LINE;

    /// Returns the layout of `count` buffers of `buffer_bytes` bytes.
    #[must_use]
    pub const fn new(count: u32, buffer_bytes: u32) -> Self {
        Self { count, buffer_bytes }
    }

    /// Returns how many buffers there are.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// Returns the bytes of a buffer.
    #[must_use]
    pub const fn buffer_bytes(self) -> u32 {
        self.buffer_bytes
    }

    /// Returns where the lender's word of a buffer is.
    #[must_use]
    pub const fn lent_at(self, index: u32) -> u64 {
        WORDS_AT + index as u64 * 4
    }

    /// Returns where the borrower's word of a buffer is.
    #[must_use]
    pub const fn returned_at(self, index: u32) -> u64 {
        WORDS_AT + self.words_bytes() + index as u64 * 4
    }

    /// Returns where a buffer begins, a multiple of 128.
    #[must_use]
    pub const fn buffer_at(self, index: u32) -> u64 {
        let stride = (self.buffer_bytes as u64).next_multiple_of(LINE);
        WORDS_AT + 2 * self.words_bytes() + index as u64 * stride
    }

    /// Returns the bytes of the whole.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.buffer_at(self.count)
    }

    const fn words_bytes(self) -> u64 {
        (self.count as u64 * 4).next_multiple_of(LINE)
    }
}
