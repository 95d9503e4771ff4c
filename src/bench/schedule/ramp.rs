//! Which rates are tried to find the knee.
//!
//! Up by a factor until a rate is not carried, then between the last good and the first bad one, always at their
//! geometric mean. A rate that was not carried is tried once more before that is believed: one bad moment of the machine
//! would end the ascent for good otherwise. Where already the first is too much, the ramp is over: whoever named a lowest
//! rate did not ask about lower ones.

/// How to ramp.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RampPlan {
    /// The first rate, in requests a second.
    pub first: f64,
    /// By what each next one is higher; above 1.
    pub factor: f64,
    /// How often the gap is halved once the knee is between two rates.
    pub refinements: u32,
    /// How many rates are tried at most, all together.
    pub most_steps: u32,
}

/// A ramp under way. Ask [`Self::rate`] for the rate to try, and tell [`Self::tried`] how it went.
#[derive(Debug, Clone)]
pub struct Ramp {
    plan: RampPlan,
    rate: Option<f64>,
    carried: Option<f64>,
    too_much: Option<f64>,
    steps: u32,
    refined: u32,
    /// The current rate has failed once.
    is_doubted: bool,
}

impl Ramp {
    /// At its first rate.
    pub fn new(plan: RampPlan) -> Self {
        let is_sound =
            plan.first > 0.0 && plan.first.is_finite() && plan.factor > 1.0 && plan.factor.is_finite();
        let rate = (is_sound && plan.most_steps > 0).then_some(plan.first);
        Self { plan, rate, carried: None, too_much: None, steps: 0, refined: 0, is_doubted: false }
    }

    /// The rate to try next; none when the ramp is over, or its plan makes no sense.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// The current rate was tried, and `carried` or not.
    pub fn tried(&mut self, carried: bool) {
        let Some(rate) = self.rate else { return };
        self.steps += 1;
        let is_first_failure = !carried && !self.is_doubted;
        self.is_doubted = is_first_failure;
        let next = match (carried, is_first_failure) {
            (_, true) => Some(rate),
            (true, false) => {
                self.carried = Some(rate);
                self.next(rate)
            }
            (false, false) => {
                self.too_much = Some(rate);
                self.next(rate)
            }
        };
        self.rate = next.filter(|_| self.steps < self.plan.most_steps);
    }

    fn next(&mut self, rate: f64) -> Option<f64> {
        let next = match (self.carried, self.too_much) {
            (_, None) => Some(rate * self.plan.factor),
            (None, Some(_)) => None,
            (Some(low), Some(high)) => {
                self.refined += 1;
                // Closer than two per cent is nothing that a second measurement would confirm.
                let is_worth_it = self.refined <= self.plan.refinements && high / low > 1.02;
                is_worth_it.then(|| (low * high).sqrt())
            }
        };
        next.map(three_digits)
    }
}

/// A rate that people can read and ask for again.
fn three_digits(rate: f64) -> f64 {
    let unit = 10_f64.powi(rate.log10().floor() as i32 - 2);
    // Dividing by a power of ten gives the float nearest to the decimal number, multiplying by its inverse does not.
    if unit < 1.0 { (rate / unit).round() / (1.0 / unit).round() } else { (rate / unit).round() * unit }
}
