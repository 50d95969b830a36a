//! The plot: the waveform, the block times against the deadline, and the zones' bytes over time.

use crate::conductor::Conducted;
use crate::report::grouped;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

const SIZE: (u32, u32) = (1200, 900);
/// Columns that the blocks are drawn in.
const COLUMNS: usize = 1000;
/// How much of the height each panel has.
const WAVEFORM: u32 = 360;
const TIMES: u32 = 290;

const INK: RGBColor = RGBColor(51, 51, 51);
const WAVE: RGBColor = RGBColor(31, 119, 180);
const WORST: RGBColor = RGBColor(255, 160, 86);
const MEDIAN: RGBColor = RGBColor(178, 80, 0);
const HELD: RGBColor = RGBColor(44, 130, 80);
const LIMIT: RGBColor = RGBColor(214, 39, 40);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b, Y> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, Y>>;
type Done = Result<(), Box<dyn Error>>;

/// Beside the output.
pub(crate) fn path(output: &Path) -> PathBuf {
    output.with_extension("svg")
}

/// What there is to see.
pub(crate) struct Plot<'a> {
    /// How long a block lasts.
    pub(crate) block: Duration,
    /// The lowest and the highest sample of each block.
    pub(crate) extremes: &'a [(f32, f32)],
    /// How long each block took.
    pub(crate) times: &'a [Duration],
    pub(crate) conducted: &'a Conducted,
    /// Bytes in zones that are not definitions'.
    pub(crate) other_bytes: usize,
}

