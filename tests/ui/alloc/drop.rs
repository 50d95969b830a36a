// Puts a type with a destructor of its own into a zone, which runs none.
use memzone::Zone;

struct File;

impl Drop for File {
    fn drop(&mut self) {
        println!("closed");
    }
}

fn main() {
    let zone = Zone::new(1024);
    zone.alloc(File);
}
