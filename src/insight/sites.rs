//! What each scope in the program's text, and each named zone, has needed.
//!
//! Each place that enters a scope has a [`Site`], a static that the macros put there. With the feature `profile` the
//! site counts. With `tracing` it names the scope's span. Without either, a site has no size and does nothing.

#![forbid(unsafe_code)]

#[cfg(any(feature = "profile", feature = "tracing"))]
pub use on::Site;

#[cfg(not(any(feature = "profile", feature = "tracing")))]
pub use off::Site;

#[cfg(feature = "profile")]
pub(crate) use figures::of_named_zone;
#[cfg(feature = "profile")]
pub use figures::{Kind, SiteStats, Sites, sites};

/// The site of the macro's place in the program.
#[cfg(any(feature = "profile", feature = "tracing"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __site {
    ($kind:literal) => {{
        static SITE: $crate::__private::Site =
            $crate::__private::Site::new($kind, ::core::file!(), ::core::line!());
        &SITE
    }};
}

/// The site of the macro's place in the program, which has no content without `profile` and `tracing`.
#[cfg(not(any(feature = "profile", feature = "tracing")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __site {
    ($kind:literal) => {
        &$crate::__private::Site
    };
}

#[cfg(not(any(feature = "profile", feature = "tracing")))]
mod off {
    /// The place where a scope is written. It has no content, as `profile` and `tracing` are off.
    #[derive(Debug)]
    pub struct Site;
}

#[cfg(any(feature = "profile", feature = "tracing"))]
mod on {
    #[cfg(feature = "profile")]
    use super::figures::Figures;

    /// The place where a scope is written, or where a named zone is made.
    #[derive(Debug)]
    pub struct Site {
        pub(crate) kind: &'static str,
        pub(crate) file: &'static str,
        pub(crate) line: u32,
        #[cfg(feature = "profile")]
        pub(super) figures: Figures,
    }

    impl Site {
        /// Makes a site with empty figures.
        ///
        /// # Real-time
        ///
        /// Yes.
        pub const fn new(kind: &'static str, file: &'static str, line: u32) -> Site {
            Site {
                kind,
                file,
                line,
                #[cfg(feature = "profile")]
                figures: Figures::new(),
            }
        }
    }
}

#[cfg(feature = "profile")]
mod figures {
    use super::Site;
    use crate::system::counters::AtomicU64;
    use crate::system::shared_list::{Listed, SharedList};
    use core::fmt;
    use core::panic::Location;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

    /// What has happened at a site on all threads.
    #[derive(Debug)]
    pub(super) struct Figures {
        entries: AtomicU64,
        asked: AtomicUsize,
        high_water: AtomicUsize,
        grown: AtomicU64,
        copied: AtomicU64,
        /// Whether the site is in the list of all sites.
        listed: AtomicBool,
        /// The site that was put into the list before this one.
        next: SharedList<Site>,
    }

    /// The list of all sites that were used.
    static SITES: SharedList<Site> = SharedList::new();

    impl Listed for Site {
        fn next(&self) -> &SharedList<Site> {
            &self.figures.next
        }
    }

    impl Figures {
        pub(super) const fn new() -> Figures {
            Figures {
                entries: AtomicU64::new(0),
                asked: AtomicUsize::new(0),
                high_water: AtomicUsize::new(0),
                grown: AtomicU64::new(0),
                copied: AtomicU64::new(0),
                listed: AtomicBool::new(false),
                next: SharedList::new(),
            }
        }
    }

    impl Site {
        /// Puts the site into the list, once.
        #[cold]
        fn list(&'static self) {
            if !self.figures.listed.swap(true, Relaxed) {
                SITES.add(self);
            }
        }

        /// Counts a scope that was entered, or a zone that was made, and that asked for this many bytes.
        pub(crate) fn entered(&'static self, bytes: usize) {
            if !self.figures.listed.load(Relaxed) {
                self.list();
            }
            self.figures.entries.fetch_add(1, Relaxed);
            self.figures.asked.fetch_max(bytes, Relaxed);
        }

        /// Counts the bytes of another zone that a value took when it left its scope.
        pub(crate) fn copied(&self, bytes: usize) {
            self.figures.copied.fetch_add(bytes as u64, Relaxed);
        }

        /// Counts a scope that has ended, with its high-water mark and the number of blocks that its zone took.
        pub(crate) fn left(&self, high_water: usize, blocks: u32) {
            self.held(high_water);
            if blocks > 0 {
                self.figures.grown.fetch_add(blocks.into(), Relaxed);
            }
        }

        /// The most bytes that were in use at one time.
        pub(crate) fn high_water(&self) -> usize {
            self.figures.high_water.load(Relaxed)
        }

        /// Notes that this many bytes were in use.
        pub(crate) fn held(&self, bytes: usize) {
            self.figures.high_water.fetch_max(bytes, Relaxed);
        }

        /// Counts a further block that a zone of this site took.
        pub(crate) fn grown(&self) {
            self.figures.grown.fetch_add(1, Relaxed);
        }
    }

