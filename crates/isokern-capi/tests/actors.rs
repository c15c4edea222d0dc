//! Actors of C programs: the bytes of a session, whose a buffer is, deadlines, ends, refusals.

mod calls;

use core::ptr::null_mut;

use calls::contexts::{ActorProgram, actor_bytes, request};
use calls::{Program, bytes_of, fill, packed};
use isokern_capi::actor::ACTOR_HEAD_BYTES;
use isokern_capi::{Request, Status};
use isokern_cpu::model::digest::generate_input;

const DIGITS: (usize, usize) = (1536, 0);
const KEYWORD: (usize, usize) = (82, 82);

fn digits() -> ActorProgram {
    let mut program = ActorProgram::new(&packed("models/digits.tflite"), DIGITS, 4);
    assert_eq!(program.init(4), Status::Ok);
    program
}

fn sample(seed: u32, bytes: usize) -> Vec<u8> {
    let mut values = vec![0_i8; bytes];
    generate_input(seed, &mut values);
    values.into_iter().map(i8::cast_unsigned).collect()
}

/// Claims a buffer, writes the input of a seed into it, and asks.
fn ask(actor: &ActorProgram, seed: u32, deadline_ns: u64) -> Request {
    let mut request = actor.claim().expect("a buffer is free");
    let input = actor.input(&request, 0).expect("there is one");
    fill(&input, &sample(seed, input.bytes));
    assert_eq!(actor.ask(&mut request, deadline_ns), Status::Ok);
    request
}

/// Polls until there is nothing to do, or the actor has ended.
fn work(actor: &ActorProgram) -> Status {
    for _ in 0..100 {
        match actor.poll() {
            Status::Ok => {}
            status => return status,
        }
    }
    panic!("it does not come to rest");
}

fn answer_of(actor: &ActorProgram) -> (Status, Vec<u8>) {
    let mut request = actor.answer().expect("it was answered");
    let output = actor.output(&request, 0).expect("there is one");
    let answer = (status_of(&request), bytes_of(&output));
    assert_eq!(actor.release(&mut request), Status::Ok);
    answer
}

fn status_of(request: &Request) -> Status {
    let found = Status::all().into_iter().find(|status| *status as i32 == request.status);
    found.expect("it is a status")
}

/// Returns what a session answers to the inputs of these seeds, one after the other.
fn session_answers(file: &str, memory: (usize, usize), seeds: &[u32]) -> Vec<Vec<u8>> {
    let mut program = Program::new(&packed(file), memory);
    assert_eq!(program.init(), Status::Ok);
    let answer = |seed: &u32| {
        let input = program.input(0).expect("there is one");
        fill(&input, &sample(*seed, input.bytes));
        assert_eq!(program.run(), Status::Ok);
        bytes_of(&program.output(0).expect("there is one"))
    };
    seeds.iter().map(answer).collect()
}

#[test]
fn an_actor_answers_as_a_session_with_as_many_questions_as_buffers() {
    for (file, memory) in [("models/digits.tflite", DIGITS), ("streams/keyword.tflite", KEYWORD)] {
        let seeds: Vec<u32> = (1..=12).collect();
        let expected = session_answers(file, memory, &seeds);
        for buffers in 1..=4 {
            let mut actor = ActorProgram::new(&packed(file), memory, buffers);
            let bytes = actor_bytes(&raw const actor.program.model, buffers as u32);
            assert_eq!(bytes, actor.memory.len());
            assert_eq!(actor.init(buffers as u32), Status::Ok);
            for (seeds, expected) in seeds.chunks(buffers).zip(expected.chunks(buffers)) {
                for seed in seeds {
                    ask(&actor, *seed, 0);
                }
                if seeds.len() == buffers {
                    assert_eq!(actor.claim().err(), Some(Status::Full));
                }
                assert_eq!(work(&actor), Status::Empty);
                for expected in expected {
                    assert_eq!(answer_of(&actor), (Status::Ok, expected.clone()), "{file}");
                }
                assert_eq!(actor.answer().err(), Some(Status::Empty));
            }
        }
    }
}

