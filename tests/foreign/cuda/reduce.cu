// Reductions over a block: a tree in shared memory, a warp's shuffles at its end.

constexpr unsigned ALL = 0xffffffffu;
constexpr int THREADS = 256;

// total = sum of in as 64 bits, largest = its maximum; any number of blocks of 256 threads.
extern "C" __global__ void sum_and_max(const int *in, unsigned long long *total, int *largest,
                                       int count) {
    __shared__ long long sums[THREADS];
    __shared__ int maxima[THREADS];
    int thread = threadIdx.x;
    long long sum = 0;
    int maximum = -2147483647 - 1;
    for (int i = blockIdx.x * THREADS + thread; i < count; i += gridDim.x * THREADS) {
        sum += in[i];
        maximum = max(maximum, in[i]);
    }
    sums[thread] = sum;
    maxima[thread] = maximum;
    for (int half = THREADS / 2; half >= 32; half /= 2) {
        __syncthreads();
        if (thread < half) {
            sums[thread] += sums[thread + half];
            maxima[thread] = max(maxima[thread], maxima[thread + half]);
        }
    }
    if (thread < 32) {
        sum = sums[thread];
        maximum = maxima[thread];
        for (int step = 16; step > 0; step /= 2) {
            sum += __shfl_down_sync(ALL, sum, step);
            maximum = max(maximum, __shfl_xor_sync(ALL, maximum, step));
        }
        if (thread == 0) {
            atomicAdd(total, (unsigned long long)sum);
            atomicMax(largest, maximum);
        }
    }
}

// out[block] = the floats of the block's 256 inputs, added as a tree: halves, quarters, ...
extern "C" __global__ void float_tree(const float *in, float *out) {
    extern __shared__ float partial[];
    int thread = threadIdx.x;
    partial[thread] = in[blockIdx.x * blockDim.x + thread];
    __syncthreads();
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        if (thread < half) {
            partial[thread] = __fadd_rn(partial[thread], partial[thread + half]);
        }
        __syncthreads();
    }
    if (thread == 0) {
        out[blockIdx.x] = partial[0];
    }
}
