//! Random graphs give TFLite Micro's bytes, value by value: those of `tests/models/graphs`, or of
//! the folder that `ISOKERN_GRAPHS` names.

use std::sync::OnceLock;

use isokern_model::operators::OpKind;
use isokern_tests::device::{Device, ptx};
use isokern_tests::graphs::{Graphs, Tally, check, check_on_device, folder};

const TARGET: u32 = 90;

fn graphs() -> &'static Graphs {
    static GRAPHS: OnceLock<Graphs> = OnceLock::new();
    GRAPHS.get_or_init(|| Graphs::read(&folder()))
}

#[test]
fn every_value_has_the_bytes_of_tflite_micro() {
    let mut tally = Tally::default();
    for record in &graphs().records {
        tally.add(graphs(), record, &check(graphs(), record));
    }
    assert_eq!((tally.wrong(), tally.refused()), (0, 0), "{tally}");
    for &kind in OpKind::ALL {
        assert!(tally.of_kind(kind) > 0, "no graph has {}\n{tally}", kind.name());
    }
}

#[test]
fn device_code_gives_the_same_bytes() {
    let device = Device::new(&ptx(TARGET), TARGET);
    let mut tally = Tally::default();
    for record in &graphs().records {
        tally.add(graphs(), record, &check_on_device(&device, graphs(), record, 1));
    }
    assert_eq!((tally.wrong(), tally.refused()), (0, 0), "{tally}");
}
