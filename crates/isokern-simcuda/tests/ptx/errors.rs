//! What is wrong with a text is said by its reason and its line.

use super::HEAD;
use isokern_simcuda::error::Reason;
use isokern_simcuda::ptx::{
    MAX_ARGUMENTS, MAX_DEPTH, MAX_DIMENSIONS, MAX_INITIALIZER_DEPTH, MAX_MODIFIERS, MAX_OPERANDS,
    MAX_TEXT_BYTES, parse,
};

/// Returns the line and reason a text is refused with.
fn refusal(text: &str) -> (u32, Reason) {
    match parse(text) {
        Err(error) => (error.line, error.reason),
        Ok(module) => panic!("{text} is read as {module:?}"),
    }
}

/// Texts after the head, the line from there on, and words of the reason.
fn check(cases: &[(&str, u32, &str)], fits: impl Fn(&Reason) -> bool) {
    for (text, line, words) in cases {
        let found = refusal(&format!("{HEAD}{text}"));
        assert_eq!(found.0, line + 3, "{text}: {}", found.1);
        assert!(fits(&found.1), "{text}: {:?}", found.1);
        assert!(found.1.to_string().contains(words), "{text}: {}", found.1);
    }
}

#[test]
fn heads() {
    let cases = [
        ("", 1, "expected `.version`, found the end of the text"),
        ("\n\n", 3, "expected `.version`"),
        (".target sm_80", 1, "expected `.version`, found `.target`"),
        (".version 8", 1, "`8` is no version"),
        (".version 7.8.1 .target sm_80", 1, "expected `.target`"),
        (".version 99999999999.0 .target sm_80", 1, "no version"),
        (".version 7.8\n.version 7.8", 2, "expected `.target`"),
        (".version 7.8\n.target", 2, "expected a target"),
        (".version 7.8\n.target debug\n", 3, "names no architecture"),
        (".version 7.8\n.target sm_80, sm_90", 2, "two architectures"),
        (".version 7.8\n.target sm_80,\nmap_f64_to_f32", 3, "`map_f64_to_f32` is not supported"),
        (".version 7.8\n.target compute_80", 2, "`compute_80` is not supported"),
        (".version 7.8\n.target sm_80\n.address_size 32", 3, "`.address_size 32` is not supported"),
        (".version 7.8\n.target sm_80\n.address_size", 3, "expected a number of bits"),
    ];
    for (text, line, words) in cases {
        let (found, reason) = refusal(text);
        assert_eq!(found, line, "{text}: {reason}");
        assert!(reason.to_string().contains(words), "{text}: {reason}");
    }
}

