//! What PTX that we ship may not contain, found in its text.

use super::Target;
use super::module::{Module, Statement};
use serde::Deserialize;

/// The newest PTX that drivers of CUDA 11.8 and later take.
const VERSION_MAX: (u32, u32) = (7, 8);

/// How strongly an access is ordered. `.weak` and `.volatile` order nothing for others.
const ORDERS: [&str; 4] = ["relaxed", "acquire", "release", "acq_rel"];

/// Who sees an order.
const SCOPES: [&str; 4] = ["cta", "cluster", "gpu", "sys"];

/// A place in a PTX text and what is wrong there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Violation {
    /// The line, from 1; 0 when the module as a whole is meant.
    pub(super) line: usize,
    /// What is wrong and, where it is not plain, what would be right.
    pub(super) message: String,
}

/// What a limits file may allow that is refused otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Exception {
    /// `trap` and `brkpt`, which end the CUDA context with everything in it.
    Trap,
    /// `vprintf`, which needs a buffer and a reader on the host.
    Printf,
}

/// Checks one module that was built for `target`.
pub(super) fn check(module: &Module, target: Target, allowed: &[Exception]) -> Vec<Violation> {
    let mut violations = Vec::new();
    if module.version > VERSION_MAX {
        let (major, minor) = module.version;
        let message =
            format!("`.version {major}.{minor}` is refused by older drivers; at most 7.8");
        violations.push(Violation { line: module.version_line, message });
    }
    if module.target != target.to_string() {
        let message = format!("`.target {}` instead of {target}", module.target);
        violations.push(Violation { line: 0, message });
    }
    let inside = module.functions.iter().flat_map(|function| &function.statements);
    for statement in module.declarations.iter().chain(inside) {
        let message = order(statement)
            .or_else(|| barrier(statement))
            .or_else(|| indirect_call(statement))
            .or_else(|| exceptional(statement, allowed));
        violations.extend(message.map(|message| Violation { line: statement.line, message }));
    }
    violations.sort_by_key(|violation| violation.line);
    violations
}

/// Atomics, fences and ordered accesses that do not say how, or for whom.
fn order(statement: &Statement) -> Option<String> {
    let parts = statement.parts();
    let opcode = statement.opcode();
    let ordered = parts.iter().any(|part| ORDERS.contains(part));
    let scoped = parts.iter().any(|part| SCOPES.contains(part));
    match *parts.first()? {
        "atom" | "red" if !ordered => Some(format!(
            "`{opcode}` has no ordering and is relaxed, whatever the source says; write it as \
             `asm!` or with `compare_exchange`"
        )),
        "atom" | "red" if !scoped => Some(format!("`{opcode}` has no scope")),
        "ld" | "st" if ordered && !scoped => {
            Some(format!("`{opcode}` has an ordering and no scope"))
        }
        "fence" if parts.get(1) == Some(&"proxy") => None,
        "fence" if !scoped => Some(format!("`{opcode}` has no scope")),
        _ => None,
    }
}

/// Barriers that only work when all threads of a warp arrive together.
fn barrier(statement: &Statement) -> Option<String> {
    let parts = statement.parts();
    let aligned = match *parts.first()? {
        "bar" => parts.get(1) != Some(&"warp"),
        "barrier" => parts.contains(&"aligned"),
        _ => false,
    };
    aligned.then(|| {
        let opcode = statement.opcode();
        format!("`{opcode}` is aligned: a warp that has split breaks it; use `barrier.sync`")
    })
}

/// Calls through a pointer: registers and stack of what is called cannot be known.
fn indirect_call(statement: &Statement) -> Option<String> {
    let opcode = statement.opcode();
    let prototype = matches!(opcode, ".callprototype" | ".calltargets");
    let register = statement.callee().is_some_and(|callee| callee.starts_with('%'));
    (prototype || register)
        .then(|| format!("`{opcode}`: an indirect call; is there a `dyn` or a function pointer?"))
}

/// Returns what is refused unless the limits file allows it.
fn exceptional(statement: &Statement, allowed: &[Exception]) -> Option<String> {
    let opcode = statement.opcode();
    let prints = |name: &str| matches!(name, "vprintf" | "__assertfail");
    let declares = super::module::function_name(&statement.text);
    let (exception, what) = match opcode {
        "trap" | "brkpt" => (Exception::Trap, opcode),
        _ => {
            let name = statement.callee().or(declares.map(|(_, name)| name))?;
            prints(name).then_some((Exception::Printf, name))?
        }
    };
    let advice = match exception {
        Exception::Trap => "it ends the whole CUDA context; write a record and `exit`",
        Exception::Printf => "nobody reads it; write to memory",
    };
    (!allowed.contains(&exception)).then(|| format!("`{what}`: {advice}"))
}

#[cfg(test)]
mod tests {
    use super::{Exception, check};
    use crate::ptx::Target;
    use crate::ptx::module::Module;

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
        let lines: Vec<usize> = found.iter().map(|found| found.line).collect();
        assert_eq!(lines, [0, 1, 3], "{found:?}");
        let text = ".version 7.8\n.target sm_80\n";
        assert!(check(&Module::read(text).unwrap(), Target::Sm80, &[]).is_empty());
    }
}
