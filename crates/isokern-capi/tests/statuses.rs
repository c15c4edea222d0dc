//! Every status is reached, and no bytes and no pointer that can be checked end in a fault.

mod calls;

use core::mem::offset_of;
use core::ptr::{null, null_mut};

use calls::{Aligned, Program, fill, packed, tensor};
use isokern_capi::{Sizes, Status};
use isokern_cpu::model::digest::crc32;
use isokern_cpu::model::header::{
    CHECKSUM_START, FORMAT_VERSION, HEADER_BYTES, Header, read_u16, read_u32,
};
use isokern_cpu::model::record::{ConstantRecord, OPERATOR_BYTES};
use isokern_cpu::model::tensor::{TENSOR_BYTES, TensorRecord};

const ARENA_BYTES: usize = 1536;

fn digits() -> Vec<u8> {
    packed("models/digits.tflite")
}

/// Returns what `init` says of bytes that were changed.
fn init_of(bytes: &[u8]) -> Status {
    Program::new(bytes, (ARENA_BYTES, 0)).init()
}

/// Returns a model with a byte replaced, and a true checksum.
fn sealed(at: usize, value: u8) -> Vec<u8> {
    let mut bytes = digits();
    bytes[at] = value;
    let checksum = crc32(&bytes[CHECKSUM_START..]);
    let place = offset_of!(Header, checksum);
    bytes[place..place + 4].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

fn changed(at: usize, value: u8) -> Vec<u8> {
    let mut bytes = digits();
    bytes[at] = value;
    bytes
}

#[test]
fn bytes_that_are_no_model_are_refused() {
    let digits = digits();
    assert_eq!(init_of(&digits), Status::Ok);
    assert_eq!(init_of(&[]), Status::ModelTooShort);
    assert_eq!(init_of(&digits[..HEADER_BYTES - 1]), Status::ModelTooShort);
    assert_eq!(init_of(&changed(0, 0)), Status::ModelHeader);
    let version = FORMAT_VERSION as u8 + 1;
    assert_eq!(
        init_of(&changed(offset_of!(Header, format_version), version)),
        Status::ModelVersion
    );
    assert_eq!(init_of(&changed(offset_of!(Header, profile), 9)), Status::ModelProfile);
    assert_eq!(init_of(&digits[..digits.len() - 1]), Status::ModelLength);
    let last = digits.len() - 1;
    assert_eq!(init_of(&changed(last, digits[last] ^ 1)), Status::ModelChecksum);
    let rank = HEADER_BYTES + offset_of!(TensorRecord, rank);
    assert_eq!(init_of(&sealed(rank, 9)), Status::ModelTensor);
    let operators = read_u32(&digits, offset_of!(Header, operators_offset)) as usize;
    assert_eq!(init_of(&sealed(operators, 99)), Status::ModelOperator);
    let tensor_count = usize::from(read_u16(&digits, offset_of!(Header, tensor_count)));
    let constant = HEADER_BYTES + tensor_count * TENSOR_BYTES + offset_of!(ConstantRecord, offset);
    assert_eq!(init_of(&sealed(constant + 3, 0x7f)), Status::ModelConstant);
}

/// Two tensors of one step in the same place.
#[test]
fn tensors_that_share_memory_are_refused() {
    let digits = digits();
    let offset = |index| HEADER_BYTES + index * TENSOR_BYTES + offset_of!(TensorRecord, offset);
    let refused = (0..4_usize).filter(|&index| {
        let mut bytes = digits.clone();
        let (from, to) = (offset(index), offset(index + 1));
        bytes.copy_within(from..from + 4, to);
        let checksum = crc32(&bytes[CHECKSUM_START..]);
        bytes[16..20].copy_from_slice(&checksum.to_le_bytes());
        init_of(&bytes) == Status::ModelOverlap
    });
    assert!(refused.count() > 0);
}

/// Every byte, with the checksum put right: a status or an answer.
#[test]
fn a_flipped_byte_gives_a_status_or_an_answer() {
    let digits = digits();
    let operators = read_u32(&digits, offset_of!(Header, operators_offset)) as usize;
    let records = operators + OPERATOR_BYTES * 9;
    let (mut refused, mut answered) = (0, 0);
    for at in (0..records).chain((records..digits.len()).step_by(61)) {
        let mut program = Program::new(&sealed(at, digits[at] ^ 0x41), (ARENA_BYTES, 0));
        match program.init() {
            Status::Ok => {
                assert_eq!(program.run(), Status::Ok, "byte {at}");
                answered += 1;
            }
            status => {
                assert!(status as i32 >= 256, "byte {at}: {status:?}");
                assert_eq!(program.run(), Status::NotInitialized);
                refused += 1;
            }
        }
        assert_ne!(init_of(&changed(at, digits[at] ^ 0x41)), Status::Ok, "byte {at}");
    }
    assert!(refused > 500 && answered > 10, "{refused} refused, {answered} answered");
}

#[test]
fn null_short_and_misaligned_pointers_are_refused() {
    let mut program = Program::new(&digits(), (ARENA_BYTES, 0));
    let (session, model) = (&raw mut program.session, &raw const program.model);
    let (start, none) = (program.arena.start(), (null_mut(), 0));
    let arena = (start, ARENA_BYTES);
    assert_eq!(calls::init(null_mut(), model, arena, none), Status::NullPointer);
    assert_eq!(calls::init(session, null(), arena, none), Status::NullPointer);
    assert_eq!(calls::init(session, model, none, none), Status::NullPointer);
    assert_eq!(calls::init(session, model, (start, ARENA_BYTES - 1), none), Status::ArenaTooShort);
    let off = (start.wrapping_add(8), ARENA_BYTES);
    assert_eq!(calls::init(session, model, off, none), Status::Misaligned);
    let off = session.wrapping_byte_add(1);
    assert_eq!(calls::init(off, model, arena, none), Status::Misaligned);
    assert_eq!(calls::init(session, model.wrapping_byte_add(2), arena, none), Status::Misaligned);
    let here = (session.cast::<u8>().wrapping_sub(session.addr() % 16), ARENA_BYTES);
    assert_eq!(calls::init(session, model, here, none), Status::Overlap);
    let blob = (program.blob.start(), ARENA_BYTES);
    assert_eq!(calls::init(session, model, blob, none), Status::Overlap);
    let last = (core::ptr::without_provenance_mut(usize::MAX - 15), usize::MAX);
    assert_eq!(calls::init(session, model, last, none), Status::Overlap);

    let mut out = tensor();
    let tensor_out = &raw mut out;
    assert_eq!(calls::run(session), Status::NotInitialized);
    assert_eq!(calls::init(session, model, arena, none), Status::Ok);
    assert_eq!(calls::run(null_mut()), Status::NullPointer);
    assert_eq!(calls::reset(null_mut()), Status::NullPointer);
    assert_eq!(calls::input(session, 0, null_mut()), Status::NullPointer);
    assert_eq!(calls::output(null(), 0, tensor_out), Status::NullPointer);
    assert_eq!(calls::input(session, 1, tensor_out), Status::NoSuchTensor);
    assert_eq!(calls::output(session, u32::MAX, tensor_out), Status::NoSuchTensor);
    assert_eq!(calls::run(session), Status::Ok);
}

#[test]
fn a_session_is_of_use_after_init_alone() {
    let mut program = Program::new(&digits(), (ARENA_BYTES, 0));
    assert_eq!(program.run(), Status::NotInitialized);
    assert_eq!(program.reset(), Status::NotInitialized);
    assert_eq!(program.input(0).err(), Some(Status::NotInitialized));
    assert_eq!(program.init(), Status::Ok);
    assert_eq!(program.run(), Status::Ok);
    program.model.abi_version += 1;
    assert_eq!(program.init(), Status::AbiVersion);
    assert_eq!(program.run(), Status::NotInitialized);
}

#[test]
fn size_fields_and_tables_are_checked() {
    let mut program = Program::new(&digits(), (ARENA_BYTES, 0));
    program.session.struct_bytes -= 1;
    assert_eq!(program.init(), Status::StructBytes);
    program.session.struct_bytes += 1;
    program.model.struct_bytes = 0;
    assert_eq!(program.init(), Status::StructBytes);
    program.model.struct_bytes = 1 << 16;
    assert_eq!(program.init(), Status::Ok);
    let mut short = tensor();
    short.struct_bytes = 4;
    let status = calls::input(&raw const program.session, 0, &raw mut short);
    assert_eq!((status, short.bytes), (Status::StructBytes, 0));
    let mut sizes =
        Sizes { struct_bytes: 8, input_count: 0, output_count: 0, arena_bytes: 0, state_bytes: 0 };
    assert_eq!(calls::sizes(&raw const program.model, &raw mut sizes), Status::StructBytes);
    program.model.kind_count = 16;
    assert_eq!(program.init(), Status::KindCount);
    program.model.kind_count = 15;
    program.kinds[14] = null();
    assert_eq!(program.init(), Status::NullPointer);
    program.model.kinds = null();
    assert_eq!(program.init(), Status::NullPointer);
    program.model.blob = null();
    assert_eq!(program.init(), Status::NullPointer);
}

#[test]
fn a_kind_that_is_not_linked_is_named() {
    let mut program = Program::new(&digits(), (ARENA_BYTES, 0));
    assert_eq!(program.missing(), None);
    let softmax = program.kinds.remove(6);
    program.model.kinds = program.kinds.as_ptr();
    program.model.kind_count = program.kinds.len();
    assert_eq!(program.init(), Status::KindNotLinked);
    assert_eq!(program.missing().as_deref(), Some("isokern_kind_softmax"));
    program.kinds[0] = softmax;
    assert_eq!(program.init(), Status::KindNotLinked);
    assert_eq!(program.missing().as_deref(), Some("isokern_kind_conv2d"));
    program.model.kind_count = 0;
    program.model.kinds = null();
    assert_eq!(program.init(), Status::KindNotLinked);
}

#[test]
fn a_state_is_asked_for_and_its_boundary() {
    let blob = packed("streams/keyword.tflite");
    let mut program = Program::new(&blob, (1 << 16, 1 << 12));
    assert_eq!(program.init(), Status::Ok);
    let arena = (program.arena.start(), program.arena.len());
    let (session, model) = (&raw mut program.session, &raw const program.model);
    assert_eq!(calls::init(session, model, arena, (null_mut(), 0)), Status::NullPointer);
    let state = program.state.start();
    assert_eq!(calls::init(session, model, arena, (state, 1)), Status::StateTooShort);
    let off = (state.wrapping_add(1), 1 << 12);
    assert_eq!(calls::init(session, model, arena, off), Status::Misaligned);
    let shared = (arena.0.wrapping_add(16), 1 << 12);
    assert_eq!(calls::init(session, model, arena, shared), Status::Overlap);
}

#[test]
fn a_model_off_its_boundary_is_refused() {
    let bytes = digits();
    let mut shifted = vec![0; 8];
    shifted.extend(&bytes);
    let mut program = Program::new(&bytes, (ARENA_BYTES, 0));
    program.blob = Aligned::new(&shifted);
    program.model.blob = program.blob.start().wrapping_add(8);
    assert_eq!(program.init(), Status::ModelMisaligned);
}

#[test]
fn an_index_of_nothing_is_refused_and_the_next_run_is_right() {
    let blob = packed("models/indices.tflite");
    let mut program = Program::new(&blob, (1 << 16, 0));
    assert_eq!(program.init(), Status::Ok);
    let input = program.input(0).expect("there is one");
    fill(&input, &[0, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0]);
    assert_eq!(program.run(), Status::IndexValue);
    fill(&input, &[0; 16]);
    assert_eq!(program.run(), Status::Ok);
}

#[test]
fn every_status_has_a_text_of_its_own() {
    let mut texts: Vec<String> =
        Status::all().into_iter().map(|status| calls::text(status as i32)).collect();
    assert!(texts[1..].iter().all(|text| text.contains(". Fix: ")), "{texts:?}");
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), Status::all().len());
    assert_eq!(calls::text(-1), "unknown status");
    assert_eq!(calls::text(i32::MIN), "unknown status");
}
