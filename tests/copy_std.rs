//! `DeepCopy` of what people have in structs: std's collections, cells, atomics, function pointers, errors.

#[path = "common/counting.rs"]
mod counting;

use memzone::{DeepCopy, PoolKey, ZBox, Zone, beginz, peek_zone, try_zcopy, zcopy};
use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::error::Error;
use std::ffi::CStr;
use std::fmt::{self, Debug};
use std::io;
use std::marker::PhantomData;
use std::num::{Saturating, Wrapping};
use std::ops::{Bound, ControlFlow};
use std::pin::Pin;
use std::sync::atomic::*;
use std::sync::{OnceLock, PoisonError};
use std::task::Poll;

/// Nodes of what is too deep for a stack.
const MANY: usize = if cfg!(miri) { 60 } else { 20_000 };

/// Checks that the copy and what a scope moves out read like the value, once what it came from is overwritten.
macro_rules! copies {
    (|$zone:ident| $make:expr) => {{
        let (target, mut source) = (Zone::new(0), Zone::new(1 << 12));
        let (copy, text) = {
            let $zone = &source;
            let made = $make;
            (try_zcopy(&made, &target).unwrap(), format!("{made:?}"))
        };
        source.reset().unwrap();
        source.alloc_slice(source.remaining(), 0xa5_u8);
        assert_eq!(format!("{copy:?}"), text);
        let moved = beginz!($zone in &target => { $make });
        beginz!(spare => { spare.alloc_slice(1 << 12, 0xa5_u8); });
        assert_eq!(format!("{moved:?}"), text);
        text
    }};
}

#[test]
fn collections_of_what_lies_in_the_zone_copy() {
    copies!(|z| VecDeque::from([z.alloc_str("a"), z.alloc_str("b")]));
    copies!(|z| LinkedList::from([z.alloc(1), z.alloc(2)]));
    copies!(|z| BTreeSet::from([&*z.alloc_str("b"), z.alloc_str("a")]));
    copies!(|z| BTreeMap::from([(&*z.alloc_str("k"), z.alloc(1)), (z.alloc_str("l"), z.alloc(2))]));
    copies!(|z| HashSet::from([&*z.alloc_str("only")]));
    copies!(|z| HashMap::from([(&*z.alloc_str("only"), vec![z.alloc(1_u8)])]));
    // Its order inside is its own: read it sorted.
    let (source, target) = (Zone::new(100), Zone::new(100));
    let heap = BinaryHeap::from([&*source.alloc(2), source.alloc(3), source.alloc(1)]);
    assert_eq!(zcopy(&heap, &target).into_sorted_vec(), [&1, &2, &3]);
    let moved: BinaryHeap<&u8> =
        beginz!(z in &target => BinaryHeap::from([&*z.alloc(2_u8), z.alloc(3)]));
    assert_eq!(moved.into_sorted_vec(), [&2, &3]);
    // Many, with the map's own hasher.
    let hasher = std::hash::RandomState::new();
    let mut map = HashMap::<&u64, &u64, _>::with_hasher(hasher.clone());
    map.extend((0..300).map(|n: u64| (&*source.alloc(n), &*source.alloc(n + 1))));
    let copy: HashMap<&u64, &u64> = zcopy(&map, &target);
    drop(map);
    drop(heap);
    drop(source);
    assert!((0..300).all(|n| *copy[&n] == n + 1) && copy.len() == 300);
    use std::hash::BuildHasher;
    assert_eq!(copy.hasher().hash_one(7), hasher.hash_one(7));
}

/// A key that is another's equal in the copy: the last one stays, as in each map.
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Halved(u8);

impl<'z> DeepCopy<'z> for Halved {
    type Copied = Halved;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Halved, memzone::ZoneError> {
        Ok(Halved(self.0 / 2))
    }
}

