// Enough of CUDA C++ to run the sources of this folder on the host: one host thread for every
// thread of a block, blocks one after another. Written for the sake of being obvious, not fast:
// it checks the expected answers by a way that shares nothing with them.
#pragma once

#include <algorithm>
#include <atomic>
#include <barrier>
#include <bit>
#include <climits>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#define __global__
#define __device__
#define __constant__
// A block is alone when it runs, so what its threads share may be static.
#define __shared__ static
#undef __noinline__
#define __noinline__ __attribute__((noinline))

using std::isinf;
using std::isnan;
using std::max;
using std::min;

struct Dim {
    unsigned x, y, z;
};

struct alignas(16) float4 {
    float x, y, z, w;
};

struct alignas(4) uchar4 {
    unsigned char x, y, z, w;
};

struct alignas(4) short2 {
    short x, y;
};

// A meeting of the lanes in one mask: all put a value in, then all see all values.
struct Meeting {
    unsigned arrived = 0;
    unsigned generation = 0;
    uint64_t incoming[32] = {};
    uint64_t values[32] = {};
};

struct Warp {
    std::mutex lock;
    std::condition_variable complete;
    std::map<unsigned, Meeting> meetings;
};

struct Block {
    explicit Block(unsigned threads) : barrier(threads), warps((threads + 31) / 32) {}
    std::barrier<> barrier;
    std::atomic<int> holding = 0;
    std::vector<Warp> warps;
};

inline thread_local Dim threadIdx, blockIdx;
inline thread_local unsigned flat_thread;
inline Dim blockDim, gridDim;
inline Block *block;
inline std::mutex one_at_a_time;

inline void __syncthreads() { block->barrier.arrive_and_wait(); }
// How many threads of the block hold it; the last barrier keeps the count from the next one.
inline int __syncthreads_count(bool holds) {
    block->holding += holds;
    __syncthreads();
    int count = block->holding;
    __syncthreads();
    block->holding -= holds;
    __syncthreads();
    return count;
}

inline int __syncthreads_or(bool holds) { return __syncthreads_count(holds) > 0; }
inline int __syncthreads_and(bool holds) { return __syncthreads_count(!holds) == 0; }
inline void __threadfence() { std::atomic_thread_fence(std::memory_order_seq_cst); }

inline unsigned lane() { return flat_thread % 32; }

inline std::vector<uint64_t> meet(unsigned mask, uint64_t value) {
    Warp &warp = block->warps[flat_thread / 32];
    std::unique_lock<std::mutex> guard(warp.lock);
    Meeting &meeting = warp.meetings[mask];
    meeting.incoming[lane()] = value;
    meeting.arrived |= 1u << lane();
    if (meeting.arrived == mask) {
        meeting.arrived = 0;
        meeting.generation++;
        memcpy(meeting.values, meeting.incoming, sizeof meeting.values);
        warp.complete.notify_all();
    } else {
        unsigned now = meeting.generation;
        warp.complete.wait(guard, [&] { return meeting.generation != now; });
    }
    return std::vector<uint64_t>(meeting.values, meeting.values + 32);
}

inline void __syncwarp() { meet(0xffffffffu, 0); }

template <class T> T lane_value(unsigned mask, T value, int source) {
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = meet(mask, bits)[source];
    memcpy(&value, &bits, sizeof value);
    return value;
}

template <class T> T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
    int first = lane() & ~(width - 1);
    return lane_value(mask, value, first + (source & (width - 1)));
}

template <class T> T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32) {
    unsigned last = lane() | (width - 1);
    return lane_value(mask, value, lane() + by > last ? lane() : lane() + by);
}

template <class T> T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32) {
    int first = lane() & ~(width - 1);
    int source = (int)lane() - (int)by;
    return lane_value(mask, value, source < first ? lane() : source);
}

template <class T> T __shfl_xor_sync(unsigned mask, T value, int with, int width = 32) {
    unsigned last = lane() | (width - 1);
    unsigned source = lane() ^ with;
    return lane_value(mask, value, source > last ? lane() : source);
}

inline unsigned __ballot_sync(unsigned mask, bool holds) {
    std::vector<uint64_t> values = meet(mask, holds);
    unsigned votes = 0;
    for (int i = 0; i < 32; i++) {
        votes |= (mask >> i & 1 && values[i]) ? 1u << i : 0;
    }
    return votes;
}

inline int __any_sync(unsigned mask, bool holds) { return __ballot_sync(mask, holds) != 0; }
inline int __all_sync(unsigned mask, bool holds) { return __ballot_sync(mask, holds) == mask; }

template <class T, class F> T change(T *word, F next) {
    std::lock_guard<std::mutex> guard(one_at_a_time);
    T before = *word;
    *word = next(before);
    return before;
}

#define ATOMIC(NAME, NEXT)                                                                       \
    template <class T> T NAME(T *word, T value) {                                                \
        return change(word, [=](T old) { return (T)(NEXT); });                                   \
    }
ATOMIC(atomicAdd, old + value)
ATOMIC(atomicSub, (unsigned)old - (unsigned)value)
ATOMIC(atomicMin, old < value ? old : value)
ATOMIC(atomicMax, old > value ? old : value)
ATOMIC(atomicAnd, old &value)
ATOMIC(atomicOr, old | value)
ATOMIC(atomicXor, old ^ value)
ATOMIC(atomicExch, value)
ATOMIC(atomicInc, old >= value ? 0 : old + 1)
ATOMIC(atomicDec, old == 0 || old > value ? value : old - 1)