#[test]
fn syntax() {
    let cases = [
        ("\n#define x", 2, "unexpected character '#'"),
        ("\u{e9}", 1, "unexpected character 'é'"),
        ("/* open", 1, "comment without `*/`"),
        (".file 1 \"open\n", 1, "string without a closing quote"),
        (". global .u32 x;", 1, "a dot without a name"),
        ("ret;", 1, "expected a directive, found `ret`"),
        (".global .u32;", 1, "expected a name, found `;`"),
        (".global x;", 1, "expected a type, found `x`"),
        (".global .u32 .f32 x;", 1, "two types"),
        (".global .pred p;", 1, "`.pred`"),
        (".global .align 3 .b8 x;", 1, "3 bytes is no power of two"),
        (".global .align 0 .b8 x;", 1, "0 bytes is no power of two"),
        (".global .u32 x\n.global .u32 y;", 2, "expected `,` or `;`, found `.global`"),
        (".global .u32 x[];", 1, "neither a length nor values"),
        (".extern .global .u32 x[2][];", 1, "only the first length"),
        (".global .u32 x = {1, 2;", 1, "expected `,` or `}`"),
        (".global .u32 x = ;", 1, "expected a value"),
        (".shared .u32 x = 1;", 1, "only `.global` and `.const`"),
        (".global .u32 x<4>;", 1, "expected `,` or `;`, found `<`"),
        (".entry f(.global .u32 a) {}", 1, "`.param` or `.reg`"),
        (".entry f(.param .u32 a {}", 1, "expected `,` or `)`"),
        (".entry f()", 1, "expected `{` or `;`, found the end"),
        (".entry () {}", 1, "expected the name of a function"),
        (".entry f() { ret;\n", 2, "expected a statement or `}`, found the end"),
        (".entry f() {\n; }", 2, "expected a statement"),
        (".entry f() {\nret }", 2, "expected"),
        (".entry f() {\nadd a,, b; }", 2, "expected an operand, found `,`"),
        (".entry f() {\nadd a b; }", 2, "expected `,` or `;`, found `b`"),
        (".entry f() { @ bra; }", 1, "expected an instruction, found `;`"),
        (".entry f() { @!4 bra; }", 1, "expected a predicate, found `4`"),
        (".entry f() { ld a, [b; }", 1, "expected `]`"),
        (".entry f() { ld a, [0f00000000]; }", 1, "floating-point number as an address"),
        (".entry f() { ld a, [b+1.5]; }", 1, "added to an address"),
        (".entry f() { ld {}, [b]; }", 1, "expected an operand, found `}`"),
        (".entry f() { ld {a,{b}}, [b]; }", 1, "expected an operand, found `{`"),
        (".entry f() { ld.a:.b c; }", 1, "expected an operand, found `:`"),
        (".entry f() { mov a.q, b; }", 1, "`.q` is no component"),
        (".entry f() { .reg .b32 r[4]; }", 1, "registers have no elements"),
        (".entry f() { .reg .b32 r<>; }", 1, "expected the registers of a range"),
        (".entry f() { L: .callprototype x (); }", 1, "a prototype is named `_`"),
        (".entry f() { .loc 1 2 3, inlined 1 2; }", 1, "`inlined` in `.loc`"),
        (".section .debug_info { .b8 1\n", 2, "expected `}`"),
        (".section .debug_info { { } }", 1, "expected `}`, found `{`"),
    ];
    check(&cases, |reason| matches!(reason, Reason::Syntax(_)));
}

#[test]
fn numbers() {
    let cases = [
        ("09", "`09` is no number"),
        ("0b12", "`0b12` is no number"),
        ("0x", "`0x` is no number"),
        ("12z", "`12z` is no number"),
        ("1u", "`1u` is no number"),
        ("0x1.5", "`0x1.5` is no number"),
        ("1.2.3", "no component"),
        ("1e", "`1e` is no number"),
        ("0f3F80000", "expected 8 hex digits"),
        ("0f3F8000000", "expected 8 hex digits"),
        ("0d3F800000", "expected 16 hex digits"),
        ("0f+1234567", "expected 8 hex digits"),
        ("18446744073709551616", "needs more than 64 bits"),
        ("~1.5", "`~` takes an integer"),
        ("-", "expected a constant"),
    ];
    for (text, words) in cases {
        let (line, reason) = refusal(&format!("{HEAD}.entry f() {{\nmov a, {text};\n}}"));
        assert!(matches!(reason, Reason::Syntax(_)), "{text}: {reason:?}");
        let said = reason.to_string();
        assert!(said.contains(words) || (words == "no component" && line == 5), "{text}: {said}");
        assert_eq!(line, 5, "{text}");
    }
}

