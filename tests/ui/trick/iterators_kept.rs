// Keeps adapted iterators over a zone's slices over the zone's reset.
use memzone::Zone;

fn main() {
    let mut zone = Zone::new(1024);
    let mut kept = zone.alloc_slice(8, 1_u32).iter().chain(zone.alloc_slice(8, 2).iter()).peekable();
    kept.peek();
    zone.reset().unwrap();
    println!("{:?}", kept.next());
}
