#define _XOPEN_SOURCE 700

#include "store_fixture.h"

#include <ftw.h>

#include "cartwright/run.h"
#include "service/generate_files.h"
#include "service/generate_store.h"
#include "service/validate.h"

static struct cw_run_spec shop_spec(void)
{
    struct cw_run_spec spec;
    cw_run_spec_init(&spec);
    spec.seed = 12;
    spec.customers = 300;
    spec.products = 60;
    spec.orders = 1500;
    return spec;
}

static void make_files(const char *directory)
{
    struct cw_run_spec spec = shop_spec();
    struct cw_selection selection = {{0}};
    assert_ok(cw_run_spec_resolve(&spec, &fixture_error));
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        cw_selection_add(&selection, (enum cw_entity_id)i);
    }
    const struct cw_file_run run = {.spec = &spec,
                                    .selection = &selection,
                                    .format = CW_FORMAT_PARQUET,
                                    .compression = CW_COMPRESSION_SNAPPY,
                                    .directory = directory,
                                    .threads = 2};
    assert_ok(cw_generate_files(&run, NULL, &fixture_error));
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

/* Every rule was tested, held, and looked at the same rows on any number of threads. */
static void check_alike(const char *path)
{
    static const uint32_t counts[] = {1, 2, 5};
    struct cw_validation first = {0};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct cw_validation validation = {0};
        assert_ok(cw_validate_path(path, counts[i], NULL, &validation, &fixture_error));
        for (size_t j = 0; j < validation.count; j++) {
            const struct cw_rule_result *result = &validation.results[j];
            ck_assert_msg(result->outcome == CW_RULE_PASSED, "%s: %s", result->rule,
                          result->offenders[0].detail);
            ck_assert(i == 0 || result->checked == first.results[j].checked);
        }
        if (i == 0) {
            first = validation;
        } else {
            cw_validation_clear(&validation);
        }
    }
    cw_validation_clear(&first);
}

START_TEST(files_are_valid_on_any_number_of_threads)
{
    char directory[sizeof fixture_folder + 8];
    snprintf(directory, sizeof directory, "%s/shop", fixture_folder);
    make_files(directory);
    check_alike(directory);
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
END_TEST

START_TEST(a_store_is_valid_on_any_number_of_threads)
{
    struct cw_store_run run = {0};
    const struct cw_store_run_options options = {.spec = shop_spec(), .threads = 2};
    assert_ok(cw_generate_store(fixture_store, &options, &run, &fixture_error));
    check_alike(fixture_path);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const all[] = {
        files_are_valid_on_any_number_of_threads,
        a_store_is_valid_on_any_number_of_threads,
    };
    return fixture_suite("validate_path", all, sizeof all / sizeof *all);
}
