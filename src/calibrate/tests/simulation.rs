//! Plans against a simulated queue.

use std::collections::VecDeque;

use super::*;

/// What became of those who came to a simulated pool: how long the admitted took, ascending, and how many were refused.
fn simulate(
    plan: &Plan,
    logins_per_second: f64,
    arrivals: usize,
    mut bits: impl FnMut() -> u64,
) -> (Vec<f64>, usize) {
    let service = plan.service.as_secs_f64();
    // When those inside will be done. Served in order and in constant time, they leave in order.
    let (mut inside, mut now) = (VecDeque::new(), 0.0);
    let (mut took, mut refused) = (Vec::new(), 0);
    for _ in 0..arrivals {
        let uniform = ((bits() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        now -= uniform.ln() / logins_per_second;
        while inside.front().is_some_and(|done| *done <= now) {
            inside.pop_front();
        }
        if inside.len() >= plan.threads + plan.queue {
            refused += 1;
            continue;
        }
        // The thread that is free first is that of whoever is as many places ahead as there are threads.
        let free = inside.len().checked_sub(plan.threads).map_or(now, |place| inside[place]);
        inside.push_back(free + service);
        took.push(free + service - now);
    }
    took.sort_by(f64::total_cmp);
    (took, refused)
}

#[test]
fn a_simulated_pool_keeps_what_the_plan_promises() {
    let hosts = [host(1, 1_500.0, 0.0), host(2, 3_000.0, 0.9), host(8, 2_500.0, 0.8), host(16, 6_000.0, 0.5)];
    let mut planned = 0;
    for (host, share) in hosts.iter().flat_map(|host| [(host, 0.1), (host, 0.3), (host, 0.6), (host, 0.79)]) {
        let lightest = &host.rates[0].total_per_second_at[host.cores - 1];
        for (milliseconds, mib) in [(150, 128), (500, 512), (2_000, 4_096)] {
            let Ok(plan) = plan(wish(share * lightest.1, milliseconds, mib), host) else { continue };
            planned += 1;
            let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
            let mut bits = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (seed ^ (seed >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
            };
            let p99 = plan.wish.p99.as_secs_f64() + 1e-9;
            let (took, refused) = simulate(&plan, plan.wish.logins_per_second, 50_000, &mut bits);
            assert!(refused <= 500, "{refused} of 50000 were refused: {plan}");
            assert!(took[took.len() - 1] <= p99, "{plan}");
            // Five times as many are mostly refused, and whoever is let in does not notice.
            let (took, refused) = simulate(&plan, 5.0 * plan.wish.logins_per_second, 50_000, &mut bits);
            assert!(took[took.len() - 1] <= p99, "{plan}");
            assert!(took[took.len() * 99 / 100] <= p99 && took.len() + refused == 50_000, "{plan}");
        }
    }
    assert!(planned > 25, "{planned}");
}
