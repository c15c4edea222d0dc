//! Removes an unfinished file when a signal ends the program.
//!
//! A thread waits for the signals that end programs. When one comes, it removes the file that is
//! noted, and then lets the signal do what it does without us: the program ends by it, and whoever
//! started the program sees that. A file is made and noted, renamed and forgotten, under one lock,
//! which the thread never gives back: no file is made after it looked.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The path of the file that is being written.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Locks the place for the path of an unfinished file, which a signal then removes.
pub(super) fn lock() -> io::Result<MutexGuard<'static, Option<PathBuf>>> {
    #[cfg(unix)]
    signals::watch()?;
    Ok(UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(unix)]
mod signals {
    use core::ffi::c_int;
    use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
    use std::sync::PoisonError;
    use std::{fs, io, thread};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    use super::UNFINISHED;

    /// Signals that end the program from outside.
    const ENDING: [c_int; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

    /// Starts the thread, once.
    pub(super) fn watch() -> io::Result<()> {
        static STARTED: AtomicBool = AtomicBool::new(false);
        if STARTED.swap(true, Relaxed) {
            return Ok(());
        }
        let ignored = ignored();
        let wanted = ENDING.iter().filter(|&signal| ignored & (1 << (signal - 1)) == 0);
        // Beyond a limit on the size of files a write fails, instead of ending the program.
        let mut signals = Signals::new(wanted.chain(&[SIGXFSZ]))?;
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever().filter(|&signal| signal != SIGXFSZ) {
                let unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(path) = &*unfinished {
                    // It may have been removed already.
                    let _ = fs::remove_file(path);
                }
                // It returns for no signal of the list.
                let _ = emulate_default_handler(signal);
            }
        })?;
        Ok(())
    }

    /// Returns the signals, as a set of bits, that whoever started the program had it ignore, as
    /// `nohup` does: they stay ignored. Only Linux says.
    fn ignored() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        line.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
    }
}
