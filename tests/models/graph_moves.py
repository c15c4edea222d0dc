"""Steps of random graphs that copy, choose by index, or keep state."""

import numpy as np

from graph_growth import Skip


def any_tensor(g, ranks=range(1, 7)):
    """Mostly int8; copies take every element type."""
    dtype = g.one_of(["int8"] * 6 + ["uint8", "float32", "int16", "int32", "bool"])
    if not any(g.fits(x, (dtype,), ranks) for x in g.tensors):
        dtype = "int8"
    return g.pick(dtype, ranks=ranks)


def reshape(g):
    x = g.pick()
    size = int(np.prod(g.net.shape(x)))
    shape = []
    for _ in range(g.whole(0, 3)):
        shape.append(g.one_of([d for d in range(1, size + 1) if size % d == 0]))
        size //= shape[-1]
    return g.add(g.net.reshape(x, *shape, size))


def expand_dims(g):
    x = g.pick(ranks=range(1, 5))
    rank = len(g.net.shape(x))
    # The builder keeps images in the first dimension: only behind it.
    return g.add(g.net.expand_dims(x, g.whole(1, rank) - (rank + 1) * g.chance(0.3)))


def squeeze(g):
    found = [(x, a) for x in g.tensors if g.net.dtypes[x] == "int8"
             for a, size in enumerate(g.net.shape(x)) if a and size == 1]
    if not found:
        raise Skip
    return g.add(g.net.squeeze(*g.one_of(found)))


def concatenation(g):
    x = any_tensor(g)
    axis = g.axis(x)
    inputs = [x]
    for _ in range(g.whole(1, 4)):
        shape = list(g.net.shape(x))
        shape[axis] = g.whole(1, 4) if g.chance(0.7) else shape[axis]
        inputs.append(g.like(x, shape))
    g.rng.shuffle(inputs)
    return g.add(g.net.concatenate([int(i) for i in inputs], axis))


def pack(g):
    x = any_tensor(g, range(1, 5))
    inputs = [x, *(g.like(x, g.net.shape(x)) for _ in range(g.whole(0, 3)))]
    return g.add(g.net.pack(inputs, g.whole(0, len(g.net.shape(x))) - 0))


def unpack(g):
    x = any_tensor(g, range(2, 6))
    axis = g.axis(x)
    if g.net.shape(x)[axis] > 8:
        raise Skip
    return g.add(g.net.unpack(x, axis))


def split(g):
    x = any_tensor(g)
    axis = g.axis(x)
    size = g.net.shape(x)[axis]
    counts = [n for n in range(1, 7) if size % n == 0]
    return g.add(g.net.split(x, g.one_of(counts), axis))


def split_v(g):
    x = any_tensor(g)
    axis = g.axis(x)
    size, sizes = g.net.shape(x)[axis], []
    while size > 0 and len(sizes) < 4:
        sizes.append(g.whole(1, size))
        size -= sizes[-1]
    if size:
        sizes.append(size)
    if g.chance(0.4):
        sizes[g.whole(0, len(sizes) - 1)] = -1
    return g.add(g.net.split_v(x, sizes, axis))


def slice_box(g):
    x = any_tensor(g)
    begin = [g.whole(0, size - 1) for size in g.net.shape(x)]
    length = [g.one_of([-1, g.whole(1, size - b)]) for b, size in zip(begin, g.net.shape(x))]
    return g.add(g.net.slice(x, begin, length))


def strided_slice(g):
    x = any_tensor(g, range(1, 6))
    begin, end, strides, masks = [], [], [], {"beginMask": 0, "endMask": 0, "shrinkAxisMask": 0}
    for i, size in enumerate(g.net.shape(x)):
        kind = g.whole(0, 5)
        if kind == 0:
            b = g.whole(0, size - 1)
            begin.append(b), end.append(b + 1), strides.append(1)
            masks["shrinkAxisMask"] |= 1 << i
        elif kind == 1 and size > 1:
            b = g.whole(1, size - 1)
            begin.append(b), end.append(g.whole(0, b - 1)), strides.append(-g.whole(1, 3))
        else:
            b = g.whole(0, size - 1)
            begin.append(b), end.append(g.whole(b + 1, size)), strides.append(g.whole(1, 3))
            if g.chance(0.3):
                begin[-1] -= size
        # A mask of one end, where the other end still leaves something.
        if kind and strides[-1] > 0 and g.chance(0.3):
            masks["beginMask"] |= 1 << i
        if kind and strides[-1] > 0 and g.chance(0.3):
            masks["endMask"] |= 1 << i
    return g.add(g.net.strided_slice(x, begin, end, strides, **masks))


