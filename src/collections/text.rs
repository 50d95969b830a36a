//! A string that grows in a zone.

use crate::copy::DeepCopy;
use crate::error::{ZoneError, or_panic};
use crate::zone::Zone;
use crate::zone::growing::SliceBuilder;
use crate::zone::places::Return;
use core::borrow::Borrow;
use core::fmt::{self, Write};
use core::hash::{Hash, Hasher};
use core::mem::ManuallyDrop;
use core::ops::Deref;

/// A string in a zone, which it borrows. It can grow, and can be used wherever a `&str` is wanted.
///
/// It is made with [`Zone::string`]. While it is the last allocation, it grows in its place, and dropping it gives its
/// memory back.
///
/// ```
/// use core::fmt::Write;
/// use memzone::Zone;
///
/// let zone = Zone::new(4096);
/// let mut label = zone.string();
/// label.push_str("voice ");
/// write!(label, "{}, {:.1} dB", 3, -6.0)?;
/// assert_eq!(&*label, "voice 3, -6.0 dB");
/// let kept: &str = label.into_str(); // as long as the zone
/// assert_eq!(kept.len(), 16);
/// # Ok::<(), core::fmt::Error>(())
/// ```
///
/// # Real-time
///
/// Yes, within [`remaining`](Zone::remaining). When the zone has no memory left, `write!` gives an error, and the plain
/// methods panic.
pub struct ZString<'z>(SliceBuilder<'z, Return, u8>);

impl Zone {
    /// Makes an empty string in the zone.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut path = zone.string();
    /// for part in ["drums", "kick"] {
    ///     path.push('/');
    ///     path.push_str(part);
    /// }
    /// assert_eq!(path.split('/').nth(2), Some("kick"));
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    #[inline]
    pub fn string(&self) -> ZString<'_> {
        ZString(SliceBuilder::new(self))
    }
}

impl<'z> ZString<'z> {
    /// Adds a text at the end.
    ///
    /// # Panics
    ///
    /// When [`try_push_str`](ZString::try_push_str) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn push_str(&mut self, text: &str) {
        or_panic(self.try_push_str(text));
    }

    /// Like [`push_str`](ZString::push_str), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_alloc_layout`]. The text is as it was then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    pub fn try_push_str(&mut self, text: &str) -> Result<(), ZoneError> {
        self.0.extend(text.as_bytes())
    }

    /// Adds a character at the end.
    ///
    /// # Panics
    ///
    /// When [`try_push`](ZString::try_push) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn push(&mut self, character: char) {
        or_panic(self.try_push(character));
    }

    /// Like [`push`](ZString::push), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_alloc_layout`]. The text is as it was then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    pub fn try_push(&mut self, character: char) -> Result<(), ZoneError> {
        self.try_push_str(character.encode_utf8(&mut [0; 4]))
    }

    /// Empties the string. It keeps its memory.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let mut label = zone.string();
    /// label.push_str("voice 1");
    /// label.clear(); // its room stays
    /// label.push_str("voice 2");
    /// assert_eq!(&*label, "voice 2");
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Turns the string into a reference that lives as long as the zone is borrowed. If the string is the last
    /// allocation, the zone gets back the room that it did not use.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn into_str(self) -> &'z mut str {
        let this = ManuallyDrop::new(self);
        // SAFETY: (I1) it is read once, as `this` is neither used again nor dropped.
        let bytes = unsafe { (&raw const this.0).read() };
        // SAFETY: (I7) only whole `str`s were added.
        unsafe { core::str::from_utf8_unchecked_mut(bytes.finish()) }
    }
}

impl Drop for ZString<'_> {
    fn drop(&mut self) {
        // SAFETY: (I1) nobody uses the bytes after this.
        unsafe { self.0.give_back() };
    }
}

impl Deref for ZString<'_> {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        // SAFETY: (I7) only whole `str`s were added.
        unsafe { core::str::from_utf8_unchecked(self.0.as_slice()) }
    }
}

impl Write for ZString<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.try_push_str(text).map_err(|_| fmt::Error)
    }
}

impl AsRef<str> for ZString<'_> {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for ZString<'_> {
    fn borrow(&self) -> &str {
        self
    }
}

impl fmt::Debug for ZString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        str::fmt(self, f)
    }
}

impl fmt::Display for ZString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl PartialEq for ZString<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for ZString<'_> {}

impl PartialEq<str> for ZString<'_> {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for ZString<'_> {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl PartialOrd for ZString<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ZString<'_> {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        str::cmp(self, other)
    }
}

impl Hash for ZString<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        str::hash(self, state);
    }
}

#[diagnostic::do_not_recommend]
impl<'z> DeepCopy<'z> for ZString<'_> {
    type Copied = ZString<'z>;
    const UNWATCHED: bool = true;
    fn deep_copy(&self, to: &'z Zone) -> Result<ZString<'z>, ZoneError> {
        let mut copied = to.string();
        copied.try_push_str(self)?;
        Ok(copied)
    }
}
