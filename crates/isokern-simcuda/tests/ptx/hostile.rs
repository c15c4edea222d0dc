//! Texts that mean harm: the reader answers every one, in time that grows with its length.

use core::time::Duration;
use isokern_simcuda::error::Reason;
use isokern_simcuda::program::pressure;
use isokern_simcuda::ptx::ast::Item;
use isokern_simcuda::ptx::{MAX_STATEMENTS, MAX_TEXT_BYTES, parse};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::sample::Index;
use std::time::Instant;

/// A text with one of nearly everything.
const VALID: &str = r#".version 7.8
.target sm_80, debug
.address_size 64
.file 1 "all.cu"
.global .align 8 .u64 table[2] = {generic(word)+4, -3};
.global .f32 word[2] = {0f3F800000, 2.5e-3};
.extern .shared .align 16 .b8 bytes[];
.func (.param .b32 r) twice(.param .b32 a) { ret; }
.visible .entry all(.param .u64 .ptr .global .align 4 p, .param .b8 q[12]) .maxntid 64, 1, 1
{
	.reg .pred %p<3>; .reg .b32 %r<9>; .reg .b64 %rd<4>; // registers
	.loc 1 2 3
	ld.param.u64 %rd1, [p+0];
	mov.u32 %r1, %tid.x; /* a
	note */
	setp.lt.and.s32 %p1|%p2, %r1, -0x10U, !%p2;
	@!%p1 bra $L1;
	{ .param .b32 x; call.uni (x), twice, (x); }
	ld.global.v4.u32 {%r2, %r3, _, %r4}, [%rd1+-16];
$L1:
	t: .branchtargets $L1, $L1;
	brx.idx %r1, t;
	shared: .callprototype (.param .b32 _) _ (.param .b64 _);
	st.shared::cta.f64 [bytes], 0d3FF0000000000000;
	exit;
}
.section .debug_str { .b8 1, 2 }
"#;

/// Words that mutations put in.
const WORDS: [&str; 24] = [
    "{", "}", "(", ")", "[", "]", ",", ";", ":", "@", "!", "|", "<", ">", "+", "-", "/*", "\"",
    ".reg", ".entry", ".section", "0x", "%r65535", "\u{20ac}",
];

/// Reads a text, and analyses what was read; an error has to point into the text.
fn read(text: &str) {
    match parse(text) {
        Ok(module) => {
            for item in &module.items {
                if let Item::Function(function) = item {
                    assert!(pressure::registers(function) <= pressure::MAX_REGISTERS);
                    let all = pressure::with_callees(&module, &function.name);
                    assert!(all <= pressure::MAX_REGISTERS);
                }
            }
        }
        Err(error) => {
            let lines = text.matches('\n').count() + 1;
            assert!((1..=lines).contains(&(error.line as usize)), "{error} in {lines} lines");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text(text in any::<String>(), bytes in vec(any::<u8>(), 0..300)) {
        read(&text);
        read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn changed_bytes(changes in vec((any::<Index>(), any::<u8>()), 1..6)) {
        let mut bytes = VALID.as_bytes().to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn changed_words(changes in vec((any::<Index>(), any::<Index>(), 0..3), 1..6)) {
        let mut words: Vec<&str> = VALID.split_inclusive([' ', '\n', ',', ';']).collect();
        for (place, other, kind) in changes {
            let place = place.index(words.len());
            match kind {
                0 => words.insert(place, WORDS[other.index(WORDS.len())]),
                1 => words[place] = words[other.index(words.len())],
                _ => drop(words.remove(place)),
            }
        }
        read(&words.concat());
    }
}

#[test]
fn the_text_that_is_changed_is_valid() {
    assert_eq!(parse(VALID).map(|module| module.items.len()), Ok(5));
}

#[test]
fn every_beginning_of_a_valid_text() {
    (0..VALID.len()).for_each(|length| read(&VALID[..length]));
}

#[test]
fn endless_repetitions() {
    let start = Instant::now();
    let body = format!("{}.entry f() {{\n", super::HEAD);
    let count = 300_000;
    for (before, again) in [
        (body.as_str(), "{"),
        (&body, "a;"),
        (&body, "a:"),
        (&body, "@p"),
        (&body, "a -"),
        (&body, "add a, -"),
        (&body, "add {"),
        (&body, "call ("),
        (&body, ".reg .b32 %r<65535>;"),
        (super::HEAD, ".global .b32 x = {"),
        (super::HEAD, ".global .b32 x;"),
        (super::HEAD, ".visible "),
        (super::HEAD, ".entry f(.param .b8 a[1][1]"),
        (super::HEAD, ".section .a {"),
        ("", "/*"),
        ("", "\""),
        ("", ".version 7.8\n"),
        ("", "1."),
    ] {
        read(&(before.to_owned() + &again.repeat(count)));
    }
    let numbers = format!("{body}mov a, {}", "9".repeat(MAX_TEXT_BYTES / 16));
    read(&numbers);
    let seconds = start.elapsed();
    assert!(seconds < Duration::from_secs(60), "took {seconds:?}");
}

#[test]
fn trees_are_bounded() {
    let count = usize::try_from(MAX_STATEMENTS).expect("it is small");
    let instructions = format!("{}.entry f() {{\n{}}}", super::HEAD, "a;".repeat(count + 1));
    let names = format!("{}\n.global .b8 a{};", super::HEAD, ",a".repeat(count));
    for text in [instructions, names] {
        let error = parse(&text).expect_err("it is over the bound");
        let limit = MAX_STATEMENTS;
        let expected = Reason::Limit { what: "statements of a text", have: limit + 1, limit };
        assert_eq!((error.line, error.reason), (5, expected));
    }
}

#[test]
fn jumps_that_no_analysis_finishes_are_given_up() {
    use core::fmt::Write;
    let start = Instant::now();
    let mut text = "R: .branchtargets L0".to_owned();
    (1..3000).for_each(|label| write!(text, ", L{label}").expect("a string takes it"));
    text += ";\n.reg .b32 %r<60000>;\n";
    for label in 0..3000 {
        let (first, second) = (label * 31 % 60_000, label * 17 % 60_000);
        writeln!(text, "L{label}: add.s32 %r{label}, %r{first}, %r{second};\nbrx.idx %r1, R;")
            .expect("a string takes it");
    }
    let function = super::function(&format!(".entry f() {{ {text} ret; }}"));
    assert_eq!(pressure::registers(&function), pressure::MAX_REGISTERS);
    let seconds = start.elapsed();
    assert!(seconds < Duration::from_secs(30), "took {seconds:?}");
}
