//! The programs with an interrupt on one side and the loop on the other: what they counted.

use super::differs;
use super::emulator::{self, Report};
use super::figures::ActorFigure;
use super::host::Host;
use super::image;
use super::models::Model;
use super::programs::{Program, Programs};
use crate::failure::Failure;

/// Messages that each side of `rings` wants to see.
const RING_MESSAGES: u64 = 2000;

/// What `actors` must count. Each message that was accepted is in one of the others.
const ACTOR_COUNTS: [(&str, u64); 10] = [
    // Two failed starts, and the one after them.
    ("starts", 3),
    // 1024 measured, 2 times 400 in traffic, one for the sum, 3 in each of 8 rounds, and two
    // times one that is held while 7 wait.
    ("accepted", ACCEPTED),
    // All but those below.
    ("answered", ACCEPTED - 18 - 7 - 200),
    // One held and one after it in each round, and the two held later.
    ("expired", 18),
    // Those that waited when the actor was stopped.
    ("stopped", 7),
    ("told", 200),
    // Everything answered or told has run in the handler, once.
    ("added", ACCEPTED - 18 - 7),
    ("faulted", 0),
    ("foreign", 0),
    ("wrong", 0),
];
const ACCEPTED: u64 = 1024 + 2 * 400 + 200 + 1 + 3 * 8 + 2 * (1 + 7);

/// The mailboxes of 7 waiting messages in the order they are served: mailbox 0 first, and after
/// two messages one of mailbox 1.
const ORDER: &str = "0010111";

/// Says what a program's report shows, or what is wrong with it.
type Judge = fn(&Report, &Host, &Model) -> Result<String, Failure>;

/// Questions to `asleep`, from the interrupt and from a client in the loop, and interrupts for
/// each of the first.
const ASLEEP_QUESTIONS: u64 = 200;
const TICKS_PER_QUESTION: u64 = 4;

/// Builds, looks into, runs and judges the four programs.
pub(super) fn check(
    programs: &Programs<'_>,
    host: &Host,
    digits: &Model,
) -> Result<Vec<ActorFigure>, Failure> {
    let board = programs.board.name;
    let mut figures = Vec::new();
    let mut run = |name: &str, program, judge: Judge| {
        let elf = programs.build(program, None)?;
        image::check(&elf, programs.board)?;
        let report = emulator::run(programs.board, &elf)?;
        let outcome = judge(&report, host, digits).map_err(|failure| {
            Failure::Check(format!("`{name}` on {board}: {failure}\n{}", report.text()))
        })?;
        programs.worker.say(format_args!("{name:<10} {outcome}"));
        let size = image::size(&elf)?;
        let model_bytes = if program == Program::Images { digits.bytes } else { 0 };
        figures.push(ActorFigure {
            board: board.to_owned(),
            program: name.to_owned(),
            flash: size.flash - model_bytes,
            statics: size.ram,
            stack: report.number("stack")?,
            word: instructions(&report, "word_ticks")?,
            line: instructions(&report, "line_ticks")?,
            question: instructions(&report, "ask_ticks")?,
        });
        Ok::<(), Failure>(())
    };
    run("rings", Program::Rings, |report, _, _| judge_rings(report))?;
    run("actors", Program::Actors, |report, _, _| judge_actors(report))?;
    run("images", Program::Images, judge_images)?;
    run("asleep", Program::Asleep, |report, _, _| judge_asleep(report))?;
    Ok(figures)
}

/// Checks that nothing is lost, doubled, late or torn in either direction; counts every message.
fn judge_rings(report: &Report) -> Result<String, Failure> {
    for direction in ["up", "down"] {
        for fault in ["lost", "again", "torn"] {
            expect(report, &format!("{direction}_{fault}"), 0)?;
        }
    }
    expect(report, "up_taken", RING_MESSAGES)?;
    let (pushed, taken) = (report.number("down_pushed")?, report.number("down_taken")?);
    if pushed != taken || taken < RING_MESSAGES {
        return Err(Failure::Check(format!("{pushed} pushed to the interrupt, {taken} taken")));
    }
    let full = at_least_one(report, "up_full")?;
    let between = at_least_one(report, "down_between")?;
    Ok(format!(
        "{RING_MESSAGES} up, {taken} down, none lost, doubled or torn; \
         {full} times full, {between} times amid a push"
    ))
}

/// Checks that every accepted message is answered, expired or turned away, in the right order.
fn judge_actors(report: &Report) -> Result<String, Failure> {
    for (name, count) in ACTOR_COUNTS {
        expect(report, name, count)?;
    }
    for (name, word) in [("state", "stopped"), ("order", ORDER)] {
        let found = report.one(name)?;
        if found != word {
            return Err(Failure::Check(format!("`{name}` is {found}, expected {word}")));
        }
    }
    let full = at_least_one(report, "ask_full")?;
    Ok(format!("{ACCEPTED} messages accepted and accounted for; {full} times full"))
}

/// Returns the host's answers, the host's digest, and nothing left when the actor has drained.
fn judge_images(report: &Report, host: &Host, digits: &Model) -> Result<String, Failure> {
    let answers: Vec<&str> = report.all("digit").collect();
    let expected = host.digits(answers.len());
    if answers.is_empty() || answers != expected {
        return Err(differs("images", &expected.join(" "), &answers.join(" ")));
    }
    let digest = report.one("digest")?;
    if digest != digits.digest {
        return Err(differs("images", &digits.digest, digest));
    }
    expect(report, "wrong", 0)?;
    expect(report, "answered", answers.len() as u64 + 4)?;
    if report.one("state")? != "stopped" {
        return Err(Failure::Check("the model's actor did not drain".to_owned()));
    }
    Ok(format!("{} and {digest} (as on the host), from lent buffers", answers.join(" ")))
}

