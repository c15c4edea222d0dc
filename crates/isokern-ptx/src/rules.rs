//! What PTX that we ship may not contain, found in its text.

use crate::module::{Module, callee, instructions, statements};
use crate::target::Target;
use isokern_simcuda::ptx::ast::{Instruction, Statement};
use serde::Deserialize;

/// The newest PTX that drivers of CUDA 11.8 and later take.
const VERSION_MAX: (u32, u32) = (7, 8);

/// How strongly an access is ordered. `.weak` and `.volatile` order nothing for others.
const ORDERS: [&str; 4] = ["relaxed", "acquire", "release", "acq_rel"];

/// Who sees an order.
const SCOPES: [&str; 4] = ["cta", "cluster", "gpu", "sys"];

/// A place in a PTX text and what is wrong there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The line, from 1; 0 when the module as a whole is meant.
    pub(crate) line: u32,
    /// What is wrong and, where it is not plain, what would be right.
    pub(crate) message: String,
}

/// What a limits file may allow that is refused otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Exception {
    /// `trap` and `brkpt`, which end the CUDA context with everything in it.
    Trap,
    /// `vprintf`, which needs a buffer and a reader on the host.
    Printf,
}

/// Checks one module that was built for `target`.
pub(crate) fn check(module: &Module<'_>, target: Target, allowed: &[Exception]) -> Vec<Violation> {
    let mut violations = Vec::new();
    if module.version > VERSION_MAX {
        let (major, minor) = module.version;
        let message =
            format!("`.version {major}.{minor}` is refused by older drivers; at most 7.8");
        violations.push(Violation { line: module.version_line(), message });
    }
    if module.target != target.to_string() {
        let message = format!("`.target {}` instead of {target}", module.target);
        violations.push(Violation { line: 0, message });
    }
    for function in module.all_functions() {
        let declared = (function.line, function.name.as_str());
        violations.extend(prints(declared, allowed).filter(|_| function.body.is_none()));
        if let Some(error) = &function.refusal {
            let message = format!("`{}` cannot be checked: {}", function.name, error.reason);
            violations.push(Violation { line: error.line, message });
        }
        let prototypes = statements(function).into_iter().filter_map(|statement| match statement {
            Statement::CallPrototype { line, .. } => Some(*line),
            _ => None,
        });
        violations.extend(prototypes.map(|line| indirect(line, ".callprototype")));
        for at in instructions(function) {
            let message = order(at).or_else(|| barrier(at)).or_else(|| ends_context(at, allowed));
            violations.extend(message.map(|message| Violation { line: at.line, message }));
            let Some(name) = callee(at) else { continue };
            if name.starts_with('%') {
                violations.push(indirect(at.line, &at.mnemonic()));
            }
            violations.extend(prints((at.line, name), allowed));
        }
    }
    violations.sort_by_key(|violation| violation.line);
    violations
}

/// Finds atomics, fences and ordered accesses that do not say how, or for whom.
fn order(at: &Instruction) -> Option<String> {
    let has = |words: &[&str]| at.modifiers.iter().any(|word| words.contains(&word.as_str()));
    let (ordered, scoped, name) = (has(&ORDERS), has(&SCOPES), at.mnemonic());
    match at.opcode.as_str() {
        "atom" | "red" if !ordered => Some(format!(
            "`{name}` has no ordering and is relaxed, whatever the source says; write it as \
             `asm!` or with `compare_exchange`"
        )),
        "atom" | "red" if !scoped => Some(format!("`{name}` has no scope")),
        "ld" | "st" if ordered && !scoped => Some(format!("`{name}` has an ordering and no scope")),
        "fence" if at.modifiers.first().is_some_and(|word| word.starts_with("proxy")) => None,
        "fence" if !scoped => Some(format!("`{name}` has no scope")),
        _ => None,
    }
}

/// Finds barriers that only work when all threads of a warp arrive together.
fn barrier(at: &Instruction) -> Option<String> {
    let aligned = match at.opcode.as_str() {
        "bar" => at.modifiers.first().is_none_or(|word| word != "warp"),
        "barrier" => at.modifiers.iter().any(|word| word == "aligned"),
        _ => false,
    };
    aligned.then(|| {
        let name = at.mnemonic();
        format!("`{name}` is aligned: a warp that has split breaks it; use `barrier.sync`")
    })
}

/// Refuses a call through a pointer: registers and stack of what is called cannot be known.
fn indirect(line: u32, what: &str) -> Violation {
    let message = format!("`{what}`: an indirect call; is there a `dyn` or a function pointer?");
    Violation { line, message }
}

/// Finds `trap` and `brkpt`, unless the limits file allows them.
fn ends_context(at: &Instruction, allowed: &[Exception]) -> Option<String> {
    let found = matches!(at.opcode.as_str(), "trap" | "brkpt");
    (found && !allowed.contains(&Exception::Trap)).then(|| {
        format!("`{}`: it ends the whole CUDA context; write a record and `exit`", at.opcode)
    })
}

