// Carries a reference out of the scope by `?`, in an error.
use memzone::beginz;

fn check<'a>(text: &str) -> Result<f32, &'a str> {
    let parsed = beginz!(z => {
        let parsed: Result<f32, &str> = text.parse().map_err(|_| &*z.alloc_str(text));
        parsed?
    });
    Ok(parsed)
}

fn main() {}
