//! What all owners of a single value have in common: they can be used like the value itself.

#![forbid(unsafe_code)]

/// Implements the standard traits for an owner by passing them on to its value. The owner must deref to `T`.
macro_rules! acts_as_its_value {
    ([$($parameters:tt)*] $owner:ty) => {
        impl<$($parameters)*> ::core::convert::AsRef<T> for $owner {
            fn as_ref(&self) -> &T {
                self
            }
        }

        impl<$($parameters)*> ::core::convert::AsMut<T> for $owner {
            fn as_mut(&mut self) -> &mut T {
                self
            }
        }

        impl<$($parameters)*> ::core::borrow::Borrow<T> for $owner {
            fn borrow(&self) -> &T {
                self
            }
        }

        impl<$($parameters)*> ::core::borrow::BorrowMut<T> for $owner {
            fn borrow_mut(&mut self) -> &mut T {
                self
            }
        }

        impl<$($parameters)*> ::core::fmt::Debug for $owner
        where
            T: ::core::fmt::Debug,
        {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                T::fmt(self, f)
            }
        }

        impl<$($parameters)*> ::core::fmt::Display for $owner
        where
            T: ::core::fmt::Display,
        {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                T::fmt(self, f)
            }
        }

        impl<$($parameters)*> ::core::cmp::PartialEq for $owner
        where
            T: ::core::cmp::PartialEq,
        {
            fn eq(&self, other: &Self) -> bool {
                T::eq(self, other)
            }
        }

        impl<$($parameters)*> ::core::cmp::Eq for $owner where T: ::core::cmp::Eq {}

        impl<$($parameters)*> ::core::cmp::PartialOrd for $owner
        where
            T: ::core::cmp::PartialOrd,
        {
            fn partial_cmp(&self, other: &Self) -> Option<::core::cmp::Ordering> {
                T::partial_cmp(self, other)
            }
        }

        impl<$($parameters)*> ::core::cmp::Ord for $owner
        where
            T: ::core::cmp::Ord,
        {
            fn cmp(&self, other: &Self) -> ::core::cmp::Ordering {
                T::cmp(self, other)
            }
        }

        impl<$($parameters)*> ::core::hash::Hash for $owner
        where
            T: ::core::hash::Hash,
        {
            fn hash<Hasher: ::core::hash::Hasher>(&self, state: &mut Hasher) {
                T::hash(self, state);
            }
        }
    };
}

/// Lets `for` loops run over the items of a slice's owner. (So no owner of an iterator can be an iterator itself, as a
/// slice might become one.)
macro_rules! iterates_over_its_slice {
    ([$($parameters:tt)*] $owner:ty) => {
        impl<'s, $($parameters)*> ::core::iter::IntoIterator for &'s $owner {
            type Item = &'s T;
            type IntoIter = ::core::slice::Iter<'s, T>;
            fn into_iter(self) -> Self::IntoIter {
                self.iter()
            }
        }

        impl<'s, $($parameters)*> ::core::iter::IntoIterator for &'s mut $owner {
            type Item = &'s mut T;
            type IntoIter = ::core::slice::IterMut<'s, T>;
            fn into_iter(self) -> Self::IntoIter {
                self.iter_mut()
            }
        }
    };
}

pub(crate) use {acts_as_its_value, iterates_over_its_slice};
