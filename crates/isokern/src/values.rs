//! Values that go in, of any type, and where they go.

use bytemuck::must_cast_slice;
use isokern_core::DType;
use isokern_core::compute::Quantization;

use crate::element::{Element, quantised_range};
use crate::port::{Port, PortError, PortKey, Ports};

/// Values of one type, lent.
///
/// What a slice of an [`Element`] becomes: useful where inputs of different types go in together.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Values<'v> {
    /// Integers of 8 bits.
    I8(&'v [i8]),
    /// Integers of 8 bits without a sign.
    U8(&'v [u8]),
    /// Integers of 16 bits.
    I16(&'v [i16]),
    /// Integers of 16 bits without a sign.
    U16(&'v [u16]),
    /// Integers of 32 bits.
    I32(&'v [i32]),
    /// Integers of 32 bits without a sign.
    U32(&'v [u32]),
    /// Integers of 64 bits.
    I64(&'v [i64]),
    /// Integers of 64 bits without a sign.
    U64(&'v [u64]),
    /// Real numbers.
    F32(&'v [f32]),
    /// Truths.
    Bool(&'v [bool]),
}

/// What has [`Values`]: a slice, an array, a vector, values themselves, and what refers to these.
pub trait AsValues {
    /// Returns the values.
    fn as_values(&self) -> Values<'_>;
}

/// What a model is run on: the values of its input, or pairs of the name or index of an input and
/// its values.
///
/// `&[0_i8; 64]`, `&pixels` of a `Vec<f32>`, `&[("left", &left), ("right", &right)]`; with values
/// of different types, `&[(0, image.as_values()), (1, scale.as_values())]`.
pub trait Inputs {
    /// Gives every pair; `None` in place of the key of a model's only input.
    ///
    /// # Errors
    ///
    /// Those of `give`.
    fn each<E>(
        &self,
        give: impl FnMut(Option<PortKey<'_>>, Values<'_>) -> Result<(), E>,
    ) -> Result<(), E>;
}

/// What names an input: an index, a name, a [`PortKey`].
pub trait AsKey {
    /// Returns the key.
    fn as_key(&self) -> PortKey<'_>;
}

impl AsKey for usize {
    fn as_key(&self) -> PortKey<'_> {
        PortKey::Index(*self)
    }
}

impl AsKey for &str {
    fn as_key(&self) -> PortKey<'_> {
        PortKey::Name(self)
    }
}

impl AsKey for String {
    fn as_key(&self) -> PortKey<'_> {
        PortKey::Name(self)
    }
}

impl AsKey for PortKey<'_> {
    fn as_key(&self) -> PortKey<'_> {
        *self
    }
}

impl<T: Element> AsValues for [T] {
    fn as_values(&self) -> Values<'_> {
        T::values(self)
    }
}

impl<T: Element, const N: usize> AsValues for [T; N] {
    fn as_values(&self) -> Values<'_> {
        T::values(self)
    }
}

impl<T: Element> AsValues for Vec<T> {
    fn as_values(&self) -> Values<'_> {
        T::values(self)
    }
}

impl AsValues for Values<'_> {
    fn as_values(&self) -> Values<'_> {
        *self
    }
}

impl<V: AsValues + ?Sized> AsValues for &V {
    fn as_values(&self) -> Values<'_> {
        (**self).as_values()
    }
}

