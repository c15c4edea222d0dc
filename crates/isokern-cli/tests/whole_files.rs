//! Files that `isokern` writes are whole or not there: in the order of system calls, when a signal
//! comes, and when a call fails.
//!
//! A library that a C compiler makes sits between the program and the calls that matter: it
//! notes them, sends a signal at one, or lets it fail. Without a compiler, or where programs load
//! no such library, the tests are skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::sync::OnceLock;

use isokern_tests::trials;
use libtest_mimic::Failed;

const INTERPOSER: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int stopped(const char *call, const char *what) {
    const char *at = getenv("AT"), *log = getenv("CALLS");
    char line[8400];
    int length = snprintf(line, sizeof line, "%s %s\n", call, what);
    int fd = open(log, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (write(fd, line, length) < 0) abort();
    close(fd);
    if (!at || strcmp(at, call) != 0) return 0;
    if (getenv("SIGNAL")) {
        kill(getpid(), atoi(getenv("SIGNAL")));
        if (!getenv("GO_ON")) for (;;) pause();
        usleep(200000);
        return 0;
    }
    errno = EIO;
    return 1;
}

/* What ran the tests may ignore the signal (nohup does); the program starts without that. */
__attribute__((constructor)) static void heed(void) {
    if (getenv("SIGNAL") && !getenv("GO_ON")) signal(atoi(getenv("SIGNAL")), SIG_DFL);
}

int fsync(int fd) {
    char link[64], path[4096] = { 0 };
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (readlink(link, path, sizeof path - 1) < 0) abort();
    if (stopped("fsync", path)) return -1;
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int rename(const char *from, const char *to) {
    char both[8192];
    snprintf(both, sizeof both, "%s %s", from, to);
    if (stopped("rename", both)) return -1;
    return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}
"#;

type Check = fn() -> Result<(), Failed>;

fn main() -> ExitCode {
    let missing = library().err();
    let tests: [(&str, Check); 5] = [
        ("c16_bytes_are_on_the_disk_before_the_name_and_the_name_before_the_answer", order),
        ("c16_a_signal_leaves_the_old_file_and_nothing_else", signals),
        ("c16_a_signal_that_is_ignored_stays_so", ignored),
        ("c16_a_call_that_fails_leaves_the_old_file_and_nothing_else", failures),
        ("c16_a_limit_on_the_size_of_files_is_an_error", size_limit),
    ];
    let missing = missing.as_ref().map(|why| why.message().unwrap_or("no library of calls"));
    trials::run(tests.map(|(name, test)| {
        trials::trial_unless(missing, name, move || {
            if let Err(failed) = test() {
                panic!("{}", failed.message().unwrap_or_default());
            }
        })
    }))
}

/// Returns the library, built once.
fn library() -> Result<&'static Path, Failed> {
    static LIBRARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = LIBRARY.get_or_init(|| {
        let why = |failed: Failed| failed.message().unwrap_or("it cannot be built").to_owned();
        if cfg!(target_os = "linux") { build().map_err(why) } else { Err("no Linux".to_owned()) }
    });
    built.as_deref().map_err(Failed::from)
}

fn build() -> Result<PathBuf, Failed> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("whole_files");
    fs::create_dir_all(&folder)?;
    let (source, library) = (folder.join("calls.c"), folder.join("calls.so"));
    fs::write(&source, INTERPOSER)?;
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
    let built = compiler.output().map_err(|error| format!("no C compiler `cc`: {error}"))?;
    if built.status.success() {
        return Ok(library);
    }
    Err(String::from_utf8_lossy(&built.stderr).into_owned().into())
}

