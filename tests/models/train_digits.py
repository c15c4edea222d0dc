"""Trains the handwritten-digits model and writes it as an int8 TFLite file.

Data: the 1797 grey images of 8x8 pixels that come with scikit-learn.  360 of
them are held back: neither the training nor the calibration sees them.

Writes `models/digits.tflite` and, for accuracy tests on any target,
`models/digits.test.i8` (the held-back images as raw int8 model inputs) and
`models/digits.test.labels.u8` (one class per byte).
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pathlib

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

import make_vectors
from tflite_writer import operator_name, read_model

MODELS = pathlib.Path(__file__).parent / "models"
SEED = 20240607
HELD_BACK = 360
EPOCHS = 120
BATCH = 32
REQUIRED_ACCURACY = 0.97
ALLOWED = {
    "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD",
    "AVERAGE_POOL_2D", "RESHAPE", "SOFTMAX",
}


def load():
    """Images scaled to 0..1 with a channel axis, split once and for all."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16.0).astype(np.float32).reshape(-1, 8, 8, 1)
    return train_test_split(
        images, labels, test_size=HELD_BACK, stratify=labels, random_state=SEED)


def build():
    """A depthwise-separable network of about 2,200 weights."""
    layers = tf.keras.layers

    def normalised(layer):
        return [layer, layers.BatchNormalization(), layers.ReLU()]

    return tf.keras.Sequential(
        [tf.keras.Input((8, 8, 1))]
        + normalised(layers.Conv2D(8, 3, padding="same", use_bias=False))
        + normalised(layers.DepthwiseConv2D(3, padding="same", use_bias=False))
        + normalised(layers.Conv2D(16, 1, use_bias=False))
        + normalised(layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False))
        + normalised(layers.Conv2D(32, 1, use_bias=False))
        + [layers.AveragePooling2D(2), layers.Reshape((128,)),
           layers.Dense(10), layers.Softmax()])


def shifted(images, rng):
    """Each image moved by at most one pixel, with a little noise."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    out = np.empty_like(images)
    for i, (dy, dx) in enumerate(rng.integers(0, 3, (len(images), 2))):
        out[i] = padded[i, dy:dy + 8, dx:dx + 8]
    out += rng.normal(0.0, 0.03, out.shape).astype(np.float32)
    return np.clip(out, 0.0, 1.0)


def train(images, labels):
    """Trains for a fixed number of epochs; the held-back images play no part."""
    tf.keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    model = build()
    steps = EPOCHS * (-(-len(images) // BATCH))
    rate = tf.keras.optimizers.schedules.CosineDecay(4e-3, steps)
    model.compile(tf.keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    rng = np.random.default_rng(SEED)
    for _ in range(EPOCHS):
        model.fit(shifted(images, rng), labels, batch_size=BATCH, epochs=1, verbose=0)
    return model


def convert(model, images):
    """Full int8 conversion.  Batch 1 is fixed, so no shape arithmetic remains."""
    signature = tf.TensorSpec((1, 8, 8, 1), tf.float32)
    function = tf.function(lambda x: model(x, training=False)).get_concrete_function(signature)
    frozen = convert_variables_to_constants_v2(function)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return converter.convert()


def check(data):
    """Stops when the converter left anything outside the allowed operators."""
    model = read_model(data)
    names = [operator_name(model, op) for op in model.subgraphs[0].operators]
    foreign = sorted(set(names) - ALLOWED)
    if foreign or len(model.subgraphs) != 1:
        raise SystemExit(f"unexpected operators {foreign} in {names}")
    print("operators:", ", ".join(names))


def main():
    train_x, test_x, train_y, test_y = load()
    model = train(train_x, train_y)
    float_right = np.argmax(model.predict(test_x, verbose=0), 1) == test_y
    data = convert(model, train_x)
    check(data)

    facts = make_vectors.describe(data)
    steps = np.round(test_x / np.float32(facts["input_scale"]))
    inputs = np.clip(steps + facts["input_zero_point"], -128, 127).astype(np.int8)
    outputs = make_vectors.run(data, inputs)
    right = np.argmax(outputs.reshape(len(test_y), -1), 1) == test_y
    print(f"held-back images: {len(test_y)}; float {float_right.mean():.4f}; "
          f"int8 {right.mean():.4f} ({right.sum()} right); {len(data)} bytes")
    if right.mean() < REQUIRED_ACCURACY:
        raise SystemExit("accuracy below the requirement; nothing written")

    MODELS.mkdir(exist_ok=True)
    (MODELS / "digits.tflite").write_bytes(data)
    (MODELS / "digits.test.i8").write_bytes(inputs.tobytes())
    (MODELS / "digits.test.labels.u8").write_bytes(test_y.astype(np.uint8).tobytes())


if __name__ == "__main__":
    main()
