use memzone::letz;

fn main() {
    letz!(#[repr(64)] gains = [0.5; 4] => println!("{gains:?}"));
}