#[test]
fn what_is_not_supported_is_named() {
    let cases = [
        (".global .attribute(.managed) .u32 x;", 1, "`.attribute`"),
        (".func .attribute(.unified(1)) f();", 1, "`.attribute`"),
        (".global .texref t;", 1, "`.texref`"),
        (".alias a, b;", 1, "`.alias`"),
        (".visible .u32 x;", 1, "`.u32`"),
        (".entry f() {\ncall g, ((a)); }", 2, "parentheses"),
        (".reg .b32 x;", 1, "`.reg outside functions`"),
        (".global .u8 x = 0xFF(y);", 1, "a mask on the address"),
        (".global .u64 x = mask(y);", 1, "`mask(...) in an initializer`"),
        (".global .u64 x = (1);", 1, "parentheses"),
        (".global .u64 x = 4*2;", 1, "constant expression with *"),
        (".entry f() .reqnctapercluster 2 { }", 1, "`.reqnctapercluster`"),
        (".entry f() {\n.global .u32 x; }", 2, "`.global inside a function`"),
        (".entry f() {\n.frobnicate 3; }", 2, "`.frobnicate`"),
        (".entry f() {\nL: .calltargets a; }", 2, "`.calltargets`"),
        (".entry f() {\nmov a, 1 << 2; }", 2, "constant expression with <"),
        (".entry f() {\nmov a, (1); }", 2, "parentheses"),
        (".entry f() {\nmov a, 1.0+2.0; }", 2, "a sum of floating-point constants"),
        (".entry f() {\nld a, b[1]; }", 2, "`b[...] as an operand`"),
        (".entry f() {\ntex a, [t, {b}]; }", 2, "an address with coordinates"),
    ];
    check(&cases, |reason| matches!(reason, Reason::Unsupported(_)));
}

#[test]
fn bounds() {
    let repeat = |text: &str, count: usize| text.repeat(count);
    let depth = usize::try_from(MAX_DEPTH).expect("it is small");
    let lists = usize::try_from(MAX_INITIALIZER_DEPTH).expect("it is small");
    let kernel = |text: String| format!(".entry f() {{\n{text}\n}}");
    let cases = [
        (kernel(repeat("{", depth) + &repeat("}", depth)), 2, "nested blocks"),
        (kernel(format!("add {}a;", repeat("a,", MAX_OPERANDS))), 2, "operands"),
        (kernel(format!("ld {{{}a}}, [b];", repeat("a,", MAX_OPERANDS))), 2, "elements"),
        (kernel(format!("call f, ({}a);", repeat("a,", MAX_ARGUMENTS))), 2, "arguments"),
        (kernel(format!("L: .branchtargets {}a;", repeat("a,", MAX_ARGUMENTS))), 2, "targets"),
        (kernel(format!("add{} a;", repeat(".x", MAX_MODIFIERS + 1))), 2, "modifiers"),
        (kernel(".reg .b32 %r<65536>;".to_owned()), 2, "registers of a range"),
        (format!(".entry f({}.param .b8 a) {{}}", repeat(".param .b8 a,", 4096)), 1, "parameters"),
        (format!(".global .b8 x{};", repeat("[1]", MAX_DIMENSIONS + 1)), 1, "dimensions"),
        (".global .b64 x[0x8000000000][2];".to_owned(), 1, "the bytes of a variable"),
        (".global .b64 x[0x100000000][0x100000000];".to_owned(), 1, "the bytes of a variable"),
        (".global .align 4294967296 .b8 x;".to_owned(), 1, "the bytes of an alignment"),
        (format!(".global .b8 x = {}", repeat("{", lists + 1)), 1, "nested lists"),
        (".entry f() .maxnreg 4294967296 {}".to_owned(), 1, "registers of a thread"),
    ];
    for (text, line, words) in &cases {
        check(&[(text, *line, words)], |reason| matches!(reason, Reason::Limit { .. }));
    }
    let (line, reason) = refusal(&" ".repeat(MAX_TEXT_BYTES + 1));
    assert_eq!(line, 0, "{reason}");
    let expected = Reason::Limit {
        what: "the bytes of a PTX text",
        have: MAX_TEXT_BYTES as u64 + 1,
        limit: MAX_TEXT_BYTES as u64,
    };
    assert_eq!(reason, expected);
}

#[test]
fn just_within_the_bounds() {
    let lists = usize::try_from(MAX_INITIALIZER_DEPTH).expect("it is small");
    let depth = usize::try_from(MAX_DEPTH).expect("it is small") - 1;
    super::module(&format!(
        ".global .b8 x{} = {}1{};\n.entry f() {{ {}{} .reg .b32 %r<65535>; add {}a; }}",
        "[1]".repeat(MAX_DIMENSIONS),
        "{".repeat(lists),
        "}".repeat(lists),
        "{".repeat(depth),
        "}".repeat(depth),
        "a,".repeat(MAX_OPERANDS - 1),
    ));
}
