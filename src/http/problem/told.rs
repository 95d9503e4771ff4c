//! How the errors of flows are told: the problem that each becomes, and the list of those codes for the description of
//! the routes. Both come from one table beside the handler, so that neither has what the other lacks.

use std::collections::BTreeSet;

use super::{Code, Problem};

/// What is told as a problem with one of a known few codes.
pub(in crate::http) trait Told: Into<Problem> {
    /// Adds every code that it may get.
    fn codes(into: &mut BTreeSet<Code>);
}

/// `told!(Error { Variant => Code, … } { Carrier: Inner, … })`: a variant gets the code, or what an expression after it
/// makes of that problem; a carrier is told as what it carries, which is [`Told`] too.
macro_rules! told {
    ($error:ty { $($variant:ident => $code:ident $(as $make:expr)?),* $(,)? } { $($carrier:ident: $inner:ty),* $(,)? }) => {
        impl From<$error> for $crate::http::problem::Problem {
            fn from(error: $error) -> Self {
                type Error = $error;
                match error {
                    $(Error::$variant => {
                        let problem = Self::new($crate::http::problem::Code::$code);
                        $(let problem = $make(problem);)?
                        problem
                    })*
                    $(Error::$carrier(inner) => <$inner as Into<Self>>::into(inner),)*
                }
            }
        }

        impl $crate::http::problem::Told for $error {
            fn codes(into: &mut std::collections::BTreeSet<$crate::http::problem::Code>) {
                $(into.insert($crate::http::problem::Code::$code);)*
                $(<$inner as $crate::http::problem::Told>::codes(into);)*
                let _ = into;
            }
        }
    };
}
pub(in crate::http) use told;
