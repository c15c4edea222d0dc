//! What the compiler says of a message that no slot of its ring can hold.

use super::memory::LINE_DATA_BYTES;

/// Stops the compiler where a message is larger than a slot, in a text with all the numbers.
///
/// For a `const` block, where the numbers are known: `message_bytes` of the message alone,
/// `header_bytes` of what the protocol puts before it, `lines` of a slot.
///
/// ```
/// use isokern_core::ring::require_fit;
///
/// const { require_fit(size_of::<[f32; 12]>(), 16, 1) }
/// ```
///
/// ```compile_fail,E0080
/// use isokern_core::ring::require_fit;
///
/// const { require_fit(size_of::<[f32; 13]>(), 16, 1) }
/// ```
///
/// # Panics
///
/// The message does not fit.
pub const fn require_fit(message_bytes: usize, header_bytes: usize, lines: usize) {
    let bytes = message_bytes.saturating_add(header_bytes);
    // An empty message has a turn, too, and so a line.
    let fits = lines > 0 && bytes <= lines * LINE_DATA_BYTES;
    let fit = if fits { Some(()) } else { None };
    let refusal = Refusal::new(message_bytes, header_bytes, lines);
    let text = refusal.as_str();
    fit.expect(text);
}

/// A text that is put together while a program compiles.
struct Refusal {
    bytes: [u8; 320],
    length: usize,
}

impl Refusal {
    const fn new(message_bytes: usize, header_bytes: usize, lines: usize) -> Self {
        let limit_bytes = (lines * LINE_DATA_BYTES).saturating_sub(header_bytes);
        let bytes = message_bytes.saturating_add(header_bytes);
        let needed_lines = bytes.div_ceil(LINE_DATA_BYTES);
        Self { bytes: [0; 320], length: 0 }
            .with("a message or reply of ")
            .with_number(message_bytes)
            .with(" bytes is larger than the ")
            .with_number(limit_bytes)
            .with(" bytes that a slot with LINES = ")
            .with_number(lines)
            .with(" has for it. Fix: set LINES to ")
            .with_number(needed_lines)
            .with(" or more (Ring<T, N, LINES>, Mailboxes<N, LINES>), or lend it in a PayloadPool.")
    }

    const fn with(mut self, text: &str) -> Self {
        let mut index = 0;
        while index < text.len() {
            self.bytes[self.length] = text.as_bytes()[index];
            self.length += 1;
            index += 1;
        }
        self
    }

    const fn with_number(self, number: usize) -> Self {
        let tens = if number < 10 { self } else { self.with_number(number / 10) };
        let digit = [b'0' + (number % 10) as u8];
        match core::str::from_utf8(&digit) {
            Ok(digit) => tens.with(digit),
            Err(_) => tens,
        }
    }

    const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "a message is larger than a slot",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, require_fit};

    #[test]
    fn s4_an_oversized_message_is_told_its_limit_and_the_lines_it_needs() {
        let text = Refusal::new(64, 16, 1);
        assert_eq!(
            text.as_str(),
            "a message or reply of 64 bytes is larger than the 48 bytes that a slot with LINES = 1 \
             has for it. Fix: set LINES to 2 or more (Ring<T, N, LINES>, Mailboxes<N, LINES>), or \
             lend it in a PayloadPool."
        );
        let most = Refusal::new(usize::MAX, 16, usize::MAX / 64);
        assert!(most.as_str().ends_with("PayloadPool."));
    }

    #[test]
    fn s4_the_last_message_that_fits_compiles() {
        for lines in [1, 2, 4] {
            require_fit(lines * 64 - 16, 16, lines);
            require_fit(lines * 64, 0, lines);
            for (message_bytes, header_bytes) in [(lines * 64 - 15, 16), (lines * 64 + 1, 0)] {
                let refused = std::panic::catch_unwind(|| {
                    require_fit(message_bytes, header_bytes, lines);
                });
                assert!(refused.is_err(), "{message_bytes} + {header_bytes} in {lines}");
            }
        }
    }
}
