//! What each public type promises without saying it: its auto traits, and how it varies with its
//! parameters. Asserted while this file is compiled. A public type without a row fails the test.
//!
//! That a type is *not* covariant cannot be asserted by a program that compiles:
//! `tests/ui/types/variance.rs` has a function for each of those. For what a feature brings, an example of its
//! documentation that does not compile takes that place.

use memzone::__private::{
    Depth, Flat, Hint, Hole, InPlace, KeepsLifetimes, Known, Later, Link, Look, Made, Named, Place,
    Promise, Run, Scope, ScopeZone, Site, Undo, Value, Work, Written,
};
use memzone::reclaim::{self, Background, Full, Reclaimer, Retirer};
use memzone::rt::{self, Locked, Plan, Policy, Prepared, Request, Section};
use memzone::{
    Arena, Binder, BlockFader, Caller, Closure, Fade, Fader, Frames, FromAllocator, HBox, Heap,
    HeapStats, Inline, Keep, OpenScope, Parcel, Pool, PoolBox, PoolFull, PoolIter, PoolIterMut,
    PoolKey, PoolKeys, RawZone, Refused, RtHeap, SendHeap, SendZone, System, ZBox, ZHeap,
    ZHeapPeekMut, ZString, ZVec, ZVecIter, Zone, ZoneBuilder, ZoneError, ZoneFn, stats,
};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::MutexGuard;
use syn::{Attribute, Expr, GenericParam, Generics, Item, Lit, Meta, Visibility};

/// Whether a type has a trait, as a constant: an inherent one where the bound holds, else that of
/// `Lacks`.
struct Has<T: ?Sized>(PhantomData<T>);

trait Lacks {
    const SEND: bool = false;
    const SYNC: bool = false;
    #[allow(dead_code, reason = "all types have it")]
    const UNPIN: bool = false;
    const UNWIND_SAFE: bool = false;
    const REF_UNWIND_SAFE: bool = false;
}

impl<T: ?Sized> Lacks for T {}

impl<T: ?Sized + Send> Has<T> {
    const SEND: bool = true;
}

impl<T: ?Sized + Sync> Has<T> {
    const SYNC: bool = true;
}

impl<T: ?Sized + Unpin> Has<T> {
    const UNPIN: bool = true;
}

impl<T: ?Sized + UnwindSafe> Has<T> {
    const UNWIND_SAFE: bool = true;
}

impl<T: ?Sized + RefUnwindSafe> Has<T> {
    const REF_UNWIND_SAFE: bool = true;
}

/// Written in the rows: has it, has it not.
const Y: bool = true;
const N: bool = false;

/// The rows: a type as it is found in the sources, an instance of it, and whether that is `Send`,
/// `Sync`, `Unpin`, `UnwindSafe`, `RefUnwindSafe`.
macro_rules! auto_traits {
    ($($name:literal $type:ty: $send:ident $sync:ident $unpin:ident $unwind:ident $by_ref:ident;)*) => {
        $(const _: () = {
            assert!(Has::<$type>::SEND == $send, concat!("Send: ", stringify!($type)));
            assert!(Has::<$type>::SYNC == $sync, concat!("Sync: ", stringify!($type)));
            assert!(Has::<$type>::UNPIN == $unpin, concat!("Unpin: ", stringify!($type)));
            assert!(Has::<$type>::UNWIND_SAFE == $unwind, concat!("UnwindSafe: ", stringify!($type)));
            assert!(
                Has::<$type>::REF_UNWIND_SAFE == $by_ref,
                concat!("RefUnwindSafe: ", stringify!($type))
            );
        };)*
        pub(crate) const AUTO_TRAITS: &[&str] = &[$($name),*];
    };
}

/// Neither `Send` nor `Sync`.
type Local = Rc<u8>;
/// `Send`, not `Sync`.
type Owned = Cell<u8>;
/// `Sync`, not `Send`.
type Shared = MutexGuard<'static, u8>;

