//! What a process has not released when it ends.

use core::fmt::Write as _;

use super::world::{LiveObjects, World};

/// Allocations that a report names one by one.
const NAMED_MAX: usize = 32;

impl World {
    /// Reports what was never freed, where the environment asks for it and there is any.
    pub fn report_leaks(&mut self) {
        if self.settings.leak_check
            && let Some(report) = self.leaks()
        {
            self.publish_report(&report);
        }
    }

    /// Returns what is alive, as text; none for nothing. Contexts are not counted: a process that
    /// ends takes them along, and most programs leave the primary one to that.
    fn leaks(&self) -> Option<String> {
        let LiveObjects {
            contexts: _, streams, events, modules, graphs, executables, pools, ..
        } = self.live_objects();
        let kinds = [
            (self.ledger.len() as u64, "allocations"),
            (streams, "streams"),
            (events, "events"),
            (modules, "modules"),
            (graphs, "graphs"),
            (executables, "instantiated graphs"),
            (pools, "pools"),
        ];
        let found: Vec<String> = kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if found.is_empty() {
            return None;
        }
        let mut report = format!("never freed: {}", found.join(", "));
        for (address, owned) in self.ledger.iter().take(NAMED_MAX) {
            // Writing to a string cannot fail.
            let _ok = write!(
                report,
                "\n  {} bytes of {:?} memory at {address:#x}",
                owned.bytes, owned.kind
            );
        }
        let more = self.ledger.len().saturating_sub(NAMED_MAX);
        if more > 0 {
            let _ok = write!(report, "\n  and {more} more");
        }
        Some(report)
    }
}
