//! What configurations and reports look like as text, and what is refused.

use std::string::String;

use super::{
    BackendCapabilities, DType, InferenceErrorKind, MemoryClass, ModeSet, ModelMetadata,
    NumericProfile, PlacementAcceptance, Quantization, Shape,
};

fn text<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("the value has a text")
}

#[test]
fn descriptions_come_back_as_they_were() {
    let memory = PlacementAcceptance::empty().with_shared().try_with_device(3).unwrap();
    let capabilities = BackendCapabilities::new(true, Some(8), DType::I8.mask())
        .with_modes(ModeSet::empty().with_ring())
        .with_memory(memory);
    let read: BackendCapabilities = serde_json::from_str(&text(&capabilities)).unwrap();
    assert_eq!(read, capabilities);

    let metadata = ModelMetadata::new(MemoryClass::Host, MemoryClass::Device(2), Some(490), None)
        .with_input_shape(Shape::new([1, 49, 10, 1]))
        .with_input_dtype(DType::I8)
        .with_input_quantization(Quantization::new(0.584_70, 83))
        .with_profile(NumericProfile::Tflm, 1)
        .with_arena_bytes(16_000);
    let read: ModelMetadata = serde_json::from_str(&text(&metadata)).unwrap();
    assert_eq!(read, metadata);

    let kind = InferenceErrorKind::DeviceLost;
    assert_eq!(serde_json::from_str::<InferenceErrorKind>(&text(&kind)).unwrap(), kind);
}

#[test]
fn names_are_the_ones_that_display_prints() {
    for dtype in DType::ALL {
        assert_eq!(text(&dtype), std::format!("\"{dtype}\""));
    }
    assert_eq!(text(&NumericProfile::Tflm), "\"tflm\"");
}

#[test]
fn values_that_no_constructor_makes_are_refused() {
    assert!(serde_json::from_str::<PlacementAcceptance>("524288").is_err());
    assert!(serde_json::from_str::<ModeSet>("8").is_err());
    let seven = r#"{"rank":7,"dims":[1,1,1,1,1,1]}"#;
    assert!(serde_json::from_str::<Shape>(seven).is_err());
    // Extents beyond the rank do not count, and do not make two equal shapes differ.
    let loose = r#"{"rank":1,"dims":[7,9,9,9,9,9]}"#;
    assert_eq!(serde_json::from_str::<Shape>(loose).unwrap(), Shape::new([7]));
}
