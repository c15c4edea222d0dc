//! A bar on standard error for work that may take long; none where that is no terminal.

use indicatif::{ProgressBar, ProgressStyle};
use isokern_import::Progress;

/// Returns a bar over `total` steps, with a word for what is being done.
pub(crate) fn bar(what: &'static str, total: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:>12} [{bar:40}] {pos}/{len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total as u64).with_message(what).with_style(style.progress_chars("=> "))
}

/// Shows the steps of a conversion on `bar`.
pub(crate) fn show(bar: &ProgressBar, step: Progress) {
    match step {
        Progress::Read { operator_count, .. } => bar.set_length(operator_count as u64),
        Progress::Lowered { index, .. } => bar.set_position(index as u64 + 1),
        Progress::Encoded { .. } => bar.set_message("self-test"),
        Progress::SelfTested { .. } => bar.finish_and_clear(),
        Progress::Planned { .. } | _ => {}
    }
}
