//! The links of an order, the actors that a block's actor sends to: its second line.

use crate::actor::LINK_COUNT_MAX;
use crate::ring::{CellValue, ControlLine, SharedCell};

/// A link of an order: a mailbox of another block's actor to which nothing was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderedLink {
    /// Address of the mailbox's ring of requests, mapped; not 0.
    pub requests: u64,
    /// Slots of the ring.
    pub slots: u32,
    /// Lines of a slot.
    pub lines: u16,
    /// Bytes of a message: the linked actor's one message type.
    pub message_bytes: u16,
}

/// The links of an order, in the order of the plan.
///
/// ```
/// use isokern_core::device::{OrderLinks, OrderedLink};
/// use isokern_core::ring::HostLine;
///
/// let line = HostLine::new();
/// assert_eq!(OrderLinks::read(&line), OrderLinks::default(), "zeros are no links");
/// let mut links = OrderLinks::default();
/// let link = OrderedLink { requests: 0x1000, slots: 4, lines: 1, message_bytes: 8 };
/// assert!(links.push(link));
/// links.publish(&line);
/// assert_eq!(OrderLinks::read(&line).iter().collect::<Vec<_>>(), [link]);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderLinks {
    links: [OrderedLink; LINK_COUNT_MAX],
}

impl OrderLinks {
    /// Adds a link; `false` when there are [`LINK_COUNT_MAX`] already.
    pub fn push(&mut self, link: OrderedLink) -> bool {
        let place = self.links.iter_mut().find(|link| link.requests == 0);
        place.map(|place| *place = link).is_some()
    }

    /// Returns the links.
    pub fn iter(&self) -> impl Iterator<Item = OrderedLink> {
        self.links.into_iter().take_while(|link| link.requests != 0)
    }

    /// Writes the links to the second line of a block's orders. The order that is
    /// [published](super::BlockOrder::publish) after this makes them known.
    pub fn publish<L: ControlLine>(&self, line: &L) {
        for (index, link) in self.links.iter().enumerate() {
            let sizes = u32::from(link.message_bytes) << 16 | u32::from(link.lines);
            line.cell(2 * index).publish(link.requests as u32, (link.requests >> 32) as u32);
            line.cell(2 * index + 1).publish(link.slots, sizes);
        }
    }

    /// Reads the links of the order whose epoch was seen.
    pub fn read<L: ControlLine>(line: &L) -> Self {
        let links = core::array::from_fn(|index| {
            let CellValue { data: low, turn: high } = line.cell(2 * index).poll();
            let CellValue { data: slots, turn: sizes } = line.cell(2 * index + 1).poll();
            OrderedLink {
                requests: u64::from(high) << 32 | u64::from(low),
                slots,
                lines: sizes as u16,
                message_bytes: (sizes >> 16) as u16,
            }
        });
        Self { links }
    }
}

#[cfg(test)]
mod tests {
    use super::{OrderLinks, OrderedLink};
    use crate::ring::HostLine;

    #[test]
    fn four_links_come_back_and_a_fifth_has_no_place() {
        let link = |number: u16| OrderedLink {
            requests: u64::from(number) << 32 | 128,
            slots: u32::from(number) << 17,
            lines: number,
            message_bytes: 0x8000 | number,
        };
        let mut links = OrderLinks::default();
        for number in 1..=4 {
            assert!(links.push(link(number)));
        }
        assert!(!links.push(link(5)));
        let line = HostLine::new();
        links.publish(&line);
        assert!(OrderLinks::read(&line).iter().eq((1..=4).map(link)));
        OrderLinks::default().publish(&line);
        assert_eq!(OrderLinks::read(&line).iter().count(), 0, "those of the order before are gone");
    }
}
