//! A plot for each case: bars of instructions and of nanoseconds.

use crate::Outcome;
use crate::figures::{Figures, TIMED};
use measure::{Form, cases};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

const WIDTH: i32 = 860;
const LABELS: i32 = 290;
const LINE: i32 = 22;
const HALF: i32 = (WIDTH - LABELS) / 2;
const OURS: RGBColor = RGBColor(0x1f, 0x6f, 0xb2);
const OTHERS: RGBColor = RGBColor(0xb4, 0xb9, 0xc0);

/// The name of a case's plot.
pub fn file(case: &str) -> String {
    let letters = case.to_lowercase();
    let words: Vec<&str> =
        letters.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    format!("{}.svg", words.join("-"))
}

/// All plots, into the folder.
pub fn all(figures: &Figures, folder: &Path) -> Outcome<()> {
    std::fs::create_dir_all(folder)?;
    let mut names: Vec<&str> = cases::all().map(|row| row.case).collect();
    names.dedup();
    for case in names {
        one(figures, case, &folder.join(file(case)))?;
    }
    Ok(())
}

fn one(figures: &Figures, case: &str, path: &Path) -> Outcome<()> {
    let rows: Vec<_> = cases::all().enumerate().filter(|(_, row)| row.case == case).collect();
    let height = 64 + LINE * rows.len() as i32;
    let area = SVGBackend::new(path, (WIDTH as u32, height as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    let black = BLACK.mix(0.85);
    let text = |size: i32| ("sans-serif", size).into_font().color(&black);
    let right = |size: i32| text(size).pos(Pos::new(HPos::Right, VPos::Top));
    area.draw(&Text::new(case, (12, 10), text(17)))?;
    let columns = [
        (
            "instructions, inlined in a loop: shorter is better",
            LABELS,
            &figures.counts,
            Form::Inlined,
        ),
        ("nanoseconds: shorter is better", LABELS + HALF, &figures.times, TIMED),
    ];
    for (title, left, table, form) in columns {
        area.draw(&Text::new(title, (left, 36), text(13)))?;
        let most = rows.iter().map(|(index, _)| table[&(*index, form.name())]).fold(0.0, f64::max);
        for (line, (index, row)) in rows.iter().enumerate() {
            let value = table[&(*index, form.name())];
            let top = 56 + LINE * line as i32;
            let long = (value / most * f64::from(HALF - 90)).max(1.0) as i32;
            let colour = if row.candidate.starts_with("memzone") { OURS } else { OTHERS };
            area.draw(&Rectangle::new(
                [(left, top), (left + long, top + LINE - 7)],
                colour.filled(),
            ))?;
            area.draw(&Text::new(number(value), (left + long + 6, top + 1), text(13)))?;
            if left == LABELS {
                area.draw(&Text::new(row.candidate, (LABELS - 10, top + 1), right(13)))?;
            }
        }
    }
    area.present()?;
    Ok(())
}

/// With three digits that mean something.
pub fn number(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}
