// Boxes a value whose destructor would look at what is gone by then.
use memzone::Zone;

struct Log<'a>(&'a String);

impl Drop for Log<'_> {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

fn main() {
    let zone = Zone::new(1024);
    let _log;
    {
        let name = "kick".to_string();
        _log = zone.boxed(Log(&name));
    }
}
