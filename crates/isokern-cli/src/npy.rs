//! NumPy's file format for one array, as far as models need it.
//!
//! Magic, version, length of the header, then the header: a Python literal with the three
//! keys `descr`, `fortran_order` and `shape`; then the elements. The format is described
//! in `numpy.lib.format`.

use std::borrow::Cow;
use std::path::Path;

use thiserror::Error;

/// The first bytes of every file of this format.
pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";
/// What data start at a multiple of, in files that NumPy writes.
const ALIGN: usize = 64;

/// The most dimensions that NumPy knows.
const DIMENSIONS_MAX: usize = 64;
/// The most characters of a type of elements: more than any that is a single word.
const ELEMENT_MAX: usize = 64;

/// Why bytes are not an array.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum NpyError {
    #[error("the .npy file ends inside its header. Fix: copy it again")]
    Short,
    #[error(".npy version {0} is not known. Fix: save the array with a current NumPy")]
    Version(u8),
    #[error(
        "the .npy header is not one of a plain array near byte {0}. Fix: save a plain array with \
         numpy.save"
    )]
    Header(usize),
    #[error("the array has {0} dimensions, at most {DIMENSIONS_MAX} can be. Fix: save it again")]
    Dimensions(usize),
    #[error("the array has {have} bytes of data, its shape needs {need}. Fix: save it again")]
    Data { have: usize, need: String },
}

/// Returns whether a file is named as one of this format.
pub(crate) fn is_named_npy(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "npy")
}

/// An array in a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Array<'f> {
    /// Byte order, kind and size of an element: `|i1`, `<f4`.
    pub(crate) element: &'f str,
    /// Whether the first index is the fastest.
    pub(crate) fortran_order: bool,
    /// Sizes, outermost first.
    pub(crate) shape: Vec<u64>,
    /// The elements.
    pub(crate) data: &'f [u8],
}

impl<'f> Array<'f> {
    /// Reads a file that starts with [`MAGIC`].
    pub(crate) fn read(file: &'f [u8]) -> Result<Self, NpyError> {
        let version = *file.get(MAGIC.len()).ok_or(NpyError::Short)?;
        let length =
            |bytes: &[u8]| bytes.iter().rfold(0, |sum, &byte| sum << 8 | usize::from(byte));
        let field = match version {
            1 => 8..10,
            2 | 3 => 8..12,
            _ => return Err(NpyError::Version(version)),
        };
        let start: usize = field.end;
        let end = start.saturating_add(length(file.get(field).ok_or(NpyError::Short)?));
        let text = file.get(start..end).ok_or(NpyError::Short)?;
        let data = file.get(end..).ok_or(NpyError::Short)?;
        let mut scanner = Scanner { text, place: 0 };
        let header = scanner.header(data);
        let array = header.ok_or(NpyError::Header(start + scanner.place))?;
        match array.shape.len() {
            0..=DIMENSIONS_MAX => Ok(array),
            dimensions => Err(NpyError::Dimensions(dimensions)),
        }
    }

    /// Checks that there are as many elements of `bytes` each as the shape says.
    fn check_length(&self, bytes: usize) -> Result<(), NpyError> {
        let need = self.shape.iter().try_fold(bytes as u64, |need, &size| need.checked_mul(size));
        if need == Some(self.data.len() as u64) {
            return Ok(());
        }
        let need = need.map_or_else(|| "more than 2^64".to_owned(), |need| need.to_string());
        Err(NpyError::Data { have: self.data.len(), need })
    }

    /// Returns the elements, of `bytes` each, with the last index the fastest, and the low byte of
    /// each first. `is_swapped` says that the array has the high byte first.
    pub(crate) fn elements(
        &self,
        bytes: usize,
        is_swapped: bool,
    ) -> Result<Cow<'f, [u8]>, NpyError> {
        self.check_length(bytes)?;
        let mut data = Cow::Borrowed(self.data);
        if self.fortran_order && self.shape.len() > 1 {
            data = in_c_order(self.data, bytes, &self.shape).into();
        }
        if is_swapped {
            data.to_mut().chunks_exact_mut(bytes).for_each(<[u8]>::reverse);
        }
        Ok(data)
    }
}