#[test]
fn a_buffer_is_one_side_s_at_a_time() {
    let actor = digits();
    let mut claimed = actor.claim().expect("one is free");
    assert_eq!(actor.input(&claimed, 1).err(), Some(Status::NoSuchTensor));
    assert_eq!(actor.output(&claimed, 1).err(), Some(Status::NoSuchTensor));
    let mut other = request();
    assert_eq!(actor.input(&other, 0).err(), Some(Status::NoSuchRequest));
    assert_eq!(actor.ask(&mut other, 0), Status::NoSuchRequest);
    assert_eq!(actor.release(&mut other), Status::NoSuchRequest);
    other.buffer = 3;
    assert_eq!(actor.ask(&mut other, 0), Status::NoSuchRequest);
    assert_eq!(actor.ask(&mut claimed, 0), Status::Ok);
    assert_eq!(actor.input(&claimed, 0).err(), Some(Status::NoSuchRequest));
    assert_eq!(actor.release(&mut claimed), Status::NoSuchRequest);
    assert_eq!(actor.ask(&mut claimed, 0), Status::NoSuchRequest);
    assert_eq!(work(&actor), Status::Empty);
    let mut answered = actor.answer().expect("it was answered");
    assert_eq!((answered.buffer, answered.sequence), (claimed.buffer, claimed.sequence));
    // A buffer that came back may be asked with once more.
    assert_eq!(actor.ask(&mut answered, 0), Status::Ok);
    assert_eq!(work(&actor), Status::Empty);
    let mut answered = actor.answer().expect("it was answered");
    assert_eq!(actor.release(&mut answered), Status::Ok);
    assert_eq!(actor.release(&mut answered), Status::NoSuchRequest);
}

#[test]
fn an_answer_waits_until_it_is_taken_and_no_place_is_lost() {
    let actor = digits();
    for _ in 0..20 {
        let requests: Vec<Request> = (0..4).map(|seed| ask(&actor, seed + 1, 0)).collect();
        assert_eq!(requests.len(), 4);
        assert_eq!(work(&actor), Status::Empty);
        for _ in 0..4 {
            assert_eq!(answer_of(&actor).0, Status::Ok);
        }
    }
}

#[test]
fn deadlines_end_waits_and_runs() {
    let mut actor = digits();
    ask(&actor, 1, 2_000_000);
    actor.clock.now_ns = 3_000_000;
    assert_eq!(work(&actor), Status::Empty);
    assert_eq!(answer_of(&actor).0, Status::Expired);
    // The clock passes the deadline while the model runs.
    ask(&actor, 1, 4_000_000);
    actor.clock.step_ns = 250_000;
    assert_eq!(work(&actor), Status::Empty);
    assert_eq!(answer_of(&actor).0, Status::TimedOut);
    actor.clock.step_ns = 0;
    ask(&actor, 1, u64::MAX);
    assert_eq!(work(&actor), Status::Empty);
    assert_eq!(answer_of(&actor).0, Status::Ok);
    let (memory, bytes) = (actor.memory.start(), actor.memory.len());
    assert_eq!(actor.init_with((memory, bytes), (null_mut(), 0), 1), Status::Ok);
    let mut request = actor.claim().expect("one is free");
    assert_eq!(actor.ask(&mut request, 7), Status::NoClock);
    assert_eq!(actor.ask(&mut request, 0), Status::Ok);
}

/// A run that was cut short leaves the state as it was at first.
#[test]
fn a_stream_begins_anew_after_a_run_that_did_not_end() {
    let expected = session_answers("streams/keyword.tflite", KEYWORD, &[1, 2]);
    let mut actor = ActorProgram::new(&packed("streams/keyword.tflite"), KEYWORD, 1);
    assert_eq!(actor.init(1), Status::Ok);
    ask(&actor, 5, 0);
    assert_eq!(work(&actor), Status::Empty);
    answer_of(&actor);
    ask(&actor, 6, 1_000_000);
    actor.clock.step_ns = 100_000;
    assert_eq!(work(&actor), Status::Empty);
    assert_eq!(answer_of(&actor).0, Status::TimedOut);
    actor.clock.step_ns = 0;
    for (seed, expected) in (1..).zip(expected) {
        ask(&actor, seed, 0);
        assert_eq!(work(&actor), Status::Empty);
        assert_eq!(answer_of(&actor), (Status::Ok, expected));
    }
}

#[test]
fn an_actor_ends_when_it_is_closed_or_stopped() {
    let actor = digits();
    ask(&actor, 1, 0);
    assert_eq!(actor.close(), Status::Ok);
    assert_eq!(work(&actor), Status::Closed);
    assert_eq!(answer_of(&actor).0, Status::Ok);
    assert_eq!(actor.answer().err(), Some(Status::Closed));
    let mut request = actor.claim().expect("one is free");
    assert_eq!(actor.ask(&mut request, 0), Status::Closed);

    let mut actor = digits();
    assert_eq!(work(&actor), Status::Empty);
    ask(&actor, 1, 0);
    assert_eq!(actor.stop(), Status::Ok);
    assert_eq!(work(&actor), Status::Closed);
    assert_eq!(answer_of(&actor).0, Status::Stopped);
    assert_eq!(actor.answer().err(), Some(Status::Closed));
    assert_eq!(actor.init(2), Status::Ok);
    ask(&actor, 1, 0);
    assert_eq!(work(&actor), Status::Empty);
    assert_eq!(answer_of(&actor).0, Status::Ok);
}

