"""Trains the autoencoder of `sensor.rs`, and writes rows of a motor's sensors as CSV.

Six sensors follow three hidden causes (load, speed, warmth), so three numbers describe a healthy
row; a row that the model cannot give back has something else in it. Versions: tests/models/
requirements.txt. Writes `motor.tflite` and `motor.csv`.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pathlib

import numpy as np
import tensorflow as tf

FOLDER = pathlib.Path(__file__).parent
NAMES = ["current", "speed", "torque", "winding", "bearing", "vibration"]
HEALTHY, SHOWN = 4000, 60
FAULTS = {17: (4, 0.45), 18: (4, 0.5), 41: (5, 0.6)}  # row: (sensor, how far off)


def healthy(random, count):
    """Rows between 0 and 1 of a motor that is well."""
    load, speed, warmth = random.uniform(0.1, 0.9, (3, count))
    rows = np.stack([
        0.8 * load + 0.1 * speed,
        speed,
        0.9 * load,
        0.6 * warmth + 0.3 * load,
        0.7 * warmth + 0.2 * speed,
        0.3 * speed + 0.3 * load,
    ], axis=1)
    return (rows + random.normal(0, 0.01, rows.shape)).astype(np.float32)


def main():
    tf.keras.utils.set_random_seed(20240611)
    random = np.random.default_rng(20240611)
    rows = healthy(random, HEALTHY)
    layers = tf.keras.layers
    model = tf.keras.Sequential([
        tf.keras.Input((len(NAMES),), batch_size=1), layers.Dense(16, activation="relu"),
        layers.Dense(3), layers.Dense(16, activation="relu"), layers.Dense(len(NAMES)),
    ])
    model.compile(optimizer=tf.keras.optimizers.Adam(0.003), loss="mse")
    model.fit(rows, rows, epochs=80, batch_size=64, verbose=0)

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([row[None]] for row in rows[:500])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    (FOLDER / "motor.tflite").write_bytes(converter.convert())

    shown = healthy(random, SHOWN)
    for row, (sensor, off) in FAULTS.items():
        shown[row, sensor] += off
    lines = [",".join(NAMES)] + [",".join(f"{value:.3f}" for value in row) for row in shown]
    (FOLDER / "motor.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
