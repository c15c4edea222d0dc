//! The exported functions, a file a group of the driver API.

pub mod context;
pub mod device;
pub mod error;
pub mod event;
pub mod graph;
pub mod launch;
pub mod memory;
pub mod module;
pub mod occupancy;
pub mod pool;
pub mod simulator;
pub mod stream;
pub mod transfer;
