//! Boards side by side, as many at a time as there are processors: nearly all of the time is
//! builds, each of which keeps one processor busy.
//!
//! What a board's checks print is kept, and printed whole in the order of the boards.

use super::programs::FOLDER;
use crate::failure::Failure;
use core::cell::RefCell;
use core::fmt::{Display, Write as _};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::io::Write;
use std::sync::{Mutex, PoisonError};

/// What the checks of one board are given: where they build, and what keeps their lines.
pub(super) struct Worker<'a> {
    folder: String,
    lines: RefCell<String>,
    has_failed: &'a AtomicBool,
}

/// Runs `work` for every item, `count` at a time, and returns what it gave in the order of the
/// items. After the first failure no item begins; the failure says which item's it is.
pub(super) fn side_by_side<I: Copy + Sync, T: Send>(
    items: &[(&str, I)],
    count: usize,
    out: &mut (impl Write + Send),
    work: impl Fn(I, &Worker<'_>) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let (next, has_failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let gathered = Mutex::new(Gathered::new(items.len(), out));
    let lock = || gathered.lock().unwrap_or_else(PoisonError::into_inner);
    std::thread::scope(|scope| {
        for number in 0..count.clamp(1, items.len().max(1)) {
            let (next, has_failed, lock, work) = (&next, &has_failed, &lock, &work);
            scope.spawn(move || {
                while !has_failed.load(Ordering::Relaxed) {
                    let position = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&(name, item)) = items.get(position) else { break };
                    let worker = Worker::new(number, has_failed);
                    let result = work(item, &worker);
                    let mut gathered = lock();
                    has_failed.fetch_or(result.is_err(), Ordering::Relaxed);
                    gathered.end(position, name, worker.lines.into_inner(), result);
                }
            });
        }
    });
    gathered.into_inner().unwrap_or_else(PoisonError::into_inner).finish()
}

impl<'a> Worker<'a> {
    /// Returns a worker whose builds have a folder of their own: cargo lets one build at a time
    /// write to a folder. The first uses that of the lints, which holds what runs during builds.
    fn new(number: usize, has_failed: &'a AtomicBool) -> Self {
        let folder =
            if number == 0 { FOLDER.to_owned() } else { format!("{FOLDER}/worker-{number}") };
        Self { folder, lines: RefCell::default(), has_failed }
    }

    /// Returns the folder below the build output that builds write to.
    pub(super) fn folder(&self) -> &str {
        &self.folder
    }

    /// Keeps a line.
    pub(super) fn say(&self, line: impl Display) {
        let _infallible = writeln!(self.lines.borrow_mut(), "{line}");
    }

    /// Fails where another item has failed already.
    pub(super) fn go_on(&self) -> Result<(), Failure> {
        if self.has_failed.load(Ordering::Relaxed) {
            return Err(Failure::Check("stopped, for another board failed".to_owned()));
        }
        Ok(())
    }
}

/// What has ended so far.
struct Gathered<'o, T, W> {
    out: &'o mut W,
    /// How many items were printed.
    printed: usize,
    lines: Vec<Option<String>>,
    results: Vec<Option<T>>,
    failure: Option<Failure>,
}

impl<'o, T, W: Write> Gathered<'o, T, W> {
    fn new(count: usize, out: &'o mut W) -> Self {
        let empty = |_| None;
        let results = (0..count).map(|_| None).collect();
        Self { out, printed: 0, lines: (0..count).map(empty).collect(), results, failure: None }
    }

    /// Takes the end of an item, and prints the items whose turn it is.
    fn end(&mut self, position: usize, name: &str, lines: String, result: Result<T, Failure>) {
        self.lines[position] = Some(lines);
        match result {
            Ok(result) => self.results[position] = Some(result),
            Err(failure) => {
                let named = || Failure::Check(format!("{name}: {failure}"));
                self.failure.get_or_insert_with(named);
            }
        }
        while let Some(lines) = self.lines.get_mut(self.printed).and_then(Option::take) {
            // Whoever reads may have closed the pipe: the checks count, not their lines.
            let _closed = write!(self.out, "{lines}").and_then(|()| self.out.flush());
            self.printed += 1;
        }
    }

    /// Prints what follows an item that did not begin, and returns the results.
    fn finish(mut self) -> Result<Vec<T>, Failure> {
        for lines in self.lines.iter().flatten() {
            let _closed = write!(self.out, "{lines}");
        }
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(self.results.into_iter().flatten().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, side_by_side};
    use std::sync::{Barrier, Mutex};

    const ITEMS: [(&str, usize); 4] = [("a", 0), ("b", 1), ("c", 2), ("d", 3)];

    #[test]
    fn lines_and_results_are_in_the_order_of_the_items() {
        // Two at a time, or the barrier would never open; the later of two ends first.
        let (barrier, ended) = (Barrier::new(2), Mutex::new(()));
        let mut out = Vec::new();
        let results = side_by_side(&ITEMS, 2, &mut out, |number, worker| {
            worker.say(format_args!("{number} begins"));
            let _earlier_waits = (number % 2 == 0).then(|| ended.lock());
            barrier.wait();
            if number % 2 == 0 {
                std::thread::sleep(core::time::Duration::from_millis(20));
            }
            worker.say(format_args!("{number} ends in {}", worker.folder().len()));
            Ok(number * 10)
        });
        assert_eq!(results.unwrap(), [0, 10, 20, 30]);
        let text = String::from_utf8(out).unwrap();
        let numbers: Vec<&str> = text.lines().map(|line| &line[..1]).collect();
        assert_eq!(numbers, ["0", "0", "1", "1", "2", "2", "3", "3"]);
    }

    #[test]
    fn the_first_failure_is_named_and_ends_the_rest() {
        let begun = Mutex::new(Vec::new());
        let mut out = Vec::new();
        let failure = side_by_side(&ITEMS, 1, &mut out, |number, worker| {
            begun.lock().unwrap().push(number);
            worker.say(format_args!("{number}"));
            worker.go_on()?;
            if number == 1 { Err(Failure::Blind("planted")) } else { Ok(()) }
        });
        assert_eq!(failure.unwrap_err().to_string(), "b: planted");
        assert_eq!(begun.into_inner().unwrap(), [0, 1]);
        assert_eq!(out, b"0\n1\n");
    }

    #[test]
    fn a_worker_hears_of_the_failure_of_another() {
        let barrier = Barrier::new(2);
        let mut out = Vec::new();
        let failure = side_by_side(&ITEMS[..2], 2, &mut out, |number, worker| {
            barrier.wait();
            if number == 1 {
                return Err(Failure::Blind("planted"));
            }
            while worker.go_on().is_ok() {
                std::thread::yield_now();
            }
            worker.go_on()
        });
        assert_eq!(failure.unwrap_err().to_string(), "b: planted");
    }
}
