/* Isokern: int8 models without heap, the same bytes everywhere. C99, C++11 and later.
 *
 * Written by `ISOKERN_BLESS=1 cargo test -p isokern-capi --test header`.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef ISOKERN_H
#define ISOKERN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Memory on a boundary of ISOKERN_ALIGNMENT bytes. It comes first in a declaration:
 * `ISOKERN_ALIGNED static uint8_t arena[DIGITS_ARENA_BYTES];` */
#if defined(__GNUC__)
#define ISOKERN_ALIGNED __attribute__((aligned(16)))
#elif defined(_MSC_VER)
#define ISOKERN_ALIGNED __declspec(align(16))
#elif defined(__cplusplus)
#define ISOKERN_ALIGNED alignas(16)
#else
#define ISOKERN_ALIGNED _Alignas(16)
#endif

/* What structures begin with: each knows its size. */
#define ISOKERN_SESSION_INIT { (uint32_t)sizeof(isokern_session), 0, 0, 0, 0 }
#define ISOKERN_SIZES_INIT { (uint32_t)sizeof(isokern_sizes), 0, 0, 0, 0 }
#define ISOKERN_TENSOR_INIT \
    { (uint32_t)sizeof(isokern_tensor), 0, 0, 0, 0, 0, { 0, 0, 0, 0, 0, 0 }, 0.0f, 0 }

/**
 * The version of this interface. It changes when a structure or a function changes so that an
 * older program does not fit; new functions and new fields at the end leave it as it is.
 */
#define ISOKERN_ABI_VERSION 1

/**
 * The boundary of models, arenas and states, in bytes.
 */
#define ISOKERN_ALIGNMENT 16

/**
 * How a call ended. Only `ISOKERN_STATUS_OK` is zero; the numbers never change.
 */
enum isokern_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The call did what it is for.
     */
    ISOKERN_STATUS_OK = 0,
    /**
     * A pointer is null.
     */
    ISOKERN_STATUS_NULL_POINTER = 1,
    /**
     * A pointer is off the boundary that its type or `ISOKERN_ALIGNMENT` asks for.
     */
    ISOKERN_STATUS_MISALIGNED = 2,
    /**
     * A size field is not that of a structure of this version.
     */
    ISOKERN_STATUS_STRUCT_BYTES = 3,
    /**
     * The session was not initialised, or its last `isokern_init` failed.
     */
    ISOKERN_STATUS_NOT_INITIALIZED = 4,
    /**
     * Memory of the session, arena, state and model overlap, or end after the last address.
     */
    ISOKERN_STATUS_OVERLAP = 5,
    /**
     * The model was written for another version of this interface.
     */
    ISOKERN_STATUS_ABI_VERSION = 6,
    /**
     * The table of kinds has more entries than there are kinds.
     */
    ISOKERN_STATUS_KIND_COUNT = 7,
    /**
     * The model has fewer bytes than its header alone.
     */
    ISOKERN_STATUS_MODEL_TOO_SHORT = 256,
    /**
     * The model starts off a boundary of `ISOKERN_ALIGNMENT` bytes.
     */
    ISOKERN_STATUS_MODEL_MISALIGNED = 257,
    /**
     * A field of the model's header is not valid.
     */
    ISOKERN_STATUS_MODEL_HEADER = 258,
    /**
     * The model is of another version of the format.
     */
    ISOKERN_STATUS_MODEL_VERSION = 259,
    /**
     * The model promises answers of a numeric profile that this library does not compute.
     */
    ISOKERN_STATUS_MODEL_PROFILE = 260,
    /**
     * The model is shorter or longer than its header says.
     */
    ISOKERN_STATUS_MODEL_LENGTH = 261,
    /**
     * The bytes of the model changed since they were written.
     */
    ISOKERN_STATUS_MODEL_CHECKSUM = 262,
    /**
     * A tensor of the model is not valid.
     */
    ISOKERN_STATUS_MODEL_TENSOR = 263,
    /**
     * An operator of the model is not valid.
     */
    ISOKERN_STATUS_MODEL_OPERATOR = 264,
    /**
     * Two tensors of the model share memory that must not.
     */
    ISOKERN_STATUS_MODEL_OVERLAP = 265,
    /**
     * A constant of the model is not valid.
     */
    ISOKERN_STATUS_MODEL_CONSTANT = 266,
    /**
     * The arena is shorter than the model needs.
     */
    ISOKERN_STATUS_ARENA_TOO_SHORT = 512,
    /**
     * A kind of operator is not in the model's table; `isokern_missing_kind` names it.
     */
    ISOKERN_STATUS_KIND_NOT_LINKED = 516,
    /**
     * The state is shorter than the model needs.
     */
    ISOKERN_STATUS_STATE_TOO_SHORT = 518,
    /**
     * The model has no input or output of that index.
     */
    ISOKERN_STATUS_NO_SUCH_TENSOR = 519,
    /**
     * An index that the model reads is that of nothing.
     */
    ISOKERN_STATUS_INDEX_VALUE = 520,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum isokern_status isokern_status;
