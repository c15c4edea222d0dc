//! Numbers as people read them: grouped digits, times, shapes.

use core::time::Duration;

pub(crate) use isokern::port::sizes as shape;

/// Returns digits in groups of three: `1,234,567`.
pub(crate) fn grouped(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a count and its noun: `1 operator`, `9 operators`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number as u64), if number == 1 { "" } else { "s" })
}

/// Returns a time with three digits that count: `850 ns`, `1.23 µs`, `45.6 ms`.
pub(crate) fn time(duration: Duration) -> String {
    let ns = duration.as_nanos();
    if ns < 1000 {
        return format!("{ns} ns");
    }
    let seconds = duration.as_secs_f64();
    // The next unit starts where three digits would round up to it.
    let (value, unit) = match ns {
        0..999_500 => (seconds * 1e6, "µs"),
        999_500..999_500_000 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    let places = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.places$} {unit}")
}

/// Returns a digest of output bytes, as every command prints it.
pub(crate) fn digest(value: u64) -> String {
    format!("{value:016x}")
}

#[cfg(test)]
mod tests {
    use super::{Duration, grouped, time};

    #[test]
    fn digits_are_grouped_from_the_right() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        for (number, text) in cases {
            assert_eq!(grouped(number as u64), text);
        }
    }

    #[test]
    fn times_keep_three_digits() {
        let cases = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1000, "1.00 µs"),
            (9_994, "9.99 µs"),
            (9_996, "10.0 µs"),
            (99_960, "100 µs"),
            (999_499, "999 µs"),
            (999_500, "1.00 ms"),
            (1_234_000_000, "1.23 s"),
        ];
        for (ns, text) in cases {
            assert_eq!(time(Duration::from_nanos(ns)), text);
        }
    }
}