/// Returns the elements with the last index the fastest, of an array of which it is the first.
/// The shape has as many elements as there are.
fn in_c_order(data: &[u8], bytes: usize, shape: &[u64]) -> Vec<u8> {
    let mut step = bytes as u64;
    let mut steps = Vec::with_capacity(shape.len());
    for size in shape {
        steps.push(step);
        step *= size;
    }
    let mut ordered = Vec::with_capacity(data.len());
    let (mut index, mut at) = (vec![0; shape.len()], 0);
    while ordered.len() < data.len() {
        ordered.extend_from_slice(&data[at as usize..][..bytes]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += steps[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= steps[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    ordered
}

/// Returns the file for an array in C order, of such elements.
pub(crate) fn write(shape: &[u64], element: &str, data: &[u8]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    // A tuple of one element keeps its comma.
    let sizes = if shape.len() == 1 { sizes.trim_end() } else { sizes.trim_end_matches(", ") };
    let mut header =
        format!("{{'descr': '{element}', 'fortran_order': False, 'shape': ({sizes}), }}");
    let before = MAGIC.len() + 4;
    let length = (before + header.len() + 1).next_multiple_of(ALIGN) - before;
    header.push_str(&" ".repeat(length - header.len() - 1));
    header.push('\n');
    // Four dimensions of 20 digits take one or two units of 64 bytes.
    let length = (header.len() as u16).to_le_bytes();
    [MAGIC, &[1, 0], &length, header.as_bytes(), data].concat()
}

/// Reads a header from left to right; `None` is anything unexpected at `place`.
struct Scanner<'f> {
    text: &'f [u8],
    place: usize,
}

impl<'f> Scanner<'f> {
    fn header(&mut self, data: &'f [u8]) -> Option<Array<'f>> {
        let (mut element, mut fortran_order, mut shape) = (None, None, None);
        self.expect(b"{")?;
        while self.expect(b"}").is_none() {
            let key = self.string()?;
            self.expect(b":")?;
            match key {
                "descr" => {
                    element = Some(self.string().filter(|text| text.len() <= ELEMENT_MAX)?);
                }
                "fortran_order" => fortran_order = Some(self.truth()?),
                "shape" => shape = Some(self.sizes()?),
                _ => return None,
            }
            if self.expect(b",").is_none() {
                self.expect(b"}")?;
                break;
            }
        }
        // Spaces fill the header up.
        if !self.rest().trim_ascii().is_empty() {
            return None;
        }
        Some(Array { element: element?, fortran_order: fortran_order?, shape: shape?, data })
    }

    /// Passes spaces and then this word.
    fn expect(&mut self, word: &[u8]) -> Option<()> {
        let rest = self.rest().trim_ascii_start();
        let after = rest.strip_prefix(word)?;
        self.place = self.text.len() - after.len();
        Some(())
    }

    fn string(&mut self) -> Option<&'f str> {
        let quote: &[u8] = if self.expect(b"'").is_some() { b"'" } else { b"\"" };
        if quote == b"\"" {
            self.expect(quote)?;
        }
        let rest = self.rest();
        let end = rest.iter().position(|byte| quote.contains(byte))?;
        self.place += end + 1;
        core::str::from_utf8(&rest[..end]).ok()
    }

    fn truth(&mut self) -> Option<bool> {
        if self.expect(b"True").is_some() {
            return Some(true);
        }
        self.expect(b"False").map(|()| false)
    }

    fn sizes(&mut self) -> Option<Vec<u64>> {
        let mut sizes = Vec::new();
        self.expect(b"(")?;
        while self.expect(b")").is_none() {
            sizes.push(self.number()?);
            if self.expect(b",").is_none() {
                self.expect(b")")?;
                break;
            }
        }
        Some(sizes)
    }

    fn number(&mut self) -> Option<u64> {
        self.expect(b"")?;
        let rest = self.rest();
        let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        self.place += end;
        core::str::from_utf8(&rest[..end]).ok()?.parse().ok()
    }

    fn rest(&self) -> &'f [u8] {
        self.text.get(self.place..).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::{Array, NpyError, write};

    fn file(header: &str) -> Vec<u8> {
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", length.as_slice(), header.as_bytes()].concat()
    }

    #[test]
    fn what_is_written_is_read() {
        for shape in [vec![], vec![6], vec![2, 3], vec![3, 1, 1, 2], vec![u64::MAX; 4]] {
            let written = write(&shape, "|i1", &[0x80, 0xFF, 0, 1, 2, 0x7F]);
            let array = Array::read(&written).unwrap();
            assert_eq!((array.element, array.fortran_order, &array.shape), ("|i1", false, &shape));
            assert_eq!(array.data, [0x80, 0xFF, 0, 1, 2, 0x7F]);
            assert!((written.len() - 6).is_multiple_of(64));
        }
    }

    #[test]
    fn the_header_is_that_of_numpy() {
        let written = write(&[6], "|i1", &[]);
        let start = b"\x93NUMPY\x01\x00\x76\x00{'descr': '|i1', 'fortran_order': False, \
                      'shape': (6,), }  ";
        assert!(written.starts_with(start));
        assert_eq!(written.last(), Some(&b'\n'));
    }

    #[test]
    fn spaces_quotes_and_commas_may_differ() {
        let text = "{ \"shape\":( 2 ,3 ),'fortran_order' : True,'descr':'<f4'}\n";
        let bytes = file(text);
        let array = Array::read(&bytes).unwrap();
        assert_eq!((array.element, array.fortran_order), ("<f4", true));
        assert_eq!(array.shape, [2, 3]);
    }

    #[test]
    fn a_header_of_another_kind_is_refused_where_it_differs() {
        let records = file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }");
        assert_eq!(Array::read(&records), Err(NpyError::Header(10 + 9)));
        let long = format!("{{'descr': '{}'}}", "|".repeat(65));
        let after = "{'descr': '|i1', 'fortran_order': False, 'shape': (2,), } ,";
        let overflow = "{'shape': (99999999999999999999,)}";
        for text in ["", "{", "{}", "{'shape': (", overflow, "((((((", &long, after] {
            let bytes = file(text);
            assert!(matches!(Array::read(&bytes), Err(NpyError::Header(_))), "{text}");
        }
        let deep =
            format!("{{'descr': '|i1', 'fortran_order': False, 'shape': ({})}}", "1,".repeat(65));
        assert_eq!(Array::read(&file(&deep)), Err(NpyError::Dimensions(65)));
        assert_eq!(Array::read(b"\x93NUMPY\x04"), Err(NpyError::Version(4)));
        assert_eq!(Array::read(b"\x93NUMPY\x01\0\xFF\xFF{"), Err(NpyError::Short));
        assert_eq!(Array::read(b"\x93NUMPY\x02\0\xFF\xFF\xFF\xFF{"), Err(NpyError::Short));
    }

    #[test]
    fn c05_elements_come_in_c_order_with_the_low_byte_first() {
        // The numbers 0 to 23 of shape (2, 3, 4), as they are in Fortran order.
        let shape = [2, 3, 4];
        let mut data = Vec::new();
        for last in 0..4 {
            for middle in 0..3 {
                data.extend([0, 1].map(|first: u8| first * 12 + middle * 4 + last));
            }
        }
        let bytes = write(&shape, "|u1", &data);
        let mut array = Array::read(&bytes).unwrap();
        assert_eq!(array.elements(1, false).unwrap(), data);
        array.fortran_order = true;
        let ordered: Vec<u8> = (0..24).collect();
        assert_eq!(array.elements(1, false).unwrap(), ordered);
        // As 3 x 4 elements of two bytes, the high one first.
        array.shape = vec![3, 4];
        let pair = |at: usize| [data[2 * at + 1], data[2 * at]];
        let ordered = [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11].map(pair);
        assert_eq!(array.elements(2, true).unwrap(), ordered.as_flattened());
        array.shape = vec![0, 7];
        array.data = &[];
        assert!(array.elements(2, true).unwrap().is_empty());
    }

    #[test]
    fn a_shape_that_the_data_do_not_fill_is_refused() {
        let bytes = write(&[2, 3], "|i1", &[0; 5]);
        let array = Array::read(&bytes).unwrap();
        let need = "6".to_owned();
        assert!(array.elements(1, false).is_err());
        assert_eq!(array.check_length(1), Err(NpyError::Data { have: 5, need }));
        let bytes = write(&[u64::MAX, 2], "|i1", &[]);
        assert!(Array::read(&bytes).unwrap().check_length(1).is_err());
    }
}
