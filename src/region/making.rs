//! How a zone is made: a header at the start of its first block.

use super::block::Block;
use super::bump::MAX_REQUEST;
use super::header::{HEADER, Header, Huge, Links, Lock, Settings, state};
use super::hooks::Hooks;
use super::memory::{self, Memory, Taken};
use crate::error::{Request, ZoneError};
use crate::system::pages::HUGE_PAGE;
use core::cell::Cell;
use core::ptr::NonNull;

impl Header {
    /// Makes a zone. The caller gets its only handle, as a raw pointer.
    #[track_caller]
    pub(crate) fn make(settings: &Settings) -> Result<NonNull<Header>, ZoneError> {
        let too_large =
            ZoneError::TooLarge { requested: settings.capacity, available: MAX_REQUEST };
        if settings.capacity > MAX_REQUEST {
            return Err(too_large);
        }
        let mut bytes = memory::round_up(settings.capacity + HEADER).ok_or(too_large)?;
        let huge = (settings.huge && settings.capacity + HEADER >= HUGE_PAGE)
            .then(|| memory::in_huge_pages(settings.capacity + HEADER, settings.limit))
            .flatten();
        if let Some(huge) = huge {
            bytes = huge;
        } else if memory::system_bytes(bytes) > settings.limit {
            bytes = memory::round_down(settings.limit).filter(|&bytes| bytes > HEADER).ok_or(
                ZoneError::LimitReached {
                    requested: settings.capacity,
                    limit: settings.limit,
                    used: 0,
                },
            )?;
        }
        let taken = Memory::take(Request::NewZone, bytes)?;
        Ok(Self::install(taken, settings))
    }

    /// Writes a header to the start of the memory, which must have room for one.
    pub(crate) fn install(taken: Taken, settings: &Settings) -> NonNull<Header> {
        let Taken { memory, start, bytes, is_refused_huge } = taken;
        assert!(bytes >= HEADER);
        let room = bytes - HEADER;
        let room = if settings.fixed { room.min(settings.capacity) } else { room };
        // SAFETY: (I2) the memory is `bytes >= HEADER` long.
        let data = unsafe { start.add(HEADER) };
        // SAFETY: (I2) `room` bytes follow the header.
        let end = unsafe { data.add(room) };
        let header = start.cast::<Header>();
        let system = memory.system_bytes();
        let limit = if settings.fixed || memory.is_borrowed() { 0 } else { settings.limit };
        let first =
            Block { next: Cell::new(None), start: data, end, filled: Cell::new(data), memory };
        let name = settings.name.filter(|name| u32::try_from(name.len()).is_ok());
        let value = Header {
            cursor: Cell::new(data),
            end: Cell::new(end),
            state: Cell::new(state::SOLE),
            room: HEADER + room,
            links: Links::none(),
            current: Cell::new(NonNull::dangling()),
            highest: Cell::new(data),
            hooks: Hooks::none(),
            used_before: Cell::new(0),
            high_water: Cell::new(0),
            system: Cell::new(system),
            blocks: Cell::new(1),
            limit,
            prefault: Cell::new(settings.prefault),
            lock: Cell::new(if settings.lock { Lock::All } else { Lock::NotAsked }),
            huge: Cell::new(match settings.huge {
                _ if is_refused_huge => Huge::Refused,
                true => Huge::Asked,
                false => Huge::NotAsked,
            }),
            counted: Cell::new(0),
            name_start: name.map(|name| NonNull::from(name).cast()),
            name_bytes: name.map_or(0, |name| name.len() as u32),
            newest: Cell::new(0),
            first,
            #[cfg(feature = "profile")]
            site: settings.site,
        };
        // SAFETY: (I2) the memory is aligned to `BLOCK_ALIGN`, long enough, and nobody else's.
        unsafe { header.write(value) };
        // SAFETY: (I2) the header was just written.
        let this = unsafe { header.as_ref() };
        this.current.set(NonNull::from(&this.first));
        this.set_newest(bytes);
        this.prepare_block(&this.first);
        header
    }
}
