//! The schedule is fixed in advance, its rate is right, and a ramp closes in on the knee.

use proptest::prelude::*;

use super::*;

fn seconds(count: f64) -> Duration {
    Duration::from_secs_f64(count)
}

#[test]
fn constant_requests_are_equally_far_apart_and_do_not_drift() {
    let schedule = Schedule::new(3.0, Arrivals::Constant).unwrap();
    let due: Vec<_> = schedule.clone().take(4).map(|due| due.at.as_millis()).collect();
    assert_eq!(due, [0, 333, 666, 1_000]);
    let late = schedule.into_iter().nth(3 * 86_400).unwrap();
    assert_eq!((late.number, late.at), (3 * 86_400, Duration::from_secs(86_400)));
}

#[test]
fn poisson_requests_have_the_rate_and_its_variance() {
    let schedule = Schedule::new(200.0, Arrivals::Poisson { seed: 5 }).unwrap();
    let mut counts = vec![0.0_f64; 200];
    schedule
        .take_while(|due| due.at < seconds(200.0))
        .for_each(|due| counts[due.at.as_secs() as usize] += 1.0);
    let mean = counts.iter().sum::<f64>() / 200.0;
    let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / 199.0;
    // Mean and variance of a Poisson distribution are the same; the standard errors are 1 and 20.
    assert!((mean - 200.0).abs() < 4.0 && (variance - 200.0).abs() < 80.0, "{mean} {variance}");
}

#[test]
fn what_is_no_rate_is_refused() {
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1.1e6] {
        let refused = Schedule::new(rate, Arrivals::Constant).unwrap_err();
        assert!(refused.to_string().contains("is not a rate; give a number above zero"), "{refused}");
    }
}

#[test]
fn a_request_belongs_where_it_was_due() {
    let window = Window { warm_up: seconds(5.0), measured: seconds(10.0) };
    assert_eq!(window.phase(seconds(4.9)), Phase::WarmUp);
    assert_eq!(window.phase(seconds(5.0)), Phase::Measured(Duration::ZERO));
    assert_eq!(window.phase(seconds(14.5)), Phase::Measured(seconds(9.5)));
    assert_eq!(window.phase(seconds(15.0)), Phase::Over);
    assert_eq!(window.end(), seconds(15.0));
}

/// The rates that a server with this `knee` is asked.
fn ramp(plan: RampPlan, knee: f64) -> Vec<f64> {
    let (mut ramp, mut rates) = (Ramp::new(plan), Vec::new());
    while let Some(rate) = ramp.rate() {
        rates.push(rate);
        ramp.tried(rate <= knee);
    }
    rates
}

#[test]
fn a_ramp_goes_up_to_the_first_failure_and_then_between() {
    let plan = RampPlan { first: 10.0, factor: 2.0, refinements: 2, most_steps: 20 };
    assert_eq!(ramp(plan, 100.0), [10.0, 20.0, 40.0, 80.0, 160.0, 160.0, 113.0, 113.0, 95.1]);
    assert_eq!(ramp(plan, 3.0), [10.0, 10.0], "nobody asked about lower rates");
    assert_eq!(ramp(RampPlan { most_steps: 3, ..plan }, 1e9).len(), 3);
    assert!(ramp(RampPlan { factor: 1.0, ..plan }, 100.0).is_empty());
    assert!(ramp(RampPlan { first: f64::NAN, ..plan }, 100.0).is_empty());
}

#[test]
fn one_bad_moment_does_not_end_the_ascent() {
    let mut ramp = Ramp::new(RampPlan { first: 10.0, factor: 2.0, refinements: 0, most_steps: 20 });
    for (rate, carried) in
        [(10.0, true), (20.0, false), (20.0, true), (40.0, false), (40.0, true), (80.0, false), (80.0, false)]
    {
        assert_eq!(ramp.rate(), Some(rate));
        ramp.tried(carried);
    }
    assert_eq!(ramp.rate(), None);
}

proptest! {
    #[test]
    fn workers_share_the_schedule_without_gap_or_double(workers in 1_usize..9, seed: u64, poisson: bool) {
        let arrivals = if poisson { Arrivals::Poisson { seed } } else { Arrivals::Constant };
        let schedule = Schedule::new(50.0, arrivals).unwrap();
        let mut shared: Vec<_> = (0..workers)
            .flat_map(|worker| schedule.clone().share(worker, workers).take_while(|due| due.number < 60))
            .collect();
        shared.sort_by_key(|due| due.number);
        prop_assert_eq!(shared, schedule.take(60).collect::<Vec<_>>());
    }

    #[test]
    fn requests_are_due_in_order(rate in 0.01_f64..1e6, seed: u64) {
        let due: Vec<_> = Schedule::new(rate, Arrivals::Poisson { seed }).unwrap().take(100).collect();
        prop_assert!(due.windows(2).all(|pair| pair[0].at <= pair[1].at));
    }

    #[test]
    fn a_ramp_ends_and_closes_in_on_the_knee(first in 1.0_f64..100.0, factor in 1.1_f64..4.0, knee in 1.0_f64..1e4) {
        let plan = RampPlan { first, factor, refinements: 12, most_steps: 200 };
        let rates = ramp(plan, knee);
        let best = rates.iter().copied().filter(|rate| *rate <= knee).fold(0.0, f64::max);
        let closed_in = best <= knee && best >= knee / 1.03;
        prop_assert!(rates.len() < 200 && (closed_in || rates == [first, first]), "{best} of {knee}");
    }
}