auto_traits! {
    "error::ZoneError" ZoneError: Y Y Y Y Y;
    "error::Request" Request: Y Y Y Y Y;
    "error::Refused" Refused<u8>: Y Y Y Y Y;
    "error::Refused" Refused<Local>: N N Y Y Y;
    "system::section::Policy" Policy: Y Y Y Y Y;
    "system::section::Section" Section: N N Y Y Y;
    "system::section::Report" rt::Report: Y Y Y Y Y;
    "insight::stats::Stats" stats::Stats: Y Y Y Y Y;
    "insight::stats::Threads" stats::Threads: Y Y Y Y Y;
    "zone::Zone" Zone: N N Y Y Y;
    "region::header::Header" RawZone: N N Y N N;
    "arena::Arena" Arena<2>: N N Y Y Y;
    "arena::ArenaScope" memzone::__private::ArenaScope<'static>: N N Y N N;
    "zone::send::SendZone" SendZone: Y N Y Y Y;
    "zone::builder::ZoneBuilder" ZoneBuilder: Y Y Y Y Y;
    "owned::zbox::ZBox" ZBox<u8>: N N Y Y Y;
    "owned::zbox::ZBox" ZBox<str>: N N Y Y Y;
    "collections::zvec::ZVec" ZVec<'static, u8>: N N Y Y Y;
    "collections::zvec::iter::ZVecIter" ZVecIter<'static, u8>: N N Y Y Y;
    "collections::text::ZString" ZString<'static>: N N Y Y Y;
    "collections::heap::ZHeap" ZHeap<'static, u8>: N N Y Y Y;
    "collections::heap::ZHeapPeekMut" ZHeapPeekMut<'static, 'static, u8>: N N Y N Y;
    "closure::frames::Frames" Frames<u8>: N N Y Y Y;
    "copy::Keep" Keep<&'static u8>: Y Y Y Y Y;
    "copy::Keep" Keep<Local>: N N Y Y Y;
    "copy::depth::Depth" Depth: Y Y Y Y Y;
    "copy::in_place::InPlace" InPlace<Local>: Y Y Y Y Y;
    "copy::in_place::Promise" Promise<Local, Local>: Y Y Y Y Y;
    "copy::in_place::Look" Look: Y Y Y Y Y;
    "copy::in_place::Place" Place<Local>: Y Y Y Y Y;
    "copy::in_place::KeepsLifetimes" KeepsLifetimes<Local>: Y Y Y Y Y;
    "copy::run::Run" Run<'static>: N N Y Y Y;
    "copy::wire::Wire" memzone::Wire<'static, u8>: Y Y Y Y Y;
    "copy::wire::Wire" memzone::Wire<'static, Local>: N N Y Y Y;
    "scope::shared::Shared" memzone::Shared<u8>: Y Y Y Y Y;
    "scope::shared::Shared" memzone::Shared<Local>: N N Y Y Y;
    "copy::later::Work" Work<'static>: N N Y N N;
    "copy::part::Later" Later<'static, u8>: N N Y N N;
    "copy::part::Made" Made<u8>: Y Y Y Y Y;
    "copy::part::Made" Made<Local>: N N Y Y Y;
    "copy::part::Written" Written: Y Y Y Y Y;
    "copy::in_place::Hole" Hole: N N Y Y Y;
    "copy::keep::Flat" Flat<Local>: Y Y Y Y Y;
    "copy::undo::Known" Known: Y Y Y Y Y;
    "copy::undo::Undo" Undo<Local>: Y Y Y Y Y;
    "scope::guard::Scope" Scope: N N Y N N;
    "scope::open::OpenScope" OpenScope: N N Y N N;
    "scope::guard::ScopeZone" ScopeZone<'static>: N N Y N N;
    "scope::leave::Hint" Hint<u8>: Y Y Y Y Y;
    "scope::leave::Link" Link<u8, u8, Value>: Y Y Y Y Y;
    "scope::leave::Value" Value: Y Y Y Y Y;
    "scope::leave::Named" Named: Y Y Y Y Y;
    "heap::source::System" System: Y Y Y Y Y;
    "heap::foreign::FromAllocator" FromAllocator<Zone>: N N Y Y Y;
    "heap::foreign::FromAllocator" FromAllocator<u8>: Y Y Y Y Y;
    "heap::hbox::HBox" HBox<u8>: Y Y Y Y Y;
    "heap::hbox::HBox" HBox<Owned>: Y N Y Y N;
    "heap::hbox::HBox" HBox<Shared>: N Y Y Y Y;
    "heap::hbox::HBox" HBox<Local>: N N Y Y Y;
    "heap::hbox::HBox" HBox<u8, RtHeap>: Y Y Y Y N;
    "heap::hbox::HBox" HBox<Local, RtHeap>: N N Y Y N;
    "heap::hbox::HBox" HBox<u8, FromAllocator<Zone>>: N Y Y Y Y;
    "heap::rt::RtHeap" RtHeap: N N Y N N;
    "heap::rt::RtOrigin" <RtHeap as Heap>::Origin: Y Y Y N N;
    "heap::rt::SendHeap" SendHeap: Y N Y N N;
    "heap::stats::HeapStats" HeapStats: Y Y Y Y Y;
    "owned::inline::Inline" Inline<u8, 8>: Y Y Y Y Y;
    "owned::inline::Inline" Inline<Owned, 8>: Y N Y Y N;
    "owned::inline::Inline" Inline<Shared, 16>: N Y Y Y Y;
    "owned::inline::Inline" Inline<Local, 8>: N N Y Y Y;
    "owned::pool::values::Pool" Pool<'static, u8>: Y N Y N N;
    "owned::pool::values::Pool" Pool<'static, Local>: N N Y N N;
    "owned::pool::values::Pool" Pool<'static, Shared>: N N Y N N;
    "owned::pool::slots::PoolKey" PoolKey: Y Y Y Y Y;
    "owned::pool::slots::PoolFull" PoolFull<u8>: Y Y Y Y Y;
    "owned::pool::slots::PoolFull" PoolFull<Local>: N N Y Y Y;
    "owned::pool::slots::PoolKeys" PoolKeys<'static>: N N Y N N;
    "owned::pool::iter::PoolIter" PoolIter<'static, u8>: N N Y N N;
    "owned::pool::iter::PoolIterMut" PoolIterMut<'static, u8>: N N Y N N;
    "owned::pool::boxed::PoolBox" PoolBox<'static, u8>: N N Y N N;
    "closure::zone_fn::Closure" Closure<'static, dyn FnMut(Local) -> Local>: Y N Y N N;
    "closure::zone_fn::ZoneFn" ZoneFn<dyn FnMut(Local) -> Local>: Y N Y N N;
    "closure::parcel::Parcel" Parcel<u8>: Y Y Y Y Y;
    "closure::parcel::Parcel" Parcel<Owned>: Y N Y N N;
    "closure::parcel::Parcel" Parcel<Local>: N N Y Y Y;
    "closure::hot::caller::Caller" Caller<dyn FnMut(Local) -> Local>: Y N Y N N;
    "closure::hot::caller::Binder" Binder<dyn FnMut(Local) -> Local>: Y Y Y N N;
    "closure::hot::fade::Fader" Fader<dyn FnMut(Local) -> Local>: Y N Y N N;
    "closure::hot::fade::Fader" Fader<dyn FnMut(&mut Local, u8), Local>: N N Y N N;
    "closure::hot::block_fade::Fade" Fade: Y Y Y Y Y;
    "closure::hot::block_fade::BlockFader" BlockFader<dyn FnMut(Local) -> Local>: Y N Y N N;
    "closure::hot::block_fade::BlockFader" BlockFader<dyn FnMut(&mut Local), f32, Local>: N N Y N N;
    "rt::Plan" Plan: Y Y Y Y Y;
    "rt::Locked" Locked: Y Y Y Y Y;
    "rt::Prepared" Prepared: Y Y Y Y Y;
    "reclaim::reclaimer::Reclaimer" Reclaimer: Y Y Y Y Y;
    "reclaim::reclaimer::Stats" reclaim::Stats: Y Y Y Y Y;
    "reclaim::retirer::Retirer" Retirer: Y N Y Y N;
    "reclaim::retirer::Full" Full<u8>: Y Y Y Y Y;
    "reclaim::retirer::Full" Full<Local>: N N Y Y Y;
    "reclaim::background::Background" Background: Y Y Y N N;
}
#[cfg(feature = "ledger")]
mod of_ledger {
    use super::*;
    auto_traits! {
        "insight::ledger::Kind" memzone::ledger::Kind: Y Y Y Y Y;
        "insight::ledger::on::Record" memzone::ledger::Record: Y Y Y Y Y;
        "insight::ledger::on::Report" memzone::ledger::Report: Y Y Y Y Y;
    }
}

