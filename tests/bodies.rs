//! Bodies as they stand in real programs: audio, video, games, parsers, command-line tools, servers. None says a type that a
//! plain block would not need. They run on edition 2021 too (`tests/edition-2021`).

use memzone::{DeepCopy, ZBox, Zone, ZoneError, beginz, letz, try_beginz, try_letz};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

// Audio and video.

#[test]
fn b01_root_mean_square() {
    fn rms(block: &[f32]) -> f32 {
        letz!(squares = [0.0; block.len()] => {
            for (square, sample) in squares.iter_mut().zip(block) {
                *square = sample * sample;
            }
            (squares.iter().sum::<f32>() / squares.len() as f32).sqrt()
        })
    }
    assert_eq!(rms(&[0.5; 64]), 0.5);
}

#[test]
fn b02_the_peak_as_an_option() {
    fn peak(block: &[f32]) -> Option<f32> {
        beginz!(z => z.alloc_slice_copy(block).iter().copied().reduce(f32::max))
    }
    assert_eq!((peak(&[0.1, 0.7]), peak(&[])), (Some(0.7), None));
}

#[test]
fn b03_a_window_in_the_callers_zone() {
    fn window(len: usize, outer: &Zone) -> &[f32] {
        letz!(_z in outer; w = [0.0; len] => {
            for (n, w) in w.iter_mut().enumerate() {
                *w = 0.5 - 0.5 * (std::f32::consts::TAU * n as f32 / len as f32).cos();
            }
            w
        })
    }
    let zone = Zone::new(64);
    let off =
        window(4, &zone).iter().zip([0.0, 0.5, 1.0, 0.5]).map(|(w, wanted)| (w - wanted).abs());
    assert!(off.fold(0.0, f32::max) < 1e-6);
}

#[test]
fn b04_mixing_into_what_is_outside() {
    let mut out = [1.0_f32; 4];
    letz!(voice = [0.5; 4] => out.iter_mut().zip(&*voice).for_each(|(out, voice)| *out += voice));
    assert_eq!(out, [1.5; 4]);
}

#[test]
fn b05_interleaving_to_a_vec() {
    fn interleave(left: &[i16], right: &[i16]) -> Vec<i16> {
        beginz!(z => {
            let pairs = z.alloc_iter(left.iter().zip(right).map(|(l, r)| [*l, *r]));
            pairs.iter().flatten().copied().collect()
        })
    }
    assert_eq!(interleave(&[1, 2], &[3, 4]), [1, 3, 2, 4]);
}

#[test]
fn b06_a_filters_coefficients() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Biquad {
        b: [f64; 3],
        a: [f64; 2],
    }
    fn lowpass(ratio: f64) -> Biquad {
        letz!(k = (std::f64::consts::PI * ratio).tan() => {
            let norm = 1.0 / (1.0 + *k * 2.0_f64.sqrt() + *k * *k);
            let b0 = *k * *k * norm;
            Biquad { b: [b0, 2.0 * b0, b0], a: [2.0 * (*k * *k - 1.0) * norm, 0.5] }
        })
    }
    assert!(lowpass(0.1).b[0] > 0.06);
}

#[test]
fn b07_run_length_encoding() {
    fn encode(row: &[u8]) -> Vec<(u8, usize)> {
        beginz!({
            let mut runs = Vec::new();
            for &pixel in row {
                match runs.last_mut() {
                    Some((last, count)) if *last == pixel => *count += 1,
                    _ => runs.push((pixel, 1)),
                }
            }
            runs
        })
    }
    assert_eq!(encode(&[7, 7, 9]), [(7, 2), (9, 1)]);
}

#[test]
fn b08_a_histogram_as_an_array() {
    fn histogram(pixels: &[u8]) -> [u32; 4] {
        letz!(bins = [0; 4] => {
            pixels.iter().for_each(|p| bins[usize::from(p >> 6)] += 1);
            std::array::from_fn(|n| bins[n])
        })
    }
    assert_eq!(histogram(&[0, 63, 64, 255]), [2, 1, 0, 1]);
}

