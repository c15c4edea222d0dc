//! Addresses: their values, and which memory they are of.

use super::frame::Frame;
use crate::address_map::{FUNCTION_BASE, LOCAL_BASE, PARAMETER_BASE, SHARED_BASE};
use crate::program::operation::{Address, Base, Window};
use crate::ptx::ast::Space;
use crate::registers::{LANES, Long, Longs, Word};

/// Returns the values of an address, for every lane.
#[inline]
pub(crate) fn values(frame: &Frame, address: Address) -> Longs {
    let mut values = match address.base {
        Base::None => return [address.bytes; LANES],
        Base::Frame => return [address.bytes.wrapping_add(frame.local_base.into()); LANES],
        Base::Word(index) => frame.registers.word(Word::Register(index)).map(u64::from),
        Base::Long(index) => frame.registers.long(Long::Register(index)),
    };
    if address.bytes != 0 {
        for value in &mut values {
            *value = value.wrapping_add(address.bytes);
        }
    }
    values
}

/// Returns the window a generic address is in.
#[inline]
pub(crate) const fn window_of(address: u64) -> Window {
    if address < SHARED_BASE {
        return Window::Global;
    }
    match address {
        SHARED_BASE..LOCAL_BASE => Window::Shared,
        LOCAL_BASE..PARAMETER_BASE => Window::Local,
        PARAMETER_BASE..FUNCTION_BASE => Window::Parameter,
        _ => Window::Global,
    }
}

/// Converts addresses to those of a window (`to`), or from there to generic ones.
///
/// A compiler may convert an address that is never used, such as a null one, so nothing is refused
/// here: an access through what comes out is.
pub(crate) fn convert(frame: &Frame, address: Address, window: Window, to: bool) -> Longs {
    let mut values = values(frame, address);
    let base = base(window);
    for value in &mut values {
        *value = if to { value.wrapping_sub(base) } else { value.wrapping_add(base) };
    }
    values
}

/// Returns the lanes whose address is in a window.
pub(crate) fn in_window(frame: &Frame, address: Address, window: Window) -> u32 {
    let values = values(frame, address);
    let bits = values.iter().enumerate().map(|(lane, value)| (lane, window_of(*value) == window));
    bits.fold(0, |mask, (lane, inside)| mask | u32::from(inside) << lane)
}

/// Returns what the generic addresses of a window have more than its own.
pub(crate) const fn base(window: Window) -> u64 {
    match window {
        Window::Shared => SHARED_BASE,
        Window::Local => LOCAL_BASE,
        Window::Generic | Window::Global | Window::Parameter => 0,
    }
}

/// Returns the name of a window.
pub(crate) const fn space(window: Window) -> Space {
    match window {
        Window::Generic | Window::Global => Space::Global,
        Window::Shared => Space::Shared,
        Window::Local => Space::Local,
        Window::Parameter => Space::Parameter,
    }
}
