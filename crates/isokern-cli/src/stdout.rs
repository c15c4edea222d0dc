//! Standard output as commands are handed it: what cannot be written there is an error.

mod closed;

use std::io::{self, BufWriter, StdoutLock, Write};

/// Standard output, buffered.
#[derive(Debug)]
pub(crate) struct Stdout(BufWriter<Unbuffered>);

/// Standard output, or what takes its place where the program was started without one.
#[derive(Debug)]
enum Unbuffered {
    Open(StdoutLock<'static>),
    Closed,
}

impl Stdout {
    /// Locks standard output.
    pub(crate) fn lock() -> Self {
        let is_closed = closed::was_closed();
        let out =
            if is_closed { Unbuffered::Closed } else { Unbuffered::Open(io::stdout().lock()) };
        Self(BufWriter::new(out))
    }

    /// Fails if the program was started without standard output.
    pub(crate) fn check_open() -> io::Result<()> {
        if closed::was_closed() { Unbuffered::Closed.write(b"").map(drop) } else { Ok(()) }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Write for Unbuffered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(out) => out.write(bytes),
            Self::Closed => {
                let message = "it is closed. Fix: leave it open, or send it to /dev/null";
                Err(io::Error::other(message))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(out) => out.flush(),
            Self::Closed => Ok(()),
        }
    }
}