impl<V: AsValues + ?Sized> Inputs for V {
    fn each<E>(
        &self,
        mut give: impl FnMut(Option<PortKey<'_>>, Values<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        give(None, self.as_values())
    }
}

impl<K: AsKey, V: AsValues> Inputs for [(K, V)] {
    fn each<E>(
        &self,
        mut give: impl FnMut(Option<PortKey<'_>>, Values<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.iter().try_for_each(|(key, values)| give(Some(key.as_key()), values.as_values()))
    }
}

impl<K: AsKey, V: AsValues, const N: usize> Inputs for [(K, V); N] {
    fn each<E>(
        &self,
        give: impl FnMut(Option<PortKey<'_>>, Values<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.as_slice().each(give)
    }
}

impl<K: AsKey, V: AsValues> Inputs for Vec<(K, V)> {
    fn each<E>(
        &self,
        give: impl FnMut(Option<PortKey<'_>>, Values<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.as_slice().each(give)
    }
}

impl Values<'_> {
    /// Returns how many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        match self {
            Self::I8(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::I16(values) => values.len(),
            Self::U16(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::U64(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::Bool(values) => values.len(),
        }
    }

    /// Returns their type.
    #[must_use]
    pub const fn dtype(&self) -> DType {
        match self {
            Self::I8(_) => DType::I8,
            Self::U8(_) => DType::U8,
            Self::I16(_) => DType::I16,
            Self::U16(_) => DType::U16,
            Self::I32(_) => DType::I32,
            Self::U32(_) => DType::U32,
            Self::I64(_) => DType::I64,
            Self::U64(_) => DType::U64,
            Self::F32(_) => DType::F32,
            Self::Bool(_) => DType::Bool,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::I8(values) => must_cast_slice(values),
            Self::U8(values) => values,
            Self::I16(values) => must_cast_slice(values),
            Self::U16(values) => must_cast_slice(values),
            Self::I32(values) => must_cast_slice(values),
            Self::U32(values) => must_cast_slice(values),
            Self::I64(values) => must_cast_slice(values),
            Self::U64(values) => must_cast_slice(values),
            Self::F32(values) => must_cast_slice(values),
            Self::Bool(values) => must_cast_slice(values),
        }
    }

    /// Writes the values of one sample after another into packed samples, at the place of `port`.
    ///
    /// Real numbers for a quantised port are divided by the scale, rounded (halves away from
    /// zero), moved by the zero point and cut to the range of the type.
    fn write(&self, port: &Port, samples: &mut [u8], sample_bytes: usize) -> Result<(), PortError> {
        let places = samples.chunks_exact_mut(sample_bytes);
        let places = places.filter_map(|sample| sample.get_mut(port.range.clone()));
        if self.dtype() == port.dtype() {
            for (place, values) in places.zip(self.bytes().chunks_exact(port.tensor.bytes())) {
                place.copy_from_slice(values);
            }
            return Ok(());
        }
        let (Self::F32(reals), Some(quantization), Some((least, greatest))) =
            (self, port.quantization(), quantised_range(port.dtype()))
        else {
            return Err(mismatch(self.dtype(), port));
        };
        if let Some(index) = reals.iter().position(|real| real.is_nan()) {
            return Err(PortError::NotANumber { index, port: port.to_string() });
        }
        let size = port.dtype().size_bytes();
        for (place, reals) in places.zip(reals.chunks_exact(port.value_count())) {
            for (value, &real) in place.chunks_exact_mut(size).zip(reals) {
                let code = quantization.quantize(real).clamp(least, greatest).to_le_bytes();
                value.iter_mut().zip(code).for_each(|(byte, code)| *byte = code);
            }
        }
        Ok(())
    }
}

/// Returns the error for values of a type that a port does not take or give.
pub(crate) fn mismatch(found: DType, port: &Port) -> PortError {
    let (wanted, facts) = (port.dtype(), port.facts());
    PortError::Element { found, wanted, port: port.to_string(), facts }
}

/// Packed samples, and which inputs have given theirs.
#[derive(Debug)]
pub(crate) struct Packing {
    samples: Vec<u8>,
    given: Vec<bool>,
}

impl Packing {
    /// Returns room for one sample.
    pub(crate) fn new(ports: &Ports) -> Self {
        Self { samples: vec![0; ports.sample_bytes()], given: vec![false; ports.count()] }
    }

    /// Returns the samples that were packed last.
    pub(crate) fn samples(&self) -> &[u8] {
        &self.samples
    }

    /// Returns the samples that were packed last, for good.
    pub(crate) fn into_samples(self) -> Vec<u8> {
        self.samples
    }

    /// Packs the inputs of one sample after another, and returns how many there are: `count`, where
    /// it is known. Allocates where there are more than ever before.
    pub(crate) fn pack(
        &mut self,
        inputs: &(impl Inputs + ?Sized),
        ports: &Ports,
        count: Option<usize>,
    ) -> Result<usize, PortError> {
        let Self { samples, given } = self;
        let sample_bytes = ports.sample_bytes();
        let mut known = count;
        given.fill(false);
        inputs.each(|key, values| {
            let port = match (key, ports.only()) {
                (None, Some(port)) => port,
                (None, None) => return Err(PortError::Unnamed { list: ports.list() }),
                (Some(key), _) => ports.find(key)?,
            };
            let (have, need) = (values.count(), port.value_count());
            let sample_count = *known.get_or_insert(have / need);
            if !have.is_multiple_of(need) || have / need != sample_count {
                return Err(length(port, have, (count, sample_count)));
            }
            match given.get_mut(port.index) {
                Some(is_given @ false) => *is_given = true,
                _ => return Err(PortError::Twice { port: port.to_string() }),
            }
            samples.resize(sample_count * sample_bytes, 0);
            values.write(port, samples, sample_bytes)
        })?;
        let missing = ports.iter().zip(&*given).find(|(_, is_given)| !**is_given);
        match missing {
            Some((port, _)) => Err(PortError::Missing { port: port.to_string() }),
            None => Ok(known.unwrap_or(0)),
        }
    }
}

/// Returns the error for so many values where other inputs have so many samples.
fn length(port: &Port, have: usize, (count, samples): (Option<usize>, usize)) -> PortError {
    let (facts, need, port) = (port.facts(), port.value_count(), port.to_string());
    match count {
        Some(_) => PortError::Length { port, facts, have, need },
        None => PortError::Samples { port, facts, have, need, samples: samples.to_string() },
    }
}

/// Returns the real number of an element of a quantised type, which its bytes are.
pub(crate) fn real(quantization: Quantization, dtype: DType, bytes: &[u8]) -> f32 {
    let code = match (dtype, bytes) {
        (DType::I8, [byte]) => byte.cast_signed().into(),
        (DType::I16, &[low, high]) => i16::from_le_bytes([low, high]).into(),
        (_, [byte]) => (*byte).into(),
        _ => 0,
    };
    quantization.dequantize(code)
}