#else
typedef int32_t isokern_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The type of the elements of a tensor.
 */
enum isokern_dtype
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * One byte, 0 or 1.
     */
    ISOKERN_DTYPE_BOOL = 0,
    /**
     * `int8_t`.
     */
    ISOKERN_DTYPE_I8 = 1,
    /**
     * `uint8_t`.
     */
    ISOKERN_DTYPE_U8 = 2,
    /**
     * `int16_t`.
     */
    ISOKERN_DTYPE_I16 = 3,
    /**
     * `uint16_t`.
     */
    ISOKERN_DTYPE_U16 = 4,
    /**
     * `int32_t`.
     */
    ISOKERN_DTYPE_I32 = 5,
    /**
     * `uint32_t`.
     */
    ISOKERN_DTYPE_U32 = 6,
    /**
     * `int64_t`.
     */
    ISOKERN_DTYPE_I64 = 7,
    /**
     * `uint64_t`.
     */
    ISOKERN_DTYPE_U64 = 8,
    /**
     * `float`.
     */
    ISOKERN_DTYPE_F32 = 11,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum isokern_dtype isokern_dtype;
#else
typedef int32_t isokern_dtype;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The code of one kind of operator. A program has only addresses of it.
 */
typedef struct isokern_kind isokern_kind;

/**
 * A model: `isokern convert --emit c` writes one as a constant.
 */
typedef struct isokern_model {
    /**
     * `sizeof(isokern_model)`.
     */
    uint32_t struct_bytes;
    /**
     * `ISOKERN_ABI_VERSION`.
     */
    uint32_t abi_version;
    /**
     * The bytes of the packed model, on a boundary of `ISOKERN_ALIGNMENT` bytes. They must not
     * change while a session uses them.
     */
    const uint8_t *blob;
    /**
     * How many there are.
     */
    size_t blob_bytes;
    /**
     * The kinds that the model needs, each the address of an `isokern_kind_...`.
     */
    const struct isokern_kind *const *kinds;
    /**
     * How many there are.
     */
    size_t kind_count;
} isokern_model;

/**
 * What a model needs.
 */
typedef struct isokern_sizes {
    /**
     * `sizeof(isokern_sizes)`, set by the caller.
     */
    uint32_t struct_bytes;
    /**
     * How many inputs there are.
     */
    uint32_t input_count;
    /**
     * How many outputs there are.
     */
    uint32_t output_count;
    /**
     * Bytes of arena: memory for activations, inputs and outputs inside.
     */
    size_t arena_bytes;
    /**
     * Bytes of state that last from one run to the next; 0 for most models.
     */
    size_t state_bytes;
} isokern_sizes;

/**
 * A model with its memory. One thread or interrupt at a time uses a session; several sessions may
 * share a model.
 */
typedef struct isokern_session {
    /**
     * `sizeof(isokern_session)`, set by the caller: `ISOKERN_SESSION_INIT`.
     */
    uint32_t struct_bytes;
    /**
     * Private.
     */
    uint32_t mark;
    /**
     * Private.
     */
    const struct isokern_model *model;
    /**
     * Private.
     */
    uint8_t *arena;
    /**
     * Private.
     */
    uint8_t *state;
} isokern_session;

/**
 * An input or output of a session.
 */
typedef struct isokern_tensor {
    /**
     * `sizeof(isokern_tensor)`, set by the caller.
     */
    uint32_t struct_bytes;
    /**
     * The type of the elements: an `isokern_dtype`.
     */
    int32_t dtype;
    /**
     * The elements, in the arena of the session. A run may overwrite inputs.
     */
    void *data;
    /**
     * Bytes of all elements.
     */
    size_t bytes;
    /**
     * How many elements there are.
     */
    size_t count;
    /**
     * How many dimensions there are, 1 to 6.
     */
    uint32_t rank;
    /**
     * Their sizes, outermost first; 1 after the last.
     */
    uint32_t shape[6];
    /**
     * Real value of one step. The real value is `scale * (element - zero_point)`.
     */
    float scale;
    /**
     * The element that represents real zero.
     */
    int32_t zero_point;
} isokern_tensor;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * `ADD`.
 */
