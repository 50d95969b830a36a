//! `stats::sites`: what each scope and each named zone has needed.

#![cfg(feature = "profile")]
#![forbid(unsafe_code)]

use memzone::rt::{self, Plan, Policy};
use memzone::stats::{self, Kind, SiteStats};
use memzone::{ZBox, Zone, beginz, letz, set_keep_limit, try_beginz, try_letz};
use std::thread;

/// The one site of this file at a line.
fn site(line: u32) -> SiteStats {
    let sites = stats::sites();
    let mut found = sites.all().iter().filter(|site| site.file == file!() && site.line == line);
    match (found.next(), found.next()) {
        (Some(site), None) => site.clone(),
        (first, second) => panic!("line {line}: {first:?}, {second:?}\n{sites}"),
    }
}

#[test]
fn a_scope_is_a_site() {
    let outer = Zone::new(10_000);
    for n in 0..3 {
        let _: &mut [u8] = beginz!(500, z in &outer => z.alloc_slice(100 * (n + 1), 0_u8));
    }
    let site = site(line!() - 2);
    assert_eq!((site.kind, site.name), (Kind::Scope, "beginz!"));
    assert_eq!((site.entries, site.asked, site.grown), (3, 500, 0));
    // In steps of 8; the second and the third copy begin at a multiple of 32.
    assert_eq!((site.high_water, site.copied), (304, 104 + (24 + 200) + (24 + 304)));
    assert_eq!(site.advice(), None);
}

#[test]
fn each_macro_says_which_it_is() {
    let first = line!() + 1;
    letz!(a = 1 => *a);
    try_beginz!(100, ()).unwrap();
    try_letz!(a = [0_u8; 8] => a.len()).unwrap();
    let names = [0, 1, 2].map(|n| site(first + n).name);
    assert_eq!(names, ["letz!", "try_beginz!", "try_letz!"]);
}

#[test]
fn a_scope_without_a_size_learns_it() {
    let grows = || {
        beginz!(z => { z.alloc_slice(300, [0_u8; 1000]); });
        site(line!() - 1)
    };
    let first = grows();
    assert_eq!((first.asked, first.high_water, first.grown), (4096, 300_000, 1));
    assert_eq!(first.advice(), Some(300_032));
    for _ in 0..5 {
        grows();
    }
    let now = grows();
    assert_eq!((now.entries, now.asked, now.grown, now.advice()), (7, 300_000, 1, None));
    // On another thread too, which has no spare zone yet.
    let there = thread::spawn(grows).join().unwrap();
    assert_eq!((there.entries, there.grown), (8, 1));
}

/// What is learned is of no harm where the system may not be asked, or a spare zone may not keep it.
#[test]
fn what_is_learned_is_no_reason_to_fail() {
    let line = line!() + 1;
    let needs = |n| try_beginz!(z => z.try_alloc_slice(n, [0_u8; 1000]).map(|slice| slice.len()));
    thread::spawn(move || {
        assert_eq!(needs(200), Ok(Ok(200)));
        assert_eq!(site(line).grown, 1);
    })
    .join()
    .unwrap();
    thread::spawn(move || {
        rt::prepare_thread(&Plan::new().scopes(2, 1000)).unwrap();
        let section = rt::enter(Policy::Deny);
        assert_eq!(needs(1), Ok(Ok(1)));
        assert_eq!(section.report().denied(), 0);
    })
    .join()
    .unwrap();
    thread::spawn(move || {
        set_keep_limit(100_000);
        for _ in 0..3 {
            assert_eq!(needs(1), Ok(Ok(1)));
        }
        let one = stats::thread();
        assert_eq!((one.requests, one.spares), (1, 1), "the spare zone is kept");
    })
    .join()
    .unwrap();
}

#[test]
fn scopes_in_one_another_are_told_apart() {
    let line = line!() + 2;
    let outer = |n: usize| {
        beginz!(z => {
            z.alloc_slice(n, 0_u8);
            letz!(a = [0_u8; 2000] => a.len())
        })
    };
    assert_eq!(outer(160), 2000);
    assert_eq!(outer(320), 2000);
    assert_eq!((site(line).high_water, site(line + 2).high_water), (320, 2000));
    // Larger scopes before, with the same spare zone, do not count.
    beginz!(z => { z.alloc([0_u8; 16]); });
    assert_eq!(site(line!() - 1).high_water, 16);
}

#[test]
fn what_was_given_back_before_the_end_counts() {
    beginz!(z => {
        drop(z.boxed_slice(1600, 0_u8));
        z.alloc(0_u64);
    });
    assert_eq!(site(line!() - 4).high_water, 1600);
}

#[test]
fn scopes_that_are_left_early_or_by_a_panic_count() {
    let early = |n: usize| -> Option<()> {
        beginz!(z => {
            z.alloc_slice(n, 0_u8);
            if n > 100 { None? }
        });
        Some(())
    };
    let line = line!() - 6;
    assert_eq!(early(160), None);
    let thrown = std::panic::catch_unwind(|| {
        beginz!(z => {
            z.alloc_slice(80, 0_u8);
            if z.used() > 0 { std::panic::resume_unwind(Box::new(())) }
        })
    });
    assert!(thrown.is_err());
    assert_eq!(site(line).high_water, 160);
    assert_eq!(site(line!() - 7).high_water, 80);
}

#[test]
fn threads_count_together() {
    let play = || beginz!(64, z => { z.alloc(0_u64); });
    let line = line!() - 1;
    let threads: Vec<_> =
        (0..4).map(|_| thread::spawn(move || (0..100).for_each(|_| play()))).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((site(line).entries, site(line).high_water), (400, 8));
}

#[test]
fn a_named_zone_is_a_site() {
    let make = |name| Zone::builder().capacity(1000).name(name).build();
    let line = line!() - 1;
    let mut voices = make("voices");
    voices.alloc_slice(160, 0_u8);
    voices.reset().unwrap();
    let of = |name: &str| {
        let sites = stats::sites();
        let found = sites.all().iter().find(|site| (site.line, site.name) == (line, name));
        found.unwrap_or_else(|| panic!("{sites}")).clone()
    };
    assert_eq!((of("voices").kind, of("voices").high_water), (Kind::Zone, 160));
    voices.alloc_slice(100, [0_u8; 1000]);
    assert_eq!(of("voices").grown, 1);
    drop(voices);
    let echo = make("echo");
    echo.alloc_slice(320, 0_u8);
    drop(echo);
    drop(make("voices"));
    let (voices, echo) = (of("voices"), of("echo"));
    assert_eq!((voices.entries, voices.high_water, voices.grown), (2, 100_000, 1));
    assert_eq!((echo.entries, echo.high_water, echo.asked), (1, 320, 1000));
}

#[test]
fn the_table_has_the_most_costly_first() {
    let line = line!() + 3;
    for _ in 0..3 {
        drop(ZBox::new(1));
        beginz!(3_000_000, z => { z.alloc_slice(8000, [0_u8; 1000]); });
    }
    let sites = stats::sites();
    let costs: Vec<_> = sites.all().iter().map(|site| (site.grown, site.copied)).collect();
    assert!(costs.is_sorted_by(|one, next| one >= next), "{costs:?}");
    let text = sites.to_string();
    assert_eq!(text.lines().count(), sites.all().len() + 1);
    let row = text.lines().find(|row| row.contains("8000000")).unwrap();
    assert!(
        row.ends_with(&format!("{}:{line} beginz!", file!())) && row.contains("     8000512  "),
        "{row}"
    );
}
