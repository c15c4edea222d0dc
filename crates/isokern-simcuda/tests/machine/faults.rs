//! What a kernel may not do: each is found, with its line, thread and driver code.

use isokern_simcuda::machine::FaultKind;
use isokern_simcuda::memory::{Kind, Miss};
use isokern_simcuda::program::LoadError;
use isokern_simcuda::ptx::ast::Space;

use super::launch::{Device, STORE, Shape, fault, kernel, load};

/// Returns the line of the text that holds `part`.
fn line_of(text: &str, part: &str) -> u32 {
    let index = text.lines().position(|line| line.contains(part)).expect("the text has it");
    u32::try_from(index).unwrap() + 1
}

#[test]
fn an_access_outside_its_allocation_names_thread_line_and_allocation() {
    let text = kernel("", &format!("mov.u32 %r1, 1;\n{STORE}"));
    // 256 bytes are 64 words: thread 64 is the first outside.
    let found = fault(&text, Shape::new(1, 96));
    assert_eq!(found.place.thread, [64, 0, 0]);
    assert_eq!(found.place.line, line_of(&text, "st.global.u32 [%rd15]"));
    assert_eq!(found.place.kernel, "k");
    assert_eq!(found.kind.code(), 700);
    let FaultKind::Access(error) = &found.kind else { panic!("{found}") };
    assert!(matches!(error.miss, Miss::End { bytes: 256, .. }) && error.bytes == 4, "{error}");
    let report = found.to_string();
    for part in ["allocation of 256 bytes", "PTX line", "st.global.u32", "thread (64, 0, 0)"] {
        assert!(report.contains(part), "{part} is not in: {report}");
    }
}

#[test]
fn an_access_after_the_free_says_so() {
    let device = Device::new(&kernel("", "ld.global.u32 %r1, [%rd0+8];"));
    let address = device.memory.allocate(64, Kind::Device).unwrap();
    device.memory.free(address, &[Kind::Device]).unwrap();
    let found = device.run(Shape::new(1, 1), address).unwrap_err();
    let FaultKind::Access(error) = &found.kind else { panic!("{found}") };
    assert_eq!(error.miss, Miss::Freed { base: address, bytes: 64 });
    assert!(found.to_string().contains("freed allocation"), "{found}");
}

#[test]
fn an_access_that_is_not_aligned_is_refused_in_every_space() {
    let rows = [
        "ld.global.u32 %r1, [%rd0+2];",
        "ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%rd0+8];",
        "st.global.u16 [%rd0+1], 3;",
        "ld.u64 %rd1, [%rd0+4];",
        "atom.global.add.u32 %r1, [%rd0+1], 3;",
        ".shared .align 8 .b8 s[16];\nld.shared.u32 %r1, [s+2];",
        ".local .align 8 .b8 l[16];\nst.local.u64 [l+4], %rd0;",
    ];
    for body in rows {
        let found = fault(&kernel("", body), Shape::new(1, 1));
        assert!(matches!(found.kind, FaultKind::Misaligned { .. }), "{body}: {found}");
        assert_eq!(found.kind.code(), 716);
    }
}

#[test]
fn memory_of_blocks_and_threads_has_an_end() {
    let rows = [
        (".shared .align 4 .b8 s[16];\nld.shared.u32 %r1, [s+16];", Space::Shared),
        (".local .align 4 .b8 l[16];\nst.local.u32 [l+16], 1;", Space::Local),
        ("mov.u32 %r2, 64;\nst.shared.u32 [%r2], 1;", Space::Shared),
        (
            ".local .align 4 .b8 l[16];\nmov.u64 %rd1, l;\ncvta.local.u64 %rd1, %rd1;\n\
             ld.u32 %r1, [%rd1+32];",
            Space::Local,
        ),
    ];
    for (body, space) in rows {
        let found = fault(&kernel("", body), Shape::new(1, 1));
        let right = matches!(found.kind, FaultKind::Window { space: found, .. } if found == space);
        assert!(right && found.kind.code() == 700, "{body}: {found}");
    }
}

