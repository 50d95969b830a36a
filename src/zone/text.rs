//! Putting texts into a zone. The methods return references.

// An arena gives `&mut` from `&self`: each call gives other memory (I2).
#![expect(clippy::mut_from_ref)]

use super::Zone;
use super::growing::SliceBuilder;
use super::places::{OnError, Panic, Return, or_never};
use crate::error::ZoneError;
use core::fmt::{self, Write};

impl Zone {
    #[track_caller]
    fn fmt_in<E: OnError>(&self, text: fmt::Arguments<'_>) -> Result<&mut str, E::Error> {
        struct Text<'z> {
            bytes: SliceBuilder<'z, Return, u8>,
            error: Option<ZoneError>,
        }
        impl Write for Text<'_> {
            fn write_str(&mut self, part: &str) -> fmt::Result {
                self.bytes.extend(part.as_bytes()).map_err(|error| {
                    self.error = Some(error);
                    fmt::Error
                })
            }
        }
        let mut out = Text { bytes: SliceBuilder::new(self), error: None };
        let written = out.write_fmt(text);
        if let Some(error) = out.error.or(written.err().map(|fmt::Error| ZoneError::Format)) {
            // SAFETY: (I1) nobody has seen the text.
            unsafe { out.bytes.give_back() };
            return E::fail(error);
        }
        // SAFETY: (I7) only whole `str`s were written.
        Ok(unsafe { core::str::from_utf8_unchecked_mut(out.bytes.finish()) })
    }

    /// Puts a copy of a text into the zone.
    ///
    /// # Panics
    ///
    /// When [`try_alloc_str`](Zone::try_alloc_str) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    #[doc(alias("strdup", "push_str", "copy_string"))]
    pub fn alloc_str(&self, text: &str) -> &mut str {
        // SAFETY: (I7) a copy of a text's bytes is a text.
        unsafe { core::str::from_utf8_unchecked_mut(self.alloc_slice_copy(text.as_bytes())) }
    }

    /// Like [`alloc_str`](Zone::alloc_str), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc_str(&self, text: &str) -> Result<&mut str, ZoneError> {
        let bytes = self.try_alloc_slice_copy(text.as_bytes())?;
        // SAFETY: (I7) a copy of a text's bytes is a text.
        Ok(unsafe { core::str::from_utf8_unchecked_mut(bytes) })
    }

    /// Writes a formatted text into the zone; see also [`zformat!`](crate::zformat).
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// assert_eq!(zone.alloc_fmt(format_args!("voice {}", 3)), "voice 3");
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_alloc_fmt`](Zone::try_alloc_fmt) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if the formatting is.
    #[track_caller]
    #[doc(alias("format", "sprintf", "asprintf", "tprint"))]
    pub fn alloc_fmt(&self, text: fmt::Arguments<'_>) -> &mut str {
        or_never(self.fmt_in::<Panic>(text))
    }

    /// Like [`alloc_fmt`](Zone::alloc_fmt), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout), and [`Format`](ZoneError::Format) if a `Display`
    /// implementation returns an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if the formatting is.
    #[track_caller]
    pub fn try_alloc_fmt(&self, text: fmt::Arguments<'_>) -> Result<&mut str, ZoneError> {
        self.fmt_in::<Return>(text)
    }
}

/// Writes a formatted text into a zone: `zformat!(zone, "voice {n}")` gives a `&mut str`.
///
/// ```
/// use memzone::{Zone, zformat};
///
/// let zone = Zone::new(1024);
/// let n = 3;
/// assert_eq!(zformat!(zone, "voice {n}"), "voice 3");
/// ```
///
/// # Real-time
///
/// Yes, within the zone's [`remaining`](crate::Zone::remaining) bytes, if the formatting is.
#[macro_export]
#[doc(alias("format", "sprintf", "asprintf", "tprint", "aprintf"))]
macro_rules! zformat {
    ($zone:expr, $($text:tt)+) => {
        $zone.alloc_fmt(::core::format_args!($($text)+))
    };
    ($($other:tt)*) => {
        ::core::compile_error!("expected a zone and a text: `zformat!(zone, \"text {}\", value)`")
    };
}
