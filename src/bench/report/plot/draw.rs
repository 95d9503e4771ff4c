//! The picture itself.

use std::fmt::Write as _;

use super::{Mark, Plot};
use crate::bench::report::markup::Markup;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
/// Where the inner rectangle lies: room for the ticks on the left and below, for half of the last tick on the right,
/// for the label of the y axis above.
const LEFT: f64 = 66.0;
const RIGHT: f64 = 606.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 252.0;

impl Plot<'_> {
    pub(super) fn svg(&self, page: &mut Markup) {
        let (title, description) = (page.id(), page.id());
        let labelled = format!("{title} {description}");
        let view = format!("0 0 {WIDTH} {HEIGHT}");
        let namespace = "http://www.w3.org/2000/svg";
        page.element(
            "svg",
            &[("xmlns", &namespace), ("viewBox", &view), ("role", &"img"), ("aria-labelledby", &labelled)],
            |page| {
                page.leaf("title", &[("id", &title)], self.title);
                page.leaf("desc", &[("id", &description)], &self.description);
                self.axes(page);
                self.marks.iter().for_each(|mark| self.mark(page, mark));
            },
        );
    }

    fn axes(&self, page: &mut Markup) {
        for (value, name) in &self.y.ticks {
            let y = self.y_at(*value);
            line(page, "grid", (LEFT, y), (RIGHT, y));
            label(page, "", (LEFT - 8.0, y + 4.0), "end", name);
        }
        for (value, name) in &self.x.ticks {
            let x = self.x_at(*value);
            line(page, "grid", (x, TOP), (x, BOTTOM));
            label(page, "", (x, BOTTOM + 18.0), "middle", name);
        }
        line(page, "axis", (LEFT, BOTTOM), (RIGHT, BOTTOM));
        label(page, "label", (8.0, 14.0), "start", &self.y.label);
        label(page, "label", ((LEFT + RIGHT) / 2.0, HEIGHT - 8.0), "middle", &self.x.label);
    }

    fn mark(&self, page: &mut Markup, mark: &Mark) {
        match mark {
            Mark::Line { colour, pieces, .. } => {
                pieces.iter().for_each(|piece| self.path(page, *colour, piece))
            }
            Mark::Dots { colour, points, .. } => {
                self.path(page, *colour, points);
                for (x, y) in points {
                    let (class, [x, y]) =
                        (format!("dot f{colour}"), [self.x_at(*x), self.y_at(*y)].map(pixels));
                    page.void("circle", &[("class", &class), ("cx", &x), ("cy", &y), ("r", &3.5)]);
                }
            }
            Mark::Area { colour, pieces, .. } => {
                for piece in pieces {
                    let upper = piece.iter().map(|(x, _, upper)| (*x, *upper));
                    let lower = piece.iter().rev().map(|(x, lower, _)| (*x, *lower));
                    let path = self.path_of(upper.chain(lower)) + "Z";
                    page.void("path", &[("class", &format!("area f{colour}")), ("d", &path)]);
                }
            }
            Mark::Across { y, label: text } => {
                let y = self.y_at(*y);
                line(page, "rule", (LEFT, y), (RIGHT, y));
                // Below the rule where there is no room above it.
                let beside = if y - TOP < 20.0 { y + 15.0 } else { y - 5.0 };
                label(page, "label", (LEFT + 6.0, beside), "start", text);
            }
            Mark::Down { x, label: None } => {
                line(page, "axis", (self.x_at(*x), TOP), (self.x_at(*x), BOTTOM))
            }
            Mark::Down { x, label: Some(text) } => {
                let x = self.x_at(*x);
                line(page, "rule", (x, TOP), (x, BOTTOM));
                let (beside, anchor) =
                    if x > (LEFT + RIGHT) / 2.0 { (x - 6.0, "end") } else { (x + 6.0, "start") };
                label(page, "label", (beside, BOTTOM - 8.0), anchor, text);
            }
        }
    }

    fn path(&self, page: &mut Markup, colour: usize, points: &[(f64, f64)]) {
        // A single second still is to be seen.
        let lone = points.first().filter(|_| points.len() == 1).map(|(x, y)| (self.x_at(*x), self.y_at(*y)));
        if let Some((x, y)) = lone {
            let class = format!("dot f{colour}");
            page.void("circle", &[("class", &class), ("cx", &pixels(x)), ("cy", &pixels(y)), ("r", &2)]);
        } else if !points.is_empty() {
            let class = format!("line s{colour}");
            page.void("path", &[("class", &class), ("d", &self.path_of(points.iter().copied()))]);
        }
    }

    fn path_of(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        for (index, (x, y)) in points.enumerate() {
            let command = if index == 0 { 'M' } else { 'L' };
            let [x, y] = [self.x_at(x), self.y_at(y)].map(pixels);
            // Writing to a String does not fail.
            let _ = write!(path, "{command}{x} {y}");
        }
        path
    }

    fn x_at(&self, value: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * self.x.place(value)
    }

    fn y_at(&self, value: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * self.y.place(value)
    }
}

/// A tenth of a pixel is more than anyone sees, and keeps the page the same on every machine.
fn pixels(value: f64) -> String {
    format!("{value:.1}")
}

fn line(page: &mut Markup, class: &'static str, from: (f64, f64), to: (f64, f64)) {
    let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(pixels);
    page.void("line", &[("class", &class), ("x1", &x1), ("y1", &y1), ("x2", &x2), ("y2", &y2)]);
}

fn label(page: &mut Markup, class: &'static str, at: (f64, f64), anchor: &'static str, text: &str) {
    let [x, y] = [at.0, at.1].map(pixels);
    page.leaf("text", &[("class", &class), ("x", &x), ("y", &y), ("text-anchor", &anchor)], text);
}