#[test]
fn an_address_of_another_space_is_refused() {
    let rows = [
        ".shared .align 4 .b8 s[16];\nmov.u64 %rd1, s;\ncvta.shared.u64 %rd1, %rd1;\n\
         ld.global.u32 %r1, [%rd1];",
        "cvta.to.shared.u64 %rd1, %rd0;\nld.shared.u32 %r1, [%rd1];",
        "ld.shared.u32 %r1, [%rd0];",
    ];
    for body in rows {
        let found = fault(&kernel("", body), Shape::new(1, 1));
        assert!(matches!(found.kind, FaultKind::WrongSpace { .. }), "{body}: {found}");
        assert_eq!(found.kind.code(), 717);
    }
}

#[test]
fn an_aligned_barrier_on_a_split_warp_is_found() {
    // The same barrier, once in each arm: what a compiler that duplicates it would write.
    let body = "setp.lt.u32 %p1, %r0, 16;\n@%p1 bra LOW;\nbar.sync 0;\nbra J;\n\
        LOW:\nbar.sync 0;\nJ:";
    let text = kernel("", body);
    let found = fault(&text, Shape::new(1, 32));
    let FaultKind::DivergentBarrier { arrived, missing } = found.kind else { panic!("{found}") };
    assert_eq!(arrived ^ missing, u32::MAX);
    assert!(found.place.line >= line_of(&text, "bar.sync 0;"));
    assert_eq!(found.kind.code(), 715);
    assert!(found.to_string().contains("Fix: "), "{found}");
    // With the plain form both arms are one barrier.
    let device = Device::new(&text.replace("bar.sync", "barrier.sync"));
    let out = device.memory.allocate(256, Kind::Device).unwrap();
    assert!(device.run(Shape::new(1, 32), out).is_ok());
}

#[test]
fn a_barrier_half_of_a_block_never_reaches_is_found() {
    // The other half waits at another barrier, so nobody can go on.
    let body = "setp.lt.u32 %p1, %r0, 32;\n@%p1 bra LOW;\nbarrier.sync 0;\nbra J;\n\
        LOW:\nbarrier.sync 1;\nJ:";
    let found = fault(&kernel("", body), Shape::new(1, 64));
    let FaultKind::StuckBarrier { barrier, arrived, expected } = found.kind else {
        panic!("{found}")
    };
    assert_eq!((barrier, arrived, expected), (0, 32, 64));
    assert_eq!(found.kind.code(), 719);
}

#[test]
fn a_collective_whose_members_do_not_come_is_found() {
    let late = "setp.eq.u32 %p1, %r0, 0;\n@%p1 bra OTHER;\nbar.warp.sync 0xFFFFFFFF;\nbra J;\n\
        OTHER:\nshfl.sync.idx.b32 %r1, %r0, 0, 31, 0xFFFFFFFF;\nJ:";
    let found = fault(&kernel("", late), Shape::new(1, 32));
    assert!(matches!(found.kind, FaultKind::StuckWarp { .. }), "{found}");
    let stranger = "shfl.sync.idx.b32 %r1, %r0, 0, 31, 0xFFFFFFFE;";
    let found = fault(&kernel("", stranger), Shape::new(1, 32));
    assert!(matches!(found.kind, FaultKind::BadMask { mask: 0xFFFF_FFFE, .. }), "{found}");
}

#[test]
fn barriers_with_impossible_operands_are_refused() {
    for body in ["bar.sync 16;", "bar.sync 0, 33;", "bar.arrive 0, 0;", "bar.sync 0, 2048;"] {
        let found = fault(&kernel("", body), Shape::new(1, 32));
        assert!(matches!(found.kind, FaultKind::BadBarrier { .. }), "{body}: {found}");
    }
}

