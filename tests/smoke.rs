//! Smoke.
use memzone::*;
#[derive(DeepCopy)]
struct Node<'z> {
    value: u64,
    next: Option<&'z Node<'z>>,
}
#[derive(DeepCopy)]
enum Tree<'a, T> {
    Leaf,
    Fork { left: &'a Tree<'a, T>, item: T, right: &'a Tree<'a, T> },
}
#[test]
fn smoke() {
    let x: f64 = beginz!(z => { *z.alloc(1.5) });
    assert_eq!(x, 1.5);
    let outer = Zone::new(1024);
    let s = beginz!(64_000, z in &outer => { let n = z.alloc(Node { value: 7, next: None }); Node { value: 3, next: Some(n) } });
    assert_eq!(s.next.unwrap().value, 7);
    let n = 10;
    let r = letz!(a = [1.0_f32; n], b: f64 = 2.0 => { a.iter().sum::<f32>() as f64 + *b });
    assert_eq!(r, 12.0);
    let t: Result<i32, _> = try_letz!(a = [1, 2, 3] => a.iter().sum::<i32>());
    assert_eq!(t, Ok(6));
    fn early() -> i32 {
        beginz!({ return 5 })
    }
    assert_eq!(early(), 5);
    assert_eq!(zone_depth(), 0);
    let b = beginz!({ ZBox::new(4) });
    assert_eq!(*b, 4);
}
#[test]
fn long_list() {
    std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(|| {
            let n = if cfg!(miri) { 2000 } else { 1_000_000 };
            let outer = Zone::new(1024);
            let list = beginz!(z in &outer => {
                let mut list: &Node = z.alloc(Node { value: 0, next: None });
                for value in 1..n { list = z.alloc(Node { value, next: Some(list) }); }
                list
            });
            let mut at = Some(list);
            let mut k = n;
            while let Some(node) = at {
                k -= 1;
                assert_eq!(node.value, k);
                at = node.next;
            }
            assert_eq!(k, 0);
        })
        .unwrap()
        .join()
        .unwrap();
}