#[test]
fn b09_what_xtlangs_guide_shows() {
    let samples = letz!(samples = [0.0; 5], scratch = [0.0; 6000] => {
        scratch[0] = 1.0;
        samples[1] = scratch[0];
        samples
    });
    assert_eq!(*samples, [0.0, 1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn b10_a_voice_stealer() {
    fn quietest(levels: &[f32]) -> Option<usize> {
        letz!(order = [0; levels.len()] => {
            order.iter_mut().enumerate().for_each(|(n, slot)| *slot = n);
            order.sort_by(|a, b| levels[*a].total_cmp(&levels[*b]));
            order.first().copied()
        })
    }
    assert_eq!(quietest(&[0.5, 0.1]), Some(1));
}

// Parsers.

#[test]
fn b11_a_number_with_an_error() {
    fn port(text: &str) -> Result<u16, std::num::ParseIntError> {
        beginz!(z => z.alloc_str(text).trim().parse())
    }
    assert_eq!((port(" 80 "), port("x").is_err()), (Ok(80), true));
}

#[test]
fn b12_a_question_mark_and_an_ok_at_the_end() {
    fn sum(text: &str) -> Result<i64, Box<dyn Error>> {
        beginz!(z => {
            let mut total = 0;
            for word in z.alloc_str(text).split(',') {
                total += word.parse::<i64>()?;
            }
            if total < 0 {
                return Err("negative".into());
            }
            Ok(total)
        })
    }
    assert_eq!(sum("1,2").unwrap(), 3);
    assert_eq!(sum("-5").unwrap_err().to_string(), "negative");
}

#[test]
fn b13_an_error_made_by_into() {
    fn check(n: u32) -> Result<u32, String> {
        beginz!({ if n > 3 { Err("too many".into()) } else { Ok(n) } })
    }
    assert_eq!((check(3), check(4)), (Ok(3), Err("too many".to_string())));
}

#[test]
fn b14_key_value_pairs() {
    fn parse(text: &str) -> HashMap<String, String> {
        beginz!(z => {
            z.alloc_str(text)
                .lines()
                .filter_map(|line| line.split_once('='))
                .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                .collect()
        })
    }
    assert_eq!(parse("a = 1\nb")["a"], "1");
}

#[test]
fn b15_a_syntax_tree() {
    #[derive(Debug, PartialEq)]
    enum Expr {
        Number(f64),
        Sum(Box<Expr>, Box<Expr>),
    }
    fn parse(text: &str) -> Option<Expr> {
        beginz!({
            let (left, right) = text.split_once('+')?;
            let number = |text: &str| text.trim().parse().ok().map(Expr::Number);
            Some(Expr::Sum(Box::new(number(left)?), Box::new(number(right)?)))
        })
    }
    assert_eq!(parse("1+x"), None);
    assert!(matches!(parse("1+2"), Some(Expr::Sum(left, _)) if *left == Expr::Number(1.0)));
}

#[test]
fn b16_words_in_the_callers_zone() {
    fn words<'z>(text: &str, outer: &'z Zone) -> Vec<&'z str> {
        beginz!(z in outer => {
            let mut words: Vec<&str> = z.alloc_str(text).split(' ').collect();
            words.sort_unstable();
            words.dedup();
            words
        })
    }
    assert_eq!(words("b a b", &Zone::new(64)), ["a", "b"]);
}

#[test]
fn b17_a_slice_or_an_error() {
    #[derive(Debug, PartialEq, DeepCopy)]
    enum ReadError {
        TooShort(usize),
    }
    fn header<'z>(bytes: &[u8], outer: &'z Zone) -> Result<&'z [u8], ReadError> {
        beginz!(z in outer => {
            if bytes.len() < 4 {
                return Err(ReadError::TooShort(bytes.len()));
            }
            Ok(z.alloc_slice_copy(&bytes[..4]))
        })
    }
    let zone = Zone::new(64);
    assert_eq!(header(b"RIFF....", &zone), Ok(&b"RIFF"[..]));
    assert_eq!(header(b"R", &zone), Err(ReadError::TooShort(1)));
}

#[test]
fn b18_an_optional_name() {
    fn name<'z>(line: &str, outer: &'z Zone) -> Option<&'z str> {
        beginz!(z in outer => Some(z.alloc_str(line.strip_prefix("name:")?)))
    }
    let zone = Zone::new(64);
    assert_eq!((name("name:kick", &zone), name("-", &zone)), (Some("kick"), None));
}

