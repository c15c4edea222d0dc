// Integer arithmetic, divergent loops, calls, recursion, stack frames, a dense switch.

// Quotients and remainders of 64 bits, high halves of products: out[8 * i ..].
extern "C" __global__ void divide(const long long *a, const long long *b, unsigned long long *out,
                                  unsigned long long modulus, unsigned count) {
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) {
        return;
    }
    long long x = a[i];
    long long y = b[i];
    unsigned long long ux = (unsigned long long)x;
    unsigned long long uy = (unsigned long long)y;
    unsigned long long *mine = out + 8 * i;
    mine[0] = (unsigned long long)(x / y);
    mine[1] = (unsigned long long)(x % y);
    mine[2] = ux / uy;
    mine[3] = ux % uy;
    mine[4] = ux % modulus;
    mine[5] = __umul64hi(ux, uy);
    mine[6] = (unsigned long long)__mul64hi(x, y);
    int sx = (int)x;
    int sy = (int)y | 1;
    unsigned high = __umulhi((unsigned)sx, (unsigned)sy) ^ (unsigned)__mulhi(sx, sy);
    mine[7] = (unsigned long long)high << 32 | ((unsigned)sx / (unsigned)sy + (unsigned)sx % 1000u);
}

// How many steps of 3 n + 1 lead from in[i] to 1: each thread leaves the loop on its own.
extern "C" __global__ void collatz(const unsigned *in, unsigned *steps, unsigned count) {
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) {
        unsigned long long n = in[i];
        unsigned taken = 0;
        while (n != 1) {
            if (n & 1) {
                n = 3 * n + 1;
            } else {
                n /= 2;
            }
            taken++;
        }
        steps[i] = taken;
    }
}

// A machine of eight instructions: the switch is dense, its arms have loops and stores.
extern "C" __global__ void interpret(const unsigned char *program, int length, const int *in,
                                     int *out, unsigned *trace) {
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
    int a = in[thread];
    int b = thread;
    for (int at = 0; at < length; at++) {
        int selector = (program[at] + (a & 1) * thread) & 7;
        switch (selector) {
        case 0:
            a = (int)((unsigned)a + b);
            break;
        case 1:
            a = (int)(31u * a + 7);
            trace[thread] += a;
            break;
        case 2:
            for (int i = 0; i < (b & 7); i++) {
                a ^= (int)((unsigned)a << 3);
            }
            break;
        case 3:
            b = a >> 2;
            trace[thread] ^= b;
            break;
        case 4:
            a = b ? a / b : -a;
            break;
        case 5:
            b = __popc(a) + at;
            break;
        case 6:
            while (a > 1000 || a < -1000) {
                a /= 3;
                b++;
            }
            break;
        default:
            trace[thread] = trace[thread] * 5 + selector;
            b = -b;
            break;
        }
    }
    out[thread] = a ^ b;
}

// Sixteen values a thread, sorted in a local array; out gets three ranks and a checksum. Where
// these loops are unrolled, nvrtc 11 and 12 write another text in one run of three.
extern "C" __global__ void sort_local(const short *in, int *out) {
    short values[16];
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
#pragma unroll 1
    for (int i = 0; i < 16; i++) {
        short value = in[16 * thread + i];
        int at = i;
#pragma unroll 1
        while (at > 0 && values[at - 1] > value) {
            values[at] = values[at - 1];
            at--;
        }
        values[at] = value;
    }
    unsigned checksum = 0;
#pragma unroll 1
    for (int i = 0; i < 16; i++) {
        checksum = checksum * 33 + values[i];
    }
    out[4 * thread] = values[0];
    out[4 * thread + 1] = values[thread & 15];
    out[4 * thread + 2] = values[15];
    out[4 * thread + 3] = (int)checksum;
}

struct Fraction {
    long long above;
    int below;
    short tag;
    char sign;
};

__device__ __noinline__ unsigned gcd(unsigned a, unsigned b) {
    return b == 0 ? a : gcd(b, a % b);
}

// Not a tail call: the stack grows with n.
__device__ __noinline__ int weight(int n, int seed) {
    if (n <= 1) {
        return n + seed;
    }
    int left = weight(n - 1, seed + 1);
    return left * 3 + weight(n - 2, left & 15);
}

__device__ __noinline__ Fraction add(Fraction a, Fraction b, int scale) {
    Fraction sum;
    sum.above = a.above * b.below + b.above * a.below * scale;
    sum.below = a.below * b.below;
    sum.tag = (short)(a.tag - b.tag);
    sum.sign = (char)(a.sign * b.sign);
    return sum;
}

// Calls that are not inlined: scalars, structures by value and back, recursion.
extern "C" __global__ void calls(const int *in, long long *out, Fraction base) {
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
    int value = in[thread];
    Fraction mine = {value, (value & 255) + 1, (short)thread, (char)(value < 0 ? -1 : 1)};
    Fraction sum = add(base, mine, thread % 3);
    out[6 * thread] = sum.above;
    out[6 * thread + 1] = sum.below;
    out[6 * thread + 2] = sum.tag;
    out[6 * thread + 3] = sum.sign;
    out[6 * thread + 4] = gcd((unsigned)value, (unsigned)sum.below);
    out[6 * thread + 5] = weight(thread % 9, value & 7);
}
