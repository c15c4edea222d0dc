//! What points to an implementor of a contract is one itself.

/// Passes every kind of pointer to a type on to a macro that implements a trait for it.
///
/// The macro takes one type. `Box` and `Arc` come with the feature `std`. An implementation
/// made so hides nothing of what is pointed to, so it forwards every method, the provided ones
/// too; each says `#[deny(clippy::missing_trait_methods)]`, and so no method can be left out.
macro_rules! for_pointers {
    ($implement:ident, $pointee:ident) => {
        $implement! { &$pointee }
        $implement! { &mut $pointee }
        #[cfg(feature = "std")]
        $implement! { std::boxed::Box<$pointee> }
        #[cfg(feature = "std")]
        $implement! { std::sync::Arc<$pointee> }
    };
}

pub(crate) use for_pointers;

/// Passes a value and every kind of pointer to it on to a check.
#[cfg(all(test, feature = "std"))]
macro_rules! check_pointers {
    ($check:ident, $value:expr) => {
        $check($value);
        $check(&$value);
        $check(&mut $value);
        $check(std::boxed::Box::new($value));
        $check(std::sync::Arc::new($value));
        let nested = std::sync::Arc::new(std::boxed::Box::new(&$value));
        $check(&nested);
        $check(nested);
    };
}

#[cfg(all(test, feature = "std"))]
pub(crate) use check_pointers;
