// A generator made by hand, which keeps what it yielded in a zone that it is said to own.
use memzone::Zone;

enum Generator<'z> {
    Start(&'z Zone),
    Yielded(&'z mut u32),
}

impl Iterator for Generator<'_> {
    type Item = u32;
    fn next(&mut self) -> Option<u32> {
        match self {
            Generator::Start(zone) => *self = Generator::Yielded(zone.alloc(0)),
            Generator::Yielded(n) => **n += 1,
        }
        Some(0)
    }
}

fn generator() -> impl Iterator<Item = u32> {
    let zone = Zone::new(1024);
    Generator::Start(&zone)
}

fn main() {
    generator().next();
}
