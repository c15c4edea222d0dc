/* The launches of gpu-probes from C: what the driver costs without Isokern's handles.
 *
 *   cc -O2 -o launch-twin launch_twin.c -ldl && ./launch-twin [--quick] [--run N]
 *
 * Prints the same JSON lines as gpu-probes, with ", C twin" behind the variant. Needs a C compiler
 * and no CUDA: the driver is opened at run time, and the PTX is below.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char PTX[] =
    ".version 6.3\n.target sm_75\n.address_size 64\n"
    ".visible .entry twin_empty()\n{\n\tret;\n}\n"
    ".visible .entry twin_empty8(.param .b64 a, .param .b64 b, .param .b64 c, .param .b64 d,\n"
    "\t.param .b64 e, .param .b64 f, .param .b64 g, .param .b64 h)\n{\n\tret;\n}\n";

typedef int (*launch_call)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                           unsigned, void *, void **, void **);
typedef int (*stream_call)(void *);

static launch_call launch;
static stream_call wait_for;
static void *stream;
static void *driver;

static void check(int code, const char *call)
{
    if (code != 0) {
        fprintf(stderr, "launch-twin: %s returned %d\n", call, code);
        exit(1);
    }
}

static void *symbol(const char *name)
{
    void *found = dlsym(driver, name);
    if (!found) {
        fprintf(stderr, "launch-twin: the driver has no %s\n", name);
        exit(1);
    }
    return found;
}

static double now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double at(const double *sorted, size_t count, double share)
{
    size_t rank = (size_t)(share * (double)count);
    if ((double)rank < share * (double)count) {
        rank += 1;
    }
    return sorted[rank > 0 ? rank - 1 : 0];
}

static void print(const char *id, const char *variant, int run, double *times, size_t count)
{
    qsort(times, count, sizeof *times, by_value);
    printf("{\"id\":\"%s\",\"variant\":\"%s, C twin\",\"run\":%d,\"unit\":\"ns\",\"samples\":%zu,"
           "\"min\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}\n",
           id, variant, run, count, times[0], at(times, count, 0.5), at(times, count, 0.9),
           at(times, count, 0.99), at(times, count, 0.999), times[count - 1]);
}

static void launch_once(void *function, void **parameters)
{
    check(launch(function, 1, 1, 1, 32, 1, 1, 0, stream, parameters, NULL), "cuLaunchKernel");
}

static void measure(void *const functions[2], void **parameters, int run, int quick)
{
    static const char *const names[2] = {"launch, 0 parameters", "launch, 8 parameters"};
    static const char *const rows[2] = {"0 parameters", "8 parameters"};
    size_t samples = quick ? 30 : 20000, in_a_row = quick ? 50 : 1000, runs = quick ? 2 : 200;
    double *whole[2], *call[2];
    double begin = now_ns(), warm_up_ns = quick ? 0 : 5e8;
    for (int way = 0; way < 2; way++) {
        whole[way] = calloc(samples, sizeof(double));
        call[way] = calloc(samples, sizeof(double));
        if (!whole[way] || !call[way]) {
            check(-1, "calloc");
        }
    }
    for (size_t done = 0; done < (quick ? 3u : 1000u) || now_ns() - begin < warm_up_ns; done++) {
        launch_once(functions[done % 2], done % 2 ? parameters : NULL);
        check(wait_for(stream), "cuStreamSynchronize");
    }
    for (size_t sample = 0; sample < samples; sample++) {
        for (int way = 0; way < 2; way++) {
            double start = now_ns();
            launch_once(functions[way], way ? parameters : NULL);
            call[way][sample] = now_ns() - start;
            check(wait_for(stream), "cuStreamSynchronize");
            whole[way][sample] = now_ns() - start;
        }
    }
    for (int way = 0; way < 2; way++) {
        print("launch+sync", names[way], run, whole[way], samples);
        print("enqueue", names[way], run, call[way], samples);
        for (size_t number = 0; number < 2 * runs; number++) {
            size_t place = number % runs; /* The first half warms up and is written over. */
            double start = now_ns();
            for (size_t index = 0; index < in_a_row; index++) {
                launch_once(functions[way], way ? parameters : NULL);
            }
            call[way][place] = (now_ns() - start) / (double)in_a_row;
            check(wait_for(stream), "cuStreamSynchronize");
            whole[way][place] = (now_ns() - start) / (double)in_a_row;
        }
        print("enqueue in a row", rows[way], run, call[way], runs);
        print("launches in a row", rows[way], run, whole[way], runs);
    }
}

int main(int count, char **words)
{
    int run = 1, quick = 0, device = 0;
    void *context = NULL, *module = NULL, *functions[2], *parameters[8];
    uint64_t value = 7;
    for (int index = 1; index < count; index++) {
        if (strcmp(words[index], "--quick") == 0) {
            quick = 1;
        } else if (strcmp(words[index], "--run") == 0 && index + 1 < count) {
            run = atoi(words[++index]);
        } else {
            fprintf(stderr, "Usage: launch-twin [--quick] [--run N]\n");
            return 2;
        }
    }
    driver = dlopen("libcuda.so.1", RTLD_NOW);
    if (!driver) {
        fprintf(stderr, "launch-twin: %s\n", dlerror());
        return 1;
    }
    cpu_set_t all, one; /* On the same processor as gpu-probes: the last one it may use. */
    if (sched_getaffinity(0, sizeof all, &all) == 0) {
        for (int core = CPU_SETSIZE - 1; core >= 0; core--) {
            if (CPU_ISSET(core, &all)) {
                CPU_ZERO(&one);
                CPU_SET(core, &one);
                sched_setaffinity(0, sizeof one, &one);
                break;
            }
        }
    }
    launch = (launch_call)symbol("cuLaunchKernel");
    wait_for = (stream_call)symbol("cuStreamSynchronize");
    check(((int (*)(unsigned))symbol("cuInit"))(0), "cuInit");
    check(((int (*)(int *, int))symbol("cuDeviceGet"))(&device, 0), "cuDeviceGet");
    check(((int (*)(void **, int))symbol("cuDevicePrimaryCtxRetain"))(&context, device),
          "cuDevicePrimaryCtxRetain");
    check(((int (*)(void *))symbol("cuCtxSetCurrent"))(context), "cuCtxSetCurrent");
    check(((int (*)(void **, unsigned))symbol("cuStreamCreate"))(&stream, 1), "cuStreamCreate");
    check(((int (*)(void **, const void *))symbol("cuModuleLoadData"))(&module, PTX),
          "cuModuleLoadData");
    int (*get)(void **, void *, const char *) =
        (int (*)(void **, void *, const char *))symbol("cuModuleGetFunction");
    check(get(&functions[0], module, "twin_empty"), "cuModuleGetFunction");
    check(get(&functions[1], module, "twin_empty8"), "cuModuleGetFunction");
    for (int index = 0; index < 8; index++) {
        parameters[index] = &value;
    }
    measure(functions, parameters, run, quick);
    return 0;
}