def pad(g, name):
    x = any_tensor(g, range(1, 5)) if name != "PADV2" else g.pick(ranks=range(1, 5))
    high = [3] * len(g.net.shape(x))
    mode = g.whole(0, 1)
    if name == "MIRROR_PAD":
        high = [min(3, size - 1 + mode) for size in g.net.shape(x)]
    paddings = [[g.whole(0, h), g.whole(0, h)] if g.chance(0.6) else [0, 0] for h in high]
    return g.add(g.net.pad(x, paddings, name, g.whole(-128, 127), mode))


def transpose(g):
    x = any_tensor(g)
    order = [int(axis) for axis in g.rng.permutation(len(g.net.shape(x)))]
    return g.add(g.net.transpose(x, order))


def broadcast_to(g):
    x = any_tensor(g, range(1, 5))
    shape = [size if size > 1 else g.whole(1, 4) for size in g.net.shape(x)]
    shape = [g.whole(1, 3) for _ in range(g.whole(0, 5 - len(shape)))] + shape
    if np.prod(shape) > g.elements_max:
        raise Skip
    return g.add(g.net.broadcast_to(x, shape))


def reverse(g):
    x = any_tensor(g)
    return g.add(g.net.reverse(x, g.axes(x)))


def depth_space(g, name):
    x = g.image()
    _, height, width, depth = g.net.shape(x)
    whole = [height, width] if name == "SPACE_TO_DEPTH" else [depth]
    blocks = [b for b in (2, 3, 4)
              if all(size % (b if len(whole) == 2 else b * b) == 0 for size in whole)]
    return g.add(g.net.depth_space(name, x, g.one_of(blocks or [1])))


