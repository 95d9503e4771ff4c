//! Whether two classes have the same mean.

use super::distribution::student_two_sided;
use super::{Sample, Unfit};

/// Welch's t-test ("The generalization of 'Student's' problem when several different population variances are
/// involved", 1947), which does not take the variances for equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Welch {
    /// The mean of the first less that of the second class, in the unit of the values.
    pub difference: f64,
    /// The standard error of that difference.
    pub standard_error: f64,
    /// How many standard errors the difference is.
    pub t: f64,
    /// Degrees of freedom after Welch and Satterthwaite.
    pub degrees_of_freedom: f64,
    /// How likely classes of one mean would differ at least as much, either way.
    pub p: f64,
}

/// Compares the means of `first` and `second`.
///
/// # Errors
///
/// [`Unfit::TooFew`] for fewer than two values, [`Unfit::Constant`] when neither class has any spread.
pub fn welch(first: &Sample, second: &Sample) -> Result<Welch, Unfit> {
    for sample in [first, second] {
        if sample.values().len() < 2 {
            return Err(Unfit::TooFew { count: sample.values().len(), least: 2 });
        }
    }
    // The squared standard error of one mean, and what it adds to the uncertainty of the sum.
    let share = |sample: &Sample| sample.variance() / sample.count();
    let doubt = |sample: &Sample| share(sample).powi(2) / (sample.count() - 1.0);
    let square = share(first) + share(second);
    if square == 0.0 {
        return Err(Unfit::Constant);
    }
    let (difference, standard_error) = (first.mean() - second.mean(), square.sqrt());
    let t = difference / standard_error;
    let degrees_of_freedom = degrees(first, second, square, doubt(first) + doubt(second));
    Ok(Welch {
        difference,
        standard_error,
        t,
        degrees_of_freedom,
        p: student_two_sided(t, degrees_of_freedom),
    })
}

/// Welch and Satterthwaite's degrees of freedom lie between those of the smaller sample and of both together; where the
/// squares are too small for a float, the smaller number is the safe one.
fn degrees(first: &Sample, second: &Sample, square: f64, doubt: f64) -> f64 {
    let least = first.count().min(second.count()) - 1.0;
    let degrees = square * square / doubt;
    if degrees.is_finite() { degrees.max(least) } else { least }
}
