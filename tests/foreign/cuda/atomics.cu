// Atomic operations, on global and on shared memory. Each answer is the same in every order.

// How often each byte occurs; the bins of a block live in dynamic shared memory.
extern "C" __global__ void histogram(const unsigned char *in, unsigned *bins, unsigned count,
                                     unsigned bin_count) {
    extern __shared__ unsigned local[];
    for (unsigned i = threadIdx.x; i < bin_count; i += blockDim.x) {
        local[i] = 0;
    }
    __syncthreads();
    unsigned stride = gridDim.x * blockDim.x;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride) {
        atomicAdd(&local[in[i] % bin_count], 1u);
    }
    __syncthreads();
    for (unsigned i = threadIdx.x; i < bin_count; i += blockDim.x) {
        atomicAdd(&bins[i], local[i]);
    }
}

// One operation of each kind on words of `state`, one of each kind on words of `wide`.
extern "C" __global__ void every_kind(const int *in, int *state, unsigned long long *wide,
                                      float *sum, unsigned *marks) {
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
    int value = in[thread];
    unsigned bits = (unsigned)value;
    atomicMin(&state[0], value);
    atomicMax(&state[1], value);
    atomicMin((unsigned *)&state[2], bits);
    atomicMax((unsigned *)&state[3], bits);
    atomicAnd(&state[4], value | 0x00f00f00);
    atomicOr(&state[5], value & 0x0ff0f0f0);
    atomicXor(&state[6], value);
    atomicSub(&state[7], value);
    atomicInc((unsigned *)&state[8], 99u);
    atomicDec((unsigned *)&state[9], 76u);
    atomicAdd(&wide[0], (unsigned long long)(long long)value);
    atomicMax(&wide[1], (unsigned long long)bits << 20);
    atomicMin((long long *)&wide[2], (long long)value * 65537);
    atomicXor(&wide[3], (unsigned long long)bits * 0x9e3779b97f4a7c15ULL);
    // Whole numbers far below 2^24: each partial sum is exact.
    atomicAdd(sum, (float)(value & 63));
    // Every ticket is drawn once.
    unsigned ticket = atomicAdd((unsigned *)&state[10], 1u);
    marks[ticket] += 1;
}

// Loops around compare-and-swap: a sum that stops at `limit`, a maximum of floats.
extern "C" __global__ void swap_loops(const unsigned *in, unsigned *sum, unsigned limit,
                                      unsigned long long *product, int *largest) {
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned value = in[thread];
    unsigned seen = *(volatile unsigned *)sum;
    unsigned expected;
    do {
        expected = seen;
        unsigned next = expected + value > limit ? limit : expected + value;
        seen = atomicCAS(sum, expected, next);
    } while (seen != expected);

    unsigned long long wide = *(volatile unsigned long long *)product;
    unsigned long long assumed;
    do {
        assumed = wide;
        wide = atomicCAS(product, assumed, assumed * (2ULL * value + 1));
    } while (wide != assumed);

    float mine = __fsub_rn((float)(value % 1000), 500.5f);
    int before = *(volatile int *)largest;
    while (__int_as_float(before) < mine) {
        int found = atomicCAS(largest, before, __float_as_int(mine));
        if (found == before) {
            break;
        }
        before = found;
    }
}

// What all threads of a block took out of one shared word, and what was left in it, adds up
// to what they put in. The first threads of the blocks add under a lock.
extern "C" __global__ void exchange_and_lock(const unsigned *in, unsigned *out, int *lock,
                                             unsigned *guarded) {
    __shared__ unsigned slot;
    __shared__ unsigned taken;
    if (threadIdx.x == 0) {
        slot = 7;
        taken = 0;
    }
    __syncthreads();
    unsigned value = in[blockIdx.x * blockDim.x + threadIdx.x];
    unsigned got = atomicExch(&slot, value);
    atomicAdd(&taken, got);
    __syncthreads();
    if (threadIdx.x == 0) {
        out[blockIdx.x] = taken + slot;
        while (atomicCAS(lock, 0, 1) != 0) {
        }
        __threadfence();
        volatile unsigned *word = guarded;
        *word = *word + value;
        __threadfence();
        atomicExch(lock, 0);
    }
}
