/* Values as people write them, on the command line and in requests. The first byte picks the parser. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/list_page.h"
#include "service/run_request.h"
#include "service/values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_scalars(const char *text)
{
    char written[CW_UUID_TEXT];
    struct cw_uuid uuid;
    struct cw_uuid uuid_again;
    uint64_t seed = 0;
    int64_t number = 0;
    int64_t again = 0;
    if (cw_value_count("x", text, 5, 1000000, &number, NULL) == CW_OK) {
        require(number >= 5 && number <= 1000000);
        cw_count_text((double)number, written);
    }
    if (cw_value_seed("x", text, &seed, NULL) == CW_OK) {
        require(seed <= INT64_MAX);
    }
    if (cw_value_amount("x", text, &number, NULL) == CW_OK) {
        require(number >= 0);
    }
    if (strcmp(text, "now") != 0 && cw_value_time("x", text, &number, NULL) == CW_OK) {
        cw_time_text(number, written);
        require(cw_value_time("x", written, &again, NULL) == CW_OK && again == number);
    }
    if (cw_value_uuid("x", text, &uuid, NULL) == CW_OK) {
        cw_uuid_text(&uuid, written);
        require(cw_value_uuid("x", written, &uuid_again, NULL) == CW_OK &&
                memcmp(&uuid, &uuid_again, sizeof uuid) == 0);
    }
}

static void check_names(const char *text)
{
    static const char *const names[] = {"customers", "orders", "", "a", "payment_methods"};
    enum cw_behavior behavior;
    enum cw_comparison comparison;
    int chosen = 0;
    int level = 0;
    const char *nearest = cw_name_nearest(text, names, sizeof names / sizeof names[0]);
    require(nearest == NULL || strlen(nearest) < 16);
    cw_comparison_find(text, &comparison);
    cw_request_behavior("x", text, &behavior, NULL);
    cw_request_segment("x", text, &chosen, NULL);
    cw_request_format("x", text, &chosen, NULL);
    if (cw_request_compression("x", text, &chosen, &level, NULL) == CW_OK) {
        require(level >= 0 && level <= 19);
    }
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)i);
        for (uint32_t c = 0; c < entity->column_count && i == 0; c++) {
            cw_filter_value_is_good(&entity->columns[c], text);
        }
    }
}

static void check_lists(const char *text)
{
    struct cw_run_spec spec;
    struct cw_selection selection = {{0}};
    struct cw_error error = {0};
    cw_run_spec_init(&spec);
    if (cw_request_locales("x", text, &spec, &error) == CW_OK) {
        uint64_t shares = 0;
        for (int i = 0; i < CW_MARKETS_MAX; i++) {
            shares += spec.market_shares[i];
        }
        require(shares > 0);
    }
    if (cw_request_categories("x", text, &spec, &error) == CW_OK) {
        require(spec.category_count <= CW_CATEGORIES_MAX);
    }
    if (cw_request_tables("x", text, &selection, &error) == CW_OK) {
        uint64_t columns = 0;
        for (int i = 0; i < CW_ENTITY_COUNT; i++) {
            columns |= selection.columns[i];
        }
        require(columns != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL || size == 0) {
        free(text);
        return 0;
    }
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0] % 3) {
    case 0:
        check_scalars(text);
        break;
    case 1:
        check_names(text);
        break;
    default:
        check_lists(text);
    }
    free(text);
    return 0;
}
