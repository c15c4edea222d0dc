/* Isokern: int8 models without heap, the same bytes everywhere. C99, C++11 and later.
 *
 * Written by `ISOKERN_BLESS=1 cargo test -p isokern-capi --test header`.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef ISOKERN_H
#define ISOKERN_H

#include <stddef.h>
#include <stdint.h>

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
#define ISOKERN_RING_INIT { (uint32_t)sizeof(isokern_ring), 0, 0, 0, 0 }
#define ISOKERN_ACTOR_INIT { (uint32_t)sizeof(isokern_actor), 0, 0 }
#define ISOKERN_REQUEST_INIT { (uint32_t)sizeof(isokern_request), 0, 0, 0 }

/* Bytes of memory: isokern_ring_bytes and isokern_actor_bytes as constants. */
#define ISOKERN_RING_BYTES(slots) (ISOKERN_RING_HEAD_BYTES + (slots) * ISOKERN_RING_SLOT_BYTES)
#define ISOKERN_ACTOR_BYTES(arena_bytes, buffers) \
    (ISOKERN_ACTOR_HEAD_BYTES + (buffers) * (((arena_bytes) + 15) / 16 * 16))

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
 * The most buffers of an actor, and the most questions that are under way at a time.
 */
#define ISOKERN_ACTOR_BUFFERS_MAX 4

/**
 * Bytes that an actor takes beside its buffers, on every target.
 */
#define ISOKERN_ACTOR_HEAD_BYTES 4352

/**
 * Bytes that a ring takes beside its slots.
 */
#define ISOKERN_RING_HEAD_BYTES 320

/**
 * The most bytes of a message.
 */
#define ISOKERN_RING_MESSAGE_MAX 64

/**
 * Bytes of a slot.
 */
#define ISOKERN_RING_SLOT_BYTES 128

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
     * The memory of a ring or an actor is too short.
     */
    ISOKERN_STATUS_MEMORY_TOO_SHORT = 8,
    /**
     * There is no ring of so many slots, or of messages of so many bytes.
     */
    ISOKERN_STATUS_RING_SHAPE = 9,
    /**
     * An actor has 1 to 4 buffers.
     */
    ISOKERN_STATUS_BUFFER_COUNT = 10,
    /**
     * A deadline needs a clock.
     */
    ISOKERN_STATUS_NO_CLOCK = 11,
    /**
     * The buffer of the request is not the caller's.
     */
    ISOKERN_STATUS_NO_SUCH_REQUEST = 12,
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
    /**
     * The ring has no free slot, or the actor no free buffer.
     */
    ISOKERN_STATUS_FULL = 768,
    /**
     * There is no message, no answer, or nothing to do.
     */
    ISOKERN_STATUS_EMPTY = 769,
    /**
     * The other side has closed, or the actor has ended.
     */
    ISOKERN_STATUS_CLOSED = 770,
    /**
     * The deadline passed before the model ran, or before the answer was taken.
     */
    ISOKERN_STATUS_EXPIRED = 1024,
    /**
     * The deadline passed while the model ran.
     */
    ISOKERN_STATUS_TIMED_OUT = 1025,
    /**
     * The actor was stopped first.
     */
    ISOKERN_STATUS_STOPPED = 1026,
    /**
     * The memory of the actor was written by somebody else.
     */
    ISOKERN_STATUS_ACTOR_DAMAGED = 1027,
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
 * A model that one context asks and another runs, in memory of the caller.
 *
 * The structure does not change after `isokern_actor_init`, so both contexts use the same.
 */
typedef struct isokern_actor {
    /**
     * `sizeof(isokern_actor)`, set by the caller: `ISOKERN_ACTOR_INIT`.
     */
    uint32_t struct_bytes;
    /**
     * Private.
     */
    uint32_t mark;
    /**
     * Private.
     */
    void *memory;
} isokern_actor;

/**
 * Returns the nanoseconds since some start; they never go backwards. Both contexts of an actor
 * call it, with the pointer that `isokern_actor_init` was given.
 */
typedef uint64_t (*isokern_now_ns)(void *context);