#[cfg(not(feature = "ledger"))]
mod of_ledger {
    pub(crate) const AUTO_TRAITS: &[&str] = &[];
}

#[cfg(feature = "profile")]
mod of_profile {
    use super::*;
    auto_traits! {
        "insight::sites::figures::Kind" stats::Kind: Y Y Y Y Y;
        "insight::sites::figures::SiteStats" stats::SiteStats: Y Y Y Y Y;
        "insight::sites::figures::Sites" stats::Sites: Y Y Y Y Y;
    }
}

#[cfg(not(feature = "profile"))]
mod of_profile {
    pub(crate) const AUTO_TRAITS: &[&str] = &[];
}

#[cfg(any(feature = "profile", feature = "tracing"))]
mod of_sites {
    use super::*;
    auto_traits! {
        "insight::sites::on::Site" Site: Y Y Y Y Y;
    }
}

#[cfg(not(any(feature = "profile", feature = "tracing")))]
mod of_sites {
    use super::*;
    auto_traits! {
        "insight::sites::off::Site" Site: Y Y Y Y Y;
    }
}

/// The rows: a type, one of its parameters, and in which direction it may be taken for another:
/// `co` where the parameter may get shorter, `contra` where it may get longer. That it may not is
/// seen in `tests/ui/types/variance.rs`, with a function for each direction not named here.
macro_rules! variance {
    ($($name:literal $parameter:literal $how:ident $alias:ident <$($life:lifetime),*> = $type:ty;)*) => {
        $(
            #[allow(dead_code)]
            type $alias<$($life),*> = $type;
            variance! { $how $alias $($life)* }
        )*
        pub(crate) const VARIANCE: &[(&str, &str, &str)] = &[$(($name, $parameter, stringify!($how))),*];
    };
    (co $alias:ident $a:lifetime) => {
        const _: () = {
            const fn _as<'l: 's, 's>(it: &'s $alias<'l>) -> &'s $alias<'s> { it }
        };
    };
    (co $alias:ident $p:lifetime $a:lifetime) => {
        const _: () = {
            const fn _as<'p, 'l: 's, 's: 'p>(it: &'p $alias<'p, 'l>) -> &'p $alias<'p, 's> { it }
        };
    };
    (contra $alias:ident $a:lifetime) => {
        const _: () = {
            const fn _as<'l: 's, 's>(it: &'s $alias<'s>) -> &'s $alias<'l> { it }
        };
    };
    (contra $alias:ident $p:lifetime $a:lifetime) => {
        const _: () = {
            const fn _as<'p, 'l: 's, 's: 'p>(it: &'p $alias<'p, 's>) -> &'p $alias<'p, 'l> { it }
        };
    };
    (invariant $($row:tt)*) => {};
}