/// A folder with an old file, `old.ikm`, and what is in it beside that.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("out"))?;
        fs::write(folder.path().join("out/old.ikm"), b"old")?;
        Ok(Self(folder))
    }

    /// Converts a model to `out/<name>` with the library between, and with these variables.
    fn convert(
        &self,
        name: &str,
        before: &str,
        variables: &[(&str, &str)],
    ) -> Result<Output, Failed> {
        let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/models/digits.ikm");
        let mut shell = Command::new("sh");
        let line = format!("{before} exec env LD_PRELOAD=\"$1\" \"$0\" convert \"$2\" -o \"$3\"");
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_isokern")]).arg(library()?).arg(model);
        shell.arg(self.0.path().join("out").join(name));
        shell.env("CALLS", self.0.path().join("calls")).envs(variables.iter().copied());
        Ok(shell.output()?)
    }

    /// Returns the calls, with paths relative to the folder.
    fn calls(&self) -> Result<String, Failed> {
        let folder = format!("{}/", fs::canonicalize(self.0.path())?.display());
        Ok(fs::read_to_string(self.0.path().join("calls"))?.replace(&folder, ""))
    }

    /// Fails unless the folder has the old file as it was, and nothing else.
    fn check_unharmed(&self, what: &str) -> Result<(), Failed> {
        let names: Result<Vec<_>, _> =
            fs::read_dir(self.0.path().join("out"))?.map(|entry| Ok(entry?.file_name())).collect();
        let names = names.map_err(|error: std::io::Error| error)?;
        let old = fs::read(self.0.path().join("out/old.ikm"))?;
        if names == ["old.ikm"] && old == b"old" {
            return Ok(());
        }
        Err(format!("{what}: {names:?}, old.ikm has {} bytes", old.len()).into())
    }
}

fn expect(holds: bool, what: &str, output: &Output) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(format!("{what}: {output:?}").into()) }
}

fn order() -> Result<(), Failed> {
    for name in ["old.ikm", "new.ikm"] {
        let place = Place::new()?;
        let output = place.convert(name, "", &[])?;
        expect(output.status.success(), name, &output)?;
        let calls = place.calls()?;
        let words: Vec<Vec<&str>> = calls.lines().map(|line| line.split(' ').collect()).collect();
        let target = format!("out/{name}");
        let holds = match words.iter().map(Vec::as_slice).collect::<Vec<_>>()[..] {
            [["fsync", synced], ["rename", from, to], ["fsync", "out"]] => {
                synced == from && synced.ends_with(".part") && *to == target
            }
            _ => false,
        };
        expect(holds, &calls, &output)?;
    }
    Ok(())
}

fn signals() -> Result<(), Failed> {
    use std::os::unix::process::ExitStatusExt;

    for name in ["old.ikm", "new.ikm"] {
        // Hang-up, interrupt, quit, terminate.
        for signal in [1, 2, 3, 15] {
            let place = Place::new()?;
            let number = signal.to_string();
            let output = place.convert(name, "", &[("AT", "fsync"), ("SIGNAL", &number)])?;
            expect(place.calls()?.contains(".part"), "there was a part", &output)?;
            expect(output.status.signal() == Some(signal), "it ends by the signal", &output)?;
            place.check_unharmed(&format!("{name}, signal {signal}"))?;
        }
    }
    Ok(())
}

fn ignored() -> Result<(), Failed> {
    let place = Place::new()?;
    let variables = [("AT", "fsync"), ("SIGNAL", "1"), ("GO_ON", "1")];
    let output = place.convert("old.ikm", "trap '' HUP;", &variables)?;
    expect(output.status.success(), "nohup keeps it running", &output)?;
    let written = fs::read(place.0.path().join("out/old.ikm"))?;
    expect(written.len() > 1000, "it is written", &output)
}

fn failures() -> Result<(), Failed> {
    for call in ["fsync", "rename"] {
        for name in ["old.ikm", "new.ikm"] {
            let place = Place::new()?;
            let output = place.convert(name, "", &[("AT", call)])?;
            expect(output.status.code() == Some(3), call, &output)?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            expect(said.contains(name) && !said.contains(".part"), &said, &output)?;
            place.check_unharmed(&format!("{name}, {call} failed"))?;
        }
    }
    Ok(())
}

fn size_limit() -> Result<(), Failed> {
    let place = Place::new()?;
    let output = place.convert("old.ikm", "ulimit -f 1;", &[])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    expect(output.status.code() == Some(3) && said.contains("too large"), &said, &output)?;
    place.check_unharmed("a limit of 512 bytes")
}
