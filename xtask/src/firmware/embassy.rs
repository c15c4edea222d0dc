//! The program `embassy`: a model as a task that an interrupt feeds, on some of the boards.

use super::actors::{between, expect, instructions};
use super::board::NUCLEO;
use super::emulator::{self, Report};
use super::figures::ActorFigure;
use super::image;
use super::models::Model;
use super::programs::{Program, Programs};
use crate::failure::Failure;

/// The boards it runs on: the fastest loops, the smallest processor, and one without
/// compare-and-swap that is no Arm.
const BOARDS: [&str; 3] = ["mps2-an386", "microbit", "virt-rv32imc"];

/// The board whose target is that of the board which is not run.
const SAME_TARGET: &str = "mps2-an386";

/// Messages that the interrupt sends.
const MESSAGES: u64 = 10_000;

/// Interrupts in a second.
const TICKS_PER_SECOND: u64 = 20_000;

/// The most the processor may be awake for a message, in percent of what the model alone takes.
const AWAKE_MAX: u64 = 110;

/// Builds, looks into, runs and judges the program, where it is one of this board's.
pub(super) fn check(
    programs: &Programs<'_>,
    digits: &Model,
) -> Result<Option<ActorFigure>, Failure> {
    let board = programs.board;
    if !BOARDS.contains(&board.name) {
        return Ok(None);
    }
    if board.name == SAME_TARGET {
        let elf = Programs { board: &NUCLEO, ..*programs }.build(Program::Embassy, None)?;
        image::check(&elf, &NUCLEO)?;
        programs.worker.say(format_args!("embassy    built for {}, not run", NUCLEO.name));
    }
    let elf = programs.build(Program::Embassy, None)?;
    image::check(&elf, board)?;
    let report = emulator::run(board, &elf)?;
    let outcome = judge(&report).map_err(|failure| {
        Failure::Check(format!("`embassy` on {}: {failure}\n{}", board.name, report.text()))
    })?;
    programs.worker.say(format_args!("embassy    {outcome}"));
    let size = image::size(&elf)?;
    Ok(Some(ActorFigure {
        board: board.name.to_owned(),
        program: "embassy".to_owned(),
        flash: size.flash - digits.bytes,
        statics: size.ram,
        stack: report.number("stack")?,
        word: None,
        line: None,
        question: instructions(&report, "ask_ticks")?,
    }))
}

/// Checks that every message is answered rightly, and that the processor is awake for them alone.
fn judge(report: &Report) -> Result<String, Failure> {
    for name in ["sent", "answered", "messages"] {
        expect(report, name, MESSAGES)?;
    }
    for name in ["full", "wrong", "left"] {
        expect(report, name, 0)?;
    }
    // A second may be under way at the end.
    let seconds = report.number("ticks")? / TICKS_PER_SECOND;
    between("seconds", report.number("seconds")?, seconds.saturating_sub(1), 1)?;
    // One for each message, and one for each tick that brings none.
    let sleeps = report.number("sleeps")?;
    if sleeps < MESSAGES {
        return Err(Failure::Check(format!("{sleeps} sleeps between {MESSAGES} messages")));
    }
    // Ticks of the timer, for as many messages.
    let (awake, work) = (report.number("ask_ticks")?, report.number("work_ticks")?);
    let alone = work * MESSAGES / report.number("work_messages")?.max(1);
    let percent = (100 * awake).div_ceil(alone.max(1));
    // Less than the model alone takes is a mistake of the count.
    if awake < alone || percent > AWAKE_MAX {
        return Err(Failure::Check(format!(
            "awake for {awake} ticks, {percent} % of the {alone} that the model alone takes, \
             at most {AWAKE_MAX} %"
        )));
    }
    Ok(format!(
        "{MESSAGES} messages of an interrupt, all answered; {sleeps} sleeps, awake for {percent} % \
         of the model's own time"
    ))
}

#[cfg(test)]
mod tests {
    use super::{Report, judge};

    #[test]
    fn s4_a_lost_message_and_a_loop_that_does_not_sleep_are_found() {
        const GOOD: &str = "work_messages 10\nwork_ticks 61793\nsent 10000\nfull 0\n\
            answered 10000\nwrong 0\nleft 0\nticks 80005\nseconds 4\nsleeps 30005\n\
            messages 10000\nask_ticks 65413626\n";
        let judge = |text: String| judge(&Report::new(text)).is_ok();
        assert!(judge(GOOD.to_owned()));
        for (good, bad) in [
            ("sent 10000", "sent 9999"),
            ("answered 10000", "answered 10001"),
            ("full 0", "full 1"),
            ("wrong 0", "wrong 1"),
            ("left 0", "left 1"),
            ("seconds 4", "seconds 2"),
            ("seconds 4", "seconds 5"),
            ("sleeps 30005", "sleeps 9999"),
            // As when it does not sleep, just too much, and less than it can be.
            ("ask_ticks 65413626", "ask_ticks 100006250"),
            ("ask_ticks 65413626", "ask_ticks 67973000"),
            ("ask_ticks 65413626", "ask_ticks 61792999"),
        ] {
            assert!(GOOD.contains(good) && !judge(GOOD.replace(good, bad)), "{bad}");
        }
    }
}
