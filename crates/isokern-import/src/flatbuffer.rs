//! A bounded reader of flatbuffers: tables, scalars and vectors, nothing copied.
//!
//! Every offset comes from the file and is checked against it before a byte is
//! read. The reader never recurses, never loops over what it has not been asked
//! for, and never allocates: a vector is a slice of the file, so that a thousand
//! tables which name the same vector cost no more than one.

use crate::error::TfliteError;

/// A field of a table: its slot in the vtable, and its name for errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    slot: usize,
    name: &'static str,
}

/// A table in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table<'f> {
    file: &'f [u8],
    name: &'static str,
    start: usize,
    /// Places of the fields, from `start`; 0 means absent.
    places: &'f [[u8; 2]],
}

/// A vector of tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tables<'f> {
    file: &'f [u8],
    name: &'static str,
    /// Where the entries start; each counts from its own place.
    start: usize,
    entries: &'f [[u8; 4]],
    /// The table and field the vector is in.
    parent: (&'static str, Field),
}

impl Field {
    /// Returns the field in `slot`, counted from 0 in the order of the schema.
    pub(crate) const fn new(slot: usize, name: &'static str) -> Self {
        Self { slot, name }
    }

    /// Returns the field's name in the schema.
    pub(crate) const fn name(self) -> &'static str {
        self.name
    }
}

impl<'f> Table<'f> {
    /// Returns the root table, whose offset is the first word of the file.
    pub(crate) fn root(file: &'f [u8], name: &'static str) -> Result<Self, TfliteError> {
        let outside = TfliteError::Outside { table: name, field: "root" };
        let start = word(file, 0).ok_or(outside.clone())?;
        Self::at(file, name, start).ok_or(outside)
    }

    /// Returns the table at `start`, if it and its vtable are in the file.
    fn at(file: &'f [u8], name: &'static str, start: usize) -> Option<Self> {
        // The vtable is before the table or after it: the offset is signed.
        let back = i64::from(i32::from_le_bytes(chunk(file, start)?));
        let vtable = i64::try_from(start).ok()?.checked_sub(back)?;
        let vtable = usize::try_from(vtable).ok()?;
        let vtable_bytes = usize::from(u16::from_le_bytes(chunk(file, vtable)?));
        // Two words before the places: the sizes of vtable and table.
        let places_bytes = vtable_bytes.checked_sub(4)?;
        let places = file.get(vtable.checked_add(4)?..)?.get(..places_bytes)?;
        Some(Self { file, name, start, places: places.as_chunks().0 })
    }

    /// Returns a byte; `default` where the field is absent.
    pub(crate) fn u8(&self, field: Field, default: u8) -> Result<u8, TfliteError> {
        Ok(self.scalar(field)?.map_or(default, u8::from_le_bytes))
    }

    /// Returns a signed word.
    pub(crate) fn i32(&self, field: Field, default: i32) -> Result<i32, TfliteError> {
        Ok(self.scalar(field)?.map_or(default, i32::from_le_bytes))
    }

    /// Returns a word; 0 where the field is absent.
    pub(crate) fn u32(&self, field: Field) -> Result<u32, TfliteError> {
        Ok(self.scalar(field)?.map_or(0, u32::from_le_bytes))
    }

    /// Returns a double word; 0 where the field is absent.
    pub(crate) fn u64(&self, field: Field) -> Result<u64, TfliteError> {
        Ok(self.scalar(field)?.map_or(0, u64::from_le_bytes))
    }

    /// Returns a float.
    pub(crate) fn f32(&self, field: Field, default: f32) -> Result<f32, TfliteError> {
        Ok(self.scalar(field)?.map_or(default, f32::from_le_bytes))
    }

    /// Returns the table that a field points to, if the field is there.
    pub(crate) fn table(
        &self,
        field: Field,
        name: &'static str,
    ) -> Result<Option<Self>, TfliteError> {
        let Some(start) = self.target(field)? else { return Ok(None) };
        Self::at(self.file, name, start).map(Some).ok_or_else(|| self.outside(field))
    }