/**
 * A buffer of an actor, from the claim to the release.
 */
typedef struct isokern_request {
    /**
     * `sizeof(isokern_request)`, set by the caller: `ISOKERN_REQUEST_INIT`.
     */
    uint32_t struct_bytes;
    /**
     * Which buffer of the actor it is, from 0.
     */
    uint32_t buffer;
    /**
     * Private.
     */
    uint32_t sequence;
    /**
     * How the model ran, an `isokern_status`; set by `isokern_actor_answer`.
     */
    int32_t status;
} isokern_request;

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
 * A ring of messages, from one context to another: an interrupt and the main loop, or two threads.
 *
 * One context pushes and one pops; each call takes a bounded number of steps, and neither locks.
 * The structure does not change after `isokern_ring_init`, so both contexts use the same.
 */
typedef struct isokern_ring {
    /**
     * `sizeof(isokern_ring)`, set by the caller: `ISOKERN_RING_INIT`.
     */
    uint32_t struct_bytes;
    /**
     * Private.
     */
    uint32_t mark;
    /**
     * Private.
     */
    void *memory;
    /**
     * Private.
     */
    uint32_t slots;
    /**
     * Private.
     */
    uint32_t message_bytes;
} isokern_ring;

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
 * Returns the bytes of an actor of this model with 1 to 4 buffers, for `isokern_actor_init`; 0
 * where there is no such actor.
 *
 * `ISOKERN_ACTOR_BYTES` is the same as a constant.
 *
 * # Safety
 *
 * As for `isokern_model_sizes`.
 */
size_t isokern_actor_bytes(const struct isokern_model *model, uint32_t buffers);

/**
 * Checks a model and the memory for it, and makes an actor of it with 1 to 4 buffers.
 *
 * Each buffer is an arena: so many questions may be under way. The actor keeps the pointers: all
 * of it must stay until the last use. Memory and state are on a boundary of `ISOKERN_ALIGNMENT`
 * bytes; without state they may be `NULL, 0`. `now_ns` is the clock of deadlines and may be null;
 * both contexts call it with `clock`. Neither context uses the actor meanwhile; it may be
 * initialised again later.
 *
 * # Safety
 *
 * As for `isokern_init`; `now_ns` is null or can be called with `clock`.
 */
isokern_status isokern_actor_init(struct isokern_actor *actor,
                                  const struct isokern_model *model,
                                  void *memory,
                                  size_t memory_bytes,
                                  uint32_t buffers,
                                  uint8_t *state,
                                  size_t state_bytes,
                                  isokern_now_ns now_ns,
                                  void *clock);

/**
 * Claims a buffer, to write inputs into it: `ISOKERN_STATUS_FULL` while none is free. From the
 * context that asks.
 *
 * # Safety
 *
 * Pointers are null, or of structures that are as long as they say; what `isokern_actor_init` was
 * given is still there. One context at a time asks.
 */
isokern_status isokern_actor_claim(const struct isokern_actor *actor,
                                   struct isokern_request *request);

/**
 * Describes the input at `index` in a claimed buffer. From the context that asks.
 *
 * # Safety
 *
 * As for `isokern_actor_claim`.
 */
isokern_status isokern_actor_input(const struct isokern_actor *actor,
                                   const struct isokern_request *request,
                                   uint32_t index,
                                   struct isokern_tensor *tensor);

/**
 * Describes the output at `index` in a buffer that came back with an answer. From the context that
 * asks.
 *
 * # Safety
 *
 * As for `isokern_actor_claim`.
 */
isokern_status isokern_actor_output(const struct isokern_actor *actor,
                                    const struct isokern_request *request,
                                    uint32_t index,
                                    struct isokern_tensor *tensor);

/**
 * Asks for a run on the inputs in a claimed buffer, which is the other side's until its answer.
 * From the context that asks.
 *
 * `deadline_ns` is a moment of the actor's clock, 0 for none. `ISOKERN_STATUS_CLOSED` once the
 * actor has ended or this side was closed.
 *
 * # Safety
 *
 * As for `isokern_actor_claim`.
 */
