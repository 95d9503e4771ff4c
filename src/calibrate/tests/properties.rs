//! Plans against each other: no wish that gives way makes them weaker.

use proptest::prelude::*;

use super::*;
use crate::config::reaches_owasp_floor;

fn work(plan: &Result<Plan, NoPlan>) -> u64 {
    plan.as_ref().map_or(0, |plan| candidates::work(plan.memory_kib, plan.iterations))
}

fn hosts() -> impl Strategy<Value = Measured> {
    (1_usize..17, 500.0..8_000.0, 0.0..1.1).prop_map(|(cores, speed, scaling)| host(cores, speed, scaling))
}

fn wishes() -> impl Strategy<Value = Wish> {
    (0.1..400.0, 20_u64..5_000, 4_u64..2_048).prop_map(|(logins, p99, mib)| wish(logins, p99, mib))
}

proptest! {
    #[test]
    fn more_logins_never_give_a_stronger_cost(host in hosts(), wish in wishes(), factor in 1.0..10.0) {
        let more = Wish { logins_per_second: wish.logins_per_second * factor, ..wish };
        prop_assert!(work(&plan(more, &host)) <= work(&plan(wish, &host)));
    }

    #[test]
    fn a_longer_p99_never_gives_a_weaker_cost(host in hosts(), wish in wishes(), longer in 0_u64..5_000_000) {
        let patient = Wish { p99: wish.p99 + Duration::from_micros(longer), ..wish };
        prop_assert!(work(&plan(patient, &host)) >= work(&plan(wish, &host)));
    }

    #[test]
    fn more_memory_never_gives_a_weaker_cost(host in hosts(), wish in wishes(), more in 0_u64..2_048) {
        let rich = Wish { memory: wish.memory + more * MIB, ..wish };
        prop_assert!(work(&plan(rich, &host)) >= work(&plan(wish, &host)));
    }

    #[test]
    fn a_plan_keeps_every_wish_and_no_plan_offers_only_what_works(host in hosts(), wish in wishes()) {
        match plan(wish, &host) {
            Ok(plan) => {
                prop_assert!(u64::from(plan.memory_kib) * 1024 * plan.threads as u64 <= wish.memory);
                prop_assert!(plan.threads <= host.cores && plan.utilisation <= HEADROOM);
                prop_assert!(reaches_owasp_floor(plan.memory_kib, plan.iterations));
                prop_assert!(plan.slowest <= wish.p99 && plan.slowest <= plan.service + plan.deadline);
                prop_assert!(plan.queue > 0 && plan.queue % plan.threads == 0);
                let formula = plan.capacity * (wish.p99 - plan.service).as_secs_f64();
                prop_assert!(plan.queue as f64 <= formula * (1.0 + 1e-6), "{} {formula}", plan.queue);
            }
            Err(NoPlan::OutOfReach(reason)) => {
                for relaxed in [&reason.fewer_logins, &reason.longer_p99, &reason.more_memory].into_iter().flatten() {
                    prop_assert_eq!(&plan(relaxed.wish, &host), &Ok(relaxed.clone()));
                }
                if let Some(fewer) = &reason.fewer_logins {
                    prop_assert!(fewer.wish.logins_per_second < wish.logins_per_second);
                    let better = Wish { logins_per_second: fewer.wish.logins_per_second + 0.2, ..wish };
                    prop_assert!(plan(better, &host).is_err());
                }
                if let Some(longer) = &reason.longer_p99 {
                    prop_assert!(longer.wish.p99 > wish.p99);
                    let better = Wish { p99: longer.wish.p99 - Duration::from_millis(2), ..wish };
                    prop_assert!(plan(better, &host).is_err());
                }
                if let Some(more) = &reason.more_memory {
                    prop_assert!(more.wish.memory > wish.memory);
                    let better = Wish { memory: more.wish.memory - 1, ..wish };
                    prop_assert!(plan(better, &host).is_err());
                }
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