/// Finds functions that print, unless the limits file allows them.
fn prints(
    (line, name): (u32, &str),
    allowed: &[Exception],
) -> impl Iterator<Item = Violation> + use<> {
    let found = matches!(name, "vprintf" | "__assertfail");
    let message = format!("`{name}`: nobody reads it; write to memory");
    let violation = Violation { line, message };
    (found && !allowed.contains(&Exception::Printf)).then_some(violation).into_iter()
}

#[cfg(test)]
mod tests {
    use super::{Exception, check};
    use crate::module::Module;
    use crate::target::Target;

    /// Returns the messages for a function with this body, each with its line in the body.
    fn messages(body: &str, allowed: &[Exception]) -> Vec<String> {
        let text =
            format!(".version 7.8\n.target sm_80\n.visible .entry f()\n{{\n{body}\nret;\n}}\n");
        let module = Module::read(&text).unwrap();
        let found = check(&module, Target::Sm80, allowed);
        found.iter().map(|found| format!("{} {}", found.line - 4, found.message)).collect()
    }

    #[test]
    fn what_is_right_passes() {
        let good = "\
            ld.global.b32 %r1, [%rd1];
            ld.volatile.global.b32 %r1, [%rd1];
            ld.acquire.sys.global.b32 %r1, [%rd1];
            st.release.gpu.b64 [%rd1], %rd2;
            fence.acq_rel.sys;
            fence.sc.cluster;
            fence.proxy.async;
            membar.sys;
            atom.acq_rel.gpu.global.cas.b32 %r1, [%rd1], %r2, %r3;
            red.relaxed.cta.shared.add.u32 [%r1], 1;
            barrier.sync 0;
            barrier.cluster.arrive;
            bar.warp.sync 0xffffffff;
            call.uni helper, ();
            .param .b64 atom;
            // atom.add.u32 in a comment, trap; too";
        assert_eq!(messages(good, &[]), Vec::<String>::new());
    }

    #[test]
    fn planted_violations_are_found_with_their_line() {
        let cases = [
            ("atom.global.add.u32 %r1, [%rd1], 1;", "no ordering"),
            ("atom.gpu.global.add.u32 %r1, [%rd1], 1;", "no ordering"),
            ("atom.relaxed.global.add.u32 %r1, [%rd1], 1;", "no scope"),
            ("red.global.add.u32 [%rd1], 1;", "no ordering"),
            ("red.release.global.add.u32 [%rd1], 1;", "no scope"),
            ("ld.acquire.global.b32 %r1, [%rd1];", "no scope"),
            ("@%p1 st.release.b32 [%rd1], %r1;", "no scope"),
            ("fence.acq_rel;", "no scope"),
            ("bar.sync 0;", "aligned"),
            ("bar.red.popc.u32 %r1, 0, %p1;", "aligned"),
            ("barrier.sync.aligned 0;", "aligned"),
            ("barrier.cluster.wait.aligned;", "aligned"),
            ("prototype_0 : .callprototype ()_ (.param .b64 _);", "indirect"),
            ("call.uni %rd4, (param0), prototype_0;", "indirect"),
            ("tex.1d.v4.f32.f32 {%a, %b, %c, %d}, [%t, {%x}];", "cannot be checked"),
            ("trap; exit;", "context"),
            ("label: @!%p2 brkpt;", "context"),
            ("call.uni (retval0), vprintf, (param0, param1);", "nobody reads"),
        ];
        for (case, part) in cases {
            let found = messages(&format!("ret;\n{case}"), &[]);
            let right = found.len() == 1 && found[0].starts_with("2 ") && found[0].contains(part);
            assert!(right, "{case}: {found:?}");
        }
    }

    #[test]
    fn exceptions_are_allowed_one_by_one() {
        let body = "trap;\ncall.uni vprintf, (a);";
        assert_eq!(messages(body, &[]).len(), 2);
        assert_eq!(messages(body, &[Exception::Printf]).len(), 1);
        assert_eq!(messages(body, &[Exception::Printf, Exception::Trap]).len(), 0);
    }

    #[test]
    fn declarations_and_the_header_are_checked() {
        let text = ".version 8.0\n.target sm_90\n.extern .func (.param .b32 r) vprintf\n(\n);\n";
        let found = check(&Module::read(text).unwrap(), Target::Sm80, &[]);
        let lines: Vec<u32> = found.iter().map(|found| found.line).collect();
        assert_eq!(lines, [0, 1, 3], "{found:?}");
        let text = ".version 7.8\n.target sm_80\n";
        assert!(check(&Module::read(text).unwrap(), Target::Sm80, &[]).is_empty());
    }
}
