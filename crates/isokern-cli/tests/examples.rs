//! Runs the examples of actors and of tasks, and looks at what they print.

use std::path::Path;
use std::process::Command;

/// Runs an example, the built one of the folder `ISOKERN_EXAMPLES` or else as its page says, and
/// returns the lines it printed.
fn lines(example: &str) -> Vec<String> {
    let mut command = match std::env::var_os("ISOKERN_EXAMPLES") {
        Some(folder) => Command::new(Path::new(&folder).join(example)),
        None => {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut command = Command::new(cargo);
            command.args(["run", "--quiet", "-p", "isokern-cli", "--example", example]);
            command
        }
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = command.current_dir(root).output().expect("the example or cargo starts");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{complaints}", output.status);
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn the_smallest_actor_answers() {
    let expected = [
        "100 is answered 101",
        "200 is answered 202",
        "300 is answered 303",
        "the actor is stopped",
    ];
    assert_eq!(lines("ping"), expected);
}

#[test]
fn digits_are_read_with_several_under_way() {
    let lines = lines("model_actor");
    let pairs: Vec<(&str, &str)> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("image of a ")?.split_once(": read as "))
        .collect();
    assert_eq!(pairs.len(), 12);
    assert!(pairs.iter().all(|(label, class)| label == class), "{lines:#?}");
    assert_eq!(lines[12..], ["4 were under way at once", "the actor is stopped"]);
}

#[test]
fn a_broken_handler_takes_one_message_until_the_window_is_exhausted() {
    let lines = lines("supervision");
    let faulted = "the actor is faulted.";
    let expected = [
        "1000 /   10 = 100, answer 1 of this incarnation",
        "1000 /   20 =  50, answer 2 of this incarnation",
        faulted,
        "1000 /   30 =  33, answer 1 of this incarnation",
        "kernel error 2013, detail 2000",
        faulted,
        "1000 /   40 =  25, answer 1 of this incarnation",
        faulted,
        faulted,
        faulted,
        "a later question: ",
        "10 accepted: 4 answered, 1 refused by the handler, 5 lost to faults",
        "the actor is faulted",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.contains(expected), "no `{expected}` in `{line}`");
    }
}

#[test]
fn tasks_spawn_tasks_and_join_them() {
    let expected = [
        "168 primes below 1000: Done",
        "9592 primes below 100000: Done",
        "16 tasks spawned, accounted: true",
    ];
    assert_eq!(lines("dag"), expected);
}

#[test]
fn an_urgent_task_overtakes_the_one_that_runs() {
    let lines = lines("overtake");
    let place = |name: &str| lines.iter().position(|line| line.starts_with(name));
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert!(place("urgent is Done") < place("first is Done"), "{lines:#?}");
    assert!(place("urgent is Done") < place("third is Done"), "{lines:#?}");
}

#[test]
fn slices_go_on_where_the_one_before_ended() {
    let lines = lines("budget");
    let (last, slices) = lines.split_last().expect("it prints");
    assert_eq!(last, "10 done in more than one slice: true");
    assert!(slices.iter().all(|line| line.ends_with("accounted: true")), "{lines:#?}");
    assert!(slices.last().is_some_and(|line| line.contains(": 10 done, 0 left")), "{lines:#?}");
}
