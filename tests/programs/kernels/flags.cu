// A kernel that answers while it runs, one whose blocks wait for each other, and two small ones.

__constant__ int offsets[4] = {10, 20, 30, 40};
__device__ unsigned served = 0;

// Words of the mailbox, each direction on cache lines of its own.
constexpr int ASKED = 0;
constexpr int REQUEST = 1;
constexpr int ANSWERED = 32;
constexpr int ANSWER = 33;
constexpr int GAVE_UP = 34;

// What the host asks when it wants no more answers.
constexpr unsigned HANG_UP = 0xffffffffu;

// Answers `rounds` requests, one after another. Gives up when one does not come within
// `patience` looks at the mailbox, in case the host is gone.
extern "C" __global__ void serve(volatile unsigned *mailbox, unsigned rounds, unsigned patience) {
    for (unsigned round = 1; round <= rounds; round++) {
        unsigned looks = 0;
        unsigned asked;
        while ((asked = mailbox[ASKED]) != round) {
            if (asked == HANG_UP) {
                return;
            }
            if (++looks > patience) {
                mailbox[GAVE_UP] = round;
                return;
            }
        }
        __threadfence_system();
        unsigned request = mailbox[REQUEST];
        mailbox[ANSWER] = request * request + 1;
        __threadfence_system();
        mailbox[ANSWERED] = round;
        served = served + 1;
    }
}

// totals[block] = sum of all of in, for every block: each adds its share, then all wait until
// all have. Needs a cooperative launch. A block that waits in vain leaves its total alone.
extern "C" __global__ void grid_sum(const unsigned *in, unsigned *shares, unsigned *arrived,
                                    unsigned *totals, unsigned count, unsigned patience) {
    __shared__ unsigned sums[128];
    __shared__ bool complete;
    unsigned sum = 0;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < count;
         i += gridDim.x * blockDim.x) {
        sum += in[i];
    }
    sums[threadIdx.x] = sum;
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            sums[threadIdx.x] += sums[threadIdx.x + half];
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        shares[blockIdx.x] = sums[0];
        __threadfence();
        atomicAdd(arrived, 1u);
        unsigned looks = 0;
        while (*(volatile unsigned *)arrived < gridDim.x && looks < patience) {
            looks++;
        }
        complete = *(volatile unsigned *)arrived >= gridDim.x;
        __threadfence();
    }
    __syncthreads();
    if (threadIdx.x == 0 && complete) {
        unsigned total = 0;
        for (unsigned i = 0; i < gridDim.x; i++) {
            total += ((volatile unsigned *)shares)[i];
        }
        totals[blockIdx.x] = total;
    }
}

// values[i] += offsets[i % 4].
extern "C" __global__ void shift(int *values, unsigned count) {
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) {
        values[i] += offsets[i % 4];
    }
}

// Reverses `count` words through dynamic shared memory; one block.
extern "C" __global__ void reverse(unsigned *values, unsigned count) {
    extern __shared__ unsigned copy[];
    for (unsigned i = threadIdx.x; i < count; i += blockDim.x) {
        copy[i] = values[i];
    }
    __syncthreads();
    for (unsigned i = threadIdx.x; i < count; i += blockDim.x) {
        values[i] = copy[count - 1 - i];
    }
}