#[test]
fn b19_hexadecimal() {
    fn decode(text: &str) -> Option<Vec<u8>> {
        beginz!({
            (0..text.len())
                .step_by(2)
                .map(|n| u8::from_str_radix(text.get(n..n + 2)?, 16).ok())
                .collect()
        })
    }
    assert_eq!((decode("0aff"), decode("0")), (Some(vec![10, 255]), None));
}

#[test]
fn b20_escapes_that_are_rare() {
    fn unescape(text: &str) -> Cow<'_, str> {
        beginz!({
            if text.contains('\\') { text.replace("\\n", "\n").into() } else { text.into() }
        })
    }
    assert!(matches!(unescape("plain"), Cow::Borrowed("plain")));
    assert_eq!(unescape("a\\nb"), "a\nb");
}

// Algorithms and collections.

#[test]
fn b21_counting_words() {
    fn count(text: &str) -> BTreeMap<&str, usize> {
        beginz!({
            let mut counts = BTreeMap::new();
            for word in text.split_whitespace() {
                *counts.entry(word).or_default() += 1;
            }
            counts
        })
    }
    assert_eq!(count("a b a")["a"], 2);
}

#[test]
fn b22_the_shortest_way() {
    fn distance(edges: &[(usize, usize)], from: usize, to: usize) -> Option<usize> {
        letz!(seen = [false; 8] => {
            let mut queue = VecDeque::from([(from, 0)]);
            while let Some((node, steps)) = queue.pop_front() {
                if node == to {
                    return Some(steps);
                }
                if std::mem::replace(&mut seen[node], true) {
                    continue;
                }
                queue.extend(edges.iter().filter(|e| e.0 == node).map(|e| (e.1, steps + 1)));
            }
            None
        })
    }
    assert_eq!(distance(&[(0, 1), (1, 2)], 0, 2), Some(2));
    assert_eq!(distance(&[], 0, 2), None);
}

#[test]
fn b23_primes() {
    fn primes(below: usize) -> Vec<usize> {
        letz!(composite = [false; below] => {
            let mut primes = vec![];
            for n in 2..below {
                if !composite[n] {
                    primes.push(n);
                    (n * n..below).step_by(n).for_each(|multiple| composite[multiple] = true);
                }
            }
            primes
        })
    }
    assert_eq!(primes(12), [2, 3, 5, 7, 11]);
}

#[test]
fn b24_the_largest_three() {
    fn largest(items: &[u32]) -> Vec<u32> {
        beginz!(_z => {
            let mut heap: BinaryHeap<_> = items.iter().copied().collect();
            std::iter::from_fn(|| heap.pop()).take(3).collect()
        })
    }
    assert_eq!(largest(&[3, 9, 1, 7]), [9, 7, 3]);
}

#[test]
fn b25_a_set_of_ids() {
    fn ids(rows: &[(u8, &str)]) -> HashSet<u8> {
        beginz!({ rows.iter().map(|row| row.0).collect() })
    }
    assert_eq!(ids(&[(1, "a"), (1, "b")]).len(), 1);
}

