/* Names everything in the header, as C and as C++. */
#include "isokern.h"

ISOKERN_ALIGNED static uint8_t arena[64];
static const isokern_kind *const kinds[] = { &isokern_kind_add, &isokern_kind_table };

extern const isokern_model model;
const isokern_model model = {
    (uint32_t)sizeof(isokern_model), ISOKERN_ABI_VERSION,
    arena, sizeof arena, kinds, sizeof kinds / sizeof kinds[0],
};

int calls_all(void);
int calls_all(void)
{
    isokern_session session = ISOKERN_SESSION_INIT;
    isokern_sizes sizes = ISOKERN_SIZES_INIT;
    isokern_tensor tensor = ISOKERN_TENSOR_INIT;
    isokern_status status = isokern_model_sizes(&model, &sizes);
    if (isokern_abi_version() != ISOKERN_ABI_VERSION || sizeof arena % ISOKERN_ALIGNMENT != 0)
        return 1;
    if (isokern_missing_kind(&model) || !isokern_status_text(status))
        return 2;
    status = isokern_init(&session, &model, arena, sizeof arena, 0, 0);
    if (status == ISOKERN_STATUS_OK)
        status = isokern_input(&session, 0, &tensor);
    if (tensor.dtype == ISOKERN_DTYPE_I8 && isokern_output(&session, 0, &tensor))
        return 3;
    return isokern_run(&session) == ISOKERN_STATUS_OK && isokern_reset(&session) == 0;
}
