// Correctly rounded floating point: every result has one right bit pattern.

// Sixteen words a thread from three finite numbers: out[16 * i ..].
extern "C" __global__ void single(const float *a, const float *b, const float *c, unsigned *out) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float x = a[i];
    float y = b[i];
    float z = c[i];
    unsigned *mine = out + 16 * i;
    mine[0] = __float_as_uint(__fadd_rn(x, y));
    mine[1] = __float_as_uint(__fsub_rn(x, y));
    mine[2] = __float_as_uint(__fmul_rn(x, y));
    mine[3] = __float_as_uint(__fdiv_rn(x, y));
    mine[4] = __float_as_uint(__fmaf_rn(x, y, z));
    mine[5] = __float_as_uint(__fsqrt_rn(fabsf(x)));
    mine[6] = __float_as_uint(__frcp_rn(y));
    mine[7] = __float_as_uint(fminf(x, z)) ^ __float_as_uint(fmaxf(y, z));
    mine[8] = __float_as_uint(floorf(x)) + 3 * __float_as_uint(ceilf(x));
    mine[9] = __float_as_uint(truncf(x)) + 3 * __float_as_uint(rintf(x));
    mine[10] = (unsigned)__float2int_rz(x);
    mine[11] = __float2uint_rz(x);
    mine[12] = __float2int_rn(z) ^ __float2int_rd(z) ^ (3u * __float2int_ru(z));
    mine[13] = __float_as_uint(__int2float_rn((int)__float_as_uint(x)));
    mine[14] = __float_as_uint(__uint2float_rn(__float_as_uint(y)));
    mine[15] = __float_as_uint(copysignf(x, z)) ^ (x < y) ^ ((y >= z) << 1) ^ ((x == z) << 2);
}

// What infinities, NaN and zeros do in comparisons, minimum, maximum and conversions.
extern "C" __global__ void special(const float *in, int *out) {
    int i = threadIdx.x;
    float x = in[i];
    int *mine = out + 6 * i;
    mine[0] = __float2int_rz(x);
    mine[1] = (int)__float2uint_rn(x);
    mine[2] = __float_as_int(fminf(x, 2.5f));
    mine[3] = __float_as_int(fmaxf(x, -2.5f));
    mine[4] = (x < 1.0f) | (x > 1.0f) << 1 | (x == 1.0f) << 2 | (x != 1.0f) << 3
        | !(x <= 1.0f) << 4 | isnan(x) << 5 | isinf(x) << 6;
    mine[5] = isnan(x) ? 0 : __float_as_int(fabsf(x));
}

// Ten words a thread from two numbers of 64 bits: out[10 * i ..].
extern "C" __global__ void twice(const double *a, const double *b, unsigned long long *out) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    double x = a[i];
    double y = b[i];
    unsigned long long *mine = out + 10 * i;
    mine[0] = (unsigned long long)__double_as_longlong(__dadd_rn(x, y));
    mine[1] = (unsigned long long)__double_as_longlong(__dmul_rn(x, y));
    mine[2] = (unsigned long long)__double_as_longlong(__ddiv_rn(x, y));
    mine[3] = (unsigned long long)__double_as_longlong(__fma_rn(x, y, -x));
    mine[4] = (unsigned long long)__double_as_longlong(__dsqrt_rn(fabs(y)));
    mine[5] = __float_as_uint(__double2float_rn(x));
    mine[6] = (unsigned long long)__double_as_longlong((double)__double2float_rn(y));
    mine[7] = (unsigned long long)__double2ll_rz(x);
    mine[8] = __float_as_uint(__ll2float_rn(__double_as_longlong(y)));
    mine[9] = (unsigned long long)__double_as_longlong(__ll2double_rn(__double_as_longlong(x)));
}
