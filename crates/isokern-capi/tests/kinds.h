/* Every kind of operator, for tests that run models which they do not know. */
#ifndef KINDS_H
#define KINDS_H

#include "isokern.h"

static const isokern_kind *const KINDS[] = {
    &isokern_kind_add, &isokern_kind_add_n, &isokern_kind_binary, &isokern_kind_conv2d,
    &isokern_kind_convert, &isokern_kind_depthwise_conv2d, &isokern_kind_fully_connected,
    &isokern_kind_gather, &isokern_kind_move, &isokern_kind_pool, &isokern_kind_reduce,
    &isokern_kind_reshape, &isokern_kind_select, &isokern_kind_softmax, &isokern_kind_table,
};

#endif