#[test]
fn keys_that_become_equal_are_one() {
    let target = Zone::new(0);
    let map = HashMap::from([(Halved(2), 0), (Halved(3), 0)]);
    assert_eq!((zcopy(&map, &target).len(), beginz!({ map }).len()), (1, 1));
    let map = BTreeMap::from([(Halved(2), 0), (Halved(3), 1)]);
    assert_eq!(zcopy(&map, &target)[&Halved(1)], 1);
}

/// A plain value of the user's: maps of it move as they are too.
#[derive(DeepCopy, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Id(u32);

#[test]
fn collections_of_what_stays_as_it_is_move_without_memory() {
    let map: HashMap<String, Vec<Vec<f32>>> = HashMap::from([("a".into(), vec![vec![0.5]])]);
    let ids: HashMap<Id, HashSetOf> = HashMap::from([(Id(1), ())]);
    let trees = (BTreeMap::from([(1_u8, "b".to_string())]), BTreeSet::from([Id(2)]));
    let lists =
        (LinkedList::from([1]), VecDeque::from([Box::<str>::from("c")]), BinaryHeap::from([3]));
    let (set, pinned) = (HashSet::from(["d".to_string()]), Box::pin(4_u8));
    type HashSetOf = ();
    let place = &raw const *pinned;
    let all = (map, ids, trees, lists, set, pinned);
    let target = Zone::new(1 << 12);
    // Makes the stack and the default zone.
    beginz!({ 1 });
    drop(peek_zone());
    let before = (counting::calls(), counting::frees());
    let all = beginz!(_z in &target => all);
    let all = beginz!({ all });
    assert_eq!((counting::calls(), counting::frees()), before);
    assert_eq!((all.0["a"][0][0], all.1.len(), &*all.2.0[&1], all.2.1.len()), (0.5, 1, "b", 1));
    assert_eq!((all.3.0.len(), &*all.3.1[0], all.3.2.peek()), (1, "c", Some(&3)));
    assert!(all.4.contains("d") && &raw const *all.5 == place);
    // With a part that is in a zone, they are made anew, and it goes along.
    let (home, target) = (Zone::new(100), Zone::new(100));
    let boxes: HashMap<Id, ZBox<u8>> = HashMap::from([(Id(1), home.boxed(7_u8))]);
    let moved = target.enter(|| beginz!({ boxes }));
    assert!(*moved[&Id(1)] == 7 && target.contains(&*moved[&Id(1)]));
}