impl Plot<'_> {
    pub(crate) fn write(&self, mut file: File) -> Done {
        let mut svg = String::new();
        self.draw(&mut svg)?;
        file.write_all(svg.as_bytes())?;
        Ok(())
    }

    fn draw(&self, svg: &mut String) -> Done {
        let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let (top, rest) = root.split_vertically(WAVEFORM);
        let (middle, bottom) = rest.split_vertically(TIMES);
        self.draw_waveform(&top)?;
        self.draw_times(&middle)?;
        self.draw_bytes(&bottom)?;
        root.present()?;
        Ok(())
    }

    /// The blocks of each column: when it begins and ends, and their numbers.
    fn columns(&self) -> impl Iterator<Item = (f64, f64, std::ops::Range<usize>)> {
        let blocks = self.extremes.len();
        let columns = blocks.min(COLUMNS);
        (0..columns).map(move |column| {
            let range = column * blocks / columns..(column + 1) * blocks / columns;
            (self.seconds(range.start), self.seconds(range.end), range)
        })
    }

    fn seconds(&self, blocks: usize) -> f64 {
        self.block.as_secs_f64() * blocks as f64
    }

    fn draw_waveform(&self, area: &Area<'_>) -> Done {
        // Room above for what was redefined.
        let mut chart = self.chart(area, "what was played", -1.0..2.0)?;
        axes(&mut chart, "seconds", "full scale", |y| {
            if *y > 1.01 { String::new() } else { format!("{y:.1}") }
        })?;
        self.mark(&mut chart, -1.0, 2.0)?;
        chart.draw_series(self.columns().map(|(from, to, blocks)| {
            let low = self.extremes[blocks.clone()].iter().map(|block| block.0);
            let high = self.extremes[blocks].iter().map(|block| block.1);
            let low = low.fold(f32::INFINITY, f32::min);
            let high = high.fold(f32::NEG_INFINITY, f32::max);
            Rectangle::new([(from, low.into()), (to, high.into())], WAVE.filled())
        }))?;
        let size = ("sans-serif", 12).into_font().color(&INK);
        chart.draw_series(self.labels().into_iter().map(|(at, row, text)| {
            let place = (at, 1.9 - 0.2 * row as f64);
            EmptyElement::at(place) + Text::new(text.to_owned(), (3, -6), size.clone())
        }))?;
        Ok(())
    }

    /// What was redefined, where, and in which of four rows: the next one that has room.
    fn labels(&self) -> Vec<(f64, usize, &str)> {
        let end = self.seconds(self.extremes.len());
        let mut free = [0.0; 4];
        let mut next = 0;
        let mut labels = Vec::new();
        for redefinition in &self.conducted.taken {
            let text = &redefinition.text;
            let width = end * 0.0065 * (text.len() + 1) as f64;
            let at = self.seconds(redefinition.block).min(end - width).max(0.0);
            let mut rows = (0..free.len()).map(|row| (next + row) % free.len());
            if let Some(row) = rows.find(|row| free[*row] <= at) {
                labels.push((at, row, text.as_str()));
                free[row] = at + width;
                next = row + 1;
            }
        }
        labels
    }

    fn draw_times(&self, area: &Area<'_>) -> Done {
        let deadline = self.block.as_secs_f64() * 1e6;
        let worst = self.times.iter().max().map_or(1.0, |time| time.as_secs_f64() * 1e6);
        // Room above, so that the legend covers nothing.
        let top = deadline.max(worst) * 60.0;
        let range = (1.0..top).log_scale();
        let mut chart = self.chart(area, "time of a block against the deadline", range)?;
        axes(&mut chart, "seconds", "µs", |y| y.to_string())?;
        self.mark(&mut chart, 1.0, top)?;
        let mut medians = Vec::new();
        let mut worsts = Vec::new();
        for (from, to, blocks) in self.columns() {
            let mut times = self.times[blocks].to_vec();
            times.sort_unstable();
            let micros = |time: Duration| (time.as_secs_f64() * 1e6).max(1.0);
            let median = micros(times[times.len() / 2]);
            medians.push(((from + to) / 2.0, median));
            worsts.push((from, to, median, micros(times[times.len() - 1])));
        }
        let worsts = worsts.into_iter().map(|(from, to, median, worst)| {
            Rectangle::new([(from, median), (to, worst)], WORST.filled())
        });
        let legend = |color: RGBColor| {
            move |(x, y): (i32, i32)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(3))
        };
        chart.draw_series(worsts)?.label("worst").legend(legend(WORST));
        let line = LineSeries::new(medians, MEDIAN.stroke_width(2));
        chart.draw_series(line)?.label("median").legend(legend(MEDIAN));
        let end = self.seconds(self.extremes.len());
        let line = LineSeries::new([(0.0, deadline), (end, deadline)], LIMIT.stroke_width(2));
        let label = format!("deadline, {deadline:.0} µs");
        chart.draw_series(line)?.label(label).legend(legend(LIMIT));
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.9))
            .border_style(INK.mix(0.3))
            .label_font(("sans-serif", 13).into_font().color(&INK))
            .draw()?;
        Ok(())
    }

    fn draw_bytes(&self, area: &Area<'_>) -> Done {
        let held = &self.conducted.held;
        let most = held.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0).max(1024);
        let most = most as f64 / 1024.0 * 1.15;
        let others = grouped(self.other_bytes.div_ceil(1024));
        let caption =
            format!("zones of the definitions (the state's holds {others} KiB throughout)");
        let mut chart = self.chart(area, &caption, 0.0..most)?;
        axes(&mut chart, "seconds", "KiB", |y| format!("{y:.0}"))?;
        self.mark(&mut chart, 0.0, most)?;
        // From each change to the next it stays the same.
        let mut steps: Vec<(f64, f64)> = Vec::new();
        for (block, bytes) in held {
            let at = self.seconds(*block);
            if let Some(last) = steps.last().copied() {
                steps.push((at, last.1));
            }
            steps.push((at, *bytes as f64 / 1024.0));
        }
        chart.draw_series(LineSeries::new(steps, HELD.stroke_width(2)))?;
        Ok(())
    }

    fn chart<'b, 'c, Y>(
        &self,
        area: &Area<'b>,
        caption: &str,
        range: Y,
    ) -> Result<Chart<'c, 'b, Y::CoordDescType>, Box<dyn Error>>
    where
        Y: AsRangedCoord<Value = f64>,
        'b: 'c,
    {
        let end = self.seconds(self.extremes.len().max(1));
        let font = ("sans-serif", 17).into_font().color(&INK);
        Ok(ChartBuilder::on(area)
            .caption(caption, font)
            .margin(10)
            .margin_right(24)
            .x_label_area_size(34)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..end, range)?)
    }

    /// A line at each redefinition.
    fn mark<Y: Ranged<ValueType = f64>>(
        &self,
        chart: &mut Chart<'_, '_, Y>,
        from: f64,
        to: f64,
    ) -> Done {
        chart.draw_series(self.conducted.taken.iter().map(|redefinition| {
            let at = self.seconds(redefinition.block);
            PathElement::new([(at, from), (at, to)], INK.mix(0.35))
        }))?;
        Ok(())
    }
}

fn axes<Y>(chart: &mut Chart<'_, '_, Y>, x: &str, y: &str, format: impl Fn(&f64) -> String) -> Done
where
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12))
        .axis_style(INK.mix(0.6))
        .label_style(("sans-serif", 13).into_font().color(&INK))
        .x_desc(x)
        .y_desc(y)
        .y_labels(6)
        .y_label_formatter(&|value| format(value))
        .draw()?;
    Ok(())
}
