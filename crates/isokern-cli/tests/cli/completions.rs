//! `isokern completions` and `isokern man`.

use std::process::Command;

use crate::program::{Folder, isokern};

/// The commands that have to be known.
const COMMANDS: [&str; 10] = [
    "demo",
    "convert",
    "inspect",
    "run",
    "bench",
    "policy",
    "devices",
    "selftest",
    "completions",
    "man",
];

#[test]
fn c15_every_shell_completes_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = isokern(["completions", shell]);
        for word in COMMANDS.iter().chain(&["instructions", "timeout"]) {
            assert!(ran.text().contains(word), "no {word} for {shell}");
        }
    }
    let ran = isokern(["completions", "tcsh"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn c15_bash_completes_commands_options_and_values() {
    let folder = Folder::new();
    let script = folder.write("isokern.bash", isokern(["completions", "bash"]).text().as_bytes());
    let cases = [
        (&["isokern", "ins"][..], "inspect"),
        (&["isokern", "run", "--instr"], "--instructions"),
        (&["isokern", "run", "--mode", ""], "batch ring megakernel"),
    ];
    for (words, expected) in cases {
        let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
        let list: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let program = format!(
            "source '{script}'; COMP_WORDS=({}); COMP_CWORD={}; \
             _isokern isokern '{last}' '{before}'; echo \"${{COMPREPLY[*]}}\"",
            list.join(" "),
            words.len() - 1,
        );
        let output = Command::new("bash").args(["--norc", "-c", &program]).output();
        let output = output.expect("there is a bash");
        let found = String::from_utf8_lossy(&output.stdout);
        assert_eq!(found.trim_end(), expected, "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn c15_there_is_a_page_for_the_program_and_for_every_command() {
    let page = isokern(["man"]);
    assert!(page.text().contains(".TH isokern 1"), "{}", page.text());
    assert!(page.text().contains("a configuration was refused"), "no exit codes");
    for command in COMMANDS {
        assert!(page.text().contains(&format!("isokern\\-{command}(1)")), "{command}");
        let page = isokern(["man", command]);
        assert!(page.text().contains(&format!(".TH isokern-{command} 1")), "{}", page.text());
        assert!(page.text().contains("SYNOPSIS"), "{}", page.text());
    }
    let run = isokern(["man", "run"]);
    for words in ["\\-\\-timeout", "FNV", ".npy"] {
        assert!(run.text().contains(words), "no {words} in {}", run.text());
    }
    let ran = isokern(["man", "walk"]);
    let (error, fix) = ran.error_and_fix(2);
    assert!(error.contains("\"walk\"") && fix.contains("inspect"), "{error}: {fix}");
}
