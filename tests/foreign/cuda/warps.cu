// What the threads of a warp tell each other: shuffles with every mode and width, votes.

constexpr unsigned ALL = 0xffffffffu;

// Twelve shuffles of in[thread], written to out[12 * thread ..].
extern "C" __global__ void shuffles(const int *in, int *out) {
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
    int lane = threadIdx.x % 32;
    int value = in[thread];
    int *mine = out + 12 * thread;
    mine[0] = __shfl_down_sync(ALL, value, 5);
    mine[1] = __shfl_down_sync(ALL, value, 2, 16);
    mine[2] = __shfl_up_sync(ALL, value, 3);
    mine[3] = __shfl_up_sync(ALL, value, 1, 4);
    mine[4] = __shfl_xor_sync(ALL, value, 16);
    mine[5] = __shfl_xor_sync(ALL, value, 9, 8);
    mine[6] = __shfl_sync(ALL, value, lane * 7 + 3);
    mine[7] = __shfl_sync(ALL, value, lane + 2, 8);
    long long wide = __shfl_xor_sync(ALL, (long long)value * 0x100000001LL + lane, 9);
    mine[8] = (int)wide;
    mine[9] = (int)(wide >> 32);
    mine[10] = (int)__shfl_down_sync(ALL, (float)lane, 1);
    int low = -1;
    if (lane < 8) {
        low = __shfl_xor_sync(0xffu, value, 3);
    }
    mine[11] = low;
}

// out[i] = in[0] + .. + in[i] inside each block of up to 1024 threads.
extern "C" __global__ void scan(const int *in, int *out) {
    __shared__ int totals[32];
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int sum = in[thread];
    for (int step = 1; step < 32; step *= 2) {
        int before = __shfl_up_sync(ALL, sum, step);
        if (lane >= step) {
            sum += before;
        }
    }
    if (lane == 31) {
        totals[warp] = sum;
    }
    __syncthreads();
    for (int i = 0; i < warp; i++) {
        sum += totals[i];
    }
    out[thread] = sum;
}

// Votes and bit operations on in[thread], written to out[16 * thread ..].
extern "C" __global__ void votes(const unsigned *in, unsigned *out, unsigned limit) {
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
    int lane = threadIdx.x % 32;
    unsigned value = in[thread];
    unsigned next = __shfl_down_sync(ALL, value, 1);
    unsigned long long both = (unsigned long long)value << 32 | next;
    unsigned *mine = out + 16 * thread;
    mine[0] = __ballot_sync(ALL, value & 1);
    mine[1] = __any_sync(ALL, value > limit);
    mine[2] = __all_sync(ALL, value > limit);
    mine[3] = __popc(value);
    mine[4] = __clz(value);
    mine[5] = __brev(value);
    mine[6] = __ffs(value);
    mine[7] = __byte_perm(value, next, 0x5140);
    mine[8] = __byte_perm(value, next, next & 0x7777);
    mine[9] = __funnelshift_l(value, next, lane + 20);
    mine[10] = __funnelshift_r(value, next, lane + 20);
    mine[11] = __popcll(both);
    mine[12] = __clzll(both);
    mine[13] = (unsigned)(__brevll(both) >> 16);
    mine[14] = __popc(__ballot_sync(ALL, value & 2) & ((1u << lane) - 1));
    unsigned some = 0;
    if (lane < 20) {
        some = __ballot_sync(0xfffffu, value & 4);
    }
    mine[15] = some;
}
