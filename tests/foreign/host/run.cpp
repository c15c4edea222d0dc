// Runs one kernel of this folder on the host.
//
//     run ENTRY GRID_X GRID_Y GRID_Z BLOCK_X BLOCK_Y BLOCK_Z
//
// Standard input: each argument as its kind ('b' buffer, 's' scalar), its length in bytes (64
// bits, little-endian) and its bytes. Standard output: the buffers after the launch, in order.

#include "cuda_on_threads.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <utility>

// The sources name some constants alike, so each gets a namespace.
namespace atomics {
#include "atomics.cu"
}
namespace floats {
#include "floats.cu"
}
namespace integers {
#include "integers.cu"
}
namespace intrinsics {
#include "intrinsics.cu"
}
namespace reduce {
#include "reduce.cu"
}
namespace tiles {
#include "tiles.cu"
}
namespace warps {
#include "warps.cu"
}

struct Argument {
    char kind;
    std::vector<char> bytes;
};

using Arguments = std::vector<Argument>;
using Kernel = std::function<void(Arguments &)>;

template <class T> T take(Argument &argument) {
    T value;
    if (argument.kind == 'b') {
        char *address = argument.bytes.data();
        memcpy(&value, &address, sizeof value);
    } else {
        if (argument.bytes.size() != sizeof value) {
            fprintf(stderr, "a scalar has %zu bytes, its parameter %zu\n", argument.bytes.size(),
                    sizeof value);
            exit(2);
        }
        memcpy(&value, argument.bytes.data(), sizeof value);
    }
    return value;
}

template <class... P, size_t... I>
Kernel unpacked(void (*kernel)(P...), std::index_sequence<I...>) {
    return [kernel](Arguments &arguments) {
        if (arguments.size() != sizeof...(P)) {
            fprintf(stderr, "%zu arguments, %zu parameters\n", arguments.size(), sizeof...(P));
            exit(2);
        }
        kernel(take<P>(arguments[I])...);
    };
}

template <class... P> Kernel unpacked(void (*kernel)(P...)) {
    return unpacked(kernel, std::index_sequence_for<P...>());
}

static std::map<std::string, Kernel> kernels() {
    return {
        {"histogram", unpacked(atomics::histogram)},
        {"every_kind", unpacked(atomics::every_kind)},
        {"swap_loops", unpacked(atomics::swap_loops)},
        {"exchange_and_lock", unpacked(atomics::exchange_and_lock)},
        {"single", unpacked(floats::single)},
        {"special", unpacked(floats::special)},
        {"twice", unpacked(floats::twice)},
        {"divide", unpacked(integers::divide)},
        {"collatz", unpacked(integers::collatz)},
        {"interpret", unpacked(integers::interpret)},
        {"sort_local", unpacked(integers::sort_local)},
        {"calls", unpacked(integers::calls)},
        {"barriers", unpacked(intrinsics::barriers)},
        {"packed", unpacked(intrinsics::packed)},
        {"wide", unpacked(intrinsics::wide)},
        {"sum_and_max", unpacked(reduce::sum_and_max)},
        {"float_tree", unpacked(reduce::float_tree)},
        {"transpose", unpacked(tiles::transpose)},
        {"multiply", unpacked(tiles::multiply)},
        {"scale4", unpacked(tiles::scale4)},
        {"weigh", unpacked(tiles::weigh)},
        {"shuffles", unpacked(warps::shuffles)},
        {"scan", unpacked(warps::scan)},
        {"votes", unpacked(warps::votes)},
    };
}

static Arguments read_arguments() {
    Arguments arguments;
    for (int kind; (kind = getchar()) != EOF;) {
        uint64_t length = 0;
        if (fread(&length, sizeof length, 1, stdin) != 1) {
            fprintf(stderr, "the input ends inside a length\n");
            exit(2);
        }
        std::vector<char> bytes(length);
        if (fread(bytes.data(), 1, length, stdin) != length) {
            fprintf(stderr, "the input ends inside an argument\n");
            exit(2);
        }
        arguments.push_back({(char)kind, std::move(bytes)});
    }
    return arguments;
}

static void run_block(Dim place, const Kernel &kernel, Arguments &arguments) {
    unsigned threads = blockDim.x * blockDim.y * blockDim.z;
    Block shared(threads);
    block = &shared;
    std::vector<std::thread> running;
    for (unsigned flat = 0; flat < threads; flat++) {
        running.emplace_back([&, flat] {
            flat_thread = flat;
            blockIdx = place;
            threadIdx = {flat % blockDim.x, flat / blockDim.x % blockDim.y,
                         flat / blockDim.x / blockDim.y};
            kernel(arguments);
            shared.barrier.arrive_and_drop();
        });
    }
    for (std::thread &thread : running) {
        thread.join();
    }
}

int main(int count, char **words) {
    std::map<std::string, Kernel> known = kernels();
    if (count != 8 || !known.count(words[1])) {
        fprintf(stderr, "usage: run ENTRY GRID_X GRID_Y GRID_Z BLOCK_X BLOCK_Y BLOCK_Z\n");
        return 2;
    }
    auto number = [&](int at) { return (unsigned)strtoul(words[at], nullptr, 10); };
    gridDim = {number(2), number(3), number(4)};
    blockDim = {number(5), number(6), number(7)};
    Arguments arguments = read_arguments();
    for (unsigned z = 0; z < gridDim.z; z++) {
        for (unsigned y = 0; y < gridDim.y; y++) {
            for (unsigned x = 0; x < gridDim.x; x++) {
                run_block({x, y, z}, known.at(words[1]), arguments);
            }
        }
    }
    for (const Argument &argument : arguments) {
        if (argument.kind == 'b') {
            fwrite(argument.bytes.data(), 1, argument.bytes.size(), stdout);
        }
    }
    return 0;
}
