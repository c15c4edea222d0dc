//! Shapes: how many elements along each dimension, and whether data fits.

use core::fmt;

use thiserror::Error;

/// The extents of a tensor with up to six dimensions, outermost first.
///
/// A description, for metadata and files; a [`Tensor`](crate::compute::Tensor)
/// carries its own `[usize; R]`.
///
/// ```
/// use isokern_core::compute::Shape;
///
/// const INPUT: Shape = Shape::new([1, 49, 10, 1]);
/// assert_eq!(INPUT.rank(), 4);
/// assert_eq!(INPUT.element_count(), Some(490));
/// assert_eq!(INPUT.to_string(), "1x49x10x1");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "ShapeFields", into = "ShapeFields"))]
pub struct Shape {
    rank: u8,
    /// Extents beyond the rank are 0, so that equal shapes are equal bytes.
    dims: [u32; Self::RANK_MAX],
}

impl Shape {
    /// The most dimensions a shape has.
    pub const RANK_MAX: usize = 6;

    /// Returns the shape with these extents; more than six do not compile.
    ///
    /// ```compile_fail
    /// isokern_core::compute::Shape::new([1; 7]);
    /// ```
    #[must_use]
    pub const fn new<const R: usize>(extents: [u32; R]) -> Self {
        const { assert!(R <= Self::RANK_MAX, "a shape has at most six dimensions") };
        let mut dims = [0; Self::RANK_MAX];
        dims.split_at_mut(R).0.copy_from_slice(&extents);
        Self { rank: R as u8, dims }
    }

    /// Returns the shape with these extents, `None` for more than six.
    #[must_use]
    pub const fn try_from_slice(extents: &[u32]) -> Option<Self> {
        if extents.len() > Self::RANK_MAX {
            return None;
        }
        let mut dims = [0; Self::RANK_MAX];
        dims.split_at_mut(extents.len()).0.copy_from_slice(extents);
        Some(Self { rank: extents.len() as u8, dims })
    }

    /// Returns how many dimensions there are, 0 to 6.
    #[must_use]
    pub const fn rank(self) -> usize {
        self.rank as usize
    }

    /// Returns the extents, outermost first.
    #[must_use]
    pub const fn dims(&self) -> &[u32] {
        self.dims.split_at(self.rank as usize).0
    }

    /// Returns how many elements a tensor of this shape has, `None` when the
    /// number does not fit in `usize`. A shape without dimensions has one.
    #[must_use]
    pub const fn element_count(self) -> Option<usize> {
        let mut product: usize = 1;
        let mut i = 0;
        while i < self.rank as usize {
            match product.checked_mul(self.dims[i] as usize) {
                Some(next) => product = next,
                None => return None,
            }
            i += 1;
        }
        Some(product)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, extent) in self.dims().iter().enumerate() {
            let sign = if i == 0 { "" } else { "x" };
            write!(f, "{sign}{extent}")?;
        }
        if self.rank == 0 { f.write_str("scalar") } else { Ok(()) }
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shape({self})")
    }
}

/// Why data and shape do not go together.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ShapeError {
    /// The extents multiply to another number than there are elements.
    #[error("the shape has {shape_elements} elements, the data has {data_elements}")]
    ElementCount {
        /// The product of the extents.
        shape_elements: usize,
        /// How many elements were given.
        data_elements: usize,
    },
    /// The product of the extents does not fit in `usize`.
    #[error("the extents of the shape multiply to more than memory can hold")]
    Overflow,
}

/// Checks that `shape` has exactly `data_elements` elements.
pub(crate) const fn check_shape<const R: usize>(
    shape: [usize; R],
    data_elements: usize,
) -> Result<(), ShapeError> {
    let mut shape_elements: usize = 1;
    let mut i = 0;
    while i < R {
        match shape_elements.checked_mul(shape[i]) {
            Some(next) => shape_elements = next,
            None => return Err(ShapeError::Overflow),
        }
        i += 1;
    }
    if shape_elements == data_elements {
        Ok(())
    } else {
        Err(ShapeError::ElementCount { shape_elements, data_elements })
    }
}

/// Turns an index into a row-major offset, `None` outside the shape.
pub(crate) fn row_major_offset<const R: usize>(
    shape: [usize; R],
    index: [usize; R],
) -> Option<usize> {
    // No overflow: `check_shape` multiplied the same extents in the same order.
    shape.iter().zip(index).try_fold(0, |offset, (&extent, position)| {
        (position < extent).then(|| offset * extent + position)
    })
}

/// What serde reads and writes: rank and extents are checked on the way in.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct ShapeFields {
    rank: u8,
    dims: [u32; Shape::RANK_MAX],
}

#[cfg(feature = "serde")]
impl From<Shape> for ShapeFields {
    fn from(shape: Shape) -> Self {
        Self { rank: shape.rank, dims: shape.dims }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<ShapeFields> for Shape {
    type Error = &'static str;

    fn try_from(fields: ShapeFields) -> Result<Self, Self::Error> {
        fields
            .dims
            .get(..usize::from(fields.rank))
            .and_then(Self::try_from_slice)
            .ok_or("a shape has at most six dimensions")
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::{Shape, ShapeError, check_shape, row_major_offset};

    #[test]
    fn a_product_that_overflows_is_an_error_and_does_not_wrap() {
        let half = 1 << (usize::BITS / 2);
        assert_eq!(check_shape([half, half], 0), Err(ShapeError::Overflow));
        assert_eq!(check_shape([usize::MAX, 2], usize::MAX - 1), Err(ShapeError::Overflow));
        assert_eq!(Shape::new([u32::MAX; 4]).element_count(), None);
    }

    #[test]
    fn shape_and_length_must_agree() {
        assert_eq!(check_shape([2, 3], 6), Ok(()));
        assert_eq!(check_shape([], 1), Ok(()));
        assert_eq!(check_shape([0, 9], 0), Ok(()));
        let error = ShapeError::ElementCount { shape_elements: 6, data_elements: 5 };
        assert_eq!(check_shape([2, 3], 5), Err(error));
    }

    #[test]
    fn an_index_outside_one_dimension_never_lands_in_the_next_row() {
        assert_eq!(row_major_offset([2, 3], [1, 2]), Some(5));
        assert_eq!(row_major_offset([2, 3], [0, 3]), None);
        assert_eq!(row_major_offset([2, 3], [2, 0]), None);
        assert_eq!(row_major_offset([], []), Some(0));
    }

    #[test]
    fn equal_extents_are_equal_shapes() {
        assert_eq!(Shape::new([2, 3]), Shape::try_from_slice(&[2, 3]).unwrap());
        assert_ne!(Shape::new([2, 3]), Shape::new([2, 3, 0]));
        assert_eq!(Shape::try_from_slice(&[1; 7]), None);
        assert_eq!(Shape::new([]).to_string(), "scalar");
        assert_eq!(Shape::new([]).element_count(), Some(1));
    }
}