isokern_status isokern_actor_ask(const struct isokern_actor *actor,
                                 struct isokern_request *request,
                                 uint64_t deadline_ns);

/**
 * Takes the oldest answer, with its buffer and with how the model ran in `status`:
 * `ISOKERN_STATUS_EMPTY` while there is none, `ISOKERN_STATUS_CLOSED` once none will come. From
 * the context that asks.
 *
 * # Safety
 *
 * As for `isokern_actor_claim`.
 */
isokern_status isokern_actor_answer(const struct isokern_actor *actor,
                                    struct isokern_request *request);

/**
 * Gives a buffer back, claimed or answered. From the context that asks.
 *
 * # Safety
 *
 * As for `isokern_actor_claim`.
 */
isokern_status isokern_actor_release(const struct isokern_actor *actor,
                                     struct isokern_request *request);

/**
 * Asks no more: the actor answers what was asked, and ends. From the context that asks.
 *
 * # Safety
 *
 * As for `isokern_actor_claim`.
 */
isokern_status isokern_actor_close(const struct isokern_actor *actor);

/**
 * Begins the actor, or answers one question: `ISOKERN_STATUS_EMPTY` if there was nothing to do,
 * `ISOKERN_STATUS_CLOSED` once the actor has ended. From the context that runs the model, as often
 * as it has time.
 *
 * # Safety
 *
 * As for `isokern_actor_claim`; one context at a time polls.
 */
isokern_status isokern_actor_poll(const struct isokern_actor *actor);

/**
 * Ends the actor at its next poll: what waits is answered with `ISOKERN_STATUS_STOPPED`. From the
 * context that polls, between two polls or in the clock.
 *
 * # Safety
 *
 * As for `isokern_actor_poll`.
 */
isokern_status isokern_actor_stop(const struct isokern_actor *actor);

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

/**
 * Returns the bytes of a ring, for `isokern_ring_init`; 0 where there is no such ring.
 *
 * Slots are a power of two, 2 to 65536, a message has 1 to `ISOKERN_RING_MESSAGE_MAX` bytes.
 * `ISOKERN_RING_BYTES` is the same as a constant.
 */
size_t isokern_ring_bytes(uint32_t slots, uint32_t message_bytes);

/**
 * Makes an empty ring of `slots` messages in the caller's memory.
 *
 * Memory is on a boundary of `ISOKERN_ALIGNMENT` bytes and stays until the last use. No other
 * context uses the ring meanwhile; it may be initialised again later.
 *
 * # Safety
 *
 * Pointers are null, or of a structure that is as long as it says, and of as many bytes as the
 * argument says, which nothing else uses.
 */
isokern_status isokern_ring_init(struct isokern_ring *ring,
                                 void *memory,
                                 size_t memory_bytes,
                                 uint32_t slots,
                                 uint32_t message_bytes);

/**
 * Copies a message into the ring: `ISOKERN_STATUS_FULL` while no slot is free,
 * `ISOKERN_STATUS_CLOSED` once an end was closed.
 *
 * # Safety
 *
 * Pointers are null, or of a structure that is as long as it says and of as many bytes as a
 * message has; what `isokern_ring_init` was given is still there. One context at a time pushes.
 */
isokern_status isokern_ring_push(const struct isokern_ring *ring, const void *message);

/**
 * Takes the oldest message of the ring: `ISOKERN_STATUS_EMPTY` while there is none,
 * `ISOKERN_STATUS_CLOSED` once the other end was closed and all were taken.
 *
 * # Safety
 *
 * As for `isokern_ring_push`; one context at a time pops.
 */
isokern_status isokern_ring_pop(const struct isokern_ring *ring, void *message);

/**
 * Closes the ring from the context that pushes: what is in it can still be taken.
 *
 * # Safety
 *
 * As for `isokern_ring_push`.
 */
isokern_status isokern_ring_close(const struct isokern_ring *ring);

/**
 * Closes the ring from the context that pops: the next push is refused.
 *
 * # Safety
 *
 * As for `isokern_ring_pop`.
 */
isokern_status isokern_ring_leave(const struct isokern_ring *ring);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ISOKERN_H */