/// Returns the processor sleeps between all interrupts, and a task is polled for messages alone.
fn judge_asleep(report: &Report) -> Result<String, Failure> {
    for name in ["asked", "answered", "task_right"] {
        expect(report, name, ASLEEP_QUESTIONS)?;
    }
    expect(report, "wrong", 0)?;
    for name in ["state", "task_state"] {
        if report.one(name)? != "stopped" {
            return Err(Failure::Check(format!("`{name}`: the actor did not drain")));
        }
    }
    // Each interrupt ends a sleep. The first ones may come before the loop sleeps.
    let (ticks, sleeps) = (report.number("ticks")?, report.number("sleeps")?);
    between("ticks", ticks, ASLEEP_QUESTIONS * TICKS_PER_QUESTION, TICKS_PER_QUESTION)?;
    between("sleeps", sleeps, ticks - 2, 4)?;
    // One for each question, and one in which nothing is found after it.
    let polls = report.number("polls")?;
    between("polls", polls, 2 * ASLEEP_QUESTIONS, 8)?;
    // Here the handler waits in each question, for one interrupt.
    let (task_sleeps, task_polls) = (report.number("task_sleeps")?, report.number("task_polls")?);
    between("task_sleeps", task_sleeps, ASLEEP_QUESTIONS, 4)?;
    between("task_polls", task_polls, 3 * ASLEEP_QUESTIONS, 8)?;
    Ok(format!(
        "{ASLEEP_QUESTIONS} questions in {ticks} interrupts: {sleeps} sleeps, {polls} polls; \
         awaited: {task_sleeps} sleeps, {task_polls} polls"
    ))
}

/// Fails unless a count is `least` or up to `more` above.
pub(super) fn between(name: &str, count: u64, least: u64, more: u64) -> Result<(), Failure> {
    if (least..=least + more).contains(&count) {
        return Ok(());
    }
    let most = least + more;
    Err(Failure::Check(format!("`{name}` is {count}, expected {least} to {most}")))
}

pub(super) fn expect(report: &Report, name: &str, count: u64) -> Result<(), Failure> {
    let found = report.number(name)?;
    if found == count {
        return Ok(());
    }
    Err(Failure::Check(format!("`{name}` is {found}, expected {count}")))
}

/// Returns a count without which the run has shown nothing.
fn at_least_one(report: &Report, name: &str) -> Result<u64, Failure> {
    match report.number(name)? {
        0 => Err(Failure::Check(format!("`{name}` is 0: the case did not occur"))),
        count => Ok(count),
    }
}

/// Returns instructions of one of the messages that took so many ticks, where that was measured.
pub(super) fn instructions(report: &Report, name: &str) -> Result<Option<u64>, Failure> {
    if report.all(name).next().is_none() {
        return Ok(None);
    }
    let count = report.number("messages")?;
    Ok(Some(report.instructions(name)?.checked_div(count).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::{ACTOR_COUNTS, Report, judge_actors, judge_asleep, judge_rings};

    const RINGS: &str = "up_taken 2000\nup_lost 0\nup_again 0\nup_torn 0\nup_full 9\n\
        down_pushed 2001\ndown_taken 2001\ndown_lost 0\ndown_again 0\ndown_torn 0\n\
        down_between 3\n";

    #[test]
    fn a_ring_that_loses_or_repeats_is_found() {
        let judge = |text: String| judge_rings(&Report::new(text)).is_ok();
        assert!(judge(RINGS.to_owned()));
        for (good, bad) in [
            ("up_taken 2000", "up_taken 1999"),
            ("up_again 0", "up_again 1"),
            ("down_lost 0", "down_lost 1"),
            ("down_torn 0", "down_torn 1"),
            ("down_pushed 2001", "down_pushed 2002"),
            ("up_full 9", "up_full 0"),
            ("down_between 3", "down_between 0"),
        ] {
            assert!(!judge(RINGS.replace(good, bad)), "{bad}");
        }
    }

    #[test]
    fn s4_a_loop_that_does_not_sleep_is_found() {
        const ASLEEP: &str = "asked 200\nanswered 200\nwrong 0\nstate stopped\nticks 804\n\
            sleeps 804\npolls 403\ntask_right 200\ntask_state stopped\ntask_sleeps 200\n\
            task_polls 601\n";
        let judge = |text: String| judge_asleep(&Report::new(text)).is_ok();
        assert!(judge(ASLEEP.to_owned()));
        for (good, bad) in [
            ("answered 200", "answered 199"),
            ("wrong 0", "wrong 1"),
            ("\nsleeps 804", "\nsleeps 0"),
            ("\nsleeps 804", "\nsleeps 801"),
            ("\npolls 403", "\npolls 804"),
            ("task_sleeps 200", "task_sleeps 0"),
            ("task_polls 601", "task_polls 40000"),
            ("task_state stopped", "task_state faulted"),
        ] {
            assert!(!judge(ASLEEP.replace(good, bad)), "{bad}");
        }
    }

    #[test]
    fn an_actor_that_miscounts_is_found() {
        let counts = ACTOR_COUNTS.map(|(name, count)| format!("{name} {count}\n")).concat();
        let good = format!("{counts}state stopped\norder 0010111\nask_full 1\n");
        let judge = |text: String| judge_actors(&Report::new(text)).is_ok();
        assert!(judge(good.clone()));
        for (name, count) in ACTOR_COUNTS {
            let line = |count| format!("{name} {count}\n");
            assert!(!judge(good.replace(&line(count), &line(count + 1))), "{name}");
        }
        assert!(!judge(good.replace("0010111", "0001111")));
        assert!(!judge(good.replace("state stopped", "state faulted")));
    }
}
