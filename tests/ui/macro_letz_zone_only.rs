// Names the zone and binds nothing.
use memzone::letz;

fn main() {
    letz!(z; => z.used());
}