    /// Returns a vector of elements of `N` bytes each; empty where the field is absent.
    pub(crate) fn vector<const N: usize>(
        &self,
        field: Field,
    ) -> Result<&'f [[u8; N]], TfliteError> {
        let Some(start) = self.target(field)? else { return Ok(&[]) };
        self.elements(start).ok_or_else(|| self.outside(field))
    }

    /// Returns a vector of bytes; empty where the field is absent.
    pub(crate) fn bytes(&self, field: Field) -> Result<&'f [u8], TfliteError> {
        Ok(self.vector::<1>(field)?.as_flattened())
    }

    /// Returns a vector of tables; empty where the field is absent.
    pub(crate) fn tables(
        &self,
        field: Field,
        name: &'static str,
    ) -> Result<Tables<'f>, TfliteError> {
        let start = self.target(field)?;
        let entries = match start {
            Some(start) => self.elements(start).ok_or_else(|| self.outside(field))?,
            None => &[],
        };
        // Behind the length, which `elements` has read.
        let start = start.unwrap_or(0).saturating_add(4);
        Ok(Tables { file: self.file, name, start, entries, parent: (self.name, field) })
    }

    /// Returns the error for a field that leads out of the file.
    pub(crate) fn outside(&self, field: Field) -> TfliteError {
        TfliteError::Outside { table: self.name, field: field.name }
    }

    /// Returns the error for a vector that is longer than is read.
    pub(crate) fn too_many(&self, field: Field, found: usize, max: usize) -> TfliteError {
        TfliteError::TooMany { table: self.name, field: field.name, found, max }
    }

    fn scalar<const N: usize>(&self, field: Field) -> Result<Option<[u8; N]>, TfliteError> {
        let Some(place) = self.place(field) else { return Ok(None) };
        chunk(self.file, place).map(Some).ok_or_else(|| self.outside(field))
    }

    /// Returns where the field itself is, if it is there.
    pub(crate) fn place(&self, field: Field) -> Option<usize> {
        match u16::from_le_bytes(*self.places.get(field.slot)?) {
            0 => None,
            place => Some(self.start.saturating_add(place.into())),
        }
    }

    /// Returns where the field points to, if it is there.
    fn target(&self, field: Field) -> Result<Option<usize>, TfliteError> {
        let Some(place) = self.place(field) else { return Ok(None) };
        follow(self.file, place).map(Some).ok_or_else(|| self.outside(field))
    }

    fn elements<const N: usize>(&self, start: usize) -> Option<&'f [[u8; N]]> {
        let bytes = word(self.file, start)?.checked_mul(N)?;
        let elements = self.file.get(start.checked_add(4)?..)?.get(..bytes)?;
        Some(elements.as_chunks().0)
    }
}

impl<'f> Tables<'f> {
    /// Returns how many tables there are; not above `max`.
    pub(crate) fn count(&self, max: usize) -> Result<usize, TfliteError> {
        let found = self.entries.len();
        if found > max {
            let (table, field) = self.parent;
            return Err(TfliteError::TooMany { table, field: field.name, found, max });
        }
        Ok(found)
    }

    /// Returns the table at `index`.
    pub(crate) fn at(&self, index: usize) -> Result<Table<'f>, TfliteError> {
        let place = index.checked_mul(4).and_then(|offset| offset.checked_add(self.start));
        let inside = place.filter(|_| index < self.entries.len());
        let table = inside
            .and_then(|place| follow(self.file, place))
            .and_then(|start| Table::at(self.file, self.name, start));
        let (parent, field) = self.parent;
        table.ok_or(TfliteError::Outside { table: parent, field: field.name })
    }
}

/// Returns the place that the offset at `place` points to.
fn follow(file: &[u8], place: usize) -> Option<usize> {
    place.checked_add(word(file, place)?)
}

fn word(file: &[u8], place: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(chunk(file, place)?)).ok()
}

fn chunk<const N: usize>(file: &[u8], place: usize) -> Option<[u8; N]> {
    file.get(place..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests;