#[test]
fn b26_a_matrix_product() {
    fn product<const N: usize>(a: [[f32; N]; N], b: [[f32; N]; N]) -> [[f32; N]; N] {
        letz!(c = [[0.0; N]; N] => {
            for (row, c) in a.iter().zip(c.iter_mut()) {
                for (n, c) in c.iter_mut().enumerate() {
                    *c = row.iter().zip(&b).map(|(a, b)| a * b[n]).sum();
                }
            }
            c.as_ref().try_into().expect("N rows")
        })
    }
    assert_eq!(
        product([[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [1.0, 0.0]]),
        [[2.0, 1.0], [4.0, 3.0]]
    );
}

#[test]
fn b27_the_edit_distance() {
    fn distance(a: &str, b: &str) -> usize {
        letz!(row = [0; b.len() + 1] => {
            row.iter_mut().enumerate().for_each(|(n, slot)| *slot = n);
            for (i, x) in a.bytes().enumerate() {
                let mut corner = std::mem::replace(&mut row[0], i + 1);
                for (j, y) in b.bytes().enumerate() {
                    let next = (corner + usize::from(x != y)).min(row[j].min(row[j + 1]) + 1);
                    corner = std::mem::replace(&mut row[j + 1], next);
                }
            }
            row[b.len()]
        })
    }
    assert_eq!(distance("kitten", "sitting"), 3);
}

#[test]
fn b28_minimum_and_maximum() {
    let (low, high): (f64, f64) = letz!(range = (f64::INFINITY, f64::NEG_INFINITY) => {
        for x in [3.0, 1.0, 2.0] {
            *range = (range.0.min(x), range.1.max(x));
        }
        *range
    });
    assert_eq!((low, high), (1.0, 3.0));
}

#[test]
fn b29_a_median_of_any_number() {
    fn median<T: Copy + Into<f64>>(items: &[T]) -> Option<f64> {
        letz!(sorted = [0.0; items.len()] => {
            sorted.iter_mut().zip(items).for_each(|(slot, item)| *slot = (*item).into());
            sorted.sort_by(f64::total_cmp);
            sorted.get(items.len() / 2).copied()
        })
    }
    assert_eq!((median(&[3_u8, 1, 2]), median::<f32>(&[])), (Some(2.0), None));
}

#[test]
fn b30_sorted_by_key_and_grouped() {
    fn groups(names: &[&'static str]) -> BTreeMap<usize, Vec<&'static str>> {
        beginz!({
            names.iter().fold(Default::default(), |mut groups: BTreeMap<_, Vec<_>>, name| {
                groups.entry(name.len()).or_default().push(*name);
                groups
            })
        })
    }
    assert_eq!(groups(&["a", "bb", "c"])[&1], ["a", "c"]);
}

// Errors, files and the system.

#[test]
fn b31_reading_lines() -> io::Result<()> {
    fn lines(input: impl BufRead) -> io::Result<Vec<String>> {
        beginz!({ input.lines().collect() })
    }
    assert_eq!(lines(&b"a\nb"[..])?, ["a", "b"]);
    Ok(())
}

#[test]
fn b32_writing_and_ok_at_the_end() {
    fn write(out: &mut impl Write, n: u32) -> io::Result<()> {
        beginz!(z => {
            let text = memzone::zformat!(z, "{n} frames");
            out.write_all(text.as_bytes())?;
            Ok(())
        })
    }
    let mut out = vec![];
    write(&mut out, 3).unwrap();
    assert_eq!(out, b"3 frames");
}

#[test]
fn b33_an_error_type_of_ones_own() {
    #[derive(Debug)]
    enum LoadError {
        Io(io::Error),
        Empty,
    }
    impl fmt::Display for LoadError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot load")
        }
    }
    impl Error for LoadError {}
    impl From<io::Error> for LoadError {
        fn from(error: io::Error) -> Self {
            LoadError::Io(error)
        }
    }
    fn load(mut input: impl Read) -> Result<Vec<u8>, LoadError> {
        beginz!({
            let mut bytes = Vec::new();
            input.read_to_end(&mut bytes)?;
            if bytes.is_empty() { Err(LoadError::Empty) } else { Ok(bytes) }
        })
    }
    assert_eq!(load(&b"x"[..]).unwrap(), b"x");
    assert!(matches!(load(io::empty()), Err(LoadError::Empty)));
    assert!(
        matches!(LoadError::from(io::Error::other("x")), LoadError::Io(error) if error.to_string() == "x")
    );
}

#[test]
fn b34_a_boxed_error() {
    fn fail() -> Box<dyn Error + Send + Sync> {
        beginz!({ format!("line {}", 3).into() })
    }
    fn other() -> Box<dyn Error> {
        beginz!({ Box::new(fmt::Error) })
    }
    assert_eq!(fail().to_string(), "line 3");
    assert!(other().is::<fmt::Error>());
}

#[test]
fn b35_a_path() {
    fn cache(name: &str) -> PathBuf {
        beginz!(z => ["var", "cache", z.alloc_str(name)].iter().collect())
    }
    assert!(cache("x").ends_with("cache/x"));
}

#[test]
fn b36_an_error_of_memzones_own_with_a_question_mark() {
    fn mean(block: &[f32]) -> Result<f32, ZoneError> {
        let sum: f32 = try_letz!(copy = [0.0; block.len()] => {
            copy.copy_from_slice(block);
            copy.iter().sum()
        })?;
        Ok(sum / block.len() as f32)
    }
    assert_eq!(mean(&[1.0, 3.0]), Ok(2.0));
    let empty: Vec<u8> = try_beginz!(Vec::new()).unwrap();
    assert!(empty.is_empty());
}

#[test]
fn b37_a_let_else() {
    fn head(list: &[u8]) -> u8 {
        beginz!({
            let [first, ..] = list else { return 0 };
            *first
        })
    }
    assert_eq!((head(&[5, 6]), head(&[])), (5, 0));
}

#[test]
fn b38_a_panic_in_one_arm() {
    fn kind(byte: u8) -> &'static str {
        beginz!({
            match byte {
                0 => "silence",
                1..=127 => "note",
                _ => panic!("no such byte"),
            }
        })
    }
    assert_eq!(kind(60), "note");
}

