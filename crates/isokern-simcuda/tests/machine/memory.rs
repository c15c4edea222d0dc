//! Memory: state spaces, widths, vectors, initial values, read-modify-writes.

use isokern_simcuda::memory::Kind;

use super::launch::{Device, STORE, Shape, kernel, words};

#[test]
fn narrow_loads_extend_and_narrow_stores_keep_the_neighbours() {
    let body = "st.global.u32 [%rd0], 0x80FF7F01;\nld.global.s8 %r1, [%rd0+3];\n\
        ld.global.u8 %r2, [%rd0+3];\nld.global.s16 %r3, [%rd0+2];\nld.global.u16 %r4, [%rd0];\n\
        ld.global.s8 %h1, [%rd0+2];\ncvt.u32.u16 %r5, %h1;\nld.global.s8 %rd1, [%rd0+3];\n\
        shr.u64 %rd1, %rd1, 40;\ncvt.u32.u64 %r6, %rd1;\n\
        st.global.v4.u32 [%rd0+16], {%r1, %r2, %r3, %r4};\n\
        st.global.v2.u32 [%rd0+32], {%r5, %r6};\n\
        st.global.u8 [%rd0+1], 0xAA;\nst.global.u16 [%rd0+2], 0xBBCC;";
    let found = words(&kernel("", body), Shape::new(1, 1), 10);
    assert_eq!(found[0], 0xBBCC_AA01);
    assert_eq!(found[4..8], [0xFFFF_FF80, 0x80, 0xFFFF_80FF, 0x7F01]);
    assert_eq!(found[8..10], [0xFFFF, 0xFF_FFFF]);
}

#[test]
fn vectors_move_up_to_sixteen_bytes_and_may_drop_elements() {
    let body = "st.global.v2.u64 [%rd0], {0x1111111122222222, 0x3333333344444444};\n\
        ld.global.v4.u32 {%r1, _, %r3, %r4}, [%rd0];\nld.global.v2.u8 {%r5, %r6}, [%rd0+6];\n\
        st.global.v4.u32 [%rd0+16], {%r1, %r3, %r4, %r5};";
    let found = words(&kernel("", body), Shape::new(1, 1), 8);
    assert_eq!(found[4..], [0x2222_2222, 0x4444_4444, 0x3333_3333, 0x11]);
}

#[test]
fn variables_have_the_values_of_the_text() {
    let declarations = ".global .align 4 .u32 table[4] = {1, 2, 3};\n\
        .const .align 8 .f64 half = 0.5;\n.global .align 8 .u64 pointer = generic(table)+8;\n\
        .global .f32 single = 0f3F800000;\n.global .align 1 .b8 text[5] = {72, 105, 0};";
    let body = "ld.global.u32 %r1, [table+4];\nld.global.u32 %r2, [table+12];\n\
        ld.const.u32 %r3, [half+4];\nld.global.u64 %rd1, [pointer];\nld.u32 %r4, [%rd1];\n\
        ld.global.u32 %r5, [single];\nld.global.u8 %r6, [text+1];\n\
        st.global.v4.u32 [%rd0], {%r1, %r2, %r3, %r4};\nst.global.v2.u32 [%rd0+16], {%r5, %r6};";
    let found = words(&kernel(declarations, body), Shape::new(1, 1), 6);
    assert_eq!(found, [2, 0, 0x3FE0_0000, 3, 0x3F80_0000, 105]);
}

#[test]
fn a_variable_is_found_by_name_and_goes_with_its_module() {
    let device = Device::new(&kernel(".visible .global .u32 counter = 41;", ""));
    let global = device.program.global("counter").expect("it is declared");
    assert_eq!((global.bytes, device.words(global.address, 1)[0]), (4, 41));
    assert_eq!(device.program.global("k"), None);
    let memory = device.memory.clone();
    assert_eq!(memory.count(), 1);
    drop(device);
    assert_eq!((memory.count(), memory.used()), (0, 0));
}

