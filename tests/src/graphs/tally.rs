//! What came of many graphs, in numbers.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use isokern_model::operators::OpKind;

use super::{Graphs, Record, Verdict};

/// How many differences are printed for one operator.
const SHOWN_MAX: usize = 5;
/// How many causes of refusals are printed.
const CAUSES_MAX: usize = 40;
/// How much of a cause is printed.
const CAUSE_LEN: usize = 160;

/// Counts of graphs and of what came of them.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    graphs: usize,
    equal: usize,
    streams: usize,
    long: usize,
    saturated: usize,
    kinds: BTreeMap<&'static str, usize>,
    operators: BTreeMap<String, usize>,
    refused: BTreeMap<String, Vec<u64>>,
    differs: BTreeMap<String, Vec<String>>,
    failed: BTreeMap<String, Vec<u64>>,
}

impl Tally {
    /// Counts a graph.
    pub fn add(&mut self, graphs: &Graphs, record: &Record, verdict: &Verdict) {
        self.graphs += 1;
        match verdict {
            Verdict::Equal(kinds) => {
                self.equal += 1;
                self.streams += usize::from(record.stream);
                self.long += usize::from(kinds.len() >= 3);
                self.saturated += usize::from(graphs.saturates(record));
                let kinds: BTreeSet<&str> = kinds.iter().map(|&kind| OpKind::name(kind)).collect();
                for kind in kinds {
                    *self.kinds.entry(kind).or_default() += 1;
                }
                let names: BTreeSet<&String> = record.operators.iter().collect();
                for name in names {
                    *self.operators.entry(name.clone()).or_default() += 1;
                }
            }
            Verdict::Refused(text) => {
                self.refused.entry(without_numbers(text)).or_default().push(record.seed);
            }
            Verdict::Failed(text) => {
                self.failed.entry(without_numbers(text)).or_default().push(record.seed);
            }
            Verdict::Differs(difference) => {
                let name = difference.operator.1.clone();
                self.differs.entry(name).or_default().push(difference.to_string());
            }
        }
    }

    /// Adds the counts of others.
    pub fn merge(&mut self, other: Self) {
        self.graphs += other.graphs;
        self.equal += other.equal;
        self.streams += other.streams;
        self.long += other.long;
        self.saturated += other.saturated;
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        for (name, count) in other.operators {
            *self.operators.entry(name).or_default() += count;
        }
        for (mine, theirs) in [(&mut self.refused, other.refused), (&mut self.failed, other.failed)]
        {
            for (cause, seeds) in theirs {
                mine.entry(cause).or_default().extend(seeds);
            }
        }
        for (name, found) in other.differs {
            self.differs.entry(name).or_default().extend(found);
        }
    }

    /// Returns the number of graphs whose every byte is equal.
    #[must_use]
    pub const fn equal(&self) -> usize {
        self.equal
    }

    /// Returns the number of graphs that we do not convert.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.refused.values().map(Vec::len).sum()
    }

    /// Returns the number of graphs that differ, or whose conversion or run failed.
    #[must_use]
    pub fn wrong(&self) -> usize {
        self.differs.values().map(Vec::len).sum::<usize>()
            + self.failed.values().map(Vec::len).sum::<usize>()
    }

    /// Returns the number of graphs with equal bytes in which a kind occurs.
    #[must_use]
    pub fn of_kind(&self, kind: OpKind) -> usize {
        self.kinds.get(kind.name()).copied().unwrap_or(0)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { graphs, equal, streams, long, saturated, .. } = self;
        writeln!(f, "{graphs} graphs that TFLite Micro answers: {equal} with equal bytes,")?;
        writeln!(f, "  of these {streams} with state, {long} with three operators or more,")?;
        writeln!(f, "  {saturated} with a value that has both ends of its range;")?;
        writeln!(f, "  {} refused by us, {} wrong", self.refused(), self.wrong())?;
        for (kind, count) in &self.kinds {
            writeln!(f, "{count:7} kind {kind}")?;
        }
        for (name, count) in &self.operators {
            writeln!(f, "{count:7} operator {name}")?;
        }
        for (cause, seeds) in by_count(&self.refused).into_iter().take(CAUSES_MAX) {
            writeln!(f, "{:7} refused (seed {}): {cause}", seeds.len(), seeds[0])?;
        }
        for (cause, seeds) in by_count(&self.failed) {
            writeln!(f, "{:7} FAILED (seed {}): {cause}", seeds.len(), seeds[0])?;
        }
        for (name, found) in &self.differs {
            writeln!(f, "{:7} DIFFER first in {name}:", found.len())?;
            for text in found.iter().take(SHOWN_MAX) {
                writeln!(f, "        {text}")?;
            }
        }
        Ok(())
    }
}

/// Causes with their seeds, the most frequent first.
fn by_count(causes: &BTreeMap<String, Vec<u64>>) -> Vec<(&String, &Vec<u64>)> {
    let mut causes: Vec<_> = causes.iter().collect();
    causes.sort_by_key(|(_, seeds)| core::cmp::Reverse(seeds.len()));
    causes
}

/// Returns a message by which messages of other places and sizes are counted together, without its
/// remedy.
fn without_numbers(text: &str) -> String {
    let cause = text.split(". Fix:").next().unwrap_or(text);
    cause.chars().filter(|part| !part.is_ascii_digit()).take(CAUSE_LEN).collect()
}
