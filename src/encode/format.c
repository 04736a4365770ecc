#include "encode/format.h"

#include <string.h>

#include "encode/parquet.h"

static const struct cw_format_row formats[CW_FORMAT_COUNT] = {
    [CW_FORMAT_CSV] = {"csv", "text/csv", &cw_csv_encoder, &cw_csv_decoder},
    [CW_FORMAT_NDJSON] = {"ndjson", "application/x-ndjson", &cw_ndjson_encoder, &cw_ndjson_decoder},
    [CW_FORMAT_JSON] = {"json", "application/json", &cw_json_encoder, &cw_json_decoder},
    [CW_FORMAT_PARQUET] = {"parquet", "application/vnd.apache.parquet", &cw_parquet_encoder,
                           &cw_parquet_decoder},
};

const struct cw_format_row *cw_format_get(enum cw_format format)
{
    return (unsigned)format < CW_FORMAT_COUNT && formats[format].name != NULL ? &formats[format] : NULL;
}

const char *cw_format_name(enum cw_format format)
{
    const struct cw_format_row *row = cw_format_get(format);
    return row != NULL ? row->name : "unknown";
}

const char *cw_format_media_type(enum cw_format format)
{
    const struct cw_format_row *row = cw_format_get(format);
    return row != NULL ? row->media_type : "application/octet-stream";
}

int cw_format_find(const char *name)
{
    for (int i = 0; i < CW_FORMAT_COUNT; i++) {
        if (formats[i].name != NULL && strcmp(formats[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}