#[test]
fn traps_wild_jumps_and_endless_recursion_end_the_kernel() {
    let found = fault(&kernel("", "setp.eq.u32 %p1, %r0, 7;\n@%p1 trap;"), Shape::new(1, 32));
    assert_eq!((found.kind.clone(), found.place.thread[0]), (FaultKind::Trap, 7));
    let found = fault(&kernel("", "brkpt;"), Shape::new(1, 32));
    assert_eq!((found.kind.clone(), found.kind.code()), (FaultKind::Breakpoint, 719));
    let table = "T: .branchtargets A;\nbrx.idx %r0, T;\nA:";
    let found = fault(&kernel("", table), Shape::new(1, 2));
    assert!(matches!(found.kind, FaultKind::BadTarget { target: 1, .. }), "{found}");
    let call = "P: .callprototype _ ();\ncall %rd0, (), P;";
    let found = fault(&kernel("", call), Shape::new(1, 1));
    assert!(matches!(found.kind, FaultKind::BadTarget { .. }), "{found}");
    assert_eq!(found.kind.code(), 718);
    let deep = ".func again()\n{\n.local .align 4 .b8 l[1024];\ncall.uni again;\nret;\n}\n";
    let found = fault(&kernel(deep, "call.uni again;"), Shape::new(1, 1));
    assert!(matches!(found.kind, FaultKind::StackOverflow { .. }), "{found}");
    assert_eq!((found.place.function.as_str(), found.kind.code()), ("again", 714));
}

#[test]
fn what_the_machine_does_not_know_is_refused_with_its_line() {
    let rows = [
        "wgmma.fence.sync.aligned;",
        "ld.global.L2::cache_hint.u32 %r1, [%rd0], %rd1;",
        "tex.1d.v4.u32.s32 {%r1, %r2, %r3, %r4}, [%rd0, {%r0}];",
        "cp.async.ca.shared.global [%r1], [%rd0], 16;",
        "ld.acquire.cluster.global.u32 %r1, [%rd0];",
        "atom.global.add.noftz.f16 %h1, [%rd0], %h2;",
        "bar.cluster.sync;",
        "mov.u32 %r1, %clusterid.x;",
        "fence.proxy.async;",
        "mapa.u64 %rd1, %rd0, %r1;",
        "call.uni (%r1), vprintf, (%rd0, %rd1);",
        "vote.sync.all.b32 %r1, %p1, -1;",
        "membar.cluster;",
        "add.f16 %h1, %h2, %h3;",
    ];
    for body in rows {
        let text = kernel("", body);
        let Err(LoadError::Ptx(error)) = load(&text).map(drop) else { panic!("{body} is taken") };
        assert_eq!(error.line, line_of(&text, body), "{body}: {error}");
    }
}

#[test]
fn memory_that_no_device_has_is_refused_when_the_text_is_loaded() {
    let rows = [
        (".local .align 4 .b8 l[524304];", "local memory"),
        (".shared .align 4 .b8 s[49156];", "shared memory"),
        (".param .align 4 .b8 p[65540];", "call parameters"),
    ];
    for (body, what) in rows {
        let error = load(&kernel("", body)).map(drop).expect_err(body);
        assert!(error.to_string().contains(what), "{body}: {error}");
    }
    let error = load(&kernel(".global .b8 g[33554432];", "")).map(drop).expect_err("too large");
    assert!(matches!(error, LoadError::Memory(_)), "{error}");
}

#[test]
fn operands_that_do_not_fit_are_refused_with_their_line() {
    let rows = [
        "ld.global.u64 %r1, [%rd0];",
        "ld.global.v2.u32 {%r1, %r2, %r3}, [%rd0];",
        "ld.global.v4.u64 {%rd1, %rd2, %rd3, %rd4}, [%rd0];",
        "st.global.u32 [%rd0], %h1;",
        "st.acquire.gpu.global.u32 [%rd0], %r1;",
        "ld.acquire.global.u32 %r1, [%rd0];",
        "ld.global.pred %p1, [%rd0];",
        "bra NOWHERE;",
        "bra %r1;",
        "shfl.sync.idx.b32 %rd1, %r0, 0, 31, -1;",
        "mov.u32 %r1, %nothing;",
        "bar.arrive 0;",
        "red.global.exch.b32 [%rd0], %r1;",
        "atom.global.cas.b32 %r1, [%rd0], %r2;",
        "call.uni k2, (%r1);",
    ];
    for body in rows {
        let text = kernel("", body);
        let Err(LoadError::Ptx(error)) = load(&text).map(drop) else { panic!("{body} is taken") };
        assert_eq!(error.line, line_of(&text, body), "{body}: {error}");
    }
}
