"""TFLite operators with weights and pools, as methods of `Network`.

Kernel sizes, strides and dilations are pairs (height, width).
"""

import numpy as np

from tflite_file import schema

NONE = schema.ActivationFunctionType.NONE
RELU = schema.ActivationFunctionType.RELU
RELU6 = schema.ActivationFunctionType.RELU6
RELU_N1_TO_1 = schema.ActivationFunctionType.RELU_N1_TO_1
SAME = schema.Padding.SAME
VALID = schema.Padding.VALID

BOUNDS = {NONE: (-np.inf, np.inf), RELU: (0.0, np.inf),
          RELU6: (0.0, 6.0), RELU_N1_TO_1: (-1.0, 1.0)}


def choose_range(values, activation, slack):
    """Scale and zero point that cover nearly all values; `slack` widens both
    ends, which moves the clamps of the activation inside the int8 range."""
    low, high = np.quantile(np.clip(values, *BOUNDS[activation]), [0.002, 0.998])
    low, high = min(low, 0.0), max(high, 1e-3)
    margin = slack * (high - low)
    scale = np.float32((high - low + 2 * margin) / 255)
    return scale, int(np.clip(np.round(-128 - (low - margin) / scale), -128, 127))


def padding_of(size, kernel, stride, dilation, padding):
    """Output size, and cells before and after, along one axis."""
    reach = (kernel - 1) * dilation + 1
    if padding == VALID:
        return (size - reach) // stride + 1, 0, 0
    out = -(-size // stride)
    total = max((out - 1) * stride + reach - size, 0)
    return out, total // 2, total - total // 2


def patches(x, kernel, stride, dilation, padding):
    """Windows of an NHWC batch as [n, oh, ow, kh, kw, c]; outside cells are 0."""
    oh, top, bottom = padding_of(x.shape[1], kernel[0], stride[0], dilation[0], padding)
    ow, left, right = padding_of(x.shape[2], kernel[1], stride[1], dilation[1], padding)
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    rows = (np.arange(oh) * stride[0])[:, None] + np.arange(kernel[0]) * dilation[0]
    columns = (np.arange(ow) * stride[1])[:, None] + np.arange(kernel[1]) * dilation[1]
    return x[:, rows[:, None, :, None], columns[None, :, None, :], :]


def window_options(options, stride, padding):
    """Fills in the fields that convolutions and pools share."""
    options.strideH, options.strideW = stride
    options.padding = padding
    return options


class Layers:
    """The part of `Network` with weights or windows."""

    def weighted(self, x, name, q, axis, product, options, activation, *, std=2.0, slack=0.0,
                 per_channel=True, bias=True, weight_zero_point=0, multipliers=None,
                 bias_override=None, taps=None, out_scale=None, version=None):
        """Convolutions and fully connected layers: picks weight scales so that
        the float outputs get the wanted spread, then bias and output scale.
        `multipliers` maps channels to a real output multiplier, `bias_override`
        to a raw bias, and `taps` to the only weight that is not 0."""
        in_scale, _ = self.quantisation(x)
        for channel, value in (taps or {}).items():
            kernel = np.moveaxis(q, axis, 0)[channel]
            kernel[...] = 0
            kernel[tuple(size // 2 for size in kernel.shape)] = value
        raw = product(self.floats[x], q.astype(np.float64) - weight_zero_point)
        rows = raw.reshape(-1, raw.shape[-1])
        spread = np.where(rows.std(0) < 1e-6, 1.0, rows.std(0))
        scales = std * np.exp(self.rng.normal(0, 0.3, len(spread))) / spread
        if not per_channel:
            scales = np.full_like(scales, std / np.sqrt((spread**2).mean()))
        scales = scales.astype(np.float32)
        wanted = (self.rng.normal(0, 0.5 * std, len(spread)) - rows.mean(0) * scales) * bias
        bias_raw = np.round(wanted / (np.float64(in_scale) * scales)).astype(np.int64)
        values = raw * scales + bias_raw * (np.float64(in_scale) * scales)
        scale, zero_point = choose_range(values, activation, slack)
        scale = np.float32(out_scale or scale)
        for channel, real in (multipliers or {}).items():
            scales[channel] = np.float32(real * np.float64(scale) / np.float64(in_scale))
        for channel, value in (bias_override or {}).items():
            bias_raw[channel] = value
        if multipliers or bias_override:
            values = raw * scales + bias_raw * (np.float64(in_scale) * scales)
        stored = scales if per_channel else scales[:1]
        weights = self.tensor(f"w{len(self.operators)}", q.shape, schema.TensorType.INT8,
                              q.astype(np.int8), stored, weight_zero_point, axis)
        bias_index = -1
        if bias:
            bias_index = self.tensor(
                f"b{len(self.operators)}", (len(bias_raw),), schema.TensorType.INT32,
                bias_raw.astype(np.int32), np.float32(in_scale) * stored)
        y = self.activation(np.clip(values, *BOUNDS[activation]), scale, zero_point,
                            f"{name.lower()}_{len(self.operators)}")
        options.fusedActivationFunction = activation
        return self.operator(name, [x, weights, bias_index], y, options, version)

    def random_weights(self, *shape):
        return np.clip(np.round(self.rng.normal(0, 50, shape)), -127, 127)

    def conv(self, x, channels, kernel=(1, 1), stride=(1, 1), dilation=(1, 1),
             padding=SAME, activation=NONE, groups=1, **extra):
        q = self.random_weights(channels, *kernel, self.floats[x].shape[-1] // groups)
        options = window_options(schema.Conv2DOptionsT(), stride, padding)
        options.dilationHFactor, options.dilationWFactor = dilation

        def product(v, w):
            v = patches(v, kernel, stride, dilation, padding)
            parts = zip(np.split(v, groups, -1), np.split(w, groups))
            return np.concatenate([np.einsum("nhwijc,oijc->nhwo", a, b, optimize=True)
                                   for a, b in parts], -1)

        return self.weighted(x, "CONV_2D", q, 0, product, options, activation, **extra)

    def depthwise(self, x, multiplier=1, kernel=(3, 3), stride=(1, 1), dilation=(1, 1),
                  padding=SAME, activation=NONE, **extra):
        channels = self.floats[x].shape[-1]
        q = self.random_weights(1, *kernel, channels * multiplier)
        options = window_options(schema.DepthwiseConv2DOptionsT(), stride, padding)
        options.dilationHFactor, options.dilationWFactor = dilation
        options.depthMultiplier = multiplier

        def product(v, w):
            w = w.reshape(*kernel, channels, multiplier)
            y = np.einsum("nhwijc,ijcm->nhwcm",
                          patches(v, kernel, stride, dilation, padding), w, optimize=True)
            return y.reshape(*y.shape[:3], -1)

        return self.weighted(x, "DEPTHWISE_CONV_2D", q, 3, product, options, activation, **extra)

    def dense(self, x, units, activation=NONE, keep_num_dims=False, per_channel=False, **extra):
        depth = self.floats[x].shape[-1]
        options = schema.FullyConnectedOptionsT()
        options.keepNumDims = keep_num_dims
        return self.weighted(x, "FULLY_CONNECTED", self.random_weights(units, depth), 0,
                             lambda v, w: v @ w.T, options, activation,
                             per_channel=per_channel, version=12 if per_channel else 4, **extra)

    def average_pool(self, x, kernel, stride=(1, 1), padding=VALID, activation=NONE):
        def total(v):
            return patches(v, kernel, stride, (1, 1), padding).sum((3, 4))

        values = total(self.floats[x]) / total(np.ones_like(self.floats[x]))
        return self.pool("AVERAGE_POOL_2D", x, values, kernel, stride, padding, activation)

    def max_pool(self, x, kernel, stride=(1, 1), padding=VALID, activation=NONE):
        low = self.floats[x].min()
        values = patches(self.floats[x] - low, kernel, stride, (1, 1), padding).max((3, 4)) + low
        return self.pool("MAX_POOL_2D", x, values, kernel, stride, padding, activation)

    def pool(self, name, x, values, kernel, stride, padding, activation):
        y = self.activation(np.clip(values, *BOUNDS[activation]), *self.quantisation(x),
                            f"{'max_' * (name[0] == 'M')}pool_{len(self.operators)}")
        options = window_options(schema.Pool2DOptionsT(), stride, padding)
        options.filterHeight, options.filterWidth = kernel
        options.fusedActivationFunction = activation
        return self.operator(name, [x], y, options)