    /// The site of the zones with this name that are made at this place.
    pub(crate) fn of_named_zone(
        name: &'static str,
        bytes: usize,
        here: &'static Location<'static>,
    ) -> &'static Site {
        let same = |site: &&Site| {
            site.kind == name && site.file == here.file() && site.line == here.line()
        };
        let site = match SITES.iter().find(same) {
            Some(site) => site,
            // Leaked, but no more often than the program has names for zones.
            None => Box::leak(Box::new(Site::new(name, here.file(), here.line()))),
        };
        site.entered(bytes);
        site
    }

    /// What a [`SiteStats`] is about.
    ///
    /// ```
    /// use memzone::{letz, stats};
    ///
    /// letz!(block = [0.0_f32; 64] => block.fill(0.5));
    /// assert_eq!(stats::sites().all()[0].kind, stats::Kind::Scope);
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum Kind {
        /// A `beginz!`, `letz!` or one of their `try_` forms.
        Scope,
        /// A zone with a name.
        Zone,
    }

    /// What a place in the program has needed since the start, on all threads.
    ///
    /// ```
    /// use memzone::stats::{self, Kind};
    /// use memzone::{Zone, beginz};
    ///
    /// beginz!(z => { z.alloc_slice(2500, 0.0_f32); });
    /// drop(Zone::builder().name("voices").build());
    /// for site in stats::sites().all() {
    ///     match site.kind {
    ///         Kind::Scope => assert_eq!(site.advice(), Some(10_240)), // 10,000 bytes, not 4,096
    ///         _ => assert_eq!((site.name, site.advice()), ("voices", None)),
    ///     }
    /// }
    /// ```
    #[derive(Clone, Debug)]
    #[non_exhaustive]
    pub struct SiteStats {
        /// Whether scopes are entered here, or zones made.
        pub kind: Kind,
        /// The macro's name, or the zone's.
        pub name: &'static str,
        /// The file of this place.
        pub file: &'static str,
        /// The line of this place.
        pub line: u32,
        /// The number of scopes entered, or of zones made.
        pub entries: u64,
        /// The most bytes that a scope or zone asked for at its start.
        pub asked: usize,
        /// The most bytes that were in use at one time. A named zone's is noted when the zone is reset, grows, or ends.
        pub high_water: usize,
        /// The number of blocks that its zones have taken from the system beyond their first ones.
        pub grown: u64,
        /// The bytes that values took in other zones when they left a scope here.
        pub copied: u64,
    }

    impl SiteStats {
        fn of(site: &Site) -> SiteStats {
            let Site { kind: name, file, line, figures } = site;
            let is_macro = ["beginz!", "letz!", "try_beginz!", "try_letz!"].contains(name);
            SiteStats {
                kind: if is_macro { Kind::Scope } else { Kind::Zone },
                name,
                file,
                line: *line,
                entries: figures.entries.load(Relaxed),
                asked: figures.asked.load(Relaxed),
                high_water: figures.high_water.load(Relaxed),
                grown: figures.grown.load(Relaxed),
                copied: figures.copied.load(Relaxed),
            }
        }

        /// The size to ask for so that no zone here grows. It is `None` if what was asked for has been enough.
        ///
        /// # Real-time
        ///
        /// Yes.
        pub fn advice(&self) -> Option<usize> {
            (self.high_water > self.asked).then(|| self.high_water.next_multiple_of(1024))
        }
    }

    /// All sites, the most costly ones first. They are ordered by how often they grew, then by how much they copied,
    /// then by how often they were entered. `Display` prints a table.
    ///
    /// ```
    /// use memzone::{letz, stats};
    ///
    /// letz!(block = [0.0_f32; 64] => block.fill(0.5));
    /// let sites = stats::sites();
    /// assert_eq!((sites.all()[0].name, sites.all()[0].entries), ("letz!", 1));
    /// ```
    #[derive(Clone, Debug)]
    pub struct Sites {
        sites: Vec<SiteStats>,
    }

    impl Sites {
        /// The sites, the most costly ones first.
        ///
        /// # Real-time
        ///
        /// Yes.
        pub fn all(&self) -> &[SiteStats] {
            &self.sites
        }
    }

    /// Reports what each scope in the program's text and each named zone has needed so far.
    ///
    /// ```
    /// use memzone::{beginz, stats};
    ///
    /// for _ in 0..3 {
    ///     beginz!(z => { z.alloc_slice(100_000, 0.0_f32); });
    /// }
    /// let sites = stats::sites();
    /// let costly = &sites.all()[0];
    /// assert_eq!((costly.entries, costly.high_water), (3, 400_000));
    /// assert_eq!(costly.grown, 1); // the second scope asked for what the first one had needed
    /// println!("{sites}");
    /// ```
    ///
    /// # Real-time
    ///
    /// No: it takes memory for the list.
    pub fn sites() -> Sites {
        let mut sites: Vec<SiteStats> = SITES.iter().map(SiteStats::of).collect();
        // The list has the newest site first. Of equal sites, the one that was used first is to come first.
        sites.reverse();
        sites.sort_by_key(|site| core::cmp::Reverse((site.grown, site.copied, site.entries)));
        Sites { sites }
    }

    impl fmt::Display for Sites {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let names = ["entries", "asked", "high water", "grown", "copied", "ask for"];
            names.iter().try_for_each(|name| write!(f, "{name:>12}"))?;
            writeln!(f, "  site")?;
            for site in &self.sites {
                let SiteStats { entries, asked, high_water, grown, copied, .. } = site;
                write!(f, "{entries:>12}{asked:>12}{high_water:>12}{grown:>12}{copied:>12}")?;
                match site.advice() {
                    Some(bytes) => write!(f, "{bytes:>12}")?,
                    None => write!(f, "{:>12}", "-")?,
                }
                writeln!(f, "  {}:{} {}", site.file, site.line, site.name)?;
            }
            Ok(())
        }
    }
}
