//! std's errors. They move; where one is copied that cannot be cloned, its copy says the same.

#![forbid(unsafe_code)]

use super::memory::ask;
use super::owners::owners;
use super::ways::flat;
use super::{DeepCopy, Depth, Work};
use crate::error::ZoneError;
use crate::zone::Zone;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
#[cfg(feature = "std")]
use std::io;
#[cfg(feature = "std")]
use std::sync::PoisonError;

flat! {
    core::array::TryFromSliceError,
    core::char::CharTryFromError,
    core::char::TryFromCharError,
    core::fmt::Error,
    core::num::TryFromIntError,
    core::str::Utf8Error,
}

#[cfg(feature = "std")]
flat! {
    io::ErrorKind,
    std::sync::mpsc::RecvError,
    std::sync::mpsc::RecvTimeoutError,
    std::sync::mpsc::TryRecvError,
    std::thread::AccessError,
}

owners! {
    [] core::alloc::LayoutError;
    [] core::char::DecodeUtf16Error;
    [] core::char::ParseCharError;
    [] core::ffi::FromBytesUntilNulError;
    [] core::ffi::FromBytesWithNulError;
    [] core::net::AddrParseError;
    [] core::num::ParseFloatError;
    [] core::num::IntErrorKind;
    [] core::num::ParseIntError;
    [] core::str::ParseBoolError;
    [] core::time::TryFromFloatSecsError;
    [] alloc::collections::TryReserveError;
    [] alloc::ffi::FromVecWithNulError;
    [] alloc::ffi::IntoStringError;
    [] alloc::ffi::NulError;
    [] alloc::string::FromUtf8Error, |error: &alloc::string::FromUtf8Error| error.as_bytes().len();
}

#[cfg(feature = "std")]
owners! {
    [] std::env::VarError;
    [] std::path::StripPrefixError;
    [] std::time::SystemTimeError;
}

/// Errors that std makes in one way only, and that have no `Clone`: they are made anew.
macro_rules! made_anew {
    ($($error:ty: $make:expr;)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<'z> DeepCopy<'z> for $error {
                type Copied = Self;
                fn deep_copy(&self, _to: &'z Zone) -> Result<Self, ZoneError> {
                    Ok($make)
                }
                fn move_out(self, _to: &'z Zone) -> Result<Self, ZoneError> {
                    Ok(self)
                }
            }
        )*
    };
}

made_anew! {
    core::cell::BorrowError: {
        let cell = core::cell::RefCell::new(());
        let _borrowed = cell.borrow_mut();
        cell.try_borrow().expect_err("it is borrowed")
    };
    core::cell::BorrowMutError: {
        let cell = core::cell::RefCell::new(());
        let _borrowed = cell.borrow();
        cell.try_borrow_mut().expect_err("it is borrowed")
    };
    alloc::string::FromUtf16Error: {
        String::from_utf16(&[0xD800]).expect_err("half of a pair")
    };
}

#[cfg(feature = "std")]
#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for PoisonError<T> {
    type Copied = PoisonError<T::Copied>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        self.get_ref().copy_at(to, depth).map(PoisonError::new)
    }
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        self.into_inner().move_out(to).map(PoisonError::new)
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        self.get_ref().copy_later(to, work).await.map(PoisonError::new)
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        self.into_inner().move_later(to, work).await.map(PoisonError::new)
    }
}

/// What an error said, which cannot be cloned: its text, and those of its sources.
struct Said {
    text: String,
    debug: String,
    source: Option<Box<Said>>,
}

/// How many sources are asked for, as each is another's code to tell.
const MOST_SOURCES: usize = 32;

impl Said {
    fn by(error: &(dyn Error + 'static)) -> Result<Said, ZoneError> {
        let mut texts = Vec::new();
        let mut next = Some(error);
        while let Some(error) = next.filter(|_| texts.len() < MOST_SOURCES) {
            let (text, debug) = (error.to_string(), format!("{error:?}"));
            ask(text.len() + debug.len())?;
            texts.push((text, debug));
            next = error.source();
        }
        let said = texts.into_iter().rev().fold(None, |source, (text, debug)| {
            Some(Said { text, debug, source: source.map(Box::new) })
        });
        Ok(said.expect("the error itself is one of them"))
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.debug)
    }
}

impl Error for Said {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// By the system's number, or the kind, and with what it said.
#[cfg(feature = "std")]
#[diagnostic::do_not_recommend]
impl<'z> DeepCopy<'z> for io::Error {
    type Copied = Self;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Self, ZoneError> {
        if let Some(code) = self.raw_os_error() {
            return Ok(io::Error::from_raw_os_error(code));
        }
        let kind = self.kind();
        if let Some(inner) = self.get_ref() {
            return Ok(io::Error::new(kind, Said::by(inner)?));
        }
        let plain = io::Error::from(kind);
        if plain.to_string() == self.to_string() {
            return Ok(plain);
        }
        Ok(io::Error::new(kind, Said::by(self)?))
    }
    #[inline(always)]
    fn move_out(self, _to: &'z Zone) -> Result<Self, ZoneError> {
        Ok(self)
    }
}

macro_rules! boxed {
    ($($error:ty),*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<'z> DeepCopy<'z> for Box<$error> {
                type Copied = Self;
                fn deep_copy(&self, _to: &'z Zone) -> Result<Self, ZoneError> {
                    Ok(Box::new(Said::by(&**self)?))
                }
                #[inline(always)]
                fn move_out(self, _to: &'z Zone) -> Result<Self, ZoneError> {
                    Ok(self)
                }
            }
        )*
    };
}

boxed!(dyn Error, dyn Error + Send, dyn Error + Send + Sync);
