// Barriers that vote, packed bytes and halves, read-only loads, 128-bit integers.

// Four words a thread: what the block agrees on, what two threads of the warp left.
extern "C" __global__ void barriers(const int *in, int *out, int limit) {
    __shared__ int slots[128];
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
    int value = in[thread];
    int *mine = out + 4 * thread;
    mine[0] = __syncthreads_count(value > 0);
    mine[1] = __syncthreads_and(value > -limit) != 0;
    mine[2] = __syncthreads_or(value > limit) != 0;
    slots[threadIdx.x] = value;
    __syncwarp();
    mine[3] = slots[threadIdx.x ^ 1] - 3 * slots[threadIdx.x ^ 31];
}

#ifdef __CUDACC_RTC__
// nvrtc declares `__dp4a` and does not define it.
__device__ int dot(int a, int b, int c) {
    int sum;
    asm("dp4a.s32.s32 %0, %1, %2, %3;" : "=r"(sum) : "r"(a), "r"(b), "r"(c));
    return sum;
}
__device__ unsigned dot(unsigned a, unsigned b, unsigned c) {
    unsigned sum;
    asm("dp4a.u32.u32 %0, %1, %2, %3;" : "=r"(sum) : "r"(a), "r"(b), "r"(c));
    return sum;
}
#else
template <class T> __device__ T dot(T a, T b, T c) { return __dp4a(a, b, c); }
#endif

// Eight words a thread from words that hold four bytes or two halves.
extern "C" __global__ void packed(const int *__restrict__ a, const int *__restrict__ b,
                                  const uchar4 *__restrict__ pixels,
                                  const short2 *__restrict__ pairs, int *__restrict__ out) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int *mine = out + 8 * i;
    mine[0] = dot(a[i], b[i], 7);
    mine[1] = (int)dot((unsigned)a[i], (unsigned)b[i], 9u);
    mine[2] = (int)__sad(a[i] >> 4, b[i] >> 4, 5u);
    mine[3] = (int)__usad((unsigned)a[i], (unsigned)b[i], 6u);
    uchar4 p = pixels[i];
    mine[4] = (77 * p.x + 150 * p.y + 29 * p.z + 128) >> 8 | (p.w >> 4) << 24;
    short2 pair = __ldg(&pairs[i]);
    mine[5] = pair.x * pair.y;
    mine[6] = (short)(pair.x + pair.y) - (unsigned char)(pair.x - pair.y);
    mine[7] = min(max(pair.x / (pair.y | 1), -99), 99) * 256 + (signed char)(a[i] >> 9);
}

// Twelve words a thread from integers of 64 and 128 bits.
extern "C" __global__ void wide(const unsigned long long *a, const unsigned long long *b,
                                unsigned long long *out) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned long long u = a[i];
    unsigned long long v = b[i];
    unsigned __int128 x = (unsigned __int128)u << 64 | v;
    unsigned __int128 y = (unsigned __int128)(v ^ 0x5555) << 64 | u;
    unsigned __int128 sum = x + y;
    unsigned __int128 difference = x - y;
    unsigned __int128 product = x * y;
    unsigned __int128 shifted = x >> (v & 127);
    unsigned long long *mine = out + 12 * i;
    mine[0] = (unsigned long long)sum;
    mine[1] = (unsigned long long)(sum >> 64);
    mine[2] = (unsigned long long)difference;
    mine[3] = (unsigned long long)(difference >> 64);
    mine[4] = (unsigned long long)product;
    mine[5] = (unsigned long long)(product >> 64);
    mine[6] = (unsigned long long)shifted;
    mine[7] = (unsigned long long)(shifted >> 64);
    mine[8] = u >> (v & 63) ^ v << (u & 63);
    mine[9] = (unsigned long long)((long long)u >> (v & 63));
    mine[10] = max(u, v) - (unsigned long long)min((long long)u, (long long)v);
    mine[11] = x < y ? u + v : u - v;
}
