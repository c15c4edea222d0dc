//! Inputs and outputs of a model, by name or index.

mod error;

use core::fmt;
use core::ops::Range;

use isokern_core::DType;
use isokern_core::compute::Quantization;
use isokern_model::{Model as View, Tensor};

use crate::element;
use crate::escape::quoted;

pub use error::PortError;

/// The most ports that a message lists.
const LISTED: usize = 8;

/// Which end of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the caller writes.
    Input,
    /// What the caller reads.
    Output,
}

/// One input or output of a model.
///
/// Shown, it is its index and, escaped, its name: `input 0 "left"`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Port {
    /// Which end it is at.
    pub side: Side,
    /// Its index among the inputs or outputs.
    pub index: usize,
    /// Its name, as the model has it; empty where it has none.
    pub name: String,
    /// Its tensor.
    pub tensor: Tensor,
    /// Its bytes in a packed sample.
    pub range: Range<usize>,
}

/// All inputs, or all outputs, of a model; one at least.
#[derive(Clone, Debug)]
pub struct Ports {
    side: Side,
    ports: Vec<Port>,
}

/// What finds an input or output: its index, or its name.
///
/// As text, an index comes before a name: `"1"` is the second port, whatever others are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortKey<'k> {
    /// The index among the inputs or outputs, from 0.
    Index(usize),
    /// The name, or the index in decimal digits.
    Name(&'k str),
}

impl From<usize> for PortKey<'_> {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl<'k> From<&'k str> for PortKey<'k> {
    fn from(name: &'k str) -> Self {
        Self::Name(name)
    }
}

impl<'k> From<&'k String> for PortKey<'k> {
    fn from(name: &'k String) -> Self {
        Self::Name(name)
    }
}

impl fmt::Display for PortKey<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(formatter, "{index}"),
            Self::Name(name) => formatter.write_str(name),
        }
    }
}

impl Side {
    /// Returns the word for one of them.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

impl Ports {
    /// Returns the inputs of a model.
    #[must_use]
    pub fn inputs(model: &View<'_>) -> Self {
        let name = |index| model.input_name(index).to_owned();
        Self::new(Side::Input, model.inputs(), name)
    }

    /// Returns the outputs of a model.
    #[must_use]
    pub fn outputs(model: &View<'_>) -> Self {
        let name = |index| model.output_name(index).to_owned();
        Self::new(Side::Output, model.outputs(), name)
    }

    /// Returns ports with these tensors, one after another in a packed sample.
    #[must_use]
    pub fn new(
        side: Side,
        tensors: impl Iterator<Item = Tensor>,
        name: impl Fn(usize) -> String,
    ) -> Self {
        let mut end = 0;
        let port = |(index, tensor): (usize, Tensor)| {
            let start = end;
            end += tensor.bytes();
            Port { side, index, name: name(index), tensor, range: start..end }
        };
        Self { side, ports: tensors.enumerate().map(port).collect() }
    }

    /// Returns which end of the model they are.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.side
    }

