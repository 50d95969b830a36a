//! The plot: how long each frame took.

use crate::measure::{DEADLINE, Run};
use plotters::prelude::*;
use std::error::Error;

const COLORS: [RGBColor; 2] = [RGBColor(31, 119, 180), RGBColor(178, 80, 0)];
const LIMIT: RGBColor = RGBColor(214, 39, 40);

pub(crate) fn draw(runs: &[Run]) -> Result<String, Box<dyn Error>> {
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, (1000, 480)).into_drawing_area();
    root.fill(&WHITE)?;
    let millis = |time: &std::time::Duration| time.as_secs_f64() * 1e3;
    let frames = runs.iter().map(|run| run.times.len()).max().unwrap_or(1);
    let deadline = millis(&DEADLINE);
    let worst = runs.iter().flat_map(|run| &run.times).map(millis).fold(deadline, f64::max);
    // A third more than the worst, so that the legend covers nothing.
    let top = worst * 1.35;
    let mut chart = ChartBuilder::on(&root)
        .caption("time of each frame", ("sans-serif", 17))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..frames as f64, 0.0..top)?;
    chart.configure_mesh().disable_x_mesh().x_desc("frame").y_desc("ms").draw()?;
    let limit = LineSeries::new([(0.0, deadline), (frames as f64, deadline)], LIMIT);
    let legend = |color: RGBColor| {
        move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2))
    };
    chart.draw_series(limit)?.label("60 frames a second").legend(legend(LIMIT));
    // What is beside what matters is drawn first.
    for (run, color) in runs.iter().zip(COLORS).rev() {
        let points = run.times.iter().enumerate().map(|(at, time)| (at as f64, millis(time)));
        chart.draw_series(LineSeries::new(points, color))?.label(run.name).legend(legend(color));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    root.present()?;
    drop(chart);
    drop(root);
    Ok(svg)
}
