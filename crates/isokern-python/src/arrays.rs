//! NumPy arrays at the door: what a port takes, and the arrays that outputs become.

use core::ops::Range;

use isokern::element::{name, quantised_range};
use isokern::port::{Port, Ports, sizes};
use isokern::{AsValues, DType, Element, Output, Values};
use numpy::{
    Element as NumPy, IxDyn, PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::prelude::{Bound, PyAny, PyAnyMethods, PyErr, PyResult, Python};
use pyo3::types::{PyDict, PyDictMethods};

use crate::errors::Kind;

/// Axes of a tensor, at most.
const AXES_MAX: usize = 8;

/// One kind of values for each type of elements that ports have.
macro_rules! owned {
    ($($kind:ident $rust:ident)*) => {
        /// The values of an array, copied.
        #[derive(Debug)]
        pub(crate) enum Owned {
            $($kind(Vec<$rust>),)*
            Bool(Vec<bool>),
        }

        impl Owned {
            /// Returns the values from one place to another.
            pub(crate) fn part(&self, places: Range<usize>) -> Values<'_> {
                match self {
                    $(Self::$kind(values) => {
                        Values::$kind(values.get(places).unwrap_or_default())
                    })*
                    Self::Bool(values) => Values::Bool(values.get(places).unwrap_or_default()),
                }
            }

            /// Copies an array of this type; none, where it has another.
            fn of(dtype: DType, array: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
                match dtype {
                    $(DType::$kind => Ok(values(array)?.map(Self::$kind)),)*
                    DType::Bool => truths(array),
                    _ => Ok(None),
                }
            }
        }

        impl AsValues for Owned {
            fn as_values(&self) -> Values<'_> {
                match self {
                    $(Self::$kind(values) => values.as_values(),)*
                    Self::Bool(values) => values.as_values(),
                }
            }
        }

        /// Returns the array of a port's own type.
        fn own<'py, 'o>(
            py: Python<'py>,
            dtype: DType,
            shape: &[usize],
            outputs: impl Iterator<Item = Output<'o>>,
        ) -> PyResult<Bound<'py, PyAny>> {
            match dtype {
                $(DType::$kind => filled::<$rust>(py, shape, outputs),)*
                DType::Bool => filled::<bool>(py, shape, outputs),
                other => {
                    let text = format!("outputs of type {} have no array", name(other));
                    Err(Kind::Run.raise(py, format!("{text}. Fix: leave that output out")))
                }
            }
        }
    };
}

owned! {
    I8 i8
    U8 u8
    I16 i16
    U16 u16
    I32 i32
    U32 u32
    I64 i64
    U64 u64
    F32 f32
}

/// Reads an array for a port: of its shape, or, in a batch, of one axis more or of any length where
/// the port's first axis has length 1. Returns the values and how many samples they are.
pub(crate) fn read(
    model: &str,
    port: &Port,
    array: &Bound<'_, PyAny>,
    is_batch: bool,
) -> PyResult<(Owned, usize)> {
    let py = array.py();
    let Ok(untyped) = array.cast::<PyUntypedArray>() else {
        let kind = array.get_type();
        let text = format!(
            "{model}: the values for {port} ({}) are of {kind}. Fix: pass a NumPy array",
            port.facts()
        );
        return Err(Kind::DType.raise(py, text));
    };
    let Some(samples) = sample_count(untyped.shape(), port.shape(), is_batch) else {
        return Err(wrong_shape(py, model, port, untyped.shape(), is_batch));
    };
    if !untyped.is_c_contiguous() {
        let text = format!(
            "{model}: the array for {port} is not in C order. Fix: pass \
             numpy.ascontiguousarray(array)"
        );
        return Err(Kind::Order.raise(py, text));
    }
    if let Some(owned) = Owned::of(port.dtype(), array)? {
        return Ok((owned, samples));
    }
    match port.quantization().map(|_| values(array)).transpose()?.flatten() {
        Some(reals) => Ok((Owned::F32(reals), samples)),
        None => Err(wrong_dtype(model, port, untyped)),
    }
}

/// Copies the elements, where they are of this type and in their places.
fn values<T: NumPy + Copy>(array: &Bound<'_, PyAny>) -> PyResult<Option<Vec<T>>> {
    let Ok(typed) = array.cast::<PyArrayDyn<T>>() else { return Ok(None) };
    if !typed.data().is_aligned() {
        let text = "the array's elements are not at multiples of their size. Fix: pass \
                    numpy.require(array, requirements='CA')";
        return Err(Kind::Order.raise(array.py(), text));
    }
    Ok(Some(typed.to_vec()?))
}

/// Copies truths; bytes that are neither 0 nor 1 may be in such an array, and are true.
fn truths(array: &Bound<'_, PyAny>) -> PyResult<Option<Owned>> {
    if array.cast::<PyArrayDyn<bool>>().is_err() {
        return Ok(None);
    }
    let bytes = array.call_method1("view", ("uint8",))?;
    let bytes: Option<Vec<u8>> = values(&bytes)?;
    Ok(bytes.map(|bytes| Owned::Bool(bytes.iter().map(|byte| *byte != 0).collect())))
}