def batch_space(g, name):
    x = g.image()
    n, height, width, depth = g.net.shape(x)
    block = [g.whole(1, 3), g.whole(1, 3)]
    area = block[0] * block[1]
    if name == "SPACE_TO_BATCH_ND":
        # Without paddings: TFLite Micro fills them with whatever its memory holds.
        block = [b if size % b == 0 else 1 for size, b in zip((height, width), block)]
        area = block[0] * block[1]
        paddings = [[0, 0], [0, 0]]
        shape = (n * area, *(size // b for size, b in zip((height, width), block)), depth)
    else:
        if n % area:
            raise Skip
        crops = [[g.whole(0, 1) if size * b > 3 else 0, 0]
                 for size, b in zip((height, width), block)]
        paddings = crops
        shape = (n // area, *(s * b - sum(c)
                              for s, b, c in zip((height, width), block, crops)), depth)
    return g.add(g.net.batch_space(name, x, block, paddings, shape))


def gather(g):
    x = g.pick(ranks=range(1, 5))
    axis = g.whole(0, len(g.net.shape(x)) - 1)
    size = g.net.shape(x)[axis]
    shape = [g.whole(1, 4) for _ in range(g.whole(1, 2))]
    if g.chance(0.6):
        return g.add(g.net.gather(x, g.rng.integers(0, size, shape).tolist(), axis))
    return g.add(g.net.gather(x, g.input(shape, "int32", bound=size), axis))


def gather_nd(g):
    x = g.pick(ranks=range(1, 5))
    shape = g.net.shape(x)
    depth = g.whole(1, len(shape))
    count = [g.whole(1, 4) for _ in range(g.whole(1, 2))]
    parts = [g.rng.integers(0, size, count) for size in shape[:depth]]
    return g.add(g.net.gather_nd(x, np.stack(parts, -1).tolist()))


def embedding_lookup(g):
    rows = g.whole(2, 9)
    table = g.constant([rows, g.whole(1, 9)], "int8", (g.any_quantisation()[0], 0))
    return g.add(g.net.embedding_lookup(g.input([g.whole(1, 5)], "int32", bound=rows), table))


def resize_nearest(g):
    x = g.image()
    align, half = g.one_of([(False, False), (True, False), (False, True)])
    return g.add(g.net.resize_nearest(x, g.whole(1, 14), g.whole(1, 14), align, half))


def zeros_like(g):
    x = g.pick()
    return g.add(g.net.copy("ZEROS_LIKE", x, 0 * g.net.samples(x)))


def fill(g):
    shape, quantisation = g.any_shape(), g.any_quantisation()
    value = g.net.constant(g.whole(-128, 127), "int8", *quantisation)
    y = g.net.result(np.broadcast_to(g.net.samples(value).reshape(32, *[1] * len(shape)),
                                     (32, *shape)), g.net.next_name("FILL"), "int8", quantisation)
    return g.add(g.net.emit("FILL", [g.net.integers(shape), value], y))


def ring_buffer(g):
    """The last frames of an input: what was kept, joined with the new ones."""
    x = g.pick(ranks=[3, 4])
    axis, shape = 1, list(g.net.shape(x))
    new, old = shape[axis], g.whole(1, 6)
    kept = [*shape[:axis], old, *shape[axis + 1:]]
    handle = variable(g, kept, g.net.quantisation(x))
    read = g.add(g.net.read(handle))
    whole = g.add(g.net.concatenate([read, x], axis))
    begin = [0] * len(shape)
    begin[axis] = new
    end = list(g.net.shape(whole))
    part = g.add(g.net.strided_slice(whole, begin, end, beginMask=0, endMask=0))
    g.net.assign(handle, part)
    return whole


def running_value(g):
    """A variable that an operator of its last value and a tensor overwrites; sometimes it is
    read again afterwards."""
    x = g.pick()
    quantisation = g.net.quantisation(x)
    handle = variable(g, g.net.shape(x), quantisation)
    read = g.add(g.net.read(handle))
    name = g.one_of(["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"])
    y = g.add(g.net.binary(name, read, x, 0, quantisation))
    g.net.assign(handle, y)
    return g.add(g.net.read(handle)) if g.chance(0.3) else y


def last_value(g):
    """The tensor of the run before."""
    x = g.pick()
    handle = variable(g, g.net.shape(x), g.net.quantisation(x))
    read = g.add(g.net.read(handle))
    g.net.assign(handle, x)
    return read


def variable(g, shape, quantisation):
    initial = g.one_of([None, g.whole(-128, 127), g.rng.integers(-128, 128, shape)])
    return g.net.variable(f"variable_{len(g.net.tensors)}", shape, *quantisation, initial=initial)


MOVES = {
    "RESHAPE": reshape, "EXPAND_DIMS": expand_dims, "SQUEEZE": squeeze,
    "CONCATENATION": concatenation, "PACK": pack, "UNPACK": unpack, "SPLIT": split,
    "SPLIT_V": split_v, "SLICE": slice_box, "STRIDED_SLICE": strided_slice, "PAD": pad,
    "PADV2": pad, "MIRROR_PAD": pad, "TRANSPOSE": transpose, "BROADCAST_TO": broadcast_to,
    "REVERSE_V2": reverse, "SPACE_TO_DEPTH": depth_space, "DEPTH_TO_SPACE": depth_space,
    "SPACE_TO_BATCH_ND": batch_space, "BATCH_TO_SPACE_ND": batch_space, "GATHER": gather,
    "GATHER_ND": gather_nd, "EMBEDDING_LOOKUP": embedding_lookup,
    "RESIZE_NEAREST_NEIGHBOR": resize_nearest, "ZEROS_LIKE": zeros_like, "FILL": fill,
}
STATE = {"RING_BUFFER": ring_buffer, "RUNNING_VALUE": running_value, "LAST_VALUE": last_value}
