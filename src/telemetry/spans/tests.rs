//! The queue and its thread, without a collector.

use std::sync::Mutex;

use super::export::{BATCH, MOST_WAITING, export, rejected};
use super::*;

fn trace() -> Arc<Trace> {
    let queue = Arc::new(Queue::new());
    let begun = Timestamp::from_seconds(1_800_000_000);
    Arc::new(Trace { id: 7, begun, watch: Stopwatch::start(), ids: 0.into(), queue })
}

fn open(trace: &Arc<Trace>, name: &'static str) -> OpenSpan {
    let place = Place { trace: trace.clone(), span: trace.next_id() };
    OpenSpan::new(place, None, Kind::Server, name)
}

#[tokio::test]
async fn spans_begin_below_that_of_their_task_and_nowhere_else() {
    assert!(begin("outside").is_none());
    note("outside", Duration::from_secs(1));
    let trace = trace();
    let root = open(&trace, "root");
    within(Some(root.place()), async {
        let child = begin("child").expect("there is a place");
        within(Some(child.place()), async { note("leaf", Duration::ZERO) }).await;
        // A future that is dropped half-way has its span all the same.
        drop(child);
    })
    .await;
    within(None, async { assert!(begin("outside").is_none()) }).await;
    drop(root);
    trace.queue.end();
    let (spans, ending) = trace.queue.take();
    assert!(ending);
    let told: Vec<_> = spans.iter().map(|span| (&*span.name, span.parent.is_some())).collect();
    assert_eq!(told, [("leaf", true), ("child", true), ("root", false)]);
    assert_eq!(spans[0].parent, Some(spans[1].id));
    assert_eq!(spans[1].parent, Some(spans[2].id));
    assert!(spans.iter().all(|span| span.id != 0), "zero is no id");
}

#[test]
fn a_full_queue_takes_no_more_and_the_end_sends_what_is_there() {
    let trace = trace();
    for _ in 0..MOST_WAITING + 100 {
        open(&trace, "one of many");
    }
    trace.queue.end();
    // Too late.
    open(&trace, "the last");
    let sent = Mutex::new(Vec::new());
    export(&trace.queue, |spans| {
        assert!(spans.iter().all(|span| span.name == "one of many"));
        sent.lock().unwrap().push(spans.len());
        Ok(0)
    });
    let sent = sent.into_inner().unwrap();
    assert_eq!((sent.iter().sum(), sent.iter().max()), (MOST_WAITING, Some(&BATCH)));
}

#[test]
fn at_the_end_a_collector_that_does_not_answer_is_asked_once() {
    let trace = trace();
    for _ in 0..3 * BATCH {
        open(&trace, "one of many");
    }
    trace.queue.end();
    let asked = Mutex::new(0);
    export(&trace.queue, |_| {
        *asked.lock().unwrap() += 1;
        Err("no answer".into())
    });
    assert_eq!(*asked.lock().unwrap(), 1);
}

#[test]
fn what_a_collector_rejects_of_a_batch_is_known() {
    let cases = [
        (r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too long"}}"#, 3),
        (r#"{"partialSuccess":{"rejectedSpans":2}}"#, 2),
        (r#"{"partialSuccess":{}}"#, 0),
        ("{}", 0),
        ("", 0),
    ];
    for (body, count) in cases {
        assert_eq!(rejected(body.as_bytes()), count, "{body}");
    }
}
