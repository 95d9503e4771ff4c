//! Checkpoints as text, as they stand in a server's log: what is read is written as the same, and only what was signed is
//! taken for signed.

use std::sync::LazyLock;

use guardhouse::domain::audit::chain::Head;
use guardhouse::domain::audit::checkpoint::{Checkpoint, CheckpointKey, Statement};
use guardhouse::domain::audit::octets::Hash;
use guardhouse::domain::id::InstanceId;
use uuid::Uuid;

use super::common::{Known, at};

static KEY: LazyLock<CheckpointKey> = LazyLock::new(|| CheckpointKey::generate(&Known(5)));
static SIGNED: LazyLock<Vec<Checkpoint>> = LazyLock::new(|| {
    let sign = |number: u64| {
        let head = Head { seq: number, link: Hash([u8::try_from(number).unwrap_or(255); 32]) };
        let statement = if number == 2 { Statement::Pruned } else { Statement::Reached };
        KEY.sign(InstanceId(Uuid::from_u128(u128::from(number))), head, at(1), statement)
    };
    vec![sign(1), sign(2), sign(u64::MAX)]
});

/// `data` is the text.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(read) = text.parse::<Checkpoint>() else { return };
    assert_eq!(read.to_string().parse::<Checkpoint>().ok().as_ref(), Some(&read));
    let signed = read.is_signed_by(&[*KEY.public()]);
    assert_eq!(signed, SIGNED.contains(&read), "{read}");
}

/// Good ones, and one whose signature is of another.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut texts: Vec<String> = SIGNED.iter().map(Checkpoint::to_string).collect();
    let other = texts[1].rsplit('.').next().unwrap_or_default().to_owned();
    let own = texts[0].rsplit('.').next().unwrap_or_default().to_owned();
    texts.push(texts[0].replace(&own, &other));
    texts.push(texts[0][..texts[0].len() - 2].to_owned());
    texts.into_iter().map(String::into_bytes).collect()
}