#[cfg(feature = "hashbrown")]
mod of_maps {
    use super::*;
    use memzone::{ZMap, ZSet};
    auto_traits! {
        "collections::zmap::ZMap" ZMap<'static, u8, u8>: N N Y Y Y;
        "collections::zset::ZSet" ZSet<'static, u8>: N N Y Y Y;
    }
    variance! {
        "collections::zmap::ZMap" "'z" co ZMapZ<'a> = ZMap<'a, u8, u8>;
        "collections::zmap::ZMap" "K" co ZMapK<'p, 'a> = ZMap<'p, &'a u8, u8>;
        "collections::zmap::ZMap" "V" co ZMapV<'p, 'a> = ZMap<'p, u8, &'a u8>;
        "collections::zmap::ZMap" "S" co ZMapS<'p, 'a> = ZMap<'p, u8, u8, &'a u8>;
        "collections::zset::ZSet" "'z" co ZSetZ<'a> = ZSet<'a, u8>;
        "collections::zset::ZSet" "T" co ZSetT<'p, 'a> = ZSet<'p, &'a u8>;
        "collections::zset::ZSet" "S" co ZSetS<'p, 'a> = ZSet<'p, u8, &'a u8>;
    }
}

#[cfg(not(feature = "hashbrown"))]
mod of_maps {
    pub(crate) const AUTO_TRAITS: &[&str] = &[];
    pub(crate) const VARIANCE: &[(&str, &str, &str)] = &[];
}

