//! The committed header is the one that the source gives.

use std::fs;
use std::path::Path;
use std::process::Command;

use cbindgen::{Builder, Config, DocumentationStyle, EnumConfig, Language, RenameRule, Style};

/// Writes the header anew instead of comparing it.
const BLESS: &str = "ISOKERN_BLESS";

const TOP: &str = "\
/* Isokern: int8 models without heap, the same bytes everywhere. C99, C++11 and later.
 *
 * Written by `ISOKERN_BLESS=1 cargo test -p isokern-capi --test header`.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */";

/// What no Rust item stands for.
const MACROS: &str = "
/* Memory on a boundary of ISOKERN_ALIGNMENT bytes. It comes first in a declaration:
 * `ISOKERN_ALIGNED static uint8_t arena[DIGITS_ARENA_BYTES];` */
#if defined(__GNUC__)
#define ISOKERN_ALIGNED __attribute__((aligned(16)))
#elif defined(_MSC_VER)
#define ISOKERN_ALIGNED __declspec(align(16))
#elif defined(__cplusplus)
#define ISOKERN_ALIGNED alignas(16)
#else
#define ISOKERN_ALIGNED _Alignas(16)
#endif

/* What structures begin with: each knows its size. */
#define ISOKERN_SESSION_INIT { (uint32_t)sizeof(isokern_session), 0, 0, 0, 0 }
#define ISOKERN_SIZES_INIT { (uint32_t)sizeof(isokern_sizes), 0, 0, 0, 0 }
#define ISOKERN_TENSOR_INIT \\
    { (uint32_t)sizeof(isokern_tensor), 0, 0, 0, 0, 0, { 0, 0, 0, 0, 0, 0 }, 0.0f, 0 }
#define ISOKERN_RING_INIT { (uint32_t)sizeof(isokern_ring), 0, 0, 0, 0 }
#define ISOKERN_ACTOR_INIT { (uint32_t)sizeof(isokern_actor), 0, 0 }
#define ISOKERN_REQUEST_INIT { (uint32_t)sizeof(isokern_request), 0, 0, 0 }

/* Bytes of memory: isokern_ring_bytes and isokern_actor_bytes as constants. */
#define ISOKERN_RING_BYTES(slots) (ISOKERN_RING_HEAD_BYTES + (slots) * ISOKERN_RING_SLOT_BYTES)
#define ISOKERN_ACTOR_BYTES(arena_bytes, buffers) \\
    (ISOKERN_ACTOR_HEAD_BYTES + (buffers) * (((arena_bytes) + 15) / 16 * 16))";

const NAMES: [(&str, &str); 18] = [
    ("ABI_VERSION", "ISOKERN_ABI_VERSION"),
    ("ACTOR_BUFFERS_MAX", "ISOKERN_ACTOR_BUFFERS_MAX"),
    ("ACTOR_HEAD_BYTES", "ISOKERN_ACTOR_HEAD_BYTES"),
    ("ALIGNMENT", "ISOKERN_ALIGNMENT"),
    ("Actor", "isokern_actor"),
    ("Dtype", "isokern_dtype"),
    ("Kind", "isokern_kind"),
    ("Model", "isokern_model"),
    ("NowNs", "isokern_now_ns"),
    ("RING_HEAD_BYTES", "ISOKERN_RING_HEAD_BYTES"),
    ("RING_MESSAGE_MAX", "ISOKERN_RING_MESSAGE_MAX"),
    ("RING_SLOT_BYTES", "ISOKERN_RING_SLOT_BYTES"),
    ("Request", "isokern_request"),
    ("Ring", "isokern_ring"),
    ("Session", "isokern_session"),
    ("Sizes", "isokern_sizes"),
    ("Status", "isokern_status"),
    ("Tensor", "isokern_tensor"),
];

fn config() -> Config {
    let mut config = Config {
        language: Language::C,
        cpp_compat: true,
        no_includes: true,
        sys_includes: vec!["stddef.h".to_owned(), "stdint.h".to_owned()],
        include_guard: Some("ISOKERN_H".to_owned()),
        header: Some(TOP.to_owned()),
        after_includes: Some(MACROS.to_owned()),
        style: Style::Both,
        documentation_style: DocumentationStyle::Doxy,
        usize_is_size_t: true,
        line_length: 100,
        tab_width: 4,
        enumeration: EnumConfig {
            rename_variants: RenameRule::QualifiedScreamingSnakeCase,
            ..EnumConfig::default()
        },
        ..Config::default()
    };
    for (rust, c) in NAMES {
        config.export.rename.insert(rust.to_owned(), c.to_owned());
    }
    config.export.include.push("Dtype".to_owned());
    config
}

fn header() -> String {
    let mut text = Vec::new();
    Builder::new()
        .with_crate(env!("CARGO_MANIFEST_DIR"))
        .with_config(config())
        .generate()
        .expect("the crate has a header")
        .write(&mut text);
    String::from_utf8(text).expect("a header is text")
}

#[test]
fn the_committed_header_is_that_of_the_source() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/isokern.h");
    let header = header();
    if std::env::var_os(BLESS).is_some() {
        fs::write(&path, &header).expect("the header can be written");
    }
    let committed = fs::read_to_string(&path).expect("the header is there");
    assert!(
        committed == header,
        "include/isokern.h is not what the source gives. Fix: {BLESS}=1 cargo test -p isokern-capi \
         --test header"
    );
}

/// Languages of the header: what the compiler is asked for, and the standard.
const LANGUAGES: [(&str, &str); 5] =
    [("c", "c99"), ("c", "c11"), ("c", "c17"), ("c++", "c++11"), ("c++", "c++17")];

/// Compiles a source file as every language, with each compiler that there is; fails without any.
fn compile_everywhere(source: &Path) {
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let mut compiled = 0;
    for compiler in ["gcc", "clang", "cc"] {
        if Command::new(compiler).arg("--version").output().is_err() {
            continue;
        }
        for (language, standard) in LANGUAGES {
            let mut command = Command::new(compiler);
            command.args(["-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only"]);
            command.args(["-x", language, &format!("-std={standard}")]);
            command.arg("-I").arg(&include).arg(source);
            let output = command.output().expect("a compiler that was found starts");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{compiler}, {standard}:\n{said}");
            compiled += 1;
        }
    }
    assert!(compiled > 0, "there is no C compiler. Fix: install gcc");
}

#[test]
fn the_header_is_c_and_cplusplus_without_a_warning() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/header");
    compile_everywhere(&folder.join("calls_all.c"));
}

/// A compiler that lets everything pass would let the header pass.
#[test]
fn a_warning_is_noticed() {
    let folder = tempfile::tempdir().expect("there is room");
    let source = folder.path().join("planted.c");
    fs::write(
        &source,
        "#include \"isokern.h\"\nint f(void);\nint f(void) { int unused; return 0; }\n",
    )
    .expect("it can be written");
    let compiled = std::panic::catch_unwind(|| compile_everywhere(&source));
    assert!(compiled.is_err());
}
