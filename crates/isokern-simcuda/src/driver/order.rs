//! Which stream comes next, and how long a kernel runs before others get a turn.

/// Instructions of warps in a slice, where nothing else is asked for.
const SLICE: u64 = 20_000;

/// The order of work of streams that could all go on: in turns, or by a seed.
#[derive(Debug, Clone)]
pub struct Order {
    state: Option<u64>,
    last: u64,
}

impl Order {
    /// Returns an order by a seed, where there is one.
    #[must_use]
    pub const fn new(seed: Option<u64>) -> Self {
        Self { state: seed, last: 0 }
    }

    /// Chooses one of the handles, which are sorted.
    pub fn choose(&mut self, handles: &[u64]) -> Option<u64> {
        let chosen = match self.draw() {
            Some(draw) if !handles.is_empty() => {
                let index = draw % handles.len() as u64;
                usize::try_from(index).ok().and_then(|index| handles.get(index)).copied()
            }
            _ => {
                let after = handles.iter().find(|handle| **handle > self.last);
                after.or(handles.first()).copied()
            }
        };
        self.last = chosen.unwrap_or(self.last);
        chosen
    }

    /// Returns how many instructions of warps the next slice may have.
    pub fn slice(&mut self) -> u64 {
        // From a few instructions to a few slices, as often short as long.
        self.draw().map_or(SLICE, |draw| 1 << (4 + draw % 13))
    }

    /// Returns the next number of the seed's sequence (SplitMix64, by Steele, Lea and Flood, 2014).
    fn draw(&mut self) -> Option<u64> {
        let state = self.state.as_mut()?;
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Some(mixed ^ (mixed >> 31))
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    #[test]
    fn turns_go_round() {
        let mut order = Order::new(None);
        let turns: Vec<_> = (0..5).filter_map(|_| order.choose(&[3, 5, 9])).collect();
        assert_eq!(turns, [3, 5, 9, 3, 5]);
        assert_eq!(order.choose(&[]), None);
        assert_eq!(order.choose(&[1, 4, 7]), Some(7));
    }

    #[test]
    fn a_seed_gives_one_order_and_another_gives_another() {
        let draw = |seed| {
            let mut order = Order::new(Some(seed));
            (0..32).map(|_| (order.choose(&[1, 2, 3]), order.slice())).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let chosen: std::collections::BTreeSet<_> = draw(7).into_iter().map(|(c, _)| c).collect();
        assert_eq!(chosen.len(), 3);
    }
}
