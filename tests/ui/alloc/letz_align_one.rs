use memzone::letz;

fn main() {
    letz!(#[align(64)] gain = 0.5 => println!("{gain}"));
}