variance! {
    "copy::Keep" "T" co KeepT<'a> = Keep<&'a u8>;
    "copy::later::Work" "'s" invariant WorkS<'a> = Work<'a>;
    "copy::in_place::InPlace" "T" invariant InPlaceT<'a> = InPlace<&'a u8>;
    "copy::in_place::Promise" "P" invariant PromiseP<'a> = Promise<&'a u8, u8>;
    "copy::in_place::Promise" "C" invariant PromiseC<'a> = Promise<u8, &'a u8>;
    "copy::in_place::Place" "X" invariant PlaceX<'a> = Place<&'a u8>;
    "copy::in_place::KeepsLifetimes" "T" invariant KeepsLifetimesT<'a> = KeepsLifetimes<&'a u8>;
    "copy::run::Run" "'z" invariant RunZ<'a> = Run<'a>;
    "copy::wire::Wire" "'z" invariant WireZ<'a> = memzone::Wire<'a, u8>;
    "copy::wire::Wire" "T" invariant WireT<'z, 'a> = memzone::Wire<'z, &'a u8>;
    "scope::shared::Shared" "T" co SharedT<'a> = memzone::Shared<&'a u8>;
    "copy::part::Later" "'s" co LaterS<'a> = Later<'a, u8>;
    "copy::undo::Undo" "T" invariant UndoT<'a> = Undo<&'a u8>;
    "copy::part::Made" "C" co MadeC<'a> = Made<&'a u8>;
    "copy::keep::Flat" "T" invariant FlatT<'a> = Flat<&'a u8>;
    "copy::part::Later" "R" invariant LaterR<'a> = Later<'static, &'a u8>;
    "scope::guard::ScopeZone" "'s" co ScopeZoneS<'a> = ScopeZone<'a>;
    "scope::leave::Hint" "R" co HintR<'a> = Hint<&'a u8>;
    "scope::leave::Link" "T" co LinkT<'a> = Link<&'a u8, u8, Value>;
    "scope::leave::Link" "R" co LinkR<'a> = Link<u8, &'a u8, Value>;
    "scope::leave::Link" "As" co LinkAs<'a> = Link<u8, u8, &'a u8>;
    "heap::foreign::FromAllocator" "A" co FromAllocatorA<'a> = FromAllocator<&'a u8>;
    "heap::hbox::HBox" "T" co HBoxT<'a> = HBox<&'a u8>;
    "heap::hbox::HBox" "H" invariant HBoxH<'a> = HBox<u8, FromAllocator<&'a Zone>>;
    "owned::zbox::ZBox" "T" co ZBoxT<'a> = ZBox<&'a u8>;
    "error::Refused" "T" co RefusedT<'a> = Refused<&'a u8>;
    "collections::zvec::ZVec" "'z" co ZVecZ<'a> = ZVec<'a, u8>;
    "collections::zvec::ZVec" "T" co ZVecT<'p, 'a> = ZVec<'p, &'a u8>;
    "collections::zvec::iter::ZVecIter" "'a" co ZVecIterA<'a> = ZVecIter<'a, u8>;
    "collections::zvec::iter::ZVecIter" "T" co ZVecIterT<'p, 'a> = ZVecIter<'p, &'a u8>;
    "collections::heap::ZHeap" "'z" co ZHeapZ<'a> = ZHeap<'a, u8>;
    "collections::heap::ZHeap" "T" co ZHeapT<'p, 'a> = ZHeap<'p, &'a u8>;
    "collections::heap::ZHeapPeekMut" "'q" co ZHeapPeekMutQ<'a> = ZHeapPeekMut<'a, 'static, u8>;
    "collections::heap::ZHeapPeekMut" "'z" invariant ZHeapPeekMutZ<'p, 'a> = ZHeapPeekMut<'p, 'a, u8>;
    "collections::heap::ZHeapPeekMut" "T" invariant ZHeapPeekMutT<'p, 'a> = ZHeapPeekMut<'p, 'p, &'a u8>;
    "closure::frames::Frames" "T" invariant FramesT<'a> = Frames<&'a u8>;
    "collections::text::ZString" "'z" co ZStringZ<'a> = ZString<'a>;
    "arena::ArenaScope" "'a" co ArenaScopeA<'a> = memzone::__private::ArenaScope<'a>;
    "owned::inline::Inline" "U" invariant InlineU<'a> = Inline<&'a u8, 8>;
    "owned::pool::values::Pool" "'z" co PoolZ<'a> = Pool<'a, u8>;
    "owned::pool::values::Pool" "T" invariant PoolT<'p, 'a> = Pool<'p, &'a u8>;
    "owned::pool::slots::PoolFull" "T" co PoolFullT<'a> = PoolFull<&'a u8>;
    "owned::pool::slots::PoolKeys" "'p" co PoolKeysP<'a> = PoolKeys<'a>;
    "owned::pool::iter::PoolIter" "'p" co PoolIterP<'a> = PoolIter<'a, u8>;
    "owned::pool::iter::PoolIter" "T" co PoolIterT<'p, 'a> = PoolIter<'p, &'a u8>;
    "owned::pool::iter::PoolIterMut" "'p" co PoolIterMutP<'a> = PoolIterMut<'a, u8>;
    "owned::pool::iter::PoolIterMut" "T" invariant PoolIterMutT<'p, 'a> = PoolIterMut<'p, &'a u8>;
    "owned::pool::boxed::PoolBox" "'p" co PoolBoxP<'a> = PoolBox<'a, u8>;
    "owned::pool::boxed::PoolBox" "T" co PoolBoxT<'p, 'a> = PoolBox<'p, &'a u8>;
    "closure::zone_fn::Closure" "'z" co ClosureZ<'a> = Closure<'a, u8>;
    "closure::zone_fn::Closure" "D" co ClosureD<'p, 'a> = Closure<'p, &'a u8>;
    "closure::zone_fn::ZoneFn" "D" co ZoneFnD<'a> = ZoneFn<&'a u8>;
    "closure::parcel::Parcel" "T" invariant ParcelT<'a> = Parcel<&'a u8>;
    "closure::hot::caller::Caller" "D" co CallerD<'a> = Caller<&'a u8>;
    "closure::hot::caller::Binder" "D" invariant BinderD<'a> = Binder<&'a u8>;
    "closure::hot::fade::Fader" "D" co FaderD<'a> = Fader<&'a u8>;
    "closure::hot::fade::Fader" "S" co FaderS<'a> = Fader<u8, &'a u8>;
    "closure::hot::block_fade::BlockFader" "D" co BlockFaderD<'a> = BlockFader<&'a u8, f32, u8>;
    "closure::hot::block_fade::BlockFader" "T" co BlockFaderT<'a> = BlockFader<u8, &'a u8, u8>;
    "closure::hot::block_fade::BlockFader" "S" co BlockFaderS<'a> = BlockFader<u8, f32, &'a u8>;
    "reclaim::retirer::Full" "T" co FullT<'a> = Full<&'a u8>;
}