#[test]
fn b39_a_loop_with_a_label() {
    let mut tries = 0;
    let found: (i32, i32) = 'tries: loop {
        tries += 1;
        for x in 1..tries {
            let y = beginz!({ if x * x % 7 == 2 { break 'tries (x, x * x) } else { x } });
            assert!(y < 3);
        }
    };
    assert_eq!(found, (3, 9));
}

#[test]
fn b40_a_duration() {
    fn elapsed(frames: u64) -> Duration {
        beginz!({ Duration::from_micros(frames * 1_000_000 / 48_000) })
    }
    assert_eq!(elapsed(48_000), Duration::from_secs(1));
}

// Closures, iterators, threads.

#[test]
fn b41_a_boxed_closure() {
    fn gain(db: f32) -> Box<dyn Fn(f32) -> f32> {
        beginz!({
            let factor = 10_f32.powf(db / 20.0);
            Box::new(move |x| x * factor)
        })
    }
    assert_eq!(gain(0.0)(2.0), 2.0);
}

#[test]
fn b42_a_closure_without_a_box() {
    fn counter() -> impl FnMut() -> u32 {
        let mut n = beginz!({ 0 });
        beginz!({
            move || {
                n += 1;
                n
            }
        })
    }
    let mut next = counter();
    assert_eq!((next(), next()), (1, 2));
}

#[test]
fn b43_an_iterator() {
    fn evens(items: Vec<u32>) -> impl Iterator<Item = u32> {
        beginz!(_z => items.into_iter().filter(|n| n % 2 == 0))
    }
    assert_eq!(evens(vec![1, 2, 4]).collect::<Vec<_>>(), [2, 4]);
}

#[test]
fn b44_a_function_pointer() {
    fn wave(name: &str) -> fn(f32) -> f32 {
        beginz!({ if name == "sine" { f32::sin } else { |x: f32| x.signum() } })
    }
    assert_eq!(wave("square")(-3.0), -1.0);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn b45_a_thread_that_was_started() {
    fn start(n: u32) -> JoinHandle<u32> {
        beginz!({ std::thread::spawn(move || n * 2) })
    }
    assert_eq!(start(4).join().unwrap(), 8);
}

#[test]
fn b46_a_channel() {
    let (sender, receiver): (mpsc::Sender<u8>, _) = beginz!({ mpsc::channel() });
    sender.send(5).unwrap();
    assert_eq!(receiver.recv(), Ok(5));
}

#[test]
fn b47_shared_state() {
    let state: Arc<Mutex<Vec<u8>>> = beginz!({ Arc::default() });
    let count: AtomicU32 = beginz!({ AtomicU32::new(3) });
    state.lock().unwrap().push(1);
    assert_eq!((state.lock().unwrap().len(), count.fetch_add(1, Ordering::Relaxed)), (1, 3));
}

#[test]
fn b48_what_is_shared_on_one_thread() {
    type Tree = Rc<RefCell<Vec<Rc<Cell<u32>>>>>;
    let tree: Tree = beginz!({
        let leaf = Rc::new(Cell::new(1));
        Rc::new(RefCell::new(vec![leaf.clone(), leaf]))
    });
    tree.borrow()[0].set(7);
    assert_eq!(tree.borrow()[1].get(), 7);
}

#[test]
fn b49_a_future() {
    fn later(n: u32) -> Pin<Box<dyn Future<Output = u32>>> {
        beginz!({ Box::pin(async move { n + 1 }) })
    }
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(later(4).as_mut().poll(&mut context), std::task::Poll::Ready(5));
}

#[test]
fn b50_a_lock_that_is_held() {
    let table = Mutex::new(vec![1, 2, 3]);
    let guard = beginz!({
        let mut guard = table.lock().unwrap();
        guard.push(4);
        guard
    });
    assert!(table.try_lock().is_err());
    assert_eq!(guard.len(), 4);
}

// Types of ones own.

#[test]
fn b51_a_builder() {
    #[derive(Default)]
    struct Config {
        name: String,
        channels: u8,
        tags: Vec<String>,
    }
    let config: Config = beginz!({ Config { channels: 2, ..Default::default() } });
    let again = beginz!({ Config { name: "main".into(), tags: vec!["a".into()], ..config } });
    assert_eq!((again.name.as_str(), again.channels, again.tags.len()), ("main", 2, 1));
}

#[test]
fn b52_a_state_machine() {
    #[derive(Debug, PartialEq)]
    enum State {
        Idle,
        Playing { note: u8 },
    }
    impl State {
        fn next(self, event: Option<u8>) -> Self {
            beginz!({
                match (self, event) {
                    (_, Some(note)) => Self::Playing { note },
                    (State::Playing { .. }, None) | (State::Idle, None) => Self::Idle,
                }
            })
        }
    }
    assert_eq!(State::Idle.next(Some(60)), State::Playing { note: 60 });
}

#[test]
fn b53_a_structure_that_borrows_from_outside() {
    struct Parser<'a> {
        rest: &'a str,
    }
    fn skip(text: &str) -> Parser<'_> {
        beginz!({ Parser { rest: text.trim_start() } })
    }
    assert_eq!(skip("  x").rest, "x");
}

#[test]
fn b54_a_graph_in_the_callers_zone() {
    #[derive(DeepCopy)]
    struct Node<'z> {
        weight: f32,
        next: Option<&'z Node<'z>>,
    }
    fn chain<'z>(weights: &[f32], outer: &'z Zone) -> Option<&'z Node<'z>> {
        beginz!(z in outer => {
            let mut head = None;
            for &weight in weights.iter().rev() {
                head = Some(&*z.alloc(Node { weight, next: head }));
            }
            head
        })
    }
    let zone = Zone::new(256);
    let head = chain(&[1.0, 2.0], &zone).unwrap();
    assert_eq!(head.weight + head.next.unwrap().weight, 3.0);
}

