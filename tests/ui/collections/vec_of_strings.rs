// The items of a `ZVec` need no destructor: the hint says where others go.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let mut names = zone.vec();
    names.push(String::from("kick"));
}
