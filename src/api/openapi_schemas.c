/* The shapes of answers: rows from the catalogue, the rest as texts ("'" stands for a quotation mark). */
#include <stdio.h>
#include <string.h>

#include "api/field.h"
#include "api/openapi.h"
#include "cartwright/entity.h"

static const struct {
    const char *name;
    const char *schema;
} shapes[] = {
    {"Problem",
     "{'type':'object','description':'What went wrong (RFC 9457)','required':['type','title','status'],"
     "'properties':{'type':{'type':'string','format':'uri-reference'},'title':{'type':'string'},"
     "'status':{'type':'integer'},'detail':{'type':'string'},'instance':{'type':'string'},"
     "'request_id':{'type':'string'},'errors':{'type':'array','items':{'type':'object',"
     "'required':['field','message'],'properties':{'field':{'type':'string'},'value':{},"
     "'expected':{'type':'string'},'message':{'type':'string'}}}}}}"},
    {"Counts", "{'type':'object','description':'Rows by table','additionalProperties':{'type':'integer'}}"},
    {"RunSpec", "{'type':'object','description':'Everything that decides the rows, with defaults resolved'}"},
    {"GeneratedRun",
     "{'type':'object','required':['run_id','persisted','seed','request','spec','counts'],"
     "'properties':{'run_id':{'type':['string','null'],'format':'uuid'},'persisted':{'type':'boolean'},"
     "'seed':{'type':'integer'},'request':{'type':'object'},'spec':{'$ref':'#/components/schemas/RunSpec'},"
     "'counts':{'$ref':'#/components/schemas/Counts'}}}"},
    {"Generated",
     "{'allOf':[{'$ref':'#/components/schemas/GeneratedRun'},{'type':'object','required':['data'],"
     "'properties':{'data':{'type':'object','description':'Rows by table',"
     "'additionalProperties':{'type':'array','items':{'type':'object'}}}}}]}"},
    {"Job",
     "{'type':'object','required':['id','kind','state','created_at','started_at','finished_at','progress',"
     "'attempts','error'],'properties':{'id':{'type':'string','format':'uuid'},'kind':{'type':'string'},"
     "'state':{'type':'string','enum':['queued','running','succeeded','failed','cancelled']},"
     "'created_at':{'type':'string','format':'date-time'},"
     "'started_at':{'type':['string','null'],'format':'date-time'},"
     "'finished_at':{'type':['string','null'],'format':'date-time'},"
     "'progress':{'type':'object','required':['done','total','rows','rows_per_second','seconds_left'],"
     "'properties':{'done':{'type':'integer','description':'Steps behind us'},"
     "'total':{'type':'integer','description':'Steps in all; 0 while unknown'},'rows':{'type':'integer'},"
     "'rows_per_second':{'type':'integer','description':'Of the latest attempt'},"
     "'seconds_left':{'type':['integer','null'],'description':'Null where that can not be told'}}},"
     "'attempts':{'type':'integer','description':'How often it was "
     "begun'},'error':{'type':['string','null']},'result':{'type':'object'}}}"},
    {"JobList", "{'type':'object','required':['data'],'properties':{'data':{'type':'array',"
                "'items':{'$ref':'#/components/schemas/Job'}}}}"},
    {"Run",
     "{'type':'object','required':['id','created_at','request','spec','digests','basis'],'properties':{"
     "'id':{'type':'string','format':'uuid'},'created_at':{'type':'string','format':'date-time'},"
     "'request':{'type':['object','null']},'spec':{'$ref':'#/components/schemas/RunSpec'},"
     "'digests':{'type':['object','null'],'additionalProperties':{'type':'object','properties':{"
     "'rows':{'type':'integer'},'sha256':{'type':'string'}}}},"
     "'basis':{'type':['object','null'],'additionalProperties':{'type':'integer'}}}}"},
    {"RunList",
     "{'type':'object','required':['data','next','next_cursor'],'properties':{'data':{'type':'array',"
     "'items':{'$ref':'#/components/schemas/Run'}},'next':{'type':['string','null']},"
     "'next_cursor':{'type':['string','null']}}}"},
    {"Reproduction",
     "{'type':'object','required':['same','difference','tables'],'properties':{'same':{'type':'boolean'},"
     "'difference':{'type':['string','null']},'tables':{'type':'object','additionalProperties':{'type':'"
     "object',"
     "'properties':{'same':{'type':'boolean'},'rows_expected':{'type':'integer'},'rows_made':{'type':'"
     "integer'},"
     "'sha256_expected':{'type':'string'},'sha256_made':{'type':'string'},'file':{'type':'string'}}}}}}"},
    {"Validation",
     "{'type':'object','required':['valid','violations','rules_violated','rules_skipped','rules'],'"
     "properties':{"
     "'valid':{'type':'boolean'},'violations':{'type':'integer'},'rules_violated':{'type':'integer'},"
     "'rules_skipped':{'type':'integer'},'rules':{'type':'array','items':{'type':'object',"
     "'required':['rule','entity','description','outcome','checked','violations','offenders'],'properties':{"
     "'rule':{'type':'string'},'entity':{'type':'string'},'description':{'type':'string'},"
     "'outcome':{'type':'string','enum':['passed','violated','skipped']},'missing':{'type':'string'},"
     "'checked':{'type':'integer'},'violations':{'type':'integer'},'offenders':{'type':'array','items':{"
     "'type':'object','properties':{'id':{'type':'string'},'detail':{'type':'string'}}}}}}}}}"},
    {"State", "{'type':'object','required':['status','version'],'properties':{'status':{'type':'string'},"
              "'version':{'type':'string'}}}"},
    {"Description", "{'type':'object','required':['openapi'],'properties':{'openapi':{'type':'string'}}}"},
};

