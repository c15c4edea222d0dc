//! A task mix, `20x1/0/0|4x5/2/40`, as the slots it represents.

use isokern_core::TaskSlot;
use thiserror::Error;

/// The most slots a mix may have: 64 MiB of them.
const SLOTS_MAX: usize = 1 << 20;

/// Words of a slot, by their place in its layout.
const STATE: usize = 0;
const AGE_TICKS: usize = 12;
const REQUEUE_COUNT: usize = 13;

/// Why a text is no task mix.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum TaskMixError {
    #[error(
        "--tasks: group {index} is {text:?}, not COUNTxSTATE/REQUEUE_COUNT/AGE. Fix: write groups \
         such as 20x1/0/0, joined by |"
    )]
    Form { index: usize, text: String },
    #[error(
        "--tasks: the {word} of group {index} is {text:?}, not an integer of 32 bits. Fix: write \
         it in decimal digits, from 0 to 4294967295"
    )]
    Number { index: usize, word: &'static str, text: String },
    #[error(
        "--tasks: there are more than {SLOTS_MAX} slots up to group {index}. Fix: ask about fewer \
         of them, or about a longer queue with --queue-len"
    )]
    TooMany { index: usize },
}

/// Reads groups of `COUNTxSTATE/REQUEUE_COUNT/AGE` joined by `|`; an empty text has no slot.
///
/// States are taken as numbers, known or not: judging them is the policy's part.
pub(crate) fn slots(mix: &str) -> Result<Vec<TaskSlot>, TaskMixError> {
    let mut slots = Vec::new();
    if mix.trim().is_empty() {
        return Ok(slots);
    }
    for (index, group) in mix.split('|').enumerate() {
        let (count, slot) = group_of(index, group.trim())?;
        // A count beyond `usize` is beyond the limit too.
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > SLOTS_MAX - slots.len() {
            return Err(TaskMixError::TooMany { index });
        }
        slots.extend(core::iter::repeat_n(slot, count));
    }
    Ok(slots)
}

fn group_of(index: usize, group: &str) -> Result<(u32, TaskSlot), TaskMixError> {
    let form = || TaskMixError::Form { index, text: group.to_owned() };
    let (count, words) = group.split_once('x').ok_or_else(form)?;
    let words: Vec<&str> = words.split('/').collect();
    let [state, requeue_count, age_ticks] = words[..] else { return Err(form()) };
    let number = |word: &'static str, text: &str| {
        let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit());
        let parsed = text.parse().ok().filter(|_| is_decimal);
        parsed.ok_or_else(|| TaskMixError::Number { index, word, text: text.to_owned() })
    };
    let count = number("count", count)?;
    let mut slot = [0; 16];
    slot[STATE] = number("state", state)?;
    slot[REQUEUE_COUNT] = number("requeue count", requeue_count)?;
    slot[AGE_TICKS] = number("age", age_ticks)?;
    Ok((count, TaskSlot::from_words(slot)))
}

#[cfg(test)]
mod tests {
    use super::{SLOTS_MAX, TaskMixError, slots};
    use isokern_core::megakernel::TaskState;

    #[test]
    fn groups_become_slots_in_their_order() {
        let found = slots("2x1/0/0 | 1x6/7/40|0x9/0/0").unwrap();
        let words = found.iter().map(|slot| (slot.state(), slot.requeue_count(), slot.age_ticks()));
        let ready = (Some(TaskState::Ready), 0, 0);
        let requeued = (Some(TaskState::Requeued), 7, 40);
        assert_eq!(words.collect::<Vec<_>>(), [ready, ready, requeued]);
        assert!(slots("").unwrap().is_empty());
        assert_eq!(slots("1x8/0/0").unwrap()[0].state_word(), 8);
    }

    #[test]
    fn what_is_no_mix_is_named_by_its_group() {
        let form = |index, text: &str| TaskMixError::Form { index, text: text.to_owned() };
        for (mix, group) in [("5", "5"), ("5x1", "5x1"), ("5x1/0", "5x1/0"), ("5X1/0/0", "5X1/0/0")]
        {
            assert_eq!(slots(mix), Err(form(0, group)));
        }
        assert_eq!(slots("1x1/0/0|"), Err(form(1, "")));
        assert_eq!(slots("1x1/0/0/0"), Err(form(0, "1x1/0/0/0")));
        for (mix, word, text) in [
            ("-1x1/0/0", "count", "-1"),
            ("x1/0/0", "count", ""),
            ("1x+1/0/0", "state", "+1"),
            ("1x1/4294967296/0", "requeue count", "4294967296"),
            ("1x1/0/x", "age", "x"),
        ] {
            let text = text.to_owned();
            assert_eq!(slots(mix), Err(TaskMixError::Number { index: 0, word, text }));
        }
    }

    #[test]
    fn a_mix_has_a_bounded_number_of_slots() {
        assert_eq!(slots(&format!("{SLOTS_MAX}x1/0/0")).unwrap().len(), SLOTS_MAX);
        let one_more = format!("{SLOTS_MAX}x1/0/0|1x1/0/0");
        assert_eq!(slots(&one_more), Err(TaskMixError::TooMany { index: 1 }));
        assert_eq!(slots("4294967295x1/0/0"), Err(TaskMixError::TooMany { index: 0 }));
    }
}