    /// Returns the ports in their order.
    pub fn iter(&self) -> core::slice::Iter<'_, Port> {
        self.ports.iter()
    }

    /// Returns how many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.ports.len()
    }

    /// Returns the port at this index; none where there is none.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<&Port> {
        self.ports.get(index)
    }

    /// Returns the port, if there is only one.
    #[must_use]
    pub fn only(&self) -> Option<&Port> {
        if let [port] = self.ports.as_slice() { Some(port) } else { None }
    }

    /// Returns the bytes of a packed sample.
    #[must_use]
    pub fn sample_bytes(&self) -> usize {
        self.ports.last().map_or(0, |port| port.range.end)
    }

    /// Returns the port with this index or name.
    ///
    /// # Errors
    ///
    /// [`PortError::Unknown`] and [`PortError::Ambiguous`], with what there is.
    pub fn find<'k>(&self, key: impl Into<PortKey<'k>>) -> Result<&Port, PortError> {
        let key = key.into();
        let found = match key {
            PortKey::Index(index) => self.at(index),
            PortKey::Name(name) => self.named(name)?,
        };
        found.ok_or_else(|| PortError::Unknown {
            key: key.to_string(),
            side: self.side.word(),
            list: self.list(),
        })
    }

    /// Returns the port with this name, or with this index in digits, which comes first; none where
    /// there is none.
    ///
    /// # Errors
    ///
    /// [`PortError::Ambiguous`] where two have the name.
    pub fn named(&self, key: &str) -> Result<Option<&Port>, PortError> {
        let is_index = key.bytes().all(|byte| byte.is_ascii_digit());
        let index = key.parse().ok().filter(|_| is_index);
        if let Some(port) = index.and_then(|index| self.at(index)) {
            return Ok(Some(port));
        }
        let mut named = self.iter().filter(|port| !key.is_empty() && port.name == key);
        match (named.next(), named.next()) {
            (Some(first), Some(second)) => Err(PortError::Ambiguous {
                key: key.to_owned(),
                side: self.side.word(),
                first: first.index,
                second: second.index,
            }),
            (found, _) => Ok(found),
        }
    }

    /// Returns the ports with what they are, on one line.
    #[must_use]
    pub fn list(&self) -> String {
        let shown = self.iter().take(LISTED).map(|port| format!("{port}: {}", port.facts()));
        let shown: Vec<String> = shown.collect();
        let more = self.ports.len().saturating_sub(LISTED);
        match more {
            0 => shown.join(", "),
            more => format!("{}, and {more} more", shown.join(", ")),
        }
    }
}

impl<'p> IntoIterator for &'p Ports {
    type Item = &'p Port;
    type IntoIter = core::slice::Iter<'p, Port>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Port {
    /// Returns its shape, outermost size first.
    #[must_use]
    pub fn shape(&self) -> &[u32] {
        self.tensor.shape()
    }

    /// Returns the type of its elements.
    #[must_use]
    pub const fn dtype(&self) -> DType {
        self.tensor.dtype()
    }

    /// Returns how many values a sample has.
    #[must_use]
    pub const fn value_count(&self) -> usize {
        self.tensor.len()
    }

    /// Returns what its integers represent; none for a type whose values are taken as they are.
    #[must_use]
    pub fn quantization(&self) -> Option<Quantization> {
        element::quantised_range(self.dtype())?;
        Some(Quantization::new(self.tensor.scale(), self.tensor.zero_point()))
    }

    /// Returns whether it can be read as one real value per class: a vector of two at least.
    #[must_use]
    pub fn has_classes(&self) -> bool {
        let len = self.tensor.len();
        element::is_real(self.dtype()) && len == self.tensor.depth() && len >= 2
    }

    /// Returns shape and element type: `1x8x8x1 int8`.
    #[must_use]
    pub fn facts(&self) -> String {
        format!("{} {}", sizes(self.shape()), element::name(self.dtype()))
    }
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.side.word(), self.index)?;
        if self.name.is_empty() { Ok(()) } else { write!(formatter, " {}", quoted(&self.name)) }
    }
}

/// Returns sizes joined by `x`, outermost first: `1x8x8x16`.
#[must_use]
pub fn sizes(sizes: &[impl ToString]) -> String {
    let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
    sizes.join("x")
}

#[cfg(test)]
mod tests {
    use super::{PortError, Ports, Side};
    use isokern_model::Tensor;

    #[test]
    fn an_index_comes_before_a_name_and_a_name_is_of_one_port() {
        let names = ["1", "0", "same", "same", ""];
        let tensors = names.iter().map(|_| Tensor::default());
        let ports = Ports::new(Side::Input, tensors, |index| names[index].to_owned());
        let index = |key: &str| ports.find(key).map(|port| port.index);
        assert_eq!([index("0"), index("1"), index("4")], [Ok(0), Ok(1), Ok(4)]);
        assert_eq!(ports.find(3).map(|port| port.index), Ok(3));
        assert!(matches!(index("same"), Err(PortError::Ambiguous { first: 2, second: 3, .. })));
        for key in ["5", "+1", "", "left"] {
            assert!(matches!(index(key), Err(PortError::Unknown { side: "input", .. })), "{key}");
        }
        let text = ports.find(7).expect_err("there are five").to_string();
        assert!(text.contains("no input \"7\"") && text.contains("input 2 \"same\": "), "{text}");
    }
}
