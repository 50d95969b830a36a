// Links a value in an outer zone to one in an inner zone that ends first.
use memzone::Zone;

struct Node<'z> {
    next: Option<&'z Node<'z>>,
}

fn main() {
    let outer = Zone::new(1024);
    let list = outer.alloc(Node { next: None });
    {
        let inner = Zone::new(1024);
        list.next = Some(inner.alloc(Node { next: None }));
    }
    println!("{}", list.next.is_some());
}
