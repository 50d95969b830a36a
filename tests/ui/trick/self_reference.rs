// A value beside the zone it borrows from, moved with it.
use memzone::Zone;

struct Both<'z> {
    zone: Zone,
    value: Option<&'z mut u32>,
}

fn both<'z>() -> Both<'z> {
    let mut both = Both { zone: Zone::new(1024), value: None };
    both.value = Some(both.zone.alloc(1));
    both
}

fn main() {
    println!("{:?}", both().value);
}