/// Returns how many samples an array of a shape has for a port; none where the shape does not fit.
fn sample_count(shape: &[usize], port: &[u32], is_batch: bool) -> Option<usize> {
    let is_port = |shape: &[usize], port: &[u32]| {
        shape.len() == port.len()
            && shape.iter().zip(port).all(|(have, want)| *have == *want as usize)
    };
    if !is_batch {
        return is_port(shape, port).then_some(1);
    }
    let (count, rest) = shape.split_first()?;
    let is_stack = is_port(rest, port);
    let is_longer = matches!(port, [1, port_rest @ ..] if is_port(rest, port_rest));
    (is_stack || is_longer).then_some(*count)
}

fn wrong_shape(py: Python<'_>, model: &str, port: &Port, shape: &[usize], is_batch: bool) -> PyErr {
    let wanted = port.shape();
    let wanted = match (is_batch, wanted) {
        (false, wanted) => tuple(wanted),
        (true, [1, rest @ ..]) => format!("({}", tuple(rest).replacen('(', "N, ", 1)),
        (true, wanted) => format!("({}", tuple(wanted).replacen('(', "N, ", 1)),
    };
    let text = format!(
        "{model}: the array for {port} ({}) has shape {}. Fix: pass one of shape {wanted}",
        port.facts(),
        tuple(shape)
    );
    Kind::Shape.raise(py, text)
}

fn wrong_dtype(model: &str, port: &Port, array: &Bound<'_, PyUntypedArray>) -> PyErr {
    let wanted = name(port.dtype());
    let fix = match quantised_range(port.dtype()) {
        Some(_) => format!("pass {wanted} for quantised values, or float32 for real ones"),
        None => format!("pass {wanted}"),
    };
    let text = format!(
        "{model}: the array for {port} ({}) has dtype {}. Fix: {fix}",
        port.facts(),
        array.dtype()
    );
    Kind::DType.raise(array.py(), text)
}

/// Returns a shape as Python shows it.
fn tuple(shape: &[impl ToString]) -> String {
    if let [only] = shape {
        format!("({},)", only.to_string())
    } else {
        format!("({})", sizes(shape).replace('x', ", "))
    }
}

/// How outputs become arrays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Whether there is an axis for samples.
    pub(crate) is_batch: bool,
    /// Whether integers become the real numbers that they represent.
    pub(crate) dequantize: bool,
}

/// Returns the arrays of packed outputs: one array for a model with one output, else a dictionary
/// by name, or by index where names do not tell outputs apart.
pub(crate) fn arrays<'py>(
    py: Python<'py>,
    ports: &Ports,
    packed: &[u8],
    form: Form,
) -> PyResult<Bound<'py, PyAny>> {
    let sample_bytes = ports.sample_bytes();
    if let Some(port) = ports.only() {
        return array(port, packed, sample_bytes, form, py);
    }
    let all = PyDict::new(py);
    for port in ports {
        let value = array(port, packed, sample_bytes, form, py)?;
        let found = ports.named(&port.name);
        let is_named = matches!(found, Ok(Some(found)) if found.index == port.index);
        if is_named { all.set_item(&port.name, value)? } else { all.set_item(port.index, value)? }
    }
    Ok(all.into_any())
}

fn array<'py>(
    port: &Port,
    packed: &[u8],
    sample_bytes: usize,
    form: Form,
    py: Python<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let axes = match (form.is_batch, port.shape()) {
        (true, [1, rest @ ..]) => rest,
        (_, all) => all,
    };
    let mut shape = [0_usize; AXES_MAX + 1];
    shape[0] = packed.len() / sample_bytes.max(1);
    let first = usize::from(form.is_batch);
    let targets = shape.iter_mut().skip(first).zip(axes);
    targets.for_each(|(target, axis)| *target = *axis as usize);
    let shape = shape.get(..first + axes.len()).unwrap_or_default();
    let samples = packed.chunks_exact(sample_bytes.max(1));
    let outputs = samples.map(|sample| sample.get(port.range.clone()).unwrap_or_default());
    let outputs = outputs.map(|bytes| Output::new(port, bytes));
    if form.dequantize && port.quantization().is_some() {
        return filled::<f32>(py, shape, outputs);
    }
    own(py, port.dtype(), shape, outputs)
}

fn filled<'py, 'o, T: Element + NumPy>(
    py: Python<'py>,
    shape: &[usize],
    outputs: impl Iterator<Item = Output<'o>>,
) -> PyResult<Bound<'py, PyAny>> {
    let array = PyArrayDyn::<T>::zeros(py, IxDyn(shape), false);
    let mut borrowed = array.readwrite();
    let mut rest = borrowed.as_slice_mut()?;
    for output in outputs {
        let Some((target, later)) = rest.split_at_mut_checked(output.port().value_count()) else {
            break;
        };
        output.read(target).map_err(|error| Kind::Run.raise(py, error.to_string()))?;
        rest = later;
    }
    drop(borrowed);
    Ok(array.into_any())
}
