//! The weights of a mix.

use std::str::FromStr;

use anyhow::ensure;

use crate::bench::drive::crew::Mix;
use crate::bench::result::Action;

/// The weights of a mix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Weights(Vec<(Action, u32)>);

impl FromStr for Weights {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut weights = Vec::new();
        for part in text.split(',') {
            let (name, weight) =
                part.split_once('=').ok_or("weights are written verify=80,login=4".to_owned())?;
            let all = [Action::Login, Action::Register, Action::Refresh, Action::Verify, Action::Logout];
            let action = all.into_iter().find(|action| action.to_string() == name.trim());
            let action = action
                .ok_or_else(|| format!("`{name}` is none of login, register, refresh, verify, logout"))?;
            let weight: u32 =
                weight.trim().parse().map_err(|_| format!("`{weight}` is not a whole number"))?;
            if weight > 1_000_000 || weights.iter().any(|(known, _)| *known == action) {
                return Err(format!("the weight of {action} is too large, or there twice"));
            }
            if weight > 0 {
                weights.push((action, weight));
            }
        }
        Ok(Self(weights))
    }
}

impl Weights {
    pub(super) fn mix(&self) -> anyhow::Result<Mix> {
        let of =
            |wanted| self.0.iter().find(|(action, _)| *action == wanted).map_or(0, |(_, weight)| *weight);
        ensure!(self.0.len() > 1, "a mix needs two kinds of requests; for one there is a command of its own");
        ensure!(
            of(Action::Logout) <= of(Action::Login),
            "a mix cannot end more sessions than it makes: give login the weight of logout at least"
        );
        Ok(Mix(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_or_refused() {
        let weights: Weights = "verify=80,refresh=15,login=4,logout=1".parse().unwrap();
        assert_eq!(weights.mix().unwrap().0.len(), 4);
        assert!("verify=1,logout=2,login=1".parse::<Weights>().unwrap().mix().is_err());
        assert!("verify=1,login=0".parse::<Weights>().unwrap().mix().is_err());
        assert!("dance=1".parse::<Weights>().is_err() && "verify=1,verify=2".parse::<Weights>().is_err());
    }
}