#[test]
fn shared_memory_is_the_blocks_and_generic_addresses_reach_it() {
    let declarations = ".extern .shared .align 16 .b8 open[];\n.shared .align 4 .b8 fixed[128];";
    let body = format!(
        "mov.u32 %r2, %ctaid.x;\nshl.b32 %r3, %r0, 2;\nmov.u32 %r4, fixed;\n\
         add.u32 %r4, %r4, %r3;\n\
         mad.lo.u32 %r5, %r2, 1000, %r0;\nst.shared.u32 [%r4], %r5;\n\
         mov.u64 %rd1, open;\ncvta.shared.u64 %rd1, %rd1;\ncvt.u64.u32 %rd2, %r3;\n\
         add.u64 %rd1, %rd1, %rd2;\nst.u32 [%rd1], %r0;\nbar.sync 0;\n\
         xor.b32 %r6, %r3, 4;\nmov.u32 %r7, fixed;\nadd.u32 %r7, %r7, %r6;\n\
         ld.shared.u32 %r1, [%r7];\nmov.u32 %r8, open;\nadd.u32 %r8, %r8, %r6;\n\
         ld.shared.u32 %r9, [%r8];\nmad.lo.u32 %r1, %r9, 100000, %r1;\n\
         isspacep.shared %p1, %rd1;\nisspacep.global %p2, %rd1;\n@!%p1 mov.u32 %r1, 1;\n\
         @%p2 mov.u32 %r1, 2;\nmad.lo.u32 %r0, %r2, 32, %r0;\n{STORE}"
    );
    let shape = Shape { blocks: 2, threads: 32, dynamic_shared: 128 };
    let found = words(&kernel(declarations, &body), shape, 64);
    let expected: Vec<u32> = (0..64).map(|i| i / 32 * 1000 + ((i % 32) ^ 1) * 100_001).collect();
    assert_eq!(found, expected);
}

#[test]
fn kernel_parameters_lie_behind_each_other_with_their_alignment() {
    let text = ".version 7.8\n.target sm_75\n.address_size 64\n\
        .visible .entry k(.param .u8 a, .param .u64 out, .param .align 4 .b8 s[12],\n\
        .param .u16 b)\n{\n.reg .b32 %r<6>;\n.reg .b64 %rd<3>;\nld.param.u8 %r1, [a];\n\
        ld.param.u64 %rd1, [out];\n\
        ld.param.u32 %r2, [s+8];\nld.param.u16 %r3, [b];\nmov.b64 %rd2, s;\n\
        ld.param.u32 %r4, [%rd2+4];\nst.global.v4.u32 [%rd1], {%r1, %r2, %r3, %r4};\nret;\n}\n";
    let device = Device::new(text);
    let function = device.program.function(0).expect("there is one");
    let places: Vec<(u32, u32)> =
        function.parameters.iter().map(|place| (place.offset, place.bytes)).collect();
    assert_eq!(places, [(0, 1), (8, 8), (16, 12), (28, 2)]);
    assert_eq!(function.parameter_bytes, 30);
    let out = device.memory.allocate(16, Kind::Device).unwrap();
    let mut launch = device.launch(Shape::new(1, 1), 0);
    launch.parameters = vec![0; 30];
    launch.parameters[0] = 200;
    launch.parameters[8..16].copy_from_slice(&out.to_le_bytes());
    launch.parameters[20..28].copy_from_slice(&[1, 0, 0, 0, 2, 0, 0, 0]);
    launch.parameters[28..30].copy_from_slice(&[3, 0]);
    let mut engine = isokern_simcuda::machine::Engine::new(&device.memory);
    let mut grid = isokern_simcuda::machine::Grid::new(&device.program, launch);
    engine.run(&mut grid, 1000).unwrap();
    assert_eq!(device.words(out, 4), [200, 2, 3, 1]);
}

/// Returns one read-modify-write by one thread on a word that holds `old`: the word after it, and
/// what the thread was given.
fn change(instruction: &str, old: u32) -> (u32, u32) {
    let body = format!("st.global.u32 [%rd0], {old};\n{instruction}\nst.global.u32 [%rd0+4], %r1;");
    let found = words(&kernel("", &body), Shape::new(1, 1), 2);
    (found[0], found[1])
}