#[cfg(feature = "rt-alloc")]
mod of_rt_alloc {
    use super::*;
    auto_traits! {
        "insight::stats::HeapOfThread" stats::HeapOfThread: Y Y Y Y Y;
        "rt_alloc::global::RtAlloc" memzone::RtAlloc: Y Y Y Y Y;
        "rt_alloc::global::RtAlloc" memzone::RtAlloc<Cell<u8>>: Y N Y Y N;
    }
    // That it does not vary otherwise is not in tests/ui, which knows the default features only.
    variance! {
        "rt_alloc::global::RtAlloc" "A" co RtAllocA<'a> = memzone::RtAlloc<&'a u8>;
    }
}

#[cfg(not(feature = "rt-alloc"))]
mod of_rt_alloc {
    pub(crate) const AUTO_TRAITS: &[&str] = &[];
    pub(crate) const VARIANCE: &[(&str, &str, &str)] = &[];
}

/// The public types of the sources, with the names of their parameters.
#[derive(Default)]
struct Found {
    types: BTreeMap<String, Vec<String>>,
    files: BTreeSet<PathBuf>,
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let text = list.tokens.to_string();
            text.split(|c: char| !c.is_alphanumeric())
                .any(|word| word == "test" || word == "doctest")
        }
        _ => false,
    })
}

impl Found {
    fn add(&mut self, visibility: &Visibility, name: String, generics: &Generics) {
        if matches!(visibility, Visibility::Public(_)) {
            let parameters = generics.params.iter().filter_map(|parameter| match parameter {
                GenericParam::Lifetime(it) => Some(it.lifetime.to_string()),
                GenericParam::Type(it) => Some(it.ident.to_string()),
                GenericParam::Const(_) => None,
            });
            self.types.insert(name, parameters.collect());
        }
    }

    fn items(&mut self, items: &[Item], path: &str, directory: &Path) {
        for item in items {
            match item {
                Item::Struct(it) => self.add(&it.vis, format!("{path}{}", it.ident), &it.generics),
                Item::Enum(it) => self.add(&it.vis, format!("{path}{}", it.ident), &it.generics),
                Item::Union(it) => self.add(&it.vis, format!("{path}{}", it.ident), &it.generics),
                Item::Macro(it) => {
                    let text = it.mac.tokens.to_string();
                    let makes = ["pub struct", "pub enum", "pub union"];
                    assert!(
                        !makes.iter().any(|makes| text.contains(makes)),
                        "a type in a macro: {text}"
                    );
                }
                Item::Mod(it) if !is_for_tests(&it.attrs) => {
                    let name = it.ident.to_string();
                    let (path, inside) = (format!("{path}{name}::"), directory.join(&name));
                    match &it.content {
                        Some((_, items)) => self.items(items, &path, &inside),
                        None => self.file(&it.attrs, &name, &path, directory),
                    }
                }
                _ => {}
            }
        }
    }