#[test]
fn b55_a_trait_object() {
    trait Shape {
        fn area(&self) -> f32;
    }
    struct Square(f32);
    impl Shape for Square {
        fn area(&self) -> f32 {
            self.0 * self.0
        }
    }
    fn shape(side: f32) -> Box<dyn Shape> {
        beginz!({ Box::new(Square(side)) })
    }
    assert_eq!(shape(2.0).area(), 4.0);
}

#[test]
fn b56_any_type_parameter() {
    fn measured<T>(run: impl FnOnce(&Zone) -> T) -> (T, usize) {
        beginz!(z => (run(z), z.used()))
    }
    assert_eq!(measured(|z| z.alloc_str("abc").len()), (3, 8));
}

#[test]
fn b57_scopes_within_scopes() {
    let total: u32 = beginz!(z => {
        let rows = z.alloc_slice_with(3, |row| letz!(a = [row as u32; 4] => a.iter().sum()));
        rows.iter().sum()
    });
    assert_eq!(total, 12);
}

#[test]
fn b58_an_owner_in_the_zone_above() {
    let kept: ZBox<String> = beginz!(z => z.boxed("kick".into()));
    assert_eq!(*kept, "kick");
}

#[test]
fn b59_a_value_that_is_used_at_once() {
    let flag = 1 < beginz!({ 5 }) && beginz!({ "a".len() }) == 1;
    let number = 2.5 * letz!(a = [0.5; 4] => a[0]);
    assert!(flag && number == 1.25);
    assert_eq!(u64::from(beginz!({ 5_u32 })) + beginz!({ 5 }), 10);
}

#[test]
fn b60_a_set_of_a_set() {
    let sets: BTreeSet<BTreeSet<u8>> = beginz!({ [[1, 2].into(), [2, 1].into()].into() });
    assert_eq!(sets.len(), 1);
}
