//! Plots as SVG. Each has a title and a sentence in place of the picture, and colours are never all that tells two
//! series apart: lines have dashes of their own, stacks a legend in their order.

mod axis;
mod draw;

pub(super) use self::axis::{Axis, plain};
use super::markup::Markup;

/// How many series have a colour of their own.
pub(super) const COLOURS: usize = 6;

/// One plot. Points are in the units of the axes.
pub(super) struct Plot<'a> {
    pub(super) title: &'a str,
    /// What the picture shows, for those who do not see it.
    pub(super) description: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) marks: Vec<Mark>,
}

/// One point.
pub(super) type Point = (f64, f64);

/// What is drawn, in this order.
pub(super) enum Mark {
    /// A line, in as many pieces as it has gaps.
    Line { name: String, colour: usize, pieces: Vec<Vec<Point>> },
    /// The same with a dot on each point.
    Dots { name: String, colour: usize, points: Vec<Point> },
    /// The area between two lines of the same x: (x, lower, upper).
    Area { name: String, colour: usize, pieces: Vec<Vec<(f64, f64, f64)>> },
    /// A horizontal rule.
    Across { y: f64, label: String },
    /// A vertical rule; without a label only a faint boundary.
    Down { x: f64, label: Option<String> },
}

impl Plot<'_> {
    /// The plot in a figure with its heading, its legend and the same numbers as a table.
    pub(super) fn figure(&self, page: &mut Markup, table: impl FnOnce(&mut Markup)) {
        page.element("figure", &[], |page| {
            page.leaf("h3", &[], self.title);
            self.legend(page);
            self.svg(page);
            page.element("details", &[], |page| {
                page.leaf("summary", &[], "The same as a table");
                page.element("div", &[("class", &"scroll")], table);
            });
        });
    }

    fn legend(&self, page: &mut Markup) {
        let entry = |mark: &Mark| match mark {
            Mark::Line { name, colour, .. } | Mark::Dots { name, colour, .. } => {
                Some((name.clone(), *colour, false))
            }
            Mark::Area { name, colour, .. } => Some((name.clone(), *colour, true)),
            Mark::Across { .. } | Mark::Down { .. } => None,
        };
        let entries: Vec<_> = self.marks.iter().filter_map(entry).collect();
        page.element("ul", &[("class", &"legend")], |page| {
            for (name, colour, filled) in entries {
                page.element("li", &[], |page| {
                    page.element("svg", &[("viewBox", &"0 0 28 10"), ("aria-hidden", &"true")], |page| {
                        if filled {
                            let class = format!("area f{colour}");
                            page.void("rect", &[("class", &class), ("width", &28), ("height", &10)]);
                        } else {
                            page.void("path", &[("class", &format!("line s{colour}")), ("d", &"M0 5H28")]);
                        }
                    });
                    page.text(&name);
                });
            }
        });
    }
}

/// A table with its caption: a row of headings, then rows of which the first cell names the row.
pub(super) fn table(page: &mut Markup, caption: &str, heads: &[&str], rows: &[Vec<String>]) {
    page.element("table", &[], |page| {
        page.leaf("caption", &[], caption);
        page.element("thead", &[], |page| {
            page.element("tr", &[], |page| {
                heads.iter().for_each(|head| page.leaf("th", &[("scope", &"col")], head));
            });
        });
        page.element("tbody", &[], |page| {
            for row in rows {
                page.element("tr", &[], |page| {
                    for (column, cell) in row.iter().enumerate() {
                        match column {
                            0 => page.leaf("th", &[("scope", &"row")], cell),
                            _ => page.leaf("td", &[], cell),
                        }
                    }
                });
            }
        });
    });
}

/// A bar of so large a share of its cell. Hidden from screen readers, which read the number beside it.
pub(super) fn bar(page: &mut Markup, share: f64, colour: usize) {
    let view = [
        ("viewBox", &"0 0 100 10" as &dyn std::fmt::Display),
        ("preserveAspectRatio", &"none"),
        ("aria-hidden", &"true"),
    ];
    page.element("svg", &view, |page| {
        let width = format!("{:.1}", (share * 100.0).clamp(0.0, 100.0));
        page.void("rect", &[("class", &format!("f{colour}")), ("width", &width), ("height", &10)]);
    });
}
