//! An enum whose variants have stable numbers, in files, on the wire and in device memory.

/// Declares an enum with a number for each variant, and what leads from one to the other.
///
/// After the enum's name come the type of the numbers and the names of the two functions:
///
/// ```
/// isokern_core::numbered! {
///     /// What a lamp shows.
///     #[derive(Clone, Copy, Debug, PartialEq, Eq)]
///     pub enum Lamp: u8, code, from_code {
///         /// Stop.
///         Red = 1,
///         /// Go.
///         Green = 3,
///     }
/// }
///
/// assert_eq!(Lamp::Green.code(), 3);
/// assert_eq!(Lamp::from_code(3), Some(Lamp::Green));
/// assert_eq!(Lamp::from_code(2), None);
/// assert_eq!(Lamp::ALL, [Lamp::Red, Lamp::Green]);
/// ```
///
/// For the crates of this workspace; it is no part of the core's contracts.
#[doc(hidden)]
#[macro_export]
macro_rules! numbered {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident: $number:ty, $code:ident, $from_code:ident {
            $($(#[$note:meta])* $variant:ident = $value:literal,)+
        }
    ) => {
        $(#[$attribute])*
        #[repr($number)]
        $visibility enum $name {
            $($(#[$note])* $variant = $value,)+
        }

        impl $name {
            /// Every variant, in the order of declaration.
            pub const ALL: [Self; [$($value),+].len()] = [$(Self::$variant),+];

            /// Returns the stable number of the variant.
            #[inline]
            #[must_use]
            pub const fn $code(self) -> $number {
                self as $number
            }

            /// Returns the variant with this number, `None` for any other.
            #[inline]
            #[must_use]
            pub const fn $from_code($code: $number) -> Option<Self> {
                match $code {
                    $($value => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}
