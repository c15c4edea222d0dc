//! Words beside the slots: of all workers, of one worker, of the host.

use super::task_shape::EVENT_COUNT;

/// What workers and the host's ends tell each other.
///
/// | word | written by | what |
/// |---|---|---|
/// | intake | workers | 1 while one of them takes submissions in |
/// | gate | the host's ends | 0 open, 1 while a submission is under way, 2 closed |
/// | stop | the host's ends | 1: claims end now |
/// | accepted | the submitter, two words | tasks that were accepted |
/// | events | whoever has the intake | the value of each event |
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct SharedLine<W> {
    pub(super) intake: W,
    pub(super) gate: W,
    pub(super) stop: W,
    pub(super) accepted_low: W,
    pub(super) accepted_high: W,
    pub(super) events: [W; EVENT_COUNT],
}

impl<W> SharedLine<W> {
    /// Returns a line of words made one by one, all zero.
    pub fn from_words(mut word: impl FnMut() -> W) -> Self {
        Self {
            intake: word(),
            gate: word(),
            stop: word(),
            accepted_low: word(),
            accepted_high: word(),
            events: core::array::from_fn(|_| word()),
        }
    }
}

/// Numbers that each worker keeps, and shows in its line.
pub(super) const TALLY_COUNT: usize = 12;

/// One worker's own words. Only it writes them, so that the next slice can go on from them.
///
/// `came` and `went` count tasks that became ready to run and that stopped being so: when the
/// sums over all workers are equal, nothing is queued and nothing runs.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct WorkerLine<W> {
    pub(super) came: W,
    pub(super) went: W,
    /// The next ticket of its completions.
    pub(super) tail: W,
    /// Nothing was ever claimed here when 0, a claimed slot + 1 while it runs.
    pub(super) running: W,
    pub(super) tallies: [[W; 2]; TALLY_COUNT],
}

impl<W> WorkerLine<W> {
    /// Returns a line of words made one by one, all zero.
    pub fn from_words(mut word: impl FnMut() -> W) -> Self {
        Self {
            came: word(),
            went: word(),
            tail: word(),
            running: word(),
            tallies: core::array::from_fn(|_| [word(), word()]),
        }
    }
}

/// What the host's ends keep of one slot. Workers never look here.
#[derive(Debug, Default)]
#[repr(C)]
pub struct HostNote<W> {
    /// Generation and tenant, the submitter's.
    pub(super) owner: W,
    /// 1 + outcome of an end that was taken from its ring and not yet asked for.
    pub(super) kept: W,
    pub(super) code: W,
    pub(super) elapsed_ns: W,
}

impl<W> HostNote<W> {
    /// Returns a note of words made one by one, all zero.
    pub fn from_words(mut word: impl FnMut() -> W) -> Self {
        Self { owner: word(), kept: word(), code: word(), elapsed_ns: word() }
    }
}
