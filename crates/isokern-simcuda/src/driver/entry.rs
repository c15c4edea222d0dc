//! How every driver call begins and ends.
//!
//! A call is declared with `calls!`: it is exported under its name, counted, refused before
//! `cuInit` and inside functions that a stream calls, failed on demand, and never lets a panic out.
#![allow(unsafe_code)]

use core::cell::Cell;
use core::ops::{Deref, DerefMut};
use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic::catch_unwind;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use super::settings::Settings;
use super::status::{Outcome, Status};
use super::stream::Ticket;
use super::task::Task;
use super::world::World;

/// After this time a call that waits says what it waits for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The state of the process: one world, and a condition that tells of its changes.
#[derive(Debug)]
pub struct Process {
    world: Mutex<World>,
    changed: Condvar,
    /// The process that made it: one that is forked off has no driver.
    id: u32,
}

/// A call in progress, with the world locked.
#[derive(Debug)]
pub struct Session {
    name: &'static str,
    /// `None` only inside `wait`, and in a process that was forked off.
    guard: Option<MutexGuard<'static, World>>,
    process: &'static Process,
}

thread_local! {
    /// Whether this thread runs a function of the program for a stream.
    static IN_HOST_FUNCTION: Cell<bool> = const { Cell::new(false) };
}

/// Declares driver calls. The body is safe code that gets the session and gives an [`Outcome`];
/// the types of [`pointers`](super::pointers) represent C's pointers.
macro_rules! calls {
    ($(
        $(#[$attribute:meta])*
        fn $name:ident($session:ident $(, $argument:ident: $type:ty)* $(,)?) $body:tt
    )*) => {$(
        $(#[$attribute])*
        ///
        /// # Safety
        ///
        /// * Pointers are null, or valid for what the driver API's documentation of this call says.
        /// * Host memory given to asynchronous work stays alive and untouched until it has run.
        #[allow(non_snake_case, unsafe_code, clippy::needless_pass_by_value)]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $type),*) -> u32 {
            $crate::driver::entry::enter(
                stringify!($name),
                |
                    $session: &mut $crate::driver::entry::Session,
                | -> $crate::driver::status::Outcome $body,
            )
        }
    )*};
}
pub(crate) use calls;

static PROCESS: OnceLock<Process> = OnceLock::new();

/// Returns the state of the process, made at the first call.
pub fn process() -> &'static Process {
    PROCESS.get_or_init(|| Process {
        world: Mutex::new(World::new(Settings::from_environment())),
        changed: Condvar::new(),
        id: std::process::id(),
    })
}

/// Runs after the program's own exit handlers and destructors.
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".fini_array")]
static AT_EXIT: extern "C" fn() = at_exit;

#[cfg(target_os = "linux")]
extern "C" fn at_exit() {
    let here = PROCESS.get().filter(|process| process.id == std::process::id());
    // A panic may not leave this function, and there is nobody to hear of it.
    let _outcome = catch_unwind(|| {
        here.map(|process| {
            let mut world = process.lock();
            world.write_profiles();
            world.report_leaks();
        })
    });
}

/// Runs the body of a call and turns its outcome into a code.
pub fn enter(name: &'static str, body: impl FnOnce(&mut Session) -> Outcome) -> u32 {
    let run = || {
        // Names and texts of codes, and the simulator's own calls, are always there.
        let always = name.starts_with("cuGetError") || name.starts_with("isokernSim");
        if IN_HOST_FUNCTION.get() && !always {
            return Err(Status::NOT_PERMITTED);
        }
        let process = process();
        if process.id != std::process::id() {
            // No thread but the caller's came along, and the world may be locked forever.
            let mut session = Session { name, guard: None, process };
            let needs_none = name.starts_with("cuGetError");
            return if needs_none { body(&mut session) } else { Err(Status::NOT_INITIALIZED) };
        }
        let mut session = Session { name, guard: Some(process.lock()), process };
        if !always {
            session.injector.count_call(name)?;
            let early = matches!(name, "cuInit" | "cuDriverGetVersion" | "cuGetExportTable");
            if !early && !session.initialized {
                return Err(Status::NOT_INITIALIZED);
            }
        }
        body(&mut session)
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(())) => 0,
        Ok(Err(status)) => status.code(),
        Err(_) => {
            eprintln!("isokern-simcuda: {name} panicked; this is a defect of the stand-in");
            Status::UNKNOWN.code()
        }
    }
}

