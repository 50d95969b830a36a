// Has a trait object's method keep what it is given.
use memzone::Zone;

trait Sink<'a> {
    fn keep(&mut self, value: &'a u32);
}

impl<'a> Sink<'a> for Vec<&'a u32> {
    fn keep(&mut self, value: &'a u32) {
        self.push(value);
    }
}

fn main() {
    let mut kept = Vec::new();
    {
        let sink: &mut dyn Sink = &mut kept;
        let zone = Zone::new(1024);
        sink.keep(zone.alloc(1));
    }
    println!("{kept:?}");
}
