//! Instructions on registers, against tables worked from the PTX ISA and arithmetic of Rust.

mod approximations;
mod bits;
mod carries;
mod comparisons;
mod conversions;
mod dots;
mod floats;
mod integers;
mod lines;
mod moves;
mod refusals;
mod rounding;
mod warp;
