// Histograms of bytes.

constexpr unsigned BINS = 256;

// Adds to bins[v] how often v occurs in the `count` bytes of `in`.
extern "C" __global__ void histogram(const unsigned char *in, unsigned *bins, unsigned count) {
    __shared__ unsigned local[BINS];
    for (unsigned i = threadIdx.x; i < BINS; i += blockDim.x) {
        local[i] = 0;
    }
    __syncthreads();
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < count;
         i += gridDim.x * blockDim.x) {
        atomicAdd(&local[in[i]], 1u);
    }
    __syncthreads();
    for (unsigned i = threadIdx.x; i < BINS; i += blockDim.x) {
        if (local[i] != 0) {
            atomicAdd(&bins[i], local[i]);
        }
    }
}

// sum[i] = a[i] + b[i], and the most frequent value as (frequency << 32 | value).
extern "C" __global__ void merge(const unsigned *a, const unsigned *b, unsigned *sum,
                                 unsigned long long *mode) {
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < BINS) {
        unsigned both = a[i] + b[i];
        sum[i] = both;
        atomicMax(mode, (unsigned long long)both << 32 | i);
    }
}