    fn file(&mut self, attributes: &[Attribute], name: &str, path: &str, directory: &Path) {
        let given = attributes.iter().find_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                Expr::Lit(syn::ExprLit { lit: Lit::Str(file), .. }) => Some(file.value()),
                _ => panic!("a path that is no text: {path}"),
            },
            _ => None,
        });
        let files = [given.unwrap_or_else(|| format!("{name}.rs")), format!("{name}/mod.rs")];
        let mut files = files.iter().map(|file| directory.join(file));
        let file = files.find(|file| file.exists()).unwrap_or_else(|| panic!("no file for {path}"));
        // Declared twice, once for each state of a feature.
        if self.files.insert(file.clone()) {
            let text = fs::read_to_string(&file).unwrap();
            self.items(&syn::parse_file(&text).unwrap().items, path, &directory.join(name));
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "reads files, which is slow there and without unsafe code")]
fn each_public_type_has_its_rows() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Found::default();
    let root = fs::read_to_string(sources.join("lib.rs")).unwrap();
    found.items(&syn::parse_file(&root).unwrap().items, "", &sources);
    // Some are public with a feature only.
    let sites_are_on = cfg!(any(feature = "profile", feature = "tracing"));
    found.types.retain(|name, _| match name.as_str() {
        "insight::sites::on::Site" => sites_are_on,
        "insight::sites::off::Site" => !sites_are_on,
        name if name.starts_with("insight::sites::figures::") => cfg!(feature = "profile"),
        name if name.starts_with("insight::ledger::") => cfg!(feature = "ledger"),
        name if name.starts_with("rt_alloc::") || name.ends_with("::HeapOfThread") => {
            cfg!(feature = "rt-alloc")
        }
        "collections::zmap::ZMap" | "collections::zset::ZSet" => cfg!(feature = "hashbrown"),
        _ => true,
    });
    assert!(found.types.len() > 40, "only {:?}", found.types);

    let rows = [
        AUTO_TRAITS,
        of_ledger::AUTO_TRAITS,
        of_profile::AUTO_TRAITS,
        of_sites::AUTO_TRAITS,
        of_rt_alloc::AUTO_TRAITS,
        of_maps::AUTO_TRAITS,
    ];
    let rows: BTreeSet<_> = rows.into_iter().flatten().copied().collect();
    let types: BTreeSet<_> = found.types.keys().map(String::as_str).collect();
    let missing: Vec<_> = types.symmetric_difference(&rows).collect();
    assert!(missing.is_empty(), "no row of auto traits, or no such type: {missing:?}");

    let rows = VARIANCE.iter().chain(of_rt_alloc::VARIANCE).chain(of_maps::VARIANCE);
    let rows: BTreeSet<_> = rows.map(|&(name, parameter, _)| (name, parameter)).collect();
    let parameters = found.types.iter().flat_map(|(name, parameters)| {
        parameters.iter().map(|parameter| (name.as_str(), parameter.as_str()))
    });
    let parameters: BTreeSet<_> = parameters.collect();
    let missing: Vec<_> = parameters.symmetric_difference(&rows).collect();
    assert!(missing.is_empty(), "no row of variance, or no such parameter: {missing:?}");
}

#[test]
#[cfg_attr(miri, ignore = "reads files, which is slow there and without unsafe code")]
fn what_does_not_vary_is_seen_not_to() {
    let refused = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/types/variance.stderr");
    let refused = fs::read_to_string(refused).unwrap();
    for (name, parameter, how) in VARIANCE {
        for direction in ["co", "contra"].into_iter().filter(|direction| direction != how) {
            let of =
                name.rsplit("::").next().unwrap().to_string() + "_" + parameter.trim_matches('\'');
            let function = format!("fn not_{direction}_{}<", of.to_lowercase());
            assert!(refused.contains(&function), "tests/ui/types/variance.rs has no {function}");
        }
    }
}
