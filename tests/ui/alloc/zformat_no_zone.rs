// Forgets the zone.
use memzone::zformat;

fn main() {
    let voice = 1;
    zformat!("voice {voice}");
}