/// Runs a function of the program for a stream: driver calls inside are refused.
pub fn as_host_function(run: impl FnOnce()) {
    IN_HOST_FUNCTION.set(true);
    run();
    IN_HOST_FUNCTION.set(false);
}

impl Process {
    /// Locks the world.
    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes everybody who waits for a change of the world.
    pub fn announce(&self) {
        self.changed.notify_all();
    }

    /// Waits for a change, or for a time.
    pub fn wait<'a>(
        &self,
        guard: MutexGuard<'a, World>,
        limit: Option<Duration>,
    ) -> MutexGuard<'a, World> {
        match limit {
            None => self.changed.wait(guard).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                let waited = self.changed.wait_timeout(guard, limit);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }
}

impl Session {
    /// Returns the call's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Waits, with the world unlocked, until `ready` gives something. Where a kernel keeps the call
    /// waiting for long, that is said on the standard error output.
    pub fn wait<T>(&mut self, mut ready: impl FnMut(&World) -> Option<T>) -> T {
        let start = Instant::now();
        let mut said = false;
        loop {
            if let Some(result) = ready(self) {
                return result;
            }
            if !said && start.elapsed() >= PATIENCE {
                said = true;
                if let Some(kernel) = self.running_kernel() {
                    eprintln!(
                        "isokern-simcuda: {} waits for kernel {kernel}, which has not ended. If \
                         the kernel waits for the thread that made this call, a real driver may \
                         deadlock here too",
                        self.name
                    );
                }
            }
            let limit = (!said).then(|| PATIENCE.saturating_sub(start.elapsed()));
            if let Some(guard) = self.guard.take() {
                self.guard = Some(self.process.wait(guard, limit));
            }
        }
    }

    /// Puts work at the end of a stream, after some tickets, and tells the executor.
    ///
    /// # Errors
    ///
    /// [`Status::OPERATING_SYSTEM`] where no thread can be had, and those of
    /// [`enqueue`](World::enqueue).
    pub fn submit_after(&mut self, stream: u64, task: Task, after: Vec<Ticket>) -> Outcome<Ticket> {
        let process = self.process;
        super::executor::ensure_started(self, process)?;
        let ticket = self.enqueue(stream, task, after)?;
        process.announce();
        Ok(ticket)
    }

    /// Puts work at the end of a stream and tells the executor.
    ///
    /// # Errors
    ///
    /// As [`submit_after`](Self::submit_after).
    pub fn submit(&mut self, stream: u64, task: Task) -> Outcome<Ticket> {
        self.submit_after(stream, task, Vec::new())
    }

    /// Says once on the standard error output that the stand-in cannot do something.
    #[must_use]
    pub fn not_supported(&mut self, what: &str) -> Status {
        let text = format!("{}: {what}", self.name);
        if self.said.insert(text.clone()) {
            eprintln!("isokern-simcuda: {text} is not supported by this stand-in");
        }
        Status::NOT_SUPPORTED
    }
}

impl Deref for Session {
    type Target = World;

    #[expect(
        clippy::expect_used,
        reason = "the guard is away only where nobody asks for the world"
    )]
    fn deref(&self) -> &World {
        self.guard.as_deref().expect("the world is locked during a call")
    }
}

impl DerefMut for Session {
    #[expect(
        clippy::expect_used,
        reason = "the guard is away only where nobody asks for the world"
    )]
    fn deref_mut(&mut self) -> &mut World {
        self.guard.as_deref_mut().expect("the world is locked during a call")
    }
}
