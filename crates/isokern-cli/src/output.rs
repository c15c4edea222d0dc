//! Where commands write to.

mod whole_file;

pub(crate) use whole_file::write_file;
