// Two-dimensional blocks, static shared memory, vector loads, module variables.

constexpr int TILE = 16;

__constant__ int weights[8] = {3, -1, 4, 1, -5, 9, -2, 6};
__device__ int biases[4] = {100, -200, 300, -400};

// out = transpose of in. The pad column keeps a column of the tile in different banks.
extern "C" __global__ void transpose(const int *in, int *out, int width, int height) {
    __shared__ int tile[TILE][TILE + 1];
    int x = blockIdx.x * TILE + threadIdx.x;
    int y = blockIdx.y * TILE + threadIdx.y;
    if (x < width && y < height) {
        tile[threadIdx.y][threadIdx.x] = in[y * width + x];
    }
    __syncthreads();
    x = blockIdx.y * TILE + threadIdx.x;
    y = blockIdx.x * TILE + threadIdx.y;
    if (x < height && y < width) {
        out[y * height + x] = tile[threadIdx.x][threadIdx.y];
    }
}

// c (m by n) = a (m by k) * b (k by n): one fused multiply-add a term, in the order of k.
extern "C" __global__ void multiply(const float *a, const float *b, float *c, int m, int k, int n) {
    __shared__ float left[TILE][TILE];
    __shared__ float right[TILE][TILE];
    int column = blockIdx.x * TILE + threadIdx.x;
    int row = blockIdx.y * TILE + threadIdx.y;
    float sum = 0.0f;
    for (int start = 0; start < k; start += TILE) {
        int across = start + threadIdx.x;
        int down = start + threadIdx.y;
        left[threadIdx.y][threadIdx.x] = row < m && across < k ? a[row * k + across] : 0.0f;
        right[threadIdx.y][threadIdx.x] = down < k && column < n ? b[down * n + column] : 0.0f;
        __syncthreads();
        for (int i = 0; i < TILE; i++) {
            sum = __fmaf_rn(left[threadIdx.y][i], right[i][threadIdx.x], sum);
        }
        __syncthreads();
    }
    if (row < m && column < n) {
        c[row * n + column] = sum;
    }
}

// out[i] = a * in[i] + b, rounded after the product and after the sum; four values a thread.
extern "C" __global__ void scale4(const float4 *in, float4 *out, float a, float b, int quads) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < quads) {
        float4 v = in[i];
        v.x = __fadd_rn(__fmul_rn(a, v.x), b);
        v.y = __fadd_rn(__fmul_rn(a, v.y), b);
        v.z = __fadd_rn(__fmul_rn(a, v.z), b);
        v.w = __fadd_rn(__fmul_rn(a, v.w), b);
        out[i] = v;
    }
}

// out[i] = in[i] * weights[i % 8] + biases[i % 4], from constant and from global memory.
extern "C" __global__ void weigh(const int *in, int *out, unsigned count) {
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) {
        out[i] = in[i] * weights[i % 8] + biases[i % 4];
    }
}