#[test]
fn read_modify_writes_do_what_the_isa_says() {
    let rows = [
        ("atom.global.add.u32 %r1, [%rd0], 5;", u32::MAX, 4),
        ("atom.global.and.b32 %r1, [%rd0], 0xF0;", 0x3C, 0x30),
        ("atom.global.or.b32 %r1, [%rd0], 0xF0;", 0x0C, 0xFC),
        ("atom.global.xor.b32 %r1, [%rd0], 0xFF;", 0x0F, 0xF0),
        ("atom.global.exch.b32 %r1, [%rd0], 9;", 8, 9),
        ("atom.global.min.s32 %r1, [%rd0], 3;", 0xFFFF_FFFF, 0xFFFF_FFFF),
        ("atom.global.min.u32 %r1, [%rd0], 3;", 0xFFFF_FFFF, 3),
        ("atom.global.max.s32 %r1, [%rd0], 3;", 0xFFFF_FFFF, 3),
        ("atom.global.max.u32 %r1, [%rd0], 3;", 0xFFFF_FFFF, 0xFFFF_FFFF),
        ("atom.global.inc.u32 %r1, [%rd0], 7;", 6, 7),
        ("atom.global.inc.u32 %r1, [%rd0], 7;", 7, 0),
        ("atom.global.inc.u32 %r1, [%rd0], 7;", 9, 0),
        ("atom.global.dec.u32 %r1, [%rd0], 7;", 5, 4),
        ("atom.global.dec.u32 %r1, [%rd0], 7;", 0, 7),
        ("atom.global.dec.u32 %r1, [%rd0], 7;", 9, 7),
        ("atom.global.cas.b32 %r1, [%rd0], 4, 6;", 4, 6),
        ("atom.global.cas.b32 %r1, [%rd0], 4, 6;", 5, 5),
        ("atom.global.add.f32 %r1, [%rd0], 0f3F800000;", 0x3F80_0000, 0x4000_0000),
        // Subnormals are flushed in global memory.
        ("atom.global.add.f32 %r1, [%rd0], 0f00000000;", 1, 0),
        ("atom.relaxed.sys.global.add.u32 %r1, [%rd0], 1;", 1, 2),
        ("atom.acq_rel.gpu.add.u32 %r1, [%rd0], 1;", 1, 2),
    ];
    for (instruction, old, new) in rows {
        assert_eq!(change(instruction, old), (new, old), "{instruction} on {old:#x}");
    }
    assert_eq!(change("mov.u32 %r1, 3;\nred.global.add.u32 [%rd0], %r1;", 4), (7, 3));
}

#[test]
fn wide_and_narrow_read_modify_writes_keep_their_size() {
    let body = "st.global.u64 [%rd0], 0xFFFFFFFF;\natom.global.add.u64 %rd1, [%rd0], 1;\n\
        atom.global.cas.b64 %rd2, [%rd0], 0x100000000, 0x700000009;\n\
        st.global.u64 [%rd0+8], %rd2;\nst.global.u32 [%rd0+16], 0xAAAABBBB;\n\
        atom.global.cas.b16 %h1, [%rd0+18], 0xAAAA, 0x1234;\ncvt.u32.u16 %r1, %h1;\n\
        st.global.u32 [%rd0+20], %r1;\n\
        atom.global.add.f64 %rd3, [%rd0+24], 0d3FF0000000000000;";
    let found = words(&kernel("", body), Shape::new(1, 1), 8);
    assert_eq!(found, [9, 7, 0, 1, 0x1234_BBBB, 0xAAAA, 0, 0x3FF0_0000]);
}

#[test]
fn every_thread_of_every_block_counts_once() {
    let body = "atom.global.add.u32 %r1, [%rd0], 1;\nmul.wide.u32 %rd1, %r1, 4;\n\
        add.u64 %rd1, %rd0, %rd1;\natom.global.add.u32 %r2, [%rd1+4], 1;";
    let found = words(&kernel("", body), Shape::new(7, 100), 701);
    assert_eq!(found[0], 700);
    assert!(found[1..].iter().all(|count| *count == 1), "every ticket is drawn once");
}

#[test]
fn shared_read_modify_writes_keep_subnormals() {
    let body = format!(
        ".shared .align 4 .b8 word[4];\nst.shared.u32 [word], 1;\n\
         atom.shared.add.f32 %r2, [word], 0f00000000;\nld.shared.u32 %r1, [word];\n{STORE}"
    );
    assert_eq!(words(&kernel("", &body), Shape::new(1, 1), 1), [1]);
}
