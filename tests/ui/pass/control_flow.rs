//! The body is a block: what leaves it means what it means around it.
#![forbid(unsafe_code)]
#![deny(warnings)]

use memzone::{Zone, ZoneError, beginz, letz, try_beginz, try_letz, zone_depth};
use std::cell::RefCell;
use std::num::ParseIntError;

fn returns(early: bool) -> i32 {
    beginz!(z => {
        if early {
            return *z.alloc(1);
        }
        2
    })
}

fn always_returns() -> String {
    letz!(a = [1, 2] => { return a.len().to_string() })
}

fn question_mark(text: &str) -> Result<i32, ParseIntError> {
    let doubled = letz!(a: i32 = text.parse()? => { *a *= 2; *a });
    Ok(beginz!(z => *z.alloc(doubled + text.parse::<i32>()?)))
}

fn option() -> Option<i32> {
    let first = beginz!(z => *z.alloc_slice(0, 1).first()?);
    Some(first)
}

fn both(text: &str) -> Result<i32, Box<dyn std::error::Error>> {
    Ok(try_beginz!(z => *z.alloc(text.parse::<i32>()?))?)
}

fn loops() -> Vec<i32> {
    let mut seen = Vec::new();
    'outer: for i in 0..10 {
        for j in 0..10 {
            beginz!(z => {
                let sum = z.alloc(i + j);
                if *sum == 3 {
                    continue 'outer;
                }
                if i == 2 {
                    break 'outer;
                }
                seen.push(*sum);
            });
        }
    }
    seen
}

fn tries() -> Result<i32, ZoneError> {
    let mut count = 0;
    let found = loop {
        try_letz!(a = [count; 4] => {
            count += 1;
            if a[3] < 5 {
                continue;
            }
            break a[3];
        })?
    };
    let labelled = 'found: {
        let six: i32 = beginz!(if count == 0 { 6 } else { break 'found 7 });
        six
    };
    Ok(found + labelled)
}

/// The body's last expression may borrow from the body, or from outside.
fn tail() -> usize {
    let names = RefCell::new(vec!["kick"]);
    let outside = beginz!(names.borrow().len());
    outside + beginz!({
        let names = RefCell::new(vec!["kick", "snare"]);
        names.borrow().len()
    })
}

fn never() -> i32 {
    if zone_depth() == 0 {
        return 1;
    }
    beginz!({ panic!("not at the bottom") })
}

async fn awaits(zone: &Zone) -> u32 {
    let one = beginz!(z in zone => {
        std::future::ready(()).await;
        z.alloc(1_u32)
    });
    *one + 1
}

fn main() {
    assert_eq!((returns(true), returns(false)), (1, 2));
    assert_eq!(always_returns(), "2");
    assert_eq!(question_mark("4"), Ok(12));
    assert!(question_mark("four").is_err());
    assert_eq!(option(), None);
    assert_eq!(both("4").unwrap(), 4);
    assert_eq!(loops(), [0, 1, 2, 1, 2]);
    assert_eq!(tries(), Ok(12));
    assert_eq!(tail(), 3);
    assert_eq!(never(), 1);
    let zone = Zone::new(1024);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let awaited = std::pin::pin!(awaits(&zone)).poll(&mut context);
    assert_eq!(awaited, std::task::Poll::Ready(2));
    assert_eq!(zone_depth(), 0);
}
