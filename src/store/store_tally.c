#include "store/store_tally.h"

#include <string.h>

#include "model/columns.h"
#include "model/reference.h"

/* The market of a customer row; customers of unknown countries use up no numbers. Neighbours often share a
 * country, so the last answer is kept. */
struct market_memory {
    char country[2];
    int market;
};

static int market_of(struct market_memory *memory, const char *text, size_t length)
{
    if (length != sizeof memory->country) {
        return -1;
    }
    if (memcmp(memory->country, text, length) != 0) {
        const char code[] = {text[0], text[1], '\0'};
        memcpy(memory->country, text, length);
        memory->market = cw_market_find(code);
    }
    return memory->market;
}

void cw_tally_add(struct cw_tally *tally, const struct cw_batch *batch, int64_t added)
{
    tally->rows[batch->entity->id] += added;
    if (batch->entity->id != CW_ENTITY_CUSTOMER) {
        return;
    }
    const struct cw_column *countries = &batch->columns[CW_CUSTOMER_COUNTRY];
    struct market_memory memory = {.market = -1};
    for (int64_t row = 0; row < batch->row_count; row++) {
        size_t length;
        const char *country = cw_column_string(countries, row, &length);
        const int market = market_of(&memory, country, length);
        if (market >= 0 && market < CW_MARKETS_MAX) {
            tally->customers[market]++;
        }
    }
}