#[derive(DeepCopy, Debug, Default)]
enum Json<'z> {
    #[default]
    Null,
    Text(&'z str),
    List(VecDeque<Json<'z>>),
    Object(BTreeMap<String, Json<'z>>),
    Index(HashMap<u8, Json<'z>>),
    Chain(LinkedList<Json<'z>>),
}

#[test]
fn nested_collections_copy_without_deep_recursion() {
    copies!(|z| Json::Object(BTreeMap::from([
        ("list".to_string(), Json::List([Json::Text(z.alloc_str("text")), Json::Null].into())),
        ("index".to_string(), Json::Index(HashMap::from([(1, Json::Null)]))),
    ])));
    let depth = |json: &Json<'_>| {
        let (mut depth, mut json) = (0, json);
        loop {
            json = match json {
                Json::Null | Json::Text(_) => return depth,
                Json::List(list) => &list[0],
                Json::Object(object) => &object["k"],
                Json::Index(index) => &index[&0],
                Json::Chain(chain) => chain.front().unwrap(),
            };
            depth += 1;
        }
    };
    let mut json = Json::Text("end");
    for n in 0..MANY {
        json = match n % 4 {
            0 => Json::List([json].into()),
            1 => Json::Object(BTreeMap::from([("k".to_string(), json)])),
            2 => Json::Index(HashMap::from([(0, json)])),
            _ => Json::Chain(LinkedList::from([json])),
        };
    }
    let target = Zone::new(0);
    let copy = zcopy(&json, &target);
    assert_eq!((depth(&json), depth(&copy)), (MANY, MANY));
    let moved = beginz!(_z in &target => json);
    assert_eq!(depth(&moved), MANY);
    // From outside, as their destructors recurse.
    for mut json in [copy, moved] {
        loop {
            json = match json {
                Json::Null | Json::Text(_) => break,
                Json::List(mut list) => list.pop_front().unwrap(),
                Json::Object(mut object) => object.remove("k").unwrap(),
                Json::Index(mut index) => index.remove(&0).unwrap(),
                Json::Chain(mut chain) => chain.pop_front().unwrap(),
            };
        }
    }
}

#[test]
fn what_is_matched_copies() {
    copies!(|z| (Poll::Ready(z.alloc(1)), Poll::<u8>::Pending));
    copies!(|z| (
        ControlFlow::<_, u8>::Break(z.alloc(1)),
        ControlFlow::<u8, _>::Continue(z.alloc(2))
    ));
    copies!(|z| (Bound::Included(z.alloc(1)), Bound::Excluded(2), Bound::<u8>::Unbounded));
    copies!(|z| (Saturating(z.alloc(1)), Wrapping(2)));
    assert_eq!(beginz!({ [Some(Saturating(3_u8)); 2] }), [Some(Saturating(3)); 2]);
}

#[test]
fn cells_and_atomics_copy() {
    copies!(|z| (OnceCell::from(z.alloc(1)), OnceLock::from(z.alloc_str("a"))));
    copies!(|_z| (OnceCell::<u8>::new(), OnceLock::<Cell<u8>>::new()));
    copies!(|_z| (AtomicBool::new(true), AtomicU8::new(1), AtomicU16::new(2), AtomicU32::new(3)));
    copies!(|_z| (AtomicU64::new(4), AtomicUsize::new(5), AtomicI8::new(-1), AtomicI16::new(-2)));
    copies!(|_z| (AtomicI32::new(-3), AtomicI64::new(-4), AtomicIsize::new(-5)));
    // Apart from what they were copied from.
    let (counter, zone) = ([AtomicU32::new(1), AtomicU32::new(2)], Zone::new(64));
    let copy = zcopy(&&counter[..], &zone);
    counter[0].store(9, Ordering::Relaxed);
    assert_eq!(copy[0].load(Ordering::Relaxed), 1);
    let _: AtomicU32 = beginz!(z => { z.alloc(1_u8); AtomicU32::default() });
}

#[test]
fn a_cow_borrows_from_the_zone_it_is_copied_to() {
    let (source, target) = (Zone::new(100), Zone::new(100));
    let borrowed: Cow<'_, str> = Cow::Borrowed(source.alloc_str("text"));
    let copy = zcopy(&borrowed, &target);
    drop(source);
    assert!(matches!(copy, Cow::Borrowed(text) if text == "text" && target.contains(text)));
    let moved: Cow<'_, str> = beginz!(z in &target => Cow::Borrowed(&*z.alloc_str("text")));
    assert!(matches!(moved, Cow::Borrowed(text) if text == "text" && target.contains(text)));
    let owned = String::from("owned");
    let place = owned.as_ptr();
    let moved: Cow<'_, str> = beginz!(_z in &target => Cow::<str>::Owned(owned));
    assert!(matches!(moved, Cow::Owned(text) if text.as_ptr() == place));
    copies!(|z| Cow::<[u8]>::Borrowed(z.alloc_slice(3, 7)));
    copies!(|_z| Cow::<[u16]>::Owned(vec![1]));
    copies!(|z| {
        let bytes: &[u8] = z.alloc_slice_copy(b"c\0");
        (CStr::from_bytes_with_nul(bytes).unwrap(), Cow::Borrowed(c"d"))
    });
}

#[test]
fn a_pinned_box_copies_its_value() {
    copies!(|z| Box::pin(z.alloc(1)));
    #[derive(DeepCopy, Debug)]
    struct Stays<'z>(&'z u8, std::marker::PhantomPinned);
    copies!(|z| Box::pin(Stays(z.alloc(1), std::marker::PhantomPinned)));
    #[derive(DeepCopy)]
    struct List<'z>(u8, Option<Pin<Box<List<'z>>>>, PhantomData<&'z ()>);
    let (mut list, target) = (List(0, None, PhantomData), Zone::new(0));
    for _ in 0..MANY {
        list = List(1, Some(Box::pin(list)), PhantomData);
    }
    let copy = zcopy(&list, &target);
    let (mut nodes, mut next) = (0, &copy);
    while let Some(node) = &next.1 {
        (nodes, next) = (nodes + usize::from(next.0), node);
    }
    assert_eq!(nodes, MANY);
    // From their beginnings, as their destructors recurse.
    for mut list in [copy, list] {
        while let Some(next) = list.1.take() {
            list = *Pin::into_inner(next);
        }
    }
}

#[test]
fn function_pointers_copy() {
    fn by_value(x: f32) -> f32 {
        x + 1.0
    }
    extern "C" fn of_c(x: u8, _: *const u8) -> u8 {
        x
    }
    let f = beginz!({ Some(by_value as fn(f32) -> f32) }).unwrap();
    assert_eq!(f(1.0), 2.0);
    let zone = Zone::new(64);
    let f = zcopy(&[of_c as extern "C" fn(u8, *const u8) -> u8], &zone)[0];
    assert_eq!(f(3, &0), 3);
    type Twelve = fn(u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8);
    let twelve: Twelve = |_, _, _, _, _, _, _, _, _, _, _, _| ();
    zcopy(&(twelve, || ()).0, &zone);
    let nothing: unsafe extern "system" fn() = {
        unsafe extern "system" fn nothing() {}
        nothing
    };
    assert!(zcopy(&Ok::<_, u8>(nothing), &zone).is_ok());
}

#[test]
fn keys_of_pools_copy() {
    let zone = Zone::new(1024);
    let mut pool = zone.pool(4);
    let keys: Vec<PoolKey> = (0..3).map(|n| pool.insert(n).unwrap()).collect();
    let copy = beginz!(z in &zone => z.alloc_slice_copy(&keys));
    assert_eq!(copy, &*keys);
    assert_eq!(beginz!({ Some(keys[1]) }), Some(keys[1]));
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn errors_of_std_move_and_copy() {
    copies!(|_z| ("x".parse::<u8>().unwrap_err(), "x".parse::<f32>().unwrap_err()));
    copies!(|_z| ("x".parse::<bool>().unwrap_err(), "".parse::<char>().unwrap_err()));
    copies!(|_z| (u8::try_from(300).unwrap_err(), fmt::Error, io::ErrorKind::NotFound));
    copies!(|_z| (String::from_utf8(vec![0xff]).unwrap_err(), char::from_u32(0xD800)));
    copies!(|_z| String::from_utf16(&[0xD800]).unwrap_err());
    copies!(|_z| (
        std::str::from_utf8(&Vec::from([0xff; 2])).map(str::len),
        char::try_from(0xD800_u32)
    ));
    copies!(|_z| (
        <[u8; 2]>::try_from(&[1_u8][..]).unwrap_err(),
        std::alloc::Layout::array::<u64>(usize::MAX)
    ));
    copies!(|_z| (
        "1.2.3".parse::<std::net::IpAddr>().unwrap_err(),
        std::env::VarError::NotPresent
    ));
    copies!(|_z| (
        std::ffi::CString::new("a\0").unwrap_err(),
        CStr::from_bytes_with_nul(b"a").unwrap_err()
    ));
    copies!(|_z| (RefCell::new(1).try_borrow().is_ok(), Vec::<u8>::new().try_reserve(usize::MAX)));
    copies!(|_z| {
        let cell = RefCell::new(());
        let _borrowed = cell.borrow_mut();
        (cell.try_borrow().unwrap_err(), cell.try_borrow_mut().unwrap_err())
    });
    copies!(|z| PoisonError::new(z.alloc(1)).into_inner());
    let (source, target) = (Zone::new(64), Zone::new(64));
    let copy = zcopy(&PoisonError::new(&*source.alloc(5)), &target);
    assert!(**copy.get_ref() == 5 && target.contains(*copy.get_ref()));
}

#[derive(Debug)]
struct Outer(io::Error);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the file is not read")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// Its source is it once more.
#[derive(Debug)]
struct Circle;

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a circle")
    }
}

impl Error for Circle {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self)
    }
}

