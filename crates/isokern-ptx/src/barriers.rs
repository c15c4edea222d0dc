//! At how many places an entry point waits, with all it calls.
//!
//! A compiler that copies a barrier into both arms of a branch makes threads of one block wait at
//! different places, so the PTX is to have as many as the source. The source cannot be counted by
//! a program: it says `sync` once where a function is inlined five times. So whoever writes an
//! entry writes into the limits file how many a reader finds on the way, and the PTX of every
//! target must have that many.
//!
//! A place is a barrier instruction, or the call of a function that does nothing but wait: so the
//! number is the same whether the compiler inlines that function or not. What is in a function
//! that is called several times counts once, for there is one copy of it.

use crate::module::{Module, callee, instructions};
use isokern_simcuda::ptx::ast::{Function, Instruction};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the lines of the places at which `entry`, or what it can reach, waits.
pub(crate) fn lines(module: &Module<'_>, entry: &Function) -> Vec<u32> {
    let functions: BTreeMap<&str, &Function> =
        module.functions().map(|function| (function.name.as_str(), function)).collect();
    let mut seen = BTreeSet::new();
    let mut open = vec![entry];
    let mut lines = Vec::new();
    while let Some(function) = open.pop() {
        if !seen.insert(function.name.as_str()) {
            continue;
        }
        for at in instructions(function) {
            let callee = callee(at).and_then(|name| functions.get(name).copied());
            if is_barrier(at) || callee.is_some_and(only_waits) {
                lines.push(at.line);
            }
            open.extend(callee.filter(|callee| !only_waits(callee)));
        }
    }
    lines.sort_unstable();
    lines
}

/// Returns whether a function waits at one of its barriers and returns: apart from them it has only
/// what chooses one by its parameters.
fn only_waits(function: &Function) -> bool {
    let chooses = |at: &Instruction| match at.opcode.as_str() {
        "ret" | "bra" | "setp" | "mov" => true,
        "ld" => at.modifiers.first().is_some_and(|word| word == "param"),
        _ => false,
    };
    let (waits, others): (Vec<_>, Vec<_>) = instructions(function).partition(|at| is_barrier(at));
    !waits.is_empty() && others.into_iter().all(chooses)
}

/// Returns whether it waits for a block, a part of it or a cluster: those of a warp are not meant,
/// and who only arrives goes on.
fn is_barrier(at: &Instruction) -> bool {
    let has = |word| at.modifiers.iter().any(|modifier| modifier == word);
    matches!(at.opcode.as_str(), "bar" | "barrier") && !has("warp") && !has("arrive")
}

#[cfg(test)]
mod tests {
    use super::lines;
    use crate::module::Module;

    const TEXT: &str = "\
.version 7.8
.target sm_80
.func inner()
{
barrier.sync 0;
call.uni inner, ();
ret;
}
.visible .entry two()
{
@%p1 bra other;
barrier.sync 0;
call.uni inner, ();
call.uni inner, ();
bar.warp.sync -1;
other: barrier.arrive 1, 64; ret;
}
.visible .entry none()
{
ret;
}
.func wait()
{
.reg .b32 %r<2>;
barrier.sync 0;
ret;
}
.visible .entry calls()
{
call.uni wait, ();
@%p1 call wait, ();
call.uni inner, ();
ret;
}
.func wait_at(.param .b32 which)
{
.reg .b32 %r<2>;
.reg .pred %p<2>;
ld.param.b32 %r1, [which];
setp.eq.b32 %p1, %r1, 0;
@%p1 bra block;
barrier.sync 1, %r1;
bra.uni over;
block:
barrier.sync 0;
over:
ret;
}
.visible .entry chooses()
{
call.uni wait_at, (0);
call.uni wait_at, (64);
ret;
}
";

    fn counted(text: &str) -> Vec<(String, Vec<u32>)> {
        let module = Module::read(text).unwrap();
        let entries = module.entries();
        entries.map(|entry| (entry.name.clone(), lines(&module, entry))).collect()
    }

    #[test]
    fn every_place_is_counted_once() {
        let expected = [
            ("two".to_owned(), vec![5, 12]),
            ("none".to_owned(), vec![]),
            ("calls".to_owned(), vec![5, 30, 31]),
            ("chooses".to_owned(), vec![51, 52]),
        ];
        assert_eq!(counted(TEXT), expected);
    }

    #[test]
    fn a_copied_barrier_is_seen() {
        let copied = TEXT.replace("other: barrier.arrive 1, 64;", "other: barrier.sync 0;");
        assert_eq!(counted(&copied)[0].1, [5, 12, 16]);
        let copied = TEXT.replace("call.uni wait, ();", "call.uni wait, ();call wait, ();");
        assert_eq!(counted(&copied)[2].1, [5, 30, 30, 31]);
        // With a store it does more than wait, and its barriers are places of the entries.
        let more = TEXT.replace("over:\nret", "over:\nst.shared.b32 [0], %r1;\nret");
        assert_eq!(counted(&more)[3].1, [42, 45]);
    }
}
