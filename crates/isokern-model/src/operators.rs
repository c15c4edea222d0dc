//! The plain loops of each operator.

pub mod add;
pub mod conv2d;
pub mod depthwise_conv2d;
mod dot;
mod exponential;
pub mod fully_connected;
pub mod pool;
pub mod reshape;
pub mod softmax;