fn texts(error: &(dyn Error + 'static)) -> Vec<String> {
    std::iter::successors(Some(error), |&error| error.source())
        .map(|error| error.to_string())
        .collect()
}

#[test]
fn an_error_that_cannot_be_cloned_says_the_same_in_its_copy() {
    let zone = Zone::new(64);
    copies!(|_z| (io::Error::from_raw_os_error(2), io::Error::from(io::ErrorKind::NotFound)));
    copies!(|_z| io::Error::other("of mine"));
    let error = io::Error::new(io::ErrorKind::InvalidData, Outer(io::Error::other("torn")));
    let copy = zcopy(&error, &zone);
    assert_eq!((copy.kind(), copy.to_string()), (error.kind(), error.to_string()));
    // It moves as it is.
    let moved = beginz!(_z in &zone => error);
    assert!(moved.get_ref().unwrap().downcast_ref::<Outer>().is_some());
    let boxed: Box<dyn Error + Send + Sync> = Outer(io::Error::other("torn")).into();
    let copy = zcopy(&boxed, &zone);
    assert_eq!(texts(&*copy), texts(&*boxed));
    assert_eq!(format!("{copy:?}"), format!("{boxed:?}"));
    let moved = beginz!(_z in &zone => boxed);
    assert!(moved.downcast_ref::<Outer>().is_some());
    let circle: Box<dyn Error> = Circle.into();
    assert_eq!(texts(&*zcopy(&circle, &zone)), vec!["a circle"; 32]);
    let text: Box<dyn Error + Send> = Box::<dyn Error + Send + Sync>::from("text");
    assert_eq!(zcopy(&text, &zone).to_string(), "text");
}

#[test]
fn what_borrows_and_what_fails_leave_together() {
    fn read(zone: &Zone, fails: bool) -> io::Result<&[f32]> {
        beginz!(z in zone => {
            let block: &[f32] = z.alloc_slice(3, 0.5);
            if fails { Err(io::Error::other("torn")) } else { Ok(block) }
        })
    }
    let zone = Zone::new(64);
    assert_eq!(read(&zone, false).unwrap(), [0.5; 3]);
    assert_eq!(read(&zone, true).unwrap_err().to_string(), "torn");
    let copy: Result<&[f32], Box<dyn Error>> = beginz!(z in &zone => {
        let block: &[f32] = z.alloc_slice(3, 0.5);
        Ok::<_, Box<dyn Error>>(block)
    });
    assert_eq!(copy.unwrap(), [0.5; 3]);
}

/// That the type is known, without a value.
fn known<T: for<'z> DeepCopy<'z>>() {}

#[test]
fn more_of_std_is_known() {
    struct Texture;
    known::<PhantomData<Texture>>();
    known::<PhantomData<dyn Debug>>();
    known::<PhantomData<*const u8>>();
    known::<std::net::Ipv4Addr>();
    known::<std::net::SocketAddrV6>();
    known::<std::process::ExitStatus>();
    known::<std::task::Waker>();
    known::<std::thread::Thread>();
    known::<std::sync::mpsc::Sender<Texture>>();
    known::<std::sync::mpsc::RecvError>();
    known::<std::thread::AccessError>();
    known::<std::time::SystemTimeError>();
    known::<std::path::StripPrefixError>();
    known::<std::char::DecodeUtf16Error>();
    known::<Box<std::path::Path>>();
    known::<std::hash::BuildHasherDefault<std::hash::DefaultHasher>>();
    known::<Pin<Box<Cell<u8>>>>();
}