/* The JSON type and format of a column. */
static const struct {
    const char *type, *format;
} json_types[] = {
    [CW_TYPE_BOOL] = {"boolean", NULL},
    [CW_TYPE_INT32] = {"integer", "int32"},
    [CW_TYPE_INT64] = {"integer", "int64"},
    [CW_TYPE_DATE] = {"string", "date"},
    [CW_TYPE_TIMESTAMP] = {"string", "date-time"},
    [CW_TYPE_UUID] = {"string", "uuid"},
    [CW_TYPE_STRING] = {"string", NULL},
};

static void put_column(struct cw_json_writer *writer, const struct cw_column_def *column)
{
    char meaning[400];
    snprintf(meaning, sizeof meaning, "%s%s%s%s", column->meaning, column->unit[0] != '\0' ? " [" : "",
             column->unit, column->unit[0] != '\0' ? "]" : "");
    cw_json_key(writer, column->name);
    cw_json_open(writer, '{');
    cw_json_key(writer, "type");
    if (column->nullable) {
        cw_json_open(writer, '[');
        cw_json_text(writer, json_types[column->type].type);
        cw_json_text(writer, "null");
        cw_json_close(writer, ']');
    } else {
        cw_json_text(writer, json_types[column->type].type);
    }
    if (json_types[column->type].format != NULL) {
        cw_json_put_text(writer, "format", json_types[column->type].format);
    }
    if (column->values != NULL && !column->nullable) {
        cw_json_put_choices(writer, column->values);
    } else if (column->values != NULL) {
        cw_json_put_text(writer, "x-values", column->values);
    }
    if (column->reference != CW_NO_REFERENCE) {
        cw_json_put_text(writer, "x-references", cw_entity_get((enum cw_entity_id)column->reference)->table);
    }
    cw_json_put_text(writer, "description", meaning);
    cw_json_close(writer, '}');
}

/* No member is required: fields= leaves some out. */
static void put_entity(struct cw_json_writer *writer, const struct cw_entity *entity)
{
    char name[80];
    char reference[120];
    cw_json_key(writer, entity->name);
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "type", "object");
    cw_json_put_text(writer, "description", entity->meaning);
    cw_json_put_bool(writer, "additionalProperties", false);
    cw_json_key(writer, "properties");
    cw_json_open(writer, '{');
    for (uint32_t i = 0; i < entity->column_count; i++) {
        put_column(writer, &entity->columns[i]);
    }
    cw_json_close(writer, '}');
    cw_json_close(writer, '}');
    snprintf(name, sizeof name, "%s_page", entity->table);
    snprintf(reference, sizeof reference, "{'type':'array','items':{'$ref':'#/components/schemas/%s'}}",
             entity->name);
    cw_json_key(writer, name);
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "type", "object");
    cw_json_put_quoted(writer, "required", "['data','next','next_cursor']");
    cw_json_key(writer, "properties");
    cw_json_open(writer, '{');
    cw_json_put_quoted(writer, "data", reference);
    cw_json_put_quoted(writer, "next",
                       "{'type':['string','null'],'description':'Path and query of the next page'}");
    cw_json_put_quoted(writer, "next_cursor", "{'type':['string','null']}");
    cw_json_close(writer, '}');
    cw_json_close(writer, '}');
}

void cw_openapi_schemas(struct cw_json_writer *writer)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        cw_json_put_quoted(writer, shapes[i].name, shapes[i].schema);
    }
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        put_entity(writer, cw_entity_get((enum cw_entity_id)i));
    }
}