extern const struct isokern_kind isokern_kind_add;

/**
 * `ADD_N`.
 */
extern const struct isokern_kind isokern_kind_add_n;

/**
 * `BINARY`.
 */
extern const struct isokern_kind isokern_kind_binary;

/**
 * `CONV_2D`.
 */
extern const struct isokern_kind isokern_kind_conv2d;

/**
 * `CONVERT`.
 */
extern const struct isokern_kind isokern_kind_convert;

/**
 * `DEPTHWISE_CONV_2D`.
 */
extern const struct isokern_kind isokern_kind_depthwise_conv2d;

/**
 * `FULLY_CONNECTED`.
 */
extern const struct isokern_kind isokern_kind_fully_connected;

/**
 * `GATHER`.
 */
extern const struct isokern_kind isokern_kind_gather;

/**
 * `MOVE`.
 */
extern const struct isokern_kind isokern_kind_move;

/**
 * `POOL`.
 */
extern const struct isokern_kind isokern_kind_pool;

/**
 * `REDUCE`.
 */
extern const struct isokern_kind isokern_kind_reduce;

/**
 * `RESHAPE`.
 */
extern const struct isokern_kind isokern_kind_reshape;

/**
 * `SELECT`.
 */
extern const struct isokern_kind isokern_kind_select;

/**
 * `SOFTMAX`.
 */
extern const struct isokern_kind isokern_kind_softmax;

/**
 * `TABLE`.
 */
extern const struct isokern_kind isokern_kind_table;

/**
 * Returns the version of this interface that the library has. A header fits if its
 * `ISOKERN_ABI_VERSION` is the same.
 */
uint32_t isokern_abi_version(void);

/**
 * Returns what a status means and what to do, as a constant text; also for a number that is no
 * status.
 */
const char *isokern_status_text(int32_t status);

/**
 * Checks a model and says what it needs.
 *
 * # Safety
 *
 * Pointers are null, or of structures that are as long as they say; those of the model are of as
 * many bytes and kinds as it says.
 */
isokern_status isokern_model_sizes(const struct isokern_model *model, struct isokern_sizes *sizes);

/**
 * Returns the name of the first symbol that the table of a model lacks, as a constant text: what
 * `ISOKERN_STATUS_KIND_NOT_LINKED` is about. Null if it lacks none, or the model cannot be read.
 *
 * # Safety
 *
 * As for `isokern_model_sizes`.
 */
const char *isokern_missing_kind(const struct isokern_model *model);

/**
 * Checks a model and the memory for it, and prepares the first run.
 *
 * The model is checked whole, so that any bytes give a status or run to an answer. The session
 * keeps the pointers: model, bytes, kinds, arena and state must stay until its last use. Arena and
 * state are on a boundary of `ISOKERN_ALIGNMENT` bytes; without state they may be `NULL, 0`.
 * A session may be initialised again, with another model too.
 *
 * # Safety
 *
 * As for `isokern_model_sizes`; arena and state are null, or of as many bytes as the arguments
 * say, which nothing else uses.
 */
isokern_status isokern_init(struct isokern_session *session,
                            const struct isokern_model *model,
                            uint8_t *arena,
                            size_t arena_bytes,
                            uint8_t *state,
                            size_t state_bytes);

/**
 * Describes the input at `index`, from 0. The caller writes it before each run.
 *
 * # Safety
 *
 * Pointers are null, or of structures that are as long as they say; what `isokern_init` was given
 * is still there.
 */
isokern_status isokern_input(const struct isokern_session *session,
                             uint32_t index,
                             struct isokern_tensor *tensor);

/**
 * Describes the output at `index`, from 0. It is an answer after a run, until inputs are written.
 *
 * # Safety
 *
 * As for `isokern_input`.
 */
isokern_status isokern_output(const struct isokern_session *session,
                              uint32_t index,
                              struct isokern_tensor *tensor);

/**
 * Runs the model on what its inputs hold.
 *
 * # Safety
 *
 * As for `isokern_input`; nothing else uses session, arena and state meanwhile.
 */
isokern_status isokern_run(struct isokern_session *session);

/**
 * Returns a session to where `isokern_init` left it: a zeroed arena, the initial state.
 *
 * # Safety
 *
 * As for `isokern_run`.
 */
isokern_status isokern_reset(struct isokern_session *session);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ISOKERN_H */