template <class T> T atomicCAS(T *word, T expected, T next) {
    return change(word, [=](T old) { return old == expected ? next : old; });
}

inline int __popc(unsigned x) { return std::popcount(x); }
inline int __popcll(unsigned long long x) { return std::popcount(x); }
inline int __clz(unsigned x) { return std::countl_zero(x); }
inline int __clzll(unsigned long long x) { return std::countl_zero(x); }
inline int __ffs(unsigned x) { return __builtin_ffs(x); }

inline unsigned long long __brevll(unsigned long long x) {
    unsigned long long reversed = 0;
    for (int i = 0; i < 64; i++) {
        reversed = reversed << 1 | (x >> i & 1);
    }
    return reversed;
}

inline unsigned __brev(unsigned x) { return (unsigned)(__brevll(x) >> 32); }

inline unsigned __byte_perm(unsigned low, unsigned high, unsigned selector) {
    unsigned char bytes[8], chosen[4];
    memcpy(bytes, &low, 4);
    memcpy(bytes + 4, &high, 4);
    for (int i = 0; i < 4; i++) {
        chosen[i] = bytes[selector >> (4 * i) & 7];
    }
    memcpy(&low, chosen, 4);
    return low;
}

inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned by) {
    by %= 32;
    return by == 0 ? high : high << by | low >> (32 - by);
}

inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned by) {
    by %= 32;
    return by == 0 ? low : low >> by | high << (32 - by);
}

template <class T> T __ldg(const T *address) { return *address; }

// The sum of four products of bytes, signed or unsigned as the arguments are, and `c`.
template <class T> T __dp4a(T a, T b, T c) {
    for (int shift = 0; shift < 32; shift += 8) {
        bool is_signed = std::numeric_limits<T>::is_signed;
        int left = is_signed ? (int8_t)(a >> shift) : (uint8_t)(a >> shift);
        int right = is_signed ? (int8_t)(b >> shift) : (uint8_t)(b >> shift);
        c += left * right;
    }
    return c;
}

inline unsigned __sad(int a, int b, unsigned c) {
    return c + (unsigned)(a > b ? (int64_t)a - b : (int64_t)b - a);
}

inline unsigned __usad(unsigned a, unsigned b, unsigned c) { return c + (a > b ? a - b : b - a); }

inline uint64_t __umul64hi(uint64_t a, uint64_t b) {
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
    return a1 * b1 + (middle >> 32) + ((a0 * b1 + (uint32_t)middle) >> 32);
}

inline int64_t __mul64hi(int64_t a, int64_t b) {
    return (int64_t)(__umul64hi(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0));
}

inline unsigned __umulhi(unsigned a, unsigned b) { return (uint64_t)a * b >> 32; }
inline int __mulhi(int a, int b) { return (int64_t)a * b >> 32; }

template <class To, class From> To same_bits(From from) {
    static_assert(sizeof(To) == sizeof(From));
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}

inline unsigned __float_as_uint(float x) { return same_bits<unsigned>(x); }
inline int __float_as_int(float x) { return same_bits<int>(x); }
inline float __int_as_float(int x) { return same_bits<float>(x); }
inline long long __double_as_longlong(double x) { return same_bits<long long>(x); }

// Out of range gives the end of the range, NaN gives zero (PTX ISA, `cvt`). `whole` is whole.
template <class To> To clamped(double whole) {
    if (isnan(whole)) {
        return 0;
    }
    double end = std::ldexp(1.0, std::numeric_limits<To>::digits);
    if (whole >= end) {
        return std::numeric_limits<To>::max();
    }
    double low = std::numeric_limits<To>::is_signed ? -end : 0.0;
    return whole <= low ? std::numeric_limits<To>::min() : (To)whole;
}

inline int __float2int_rz(float x) { return clamped<int>(std::trunc(x)); }
inline int __float2int_rn(float x) { return clamped<int>(std::nearbyint(x)); }
inline int __float2int_rd(float x) { return clamped<int>(std::floor(x)); }
inline int __float2int_ru(float x) { return clamped<int>(std::ceil(x)); }
inline unsigned __float2uint_rz(float x) { return clamped<unsigned>(std::trunc(x)); }
inline unsigned __float2uint_rn(float x) { return clamped<unsigned>(std::nearbyint(x)); }
inline long long __double2ll_rz(double x) { return clamped<long long>(std::trunc(x)); }
inline float __double2float_rn(double x) { return (float)x; }
inline float __int2float_rn(int x) { return (float)x; }
inline float __uint2float_rn(unsigned x) { return (float)x; }
inline float __ll2float_rn(long long x) { return (float)x; }
inline double __ll2double_rn(long long x) { return (double)x; }

// Compiled with -ffp-contract=off: each of these is one rounding.
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline float __fsqrt_rn(float a) { return std::sqrt(a); }
inline float __frcp_rn(float a) { return 1.0f / a; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }
inline double __dsqrt_rn(double a) { return std::sqrt(a); }