#[test]
fn an_index_of_nothing_is_an_answer_and_the_next_run_is_right() {
    let mut actor = ActorProgram::new(&packed("models/indices.tflite"), (1 << 12, 0), 1);
    assert_eq!(actor.init(1), Status::Ok);
    let last = [4, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0];
    for (first, expected) in [(9, Status::IndexValue), (0, Status::Ok)] {
        let mut request = actor.claim().expect("one is free");
        let mut bytes = vec![first, 0, 0, 0];
        bytes.extend(if first == 0 { [0; 12] } else { last });
        fill(&actor.input(&request, 0).expect("there is one"), &bytes);
        assert_eq!(actor.ask(&mut request, 0), Status::Ok);
        assert_eq!(work(&actor), Status::Empty);
        assert_eq!(answer_of(&actor).0, expected);
    }
}

/// The kind of a question in its slot is that of none.
#[test]
fn memory_that_somebody_else_wrote_to_is_noticed() {
    let mut actor = digits();
    assert_eq!(work(&actor), Status::Empty);
    ask(&actor, 1, 0);
    let start = actor.memory.start();
    let first_boundary = start.addr().wrapping_neg() % 128;
    // Two control lines, two lines of the ring, then the cells of the question: its third word.
    let kind = start.wrapping_add(first_boundary + 256 + 256 + 2 * 8 + 1);
    calls::poke(kind, 3);
    assert_eq!(work(&actor), Status::Empty);
    assert_eq!(answer_of(&actor).0, Status::ActorDamaged);
}

#[test]
fn what_is_no_actor_is_refused() {
    let mut actor = ActorProgram::new(&packed("models/digits.tflite"), DIGITS, 1);
    assert_eq!(actor.poll(), Status::NotInitialized);
    assert_eq!(actor.claim().err(), Some(Status::NotInitialized));
    assert_eq!((actor.stop(), actor.close()), (Status::NotInitialized, Status::NotInitialized));
    let (start, bytes) = (actor.memory.start(), actor.memory.len());
    let none = (null_mut(), 0);
    for buffers in [0, 5, u32::MAX] {
        assert_eq!(actor.init(buffers), Status::BufferCount);
        assert_eq!(actor_bytes(&raw const actor.program.model, buffers), 0);
    }
    assert_eq!(actor.init(2), Status::MemoryTooShort);
    assert_eq!(actor.init_with((start, bytes - 1), none, 1), Status::MemoryTooShort);
    assert_eq!(actor.init_with((null_mut(), bytes), none, 1), Status::NullPointer);
    assert_eq!(actor.init_with((start.wrapping_add(8), bytes), none, 1), Status::Misaligned);
    let blob = actor.program.blob.start();
    assert_eq!(actor.init_with((blob, bytes), none, 1), Status::Overlap);
    actor.actor.struct_bytes = 4;
    assert_eq!(actor.init(1), Status::StructBytes);
    actor.actor.struct_bytes = size_of_val(&actor.actor) as u32;
    actor.program.model.kind_count = 0;
    assert_eq!(actor.init(1), Status::KindNotLinked);
    actor.program.model.abi_version += 1;
    assert_eq!(actor.init(1), Status::AbiVersion);

    let mut actor = ActorProgram::new(&packed("streams/keyword.tflite"), KEYWORD, 1);
    let (start, bytes) = (actor.memory.start(), actor.memory.len());
    assert_eq!(bytes, ACTOR_HEAD_BYTES + 96);
    let (memory, state) = ((start, bytes), actor.program.state.start());
    assert_eq!(actor.init_with(memory, none, 1), Status::NullPointer);
    assert_eq!(actor.init_with(memory, (state, 81), 1), Status::StateTooShort);
    assert_eq!(actor.init_with(memory, (state.wrapping_add(1), 82), 1), Status::Misaligned);
    assert_eq!(actor.init_with(memory, (start.wrapping_add(16), 82), 1), Status::Overlap);
    assert_eq!(actor.init_with(memory, (state, 82), 1), Status::Ok);
    assert_eq!(actor.poll(), Status::Ok);
}
