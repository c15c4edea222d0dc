//! The links of one actor, each of which may lead to memory of another shape.

use super::link::LinkEnd;
use super::memory::ActorMemory;
use super::outbox::{LinkCredit, OutboxEntry};
use crate::ring::PushError;

/// The actors that one actor may send to.
///
/// [`ActorPlan::try_with_link`](super::ActorPlan::try_with_link) makes one of the links it is
/// given: a [`LinkEnd`] is a set of one, a pair of sets is the first and then the second, and so
/// is an array; `None` is empty. The actors at the other ends need not be of one shape, nor of
/// the shape of the actor that sends.
pub trait Links {
    /// Returns how many links there are.
    fn link_count(&self) -> usize;

    /// Returns what a link takes now: this or more. Nothing when there is no such link.
    fn credit(&mut self, index: usize) -> LinkCredit;

    /// Passes on an outbox entry over a link, as [`LinkEnd::pass_on`] does.
    ///
    /// # Errors
    ///
    /// As [`LinkEnd::pass_on`]; [`PushError::Closed`] also when there is no such link.
    fn pass_on(&mut self, index: usize, entry: &OutboxEntry) -> Result<(), PushError<()>>;

    /// Tells every linked actor that nothing more comes from here.
    fn close(&mut self);
}

/// For actors that send to no other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoLinks;

impl Links for NoLinks {
    fn link_count(&self) -> usize {
        0
    }

    fn credit(&mut self, _: usize) -> LinkCredit {
        LinkCredit::default()
    }

    fn pass_on(&mut self, _: usize, _: &OutboxEntry) -> Result<(), PushError<()>> {
        Err(PushError::Closed(()))
    }

    fn close(&mut self) {}
}

impl<M: ActorMemory> Links for LinkEnd<M> {
    fn link_count(&self) -> usize {
        1
    }

    fn credit(&mut self, index: usize) -> LinkCredit {
        if index == 0 { Self::credit(self) } else { LinkCredit::default() }
    }

    fn pass_on(&mut self, index: usize, entry: &OutboxEntry) -> Result<(), PushError<()>> {
        if index == 0 { Self::pass_on(self, entry) } else { Err(PushError::Closed(())) }
    }

    fn close(&mut self) {
        Self::close(self);
    }
}

impl<A: Links, B: Links> Links for (A, B) {
    fn link_count(&self) -> usize {
        self.0.link_count() + self.1.link_count()
    }

    fn credit(&mut self, index: usize) -> LinkCredit {
        match index.checked_sub(self.0.link_count()) {
            None => self.0.credit(index),
            Some(index) => self.1.credit(index),
        }
    }

    fn pass_on(&mut self, index: usize, entry: &OutboxEntry) -> Result<(), PushError<()>> {
        match index.checked_sub(self.0.link_count()) {
            None => self.0.pass_on(index, entry),
            Some(index) => self.1.pass_on(index, entry),
        }
    }

    fn close(&mut self) {
        self.0.close();
        self.1.close();
    }
}

impl<L: Links, const N: usize> Links for [L; N] {
    fn link_count(&self) -> usize {
        self.iter().map(L::link_count).sum()
    }

    fn credit(&mut self, index: usize) -> LinkCredit {
        part_with(self, index).map_or_else(LinkCredit::default, |(part, index)| part.credit(index))
    }

    fn pass_on(&mut self, index: usize, entry: &OutboxEntry) -> Result<(), PushError<()>> {
        let (part, index) = part_with(self, index).ok_or(PushError::Closed(()))?;
        part.pass_on(index, entry)
    }

    fn close(&mut self) {
        self.iter_mut().for_each(L::close);
    }
}

impl<L: Links> Links for Option<L> {
    fn link_count(&self) -> usize {
        self.as_ref().map_or(0, L::link_count)
    }

    fn credit(&mut self, index: usize) -> LinkCredit {
        self.as_mut().map_or_else(LinkCredit::default, |links| links.credit(index))
    }

    fn pass_on(&mut self, index: usize, entry: &OutboxEntry) -> Result<(), PushError<()>> {
        self.as_mut().map_or(Err(PushError::Closed(())), |links| links.pass_on(index, entry))
    }

    fn close(&mut self) {
        if let Some(links) = self {
            links.close();
        }
    }
}

/// Returns the part that has a link, and the link's index in it.
fn part_with<L: Links>(parts: &mut [L], mut index: usize) -> Option<(&mut L, usize)> {
    for part in parts {
        match index.checked_sub(part.link_count()) {
            None => return Some((part, index)),
            Some(rest) => index = rest,
        }
    }
    None
}
